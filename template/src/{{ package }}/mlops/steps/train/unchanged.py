"""Whether a training would make a version that already exists."""

from ...base.console import Outcome
from ...base.project import PACKAGE_ROOT, Project
from ...base.windows import parse_as_of
from ...records.details import GateDetails, TrainDetails
from ...records.entry import with_details
from ...records.integrity import FilesChanged
from ...records.lineage import configuration_hash, read_build_facts
from ...records.snapshot import is_named_after, read_sources
from ...records.store import ChampionDeleted, Store, open_store


def find_unchanged(project: Project, as_of: str | None) -> Outcome | None:
    """Return why nothing is trained: the champion or the newest version would come out again.

    The outcome's `version` is the one that the gate still has to judge; 0 if it has been judged.
    """
    store = open_store(project)
    date = f"{parse_as_of(as_of, project.settings):%Y-%m-%d}"
    gated = {entry.subject for entry, _ in with_details(store.entries, GateDetails)}
    # of a version without an entry, the training was killed
    trained = [int(entry.subject) for entry, _ in with_details(store.entries, TrainDetails)]
    candidates = (_champion(store), *trained[-1:])
    for number in dict.fromkeys(candidates):
        if number is not None and is_unchanged(store, number, date):
            message = (
                f"version {number} of {project.name} has the same code, configuration, lockfile "
                f"and date, {date}: nothing is trained"
            )
            return Outcome("ok", message, {"version": 0 if str(number) in gated else number})
    return None


def _champion(store: Store) -> int | None:
    """Return the champion, or None if it was deleted: then there is reason to train."""
    try:
        return store.champion()
    except ChampionDeleted:
        return None


def is_unchanged(store: Store, number: int, date: str) -> bool:
    """Return whether today's code, configuration and lockfile made a version, as of `date`.

    Nothing made a version whose files have changed, which was deleted, or which the journal does
    not know.
    """
    try:
        card = store.fetch(number).card
    except (FilesChanged, ChampionDeleted):
        return False
    return (
        is_named_after(card.snapshot, read_sources(PACKAGE_ROOT))
        and card.time.as_of == date
        and card.lineage.configuration == configuration_hash(store.project)
        and card.lineage.lock_sha256 == read_build_facts(store.project).lock_sha256
    )
