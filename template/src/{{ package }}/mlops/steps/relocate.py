"""The command `relocate`: keep a local store's files where the project is now."""

from ..base.console import Outcome
from ..base.errors import Misconfigured
from ..base.project import Project
from ..records.relocation import relocate_store
from ..records.store import open_store
from ..records.tracking import opening_lock, sqlite_file, tracking_uri, writer_lock


def relocate(project: Project) -> Outcome:
    """Correct the addresses of files in a local store that was moved or copied.

    Repeating it changes nothing. Then the whole journal is compared with its files.
    """
    database = sqlite_file(project)
    if database is None:
        scheme = tracking_uri(project).partition(":")[0]
        raise Misconfigured(
            f"relocate is for a local store, and tracking_uri in conf/ names a server ({scheme}), "
            "which knows where its files are; run it where tracking_uri is a SQLite database."
        )
    if not database.is_file():
        raise Misconfigured(
            f"there is no MLflow database {database}; move it there with its folder mlartifacts, "
            "or correct tracking_uri in conf/."
        )
    with writer_lock(project), opening_lock(project):
        done = relocate_store(database)
    store = open_store(project)
    store.refuse_broken(every_file=True)
    facts = {
        "folder": str(database.parent),
        "former": [str(folder) for folder in done.former],
        "addresses": done.addresses,
        "copied": done.copied,
    }
    sound = f"its journal has {len(store.entries)} entries and is sound"
    if not done.former:
        message = f"the files of the store are kept in {database.parent} already; {sound}"
        return Outcome("ok", message, facts)
    former = " and ".join(map(str, done.former))
    message = (
        f"the files of the store are kept in {database.parent} now, and no longer in {former}; "
        f"{done.addresses} addresses were changed and {done.copied} folders copied; {sound}"
    )
    return Outcome("ok", message, facts)
