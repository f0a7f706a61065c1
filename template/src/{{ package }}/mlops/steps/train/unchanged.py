"""Whether a training would make a version that is there already."""

from ...base.console import Outcome
from ...base.project import Project
from ...records.lineage import configuration_hash, read_build_facts
from ...records.snapshot import take_snapshot
from ...records.store import Store, open_store


def made_already(project: Project, date: str) -> Outcome | None:
    """Return why nothing is trained: the champion, or the newest version, would come out again.

    Its facts name the version that the gate has to judge: 0 where it has done so.
    """
    store = open_store(project)
    gated = {entry["subject"] for entry in store.entries if entry["command"] == "gate"}
    for number in filter(None, dict.fromkeys((store.champion(), *store.registry.numbers()[-1:]))):
        if made_now(store, number, date):
            told = f"version {number} of {project.name} has the same code, configuration, lock and"
            left = 0 if str(number) in gated else number
            return Outcome("ok", f"{told} date {date}: nothing is trained", {"version": left})
    return None


def made_now(store: Store, number: int, date: str) -> bool:
    """Tell whether a version was made by today's code, configuration and lock, and as of a date."""
    card, project = store.registry.fetch(number).card, store.project
    of, lock = card["lineage"], read_build_facts(project).lock_sha256
    theirs = (card["snapshot"], card["time"]["as_of"], of["configuration"], of["lock_sha256"])
    return theirs == (take_snapshot(project).name, date, configuration_hash(project), lock)
