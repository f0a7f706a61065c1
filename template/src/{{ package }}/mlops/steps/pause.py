"""The steps `pause` and `resume`."""

from ..base.console import Outcome
from ..base.errors import Misconfigured
from ..base.people import is_reason
from ..base.project import Project
from ..records.details import PauseDetails, ResumeDetails
from ..records.rules import refuse_unfit
from ..records.store import open_store


def pause(project: Project, reason: str) -> Outcome:
    """Stop promotion, scoring, serving and `retrain` until `resume`.

    It works in a tree that is not clean: in an emergency, nothing may delay it. Raises
    Misconfigured for an unfit reason.
    """
    if not is_reason(reason):
        raise Misconfigured(
            "pause needs a reason, which is shown to anyone who runs a command that the pause "
            "stops; give one line of at most 500 visible characters, with a letter or digit."
        )
    open_store(project).record(PauseDetails(reason=reason))
    return Outcome("ok", f"{project.name} is paused: {reason}", {"reason": reason})


def resume(project: Project) -> Outcome:
    """End a pause."""
    refuse_unfit(project, "resume")
    open_store(project).record(ResumeDetails())
    return Outcome("ok", f"{project.name} is no longer paused")
