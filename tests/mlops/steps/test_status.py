"""The table of versions: what `status` shows of each, without a request for any of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from rendering import platform

status = platform("steps.status")
details = platform("records.details")
Entry = platform("records.entry").Entry

ESTIMATOR = "HistGradientBoostingClassifier"


def entries(*written: tuple[str, Any]) -> Iterator[Any]:
    """Yield the entries of a journal: the subject and the details of each."""
    for number, (subject, each) in enumerate(written, 1):
        yield Entry(
            format=Entry.FORMAT,
            number=number,
            time=f"2026-01-0{number}T04:05:06+00:00",
            environment="dev",
            command=each.COMMAND,
            outcome="ok",
            subject=subject,
            as_of="2026-01-01",
            details=each,
            actor="ada@laptop",
            actor_source="login",
            previous="0" * 64,
            overrides=("--set time.train",) if subject == "2" else (),
        )


def train(**more: Any) -> Any:
    """Return the details of a training."""
    return details.TrainDetails(snapshot="loan_risk_1a2b3c4d", commit="c" * 40, dirty=False, **more)


def gate(verdict: str = "passed", **more: Any) -> Any:
    """Return the details of a verdict."""
    return details.GateDetails(
        verdict=verdict, window="all rows", digest="d", evidence_sha256="e", **more
    )


def rollback() -> Any:
    """Return the details of a rollback."""
    return details.RollbackDetails(back_to=1, reason="a test", batches=())


def table(*written: tuple[str, Any], numbers: tuple[int, ...] = (1,)) -> list[dict[str, str]]:
    """Return the rows of the table as they are printed, by the names of the columns."""
    state = status.State(
        champion=1, challenger=2, paused=None, last_batch=None, entries=0, problems=[], remedy=""
    )
    versions = status.describe_versions(entries(*written), numbers, state)
    columns, rows = status._table(versions, "auc")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_a_version_shows_its_figure_estimator_and_who_trained_it_when() -> None:
    judged = gate(metric="auc", figure=0.7694, interval=(0.7369, 0.8019))
    [row] = table(("1", train(estimator=ESTIMATOR)), ("1", judged))
    assert row == {
        "version": "1",
        "alias": "champion",
        "verdict": "passed",
        "auc": "0.769 (0.737 to 0.802)",
        "estimator": ESTIMATOR,
        "as of": "2026-01-01",
        "trained": "2026-01-01 04:05",
        "by": "ada@laptop",
    }


def test_what_older_templates_did_not_record_is_said_so() -> None:
    [row] = table(("1", train()), ("1", gate()))
    assert (row["auc"], row["estimator"]) == ("not recorded", "not recorded")


def test_a_version_without_a_verdict_has_no_figure() -> None:
    [row] = table(("1", train()))
    assert (row["verdict"], row["auc"]) == ("none", "")


@pytest.mark.parametrize(
    ("judged", "shown"),
    [
        ({"metric": "auc", "figure": 0.7}, "0.700"),
        ({"metric": "auc"}, "n/a"),
        ({"metric": "brier", "figure": 0.1, "interval": (0, 0.2)}, "brier 0.100 (0.000 to 0.200)"),
    ],
)
def test_a_figure_is_never_taken_for_another(judged: dict[str, Any], shown: str) -> None:
    """The gate's metric may have changed since, and its interval may not be known."""
    [row] = table(("1", train()), ("1", gate(**judged)))
    assert row["auc"] == shown


def test_a_version_is_withdrawn_until_it_is_judged_again() -> None:
    written = (("1", train()), ("1", gate()), ("1", rollback()))
    assert table(*written)[0]["verdict"] == "withdrawn"
    assert table(*written, ("1", gate("rejected")))[0]["verdict"] == "rejected"


def test_settings_are_a_column_only_where_one_was_overridden() -> None:
    assert "settings" not in table(("1", train()))[0]
    newer, older = table(("1", train()), ("2", train()), numbers=(2, 1))
    assert (newer["version"], newer["settings"]) == ("2", "overridden")
    assert (older["version"], older["settings"]) == ("1", "")
    assert (newer["alias"], older["alias"]) == ("challenger", "champion")


def test_a_copied_version_has_no_trainer() -> None:
    [row] = table(("3", gate()), numbers=(3,))
    assert (row["trained"], row["by"]) == ("", "copied here")
