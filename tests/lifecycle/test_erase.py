"""`erase` removes people's rows, and every other command still works and trusts what is left."""

from pathlib import Path

import pandas as pd
import pytest
from tutorials import missing

from lifecycle import behind
from lifecycle.project import AS_OF, Project

KEY = "application_id"


def rows_about_people(project: Project) -> dict[str, pd.DataFrame]:
    """Return every extract and every batch, by its path."""
    parts = [path for root in ("extracts", "predictions") for path in rows_of(project, root)]
    return {path.relative_to(project.folder).as_posix(): pd.read_parquet(path) for path in parts}


def rows_of(project: Project, root: str) -> list[Path]:
    return sorted(project.path(root).rglob("*.parquet"))


@pytest.fixture
def persons(scored: Project) -> list[str]:
    """The keys of a person who is in the training rows, and twice in the predictions."""
    dated = project_batches(scored)
    trained = pd.read_parquet(max(rows_of(scored, "extracts"), key=lambda p: p.stat().st_size))
    return [trained[KEY].iloc[5], *(frame[KEY].iloc[5] for frame in dated[:2])]


def project_batches(project: Project) -> list[pd.DataFrame]:
    return [pd.read_parquet(path) for path in rows_of(project, "predictions")]


def test_one_person_is_erased_everywhere_and_nothing_else_changes(
    scored: Project, persons: list[str]
) -> None:
    file = scored.folder.with_name("persons.csv")
    file.write_text("\n".join([KEY, *persons]), encoding="utf-8")
    before = rows_about_people(scored)
    entries = scored.call(behind.entries)

    shown = scored.run("erase", "--keys", str(file))
    assert shown.facts["erased"] is False
    assert shown.facts["rows"] == len(persons)
    assert "repeat this command with --yes" in shown.said
    assert missing("erase-personal-data", "erase --keys persons.csv", shown.said) == []
    assert scored.call(behind.entries) == entries
    assert [len(frame) for frame in rows_about_people(scored).values()] == list(
        map(len, before.values())
    )

    answer = scored.run("erase", "--keys", str(file), "--yes")
    assert answer.facts["rows"] == shown.facts["rows"]
    assert missing("erase-personal-data", "erase --keys persons.csv --yes", answer.said) == []
    assert answer.facts["versions"] == [1]
    after = rows_about_people(scored)
    assert list(after) == list(before)
    for name, frame in before.items():
        left = frame[~frame[KEY].isin(persons)].reset_index(drop=True)
        pd.testing.assert_frame_equal(after[name].reset_index(drop=True), left)

    [entry] = scored.call(behind.entries)[len(entries) :]
    assert entry["command"] == "erase"
    assert sum(each["rows"] for each in entry["details"]["files"]) == len(persons)
    for text in (shown.said, shown.printed, answer.said, answer.printed, str(entry)):
        assert not any(person in text for person in persons)
    database = scored.path("mlflow.db").read_bytes()
    assert not any(person.encode() in database for person in persons)

    scored.run("status")
    scored.run("doctor")
    scored.run("monitor", "--as-of", AS_OF)
    said = scored.run("erase", "--keys", str(file), "--yes").said
    assert "nothing to erase; a running `serve` writes what it has answered after" in said
    assert scored.run("score", "--as-of", AS_OF).facts["batch"] == "0002"


def test_what_is_past_its_retention_is_deleted(scored: Project) -> None:
    scored.configure(retention={"extracts": 6, "predictions": 10})
    scored.commit()
    kept = scored.run("erase", "--expired", "--as-of", "2026-07-01", "--yes")
    assert kept.facts["files"] == []
    seen = scored.run("erase", "--expired", "--as-of", "2026-10-01")
    assert missing("erase-personal-data", "erase --expired", seen.said) == []
    answer = scored.run("erase", "--expired", "--as-of", "2026-10-01", "--yes")
    assert answer.facts["versions"] == [1]
    assert {file["kind"] for file in answer.facts["files"]} == {"extract", "prediction"}
    assert rows_of(scored, "extracts") == []
    assert [path.parts[-3] for path in rows_of(scored, "predictions")] == [
        "date=2025-12-01",
        f"date={AS_OF}",
    ]
    scored.run("status")
    scored.run("doctor")


def test_a_date_on_an_altered_card_deletes_nothing(live: Project) -> None:
    folder = live.call(behind.files, "dev.loan-risk", 1)
    live.edit(f"{folder}/artifacts/card.json", f'"as_of": "{AS_OF}"', '"as_of": "2019-01-01"')
    kept = rows_of(live, "extracts")
    words = ("erase", "--expired", "--yes", "--set", "retention.extracts=24", "--as-of", AS_OF)
    answer = live.run(*words, code=1)
    assert "version 1 of dev.loan-risk have changed" in answer.said, answer.said
    assert rows_of(live, "extracts") == kept


def test_no_model_holds_a_key_or_a_column_with_a_role(live: Project) -> None:
    golden = [
        frame
        for path in live.path("mlartifacts").rglob("golden_*.parquet")
        if (frame := pd.read_parquet(path)) is not None
    ]
    assert len(golden) == 2
    roles = {KEY, "customer_id", "age_band", "applied_on"}
    assert not any(roles & set(frame) for frame in golden)
