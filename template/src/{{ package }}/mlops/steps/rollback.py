"""The step `rollback`: withdraw the champion, and go back to the one before."""

from ..base.console import Outcome
from ..base.errors import Misconfigured, MlopsError
from ..base.people import is_reason
from ..base.project import Project
from ..pages import model_card
from ..records import predictions
from ..records.details import RollbackDetails
from ..records.registry import CHAMPION
from ..records.rules import refuse_unfit
from ..records.store import open_store


def rollback(project: Project, reason: str) -> Outcome:
    """Withdraw the champion and make the one before it the champion again."""
    if not is_reason(reason):
        raise Misconfigured(
            "rollback --reason needs one line of at most 500 visible characters, with a letter or "
            "digit, because the journal keeps it; give another."
        )
    refuse_unfit(project, "rollback")
    store = open_store(project)
    champions = store.champions
    if len(champions) < 2:
        command = project.command("pause REASON")
        raise MlopsError(
            f"{project.name} has no earlier champion to go back to; to stop using the current "
            f"champion, run {command}."
        )
    back, withdrawn = champions[-2:]
    store.registry.load(store.fetch(back))
    batches = [b for b in predictions.published(store.entries) if b.version == withdrawn]
    details = RollbackDetails(
        back_to=back, reason=reason, batches=tuple(f"{b.date}/{b.batch}" for b in batches)
    )
    store.record(details, subject=str(withdrawn))
    store.registry.move_alias(CHAMPION, back)
    model_card.write_again(store, withdrawn, back)
    message = (
        f"version {withdrawn} is withdrawn, version {back} is the champion of {project.name} again"
    )
    if batches:
        message += f"; check the {len(batches)} batches of version {withdrawn}"
    facts = {
        "withdrawn": withdrawn,
        "version": back,
        "batches": [batch.to_json() for batch in batches],
    }
    rows = tuple((b.batch, b.date, f"{b.rows:,}") for b in batches)
    return Outcome("ok", message, facts, ("withdrawn batch", "scoring date", "rows"), rows)
