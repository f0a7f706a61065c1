"""The steps `pause` and `resume`."""

from functools import partial

from ..base.console import Outcome
from ..base.errors import Misconfigured, MlopsError
from ..base.people import is_reason
from ..base.project import Project
from ..records.details import PauseDetails, ResumeDetails
from ..records.rules import refuse_unfit
from ..records.store import Store, open_store
from ..records.tracking import emergency


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
    with emergency(project):
        store = open_store(project)
        store.decide(partial(_pause, store, reason))
    return Outcome("ok", f"{project.name} is paused: {reason}", {"reason": reason})


def resume(project: Project) -> Outcome:
    """End a pause."""
    refuse_unfit(project, "resume")
    with emergency(project):
        store = open_store(project)
        store.decide(partial(_resume, store))
    return Outcome("ok", f"{project.name} is no longer paused")


def _pause(store: Store, reason: str) -> None:
    """Write the entry, unless it is there; a journal that cannot be read does not prevent it."""
    try:
        is_done = store.pause is not None and store.pause_reason == reason
    except MlopsError:
        is_done = False
    if not is_done:
        store.record(PauseDetails(reason=reason))


def _resume(store: Store) -> None:
    if store.pause is not None:
        store.record(ResumeDetails())
