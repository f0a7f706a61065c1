"""State shared by the requests and the thread that follows the registry."""

from dataclasses import dataclass

from ..base import settings
from .log import PredictionLog
from .shadow import Shadow


@dataclass
class ServingState:
    """The state of a running `serve`; it stays when a new champion takes over."""

    limits: settings.Serving
    """The limits of requests."""
    log: PredictionLog
    """The predictions that were made."""
    shadow: Shadow
    """The challenger in the shadow."""
    shows_texts: bool = False
    """Whether the log shows the texts of errors, which may quote values of a request; in dev."""
    pause_reason: str = ""
    """Why the environment is paused; empty while it is not."""
    registry_problem: str = ""
    """Why the registry cannot be read, or a new champion not loaded; empty if all is well."""
