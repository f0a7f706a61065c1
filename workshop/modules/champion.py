"""What several modules check: the champion, and its predictions."""

from typing import Any

from ..missing import Missing
from ..place import PROGRAM, Journal


def check_champion(journal: Journal, version: str) -> None:
    """Raise Missing if a version is not the champion, with the step that it needs."""
    if journal.champion == version:
        return
    env = "" if journal.env == "dev" else f" --env {journal.env}"
    verdicts = journal.verdicts(version)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {version}.",
            "It has to pass the gate before it may decide about anybody.",
            f"Run `uv run {PROGRAM} gate{env}`, and read its table.",
        )
    if verdicts[-1].details.verdict == "rejected":
        raise Missing(
            f"The gate has rejected version {version}.",
            "It may decide about nobody. `promote` would refuse it, too.",
            f"Read the reasons in the last line of `uv run {PROGRAM} gate{env}`, and see what you "
            "have changed: `git log -p -- src conf`. Correct it, commit, and train again.",
        )
    raise Missing(
        f"Version {version} is not the champion; the next step is promote.",
        "A version that passed is a candidate. Only the champion predicts, and `promote` records "
        "who made it the champion.",
        f"Run `uv run {PROGRAM} promote{env}`.",
    )


def check_scored(journal: Journal, after: int = 0) -> str:
    """Return what the champion has predicted after an entry; Missing if it is nothing."""
    champion = journal.champion
    scored = [entry for entry in journal.of("score") if entry.number > after]
    by_champion = [entry for entry in scored if str(entry.details.version) == champion]
    if not by_champion:
        raise Missing(
            f"Version {champion} has predicted nothing yet.",
            "A model is useful once its predictions are where others can read them. Until then, "
            "they read those of the version before.",
            f"Run `uv run {PROGRAM} score`.",
        )
    entry: Any = by_champion[-1]
    return f"Version {champion} has predicted {entry.details.rows} applications."
