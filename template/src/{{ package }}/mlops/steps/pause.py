"""The steps `pause` and `resume`."""

from ..base.console import Outcome
from ..base.errors import Misconfigured
from ..base.project import Project
from ..records.details import PauseDetails, ResumeDetails
from ..records.store import open_store


def pause(project: Project, reason: str) -> Outcome:
    """Stop promotion, scoring, serving and `retrain` until `resume`.

    Raises Misconfigured for an empty reason.
    """
    if not reason.strip():
        raise Misconfigured(
            "pause needs a reason, which is shown to anyone who runs a command that the pause "
            "stops; give one."
        )
    open_store(project).record(PauseDetails(reason=reason))
    return Outcome("ok", f"{project.name} is paused: {reason}", {"reason": reason})


def resume(project: Project) -> Outcome:
    """End a pause."""
    open_store(project).record(ResumeDetails())
    return Outcome("ok", f"{project.name} is no longer paused")
