"""Rules of `steps/reproduce.py`: the answer in a word, and what it says of the rows."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kept_records import kept, name_of, read
from mlops.projects import make_project
from rendering import platform

reproduce = platform("steps.reproduce")
refit = platform("records.refit")


def side(source: str | None, changed: int | None = 0, trouble: str = "") -> Any:
    return refit.RefitSide(source=source, changed=changed, trouble=trouble)


def answer(train: Any, gate: Any, difference: float | None = 0.0, *differs: str) -> Any:
    return refit.RefitAnswer(
        format=1,
        commit="6d730e3",
        dirty=False,
        template="v0.1.0",
        lock_sha256="69b89b7c",
        configuration="386221e5",
        rows=platform("records.card").Sides[refit.RefitSide](train=train, gate=gate),
        difference=difference,
        differs=differs,
    )


HERE = side("extract")
UNREADABLE = side("extract", None, "no file at data")
CASES = {
    "all the same": (answer(HERE, HERE), "exact", "the tables still hold the same rows"),
    "changed tables do not matter where the rows were kept": (
        answer(side("extract", 3), side("extract", 1)),
        "exact",
        "4 rows of the tables have changed since",
    ),
    "unreadable tables do not matter where the rows were kept": (
        answer(UNREADABLE, UNREADABLE),
        "exact",
        "the tables cannot be read today: no file at data",
    ),
    "other predictions": (
        answer(HERE, side("tables"), 0.0123),
        "differs: predictions (by up to 0.0123)",
        "the tables still hold the same rows",
    ),
    "another lock, and other predictions": (
        answer(HERE, HERE, 2e-17, "lock"),
        "differs: lock, predictions (by up to 2e-17)",
        "the tables still hold the same rows",
    ),
    "rows that were not kept have changed": (
        answer(side(None, 3), side("tables"), None),
        "data changed: 3 rows",
        (
            "no extract with the fingerprint of its rows is left; "
            "3 rows of the tables have changed since"
        ),
    ),
    "rows that were not kept cannot be read": (
        answer(side(None, None, "no file at data"), HERE, None),
        "data gone",
        (
            "no extract with the fingerprint of its rows is left; "
            "the tables cannot be read today: no file at data"
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_answer_follows_from_rows_and_differences(name: str) -> None:
    given, verdict, explanation = CASES[name]
    assert reproduce._details(7, given).answer == verdict
    assert reproduce._explain_rows(given) == explanation


def test_the_journal_gets_where_the_rows_came_from_by_the_keys_of_its_format() -> None:
    details = reproduce._details(7, answer(side("extract", 3), side("tables"), 0.5, "lock"))
    facts = details.to_json()
    assert facts["version"] == 7
    assert facts["rows"] == {
        "train": {"from": "extract", "changed": 3, "trouble": ""},
        "gate": {"from": "tables", "changed": 0, "trouble": ""},
    }
    assert facts["differs"] == ["lock", "predictions (by up to 0.5)"]


def test_erased_rows_are_named_with_their_day_where_they_are_missed() -> None:
    gone = answer(side(None, 3), side("tables"), None)
    assert reproduce._details(7, gone, "2026-02-01").erased == "2026-02-01"
    assert reproduce._details(7, answer(HERE, HERE), "2026-02-01").erased == ""
    assert reproduce._explain_rows(gone, "2026-02-01") == (
        "rows of its extract were erased on 2026-02-01; 3 rows of the tables have changed since"
    )


def test_the_day_of_an_erasure_is_that_of_the_versions_own_extracts() -> None:
    details = platform("records.details")
    data = SimpleNamespace(train="1a2b3c4d5e6f7a8b99", gate="9a8b7c6d5e4f3a2b11")
    version = SimpleNamespace(
        card=SimpleNamespace(lineage=SimpleNamespace(environment="dev", data=data))
    )

    def erased_on(name: str, env: str = "dev") -> str:
        file = details.ErasedFile(kind="extract", name=name, rows=1, sha256="")
        recorded = details.EraseDetails(reason="expired", files=(file,), versions=(7,))
        entries = [SimpleNamespace(details=recorded, time="2026-02-01T04:00:00+00:00")]
        project = make_project(Path(), env=env)
        store = SimpleNamespace(project=project, entries=entries)
        return str(reproduce._erased_on(store, version))

    assert erased_on("9a8b7c6d5e4f3a2b.parquet") == "2026-02-01"
    assert erased_on("9a8b7c6d5e4f3a2b.parquet", env="test") == ""
    assert erased_on("0000000000000000.parquet") == ""


def test_a_version_whose_tables_are_not_known_is_refused_before_anything_is_installed() -> None:
    path = next(path for path in kept("cards") if "29a5253" in name_of(path))
    card = platform("records.card").VersionCard.read(read(path), "the card")
    project = SimpleNamespace(command=lambda name: f"`{name}`")
    with pytest.raises(platform("base.errors").MlopsError) as refusal:
        reproduce._refuse(project, SimpleNamespace(card=card))
    assert "did not keep the settings of its tables; train a new version" in str(refusal.value)
