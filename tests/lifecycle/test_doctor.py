"""`doctor` tries what `score` and `monitor` need: what it calls well does not refuse afterwards."""

import pytest

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Facts, Project
from lifecycle.tables import write_tables

TODAY = ("--set", f"as_of={AS_OF}")
ALERTS = ("--set", "alerts=[{secret: team-channel}]")


def findings(project: Project, *words: str, code: int = 0) -> dict[str, Facts]:
    """Return what `doctor` found, by check."""
    answer = project.run("doctor", *TODAY, *words, code=code)
    return {finding["check"]: finding for finding in answer.facts["findings"]}


def test_what_is_not_there_yet_is_noted(trained: Project) -> None:
    answer = trained.run("doctor")
    found = {each["check"]: (each["verdict"], each["finding"]) for each in answer.facts["findings"]}
    assert (
        found["score"] == found["monitor"] == ("noted", "refuses, since there is no champion yet")
    )
    assert found["store"] == ("ok", "1 version")
    assert answer.facts["message"].endswith("read what is noted at score and monitor")


def test_rows_that_the_champion_cannot_use_are_found(live: Project) -> None:
    live.edit(
        "data.py",
        "return applications[list(Inputs.to_schema().columns)]",
        'return applications.drop(columns="amount")',
    )
    found = findings(live, *ALERTS, code=1)
    for command, expected in (
        (
            "score",
            "column amount is missing; data.py must return it, because Inputs has it",
        ),
        ("monitor", "secret team-channel is missing"),
    ):
        assert found[command]["verdict"] == "failed"
        assert expected in found[command]["finding"]
        refused = live.run(command, *TODAY, *ALERTS, code=None)
        assert refused.code != 0
        assert expected in refused.said


@pytest.mark.full
def test_labels_and_folders_that_cannot_be_used_are_found(scored: Project) -> None:
    scored.edit(
        "data.py",
        "return reviewed[list(Labels",
        'return reviewed.drop(columns="defaulted")[list(Labels',
    )
    scored.configure(predictions="README.md")
    found = findings(scored, code=1)
    assert "defaulted" in found["monitor"]["finding"]
    assert "README.md (Not a directory)" in found["score"]["finding"]
    assert {found[name]["verdict"] for name in ("score", "monitor")} == {"failed"}
    assert "Not a directory" in scored.run("score", *TODAY, code=1).said


@pytest.mark.full
def test_what_was_deleted_on_the_pages_of_mlflow_is_found(live: Project) -> None:
    experiment, run = live.call(behind.place_of, "dev.loan-risk", 1)
    live.call(behind.delete_run, run)
    assert findings(live)["champion"]["verdict"] == "ok", "a version does not need its run"
    live.run("gate", "1")
    live.call(behind.delete_experiment, experiment)
    found = findings(live, code=1)["store"]
    assert found["verdict"] == "failed"
    assert "the experiment dev.loan-risk was deleted in MLflow; restore it" in found["finding"]
    command = f"uv run mlflow experiments restore --experiment-id {experiment}`"
    assert command in found["finding"]
    assert command in live.run("train", "--as-of", AS_OF, code=1).said
    assert live.run("score", "--as-of", AS_OF).facts["version"] == 1


@pytest.mark.full
def test_a_batch_that_cannot_be_read_is_found(scored: Project) -> None:
    [folder] = scored.batches()
    (folder / "part.parquet").write_bytes(b"damaged")
    found = findings(scored, code=1)
    assert found["score"]["verdict"] == "ok"
    assert found["monitor"]["verdict"] == "failed"
    assert "score that date again" in found["monitor"]["finding"]


@pytest.mark.full
def test_a_pause_and_rows_that_have_not_arrived_are_noted(at: At) -> None:
    project = at("live")
    write_tables(project, "2024-10-01", "2025-12-01", kind="parquet")
    found = findings(project)
    assert found["score"]["verdict"] == "noted"
    assert "table applications has rows" in found["score"]["finding"]
    assert "has no rows in 2025-12-01..2026-01-01" in project.run("score", *TODAY, code=1).said
    project.run("pause", "audit")
    assert "it is paused: audit" in findings(project)["score"]["finding"]
    assert "audit" in project.run("score", *TODAY, code=4).said
