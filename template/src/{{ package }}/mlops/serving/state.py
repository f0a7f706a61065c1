"""What the requests and the thread that follows the registry share."""

from dataclasses import dataclass

from ..base import settings
from .log import PredictionLog
from .shadow import Shadow


@dataclass
class ServingState:
    """The state of a running `serve`, whichever version answers."""

    limits: settings.Serving
    log: PredictionLog
    shadow: Shadow
    pause_reason: str = ""
    """Why the environment is paused; empty while it is not."""
    registry_problem: str = ""
    """What keeps a newer champion away; empty while nothing does."""
