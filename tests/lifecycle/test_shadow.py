"""The challenger predicts what the champion predicts, without any effect on others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tutorials import missing

from lifecycle import behind
from lifecycle.challengers import RETURN, add_column, add_step, make_cautious
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Answer, Facts, Project, Warm, copy_project
from lifecycle.served import Served, batch, logged, serving, wait_until
from lifecycle.tables import SPARK_FILES, write_tables

MODEL = "dev.loan-risk"
SCORE = ("score", "--as-of", AS_OF)
BATCHES = ("--set", "scoring.shadow=true")
ONLINE = ("--set", "serving.shadow=true", "--set", "serving.refresh=0.2")
HIDDEN = "predictions/dev/_shadow"
HIGH_AMOUNT = f'    applications.loc[3, "amount"] = 2e6\n{RETURN}'


@pytest.fixture(scope="module")
def rivals(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A live project whose challenger, version 2, has other parameters. Do not edit it."""
    project = copy_project(shelf("live"), tmp_path_factory.mktemp("rivals") / "loan-risk")
    project.configure(model={"params": {"max_iter": 60, "learning_rate": 0.2}})
    project.run("train", "--as-of", AS_OF)
    return project


@pytest.fixture
def challenged(rivals: Project, tmp_path: Path) -> Project:
    """A copy of that project, to edit freely."""
    return copy_project(rivals, tmp_path / "loan-risk")


def score(project: Project, *words: str) -> Answer:
    """Score with the challenger in the shadow."""
    return project.run(*SCORE, *BATCHES, *words)


def files(project: Project) -> list[str]:
    """Return the paths of the files in the predictions table, staged ones included."""
    root = project.path("predictions/dev")
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("_shadow/"))


def shadow(project: Project, batch: str = "batch-0001") -> pd.DataFrame:
    """Read the predictions of the challenger."""
    return pd.read_parquet(project.path(f"{HIDDEN}/date={AS_OF}/{batch}"))


def table(project: Project, number: int = -1) -> pd.DataFrame:
    """Read a batch of the table."""
    return pd.read_parquet(project.batches()[number] / "part.parquet")


def entries(project: Project, command: str) -> list[Facts]:
    """Return the details of a command's entries in the journal, without its resources."""
    found = [e["details"] for e in project.call(behind.entries) if e["command"] == command]
    return [{key: each[key] for key in each if key != "resources"} for each in found]


def stability(then: pd.Series, now: pd.Series, profile: Facts) -> float:
    """Return the index over a champion's bins, by hand."""
    assert not profile["values"]
    quantiles = np.array(profile["quantiles"])
    cuts = [-np.inf, *np.unique(quantiles[np.arange(20, 200, 20)]), np.inf]
    shares = []
    for values in (then, now):
        rows = pd.cut(values, cuts).value_counts(sort=False).to_numpy()
        rows = np.array([*rows, 0])  # no value is missing
        shares.append((rows + 0.5) / (rows.sum() + 0.5 * len(rows)))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def test_the_shadow_is_kept_apart_and_its_differences_are_reported(challenged: Project) -> None:
    plain = challenged.run(*SCORE)
    before = files(challenged)
    assert not challenged.path(HIDDEN).exists()
    answer = score(challenged, "--set", "scoring.batch_rows=100")

    ours, theirs = table(challenged), shadow(challenged, "batch-0002")
    varying = ["batch", "predicted_at"]
    before_it = table(challenged, 0).drop(columns=varying)
    pd.testing.assert_frame_equal(ours.drop(columns=varying), before_it)
    assert files(challenged) == [*before, *(name.replace("-0001", "-0002") for name in before)]
    assert list(theirs) == list(ours)
    assert set(theirs["version"]) == {2}
    assert theirs["application_id"].equals(ours["application_id"])
    read = pd.read_parquet(challenged.path("predictions/dev"))  # all of it
    assert set(read["version"]) == {1}
    assert len(read) == 2 * len(ours)

    assert missing("shadow-a-challenger", "score", answer.said) == []
    facts = answer.facts.pop("shadow")
    assert facts["version"] == 2
    assert facts["rows"] == len(ours) == 660
    gap = (theirs["score"] - ours["score"]).abs().mean()
    assert 0 < facts["difference"]["score"] == pytest.approx(gap)
    share = (theirs["decision"] != ours["decision"]).mean()
    assert 0 < facts["difference"]["decision"] == pytest.approx(share)
    profile = challenged.call(behind.card, MODEL, 1)["profile"]["predictions"]["score"]
    index = stability(ours["score"], theirs["score"], profile)
    assert 0 < facts["psi"]["score"] == pytest.approx(index)
    assert f"score by {gap:.4f}, decision by {share:.4f}" in answer.said

    assert entries(challenged, "shadow") == [facts]
    commands = [entry["command"] for entry in challenged.call(behind.entries)]
    assert commands[-2:] == ["score", "shadow"]  # the batch is out before the challenger begins
    scored = entries(challenged, "score")
    assert [set(details) for details in scored] == [set(scored[0])] * 2
    assert set(answer.facts) == set(plain.facts) | {"shadow"}
    for folder, details in zip(challenged.batches(), scored, strict=True):
        kept = json.loads((folder / "_SUCCESS").read_text("utf-8"))
        assert isinstance(kept.pop("format"), int)
        assert kept == {name: details[name] for name in kept}
        assert "shadow" not in kept


@pytest.mark.full
def test_a_rerun_supersedes_the_shadow_of_its_own_date_only(challenged: Project) -> None:
    for date in ("2025-12-01", AS_OF, AS_OF):
        challenged.run("score", "--as-of", date, *BATCHES)
    made = sorted(
        path.relative_to(challenged.path(HIDDEN)).as_posix() for path in whole(challenged)
    )
    assert made == [
        "date=2025-12-01/batch-0001",
        f"date={AS_OF}/batch-0001",
        f"date={AS_OF}/batch-0002",
    ]


def whole(project: Project) -> list[Any]:
    """Return the complete batches in the shadow; no other file is there."""
    files = [path for path in project.path(HIDDEN).rglob("*") if path.is_file()]
    assert {path.name for path in files} <= {"part.parquet", "_SUCCESS"}
    return [path.parent for path in files if path.name == "_SUCCESS"]


def test_without_a_challenger_the_batch_is_published_and_the_reason_reported(live: Project) -> None:
    expect_no_shadow(live, "dev.loan-risk has no challenger; run `uv run loan-risk train` first.")


def expect_no_shadow(project: Project, *phrases: str) -> None:
    """Expect the usual batch, no shadow, and a reason that contains these phrases."""
    project.run(*SCORE)
    answer = score(project)
    [before, after] = (
        table(project, number).drop(columns=["batch", "predicted_at"]) for number in (0, 1)
    )
    pd.testing.assert_frame_equal(before, after)
    reason = answer.facts["shadow"]["missing"]
    assert all(phrase in reason for phrase in phrases), reason
    assert f"there is no shadow: {reason}" in answer.said
    assert entries(project, "shadow") == [answer.facts["shadow"]]
    assert whole(project) == []
    assert not list(project.path("predictions/dev").glob("_staged*"))


def broken_file(project: Project) -> None:
    project.run("train", "--as-of", AS_OF)
    model = max(project.folder.glob("mlartifacts/**/model.skops"), key=lambda p: p.stat().st_mtime)
    model.write_bytes(b"broken")
    project.call(behind.vouch, 2)


def another_column(project: Project) -> None:
    add_column(project, "region: float", "1.0")
    project.run("train", "--as-of", AS_OF)
    project.edit("data.py", '    applications["region"] = 1.0\n', "")
    project.edit("schema.py", "    region: float\n", "")


def raises(project: Project) -> None:
    add_step(project, "math", "assert frame.amount.max() < 1e6, 'too dear'")
    project.run("train", "--as-of", AS_OF)
    project.edit("data.py", RETURN, HIGH_AMOUNT)


def gives_nothing(project: Project) -> None:
    make_cautious(project)
    project.run("train", "--as-of", AS_OF)
    project.edit("data.py", RETURN, HIGH_AMOUNT)


BROKEN = {
    "it does not load": (broken_file, ("version 2", "does not load here")),
    "its schema asks for more": (
        another_column,
        ("column region is missing; data.py must return it, because Inputs has it in schema.py",),
    ),
    "it raises": (raises, ("AssertionError in features.py",)),
    "it gives no number": (
        gives_nothing,
        ("version 2", "1 value is missing or infinite in column score"),
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "it raises" else pytest.mark.full) for name in BROKEN],
)
def test_a_broken_challenger_never_stops_the_batch(live: Project, name: str) -> None:
    break_it, phrases = BROKEN[name]
    break_it(live)
    expect_no_shadow(live, *phrases)


@pytest.mark.full
def test_rows_that_have_changed_since_the_batch_are_not_compared(rivalled: Project) -> None:
    rivalled.edit("data.py", RETURN, f"    applications = applications.sample(600)\n{RETURN}")
    answer = score(rivalled)
    assert "did not get the same rows" in answer.facts["shadow"]["missing"]
    assert len(table(rivalled)) == 600


@pytest.mark.full
def test_a_folder_that_cannot_be_written_is_reported(rivalled: Project) -> None:
    rivalled.write(HIDDEN, "a file where a folder should be")
    assert "NotADirectoryError" in score(rivalled).facts["shadow"]["missing"]
    assert len(table(rivalled)) == 660


@pytest.mark.full
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.wide
def test_the_other_problems_have_a_shadow_too(at: At, problem: str) -> None:
    project = at("live", problem=problem)
    project.configure(model={"params": {"max_iter": 60, "learning_rate": 0.2}})
    project.run("train", "--as-of", AS_OF)
    facts, ours, theirs = score(project).facts["shadow"], table(project), shadow(project)
    expected = {
        name: (theirs[name] - ours[name]).abs().mean()
        if ours[name].dtype == "float64"
        else (theirs[name] != ours[name]).mean()
        for name in ours.columns[1:-4]
    }
    assert facts["difference"] == pytest.approx(expected)
    assert all(share > 0 for share in expected.values())
    assert set(facts["psi"]) == set(expected) - {"label"}


@pytest.mark.full
@pytest.mark.wide
def test_spark_gives_the_same_shadow_as_one_machine(
    challenged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell")
    write_tables(challenged, "2025-12-01", "2026-01-01", "parquet")
    here = score(challenged).facts["shadow"]
    challenged.configure(tables=SPARK_FILES)
    there = score(challenged, "--set", "scoring.batch_rows=100").facts["shadow"]
    for figure in ("difference", "psi"):
        assert there[figure] == pytest.approx(here[figure])
    assert len(shadow(challenged, "batch-0002")) == 660


# Online


def predict(number: int, rows: list[Facts]) -> list[Facts]:
    """Return the predictions of a version."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.serving.model import ServedModel

    store = open_store(open_project("dev"))
    model = ServedModel(store.registry.load(store.fetch(number)))
    frame = model.parser.frame(model.parser.parse(json.dumps({"rows": rows}).encode()))
    return list(model._scorer.predict(None, frame).to_dict("records"))


def in_the_shadow(served: Served) -> int | None:
    """Return the version in the shadow."""
    found: int | None = served.ask("/model")[1]["shadow"]["version"]
    return found


def trouble(served: Served) -> str:
    """Return what is wrong with the version in the shadow."""
    return str(served.ask("/model")[1]["shadow"]["trouble"])


def kept_aside(project: Project) -> pd.DataFrame:
    """Return all predictions of the challenger that were kept."""
    return pd.read_parquet(project.path(f"{HIDDEN}/online"))


def test_the_challenger_predicts_what_was_answered_and_no_answer_changes(
    challenged: Project,
) -> None:
    known = challenged.call(batch, 1)
    rows = [{**row, "application_id": f"A{n}"} for n, row in enumerate(known["rows"])]
    expected = challenged.call(predict, 2, rows)
    with serving(challenged, challenged.warm, *ONLINE) as served:
        wait_until(lambda: in_the_shadow(served) == 2, "version 2 in the shadow")
        for row, prediction in zip(rows, known["predictions"], strict=True):
            answer = {"application_id": row["application_id"]} | prediction
            assert served.predict([row]) == (200, {"version": 1, "predictions": [answer]})
        assert served.ask("/model")[1]["version"] == 1
        assert served.figure("predicted_rows_total") == len(rows)
        assert served.figure("shadow_rows_missed_total") == 0
    ours, theirs = logged(challenged), kept_aside(challenged)
    assert (set(ours["version"]), set(theirs["version"])) == ({1}, {2})
    both = ours.merge(theirs, on=["application_id", "predicted_at"], suffixes=("", "_shadow"))
    both = both.set_index("application_id").loc[[row["application_id"] for row in rows]]
    assert both["score"].tolist() == [prediction["score"] for prediction in known["predictions"]]
    assert both["score_shadow"].tolist() == pytest.approx([row["score"] for row in expected])
    assert (both["score"] != both["score_shadow"]).any()


@pytest.mark.full
def test_without_the_setting_no_challenger_is_asked(challenged: Project, host: Warm) -> None:
    rows = challenged.call(batch, 1)["rows"]
    with serving(challenged, host, *ONLINE[2:]) as served:
        assert served.predict(rows)[0] == 200
        challenged.run("pause", "so that the server has checked the registry")
        wait_until(lambda: served.ask("/ready")[0] == 503, "the pause")
        assert served.ask("/model")[1]["shadow"] == {"version": None, "trouble": ""}
    assert len(logged(challenged)) == len(rows)
    assert not challenged.path(HIDDEN).exists()


@pytest.mark.full
def test_a_failing_challenger_is_counted_and_the_next_one_takes_its_place(
    live: Project, host: Warm
) -> None:
    known = live.call(batch, 1)
    rows, expected = known["rows"], known["predictions"]
    with serving(live, host, *ONLINE) as served:
        wait_until(lambda: "has no challenger" in trouble(served), "that there is none")
        add_column(live, "region: float", "1.0")
        live.run("train", "--as-of", AS_OF)
        wait_until(lambda: in_the_shadow(served) == 2, "version 2 in the shadow")
        assert trouble(served) == ""
        assert served.predict(rows)[1]["predictions"] == expected
        more = [row | {"region": 1.0} for row in rows]  # which the champion ignores
        assert served.predict(more)[1]["predictions"] == expected
        wait_until(lambda: "region" in trouble(served), "the field that is missing")
        assert served.figure("shadow_rows_missed_total") == len(rows)

        live.edit("schema.py", "    region: float\n", "")
        live.edit("data.py", '    applications["region"] = 1.0\n', "")
        add_step(live, "math", "assert frame.amount.max() < 1e6, 'too dear: 2000000'")
        live.run("train", "--as-of", AS_OF)
        wait_until(lambda: in_the_shadow(served) == 3, "version 3 in the shadow")
        status, answer = served.predict([rows[0] | {"amount": 2e6}])
        assert (status, answer["version"]) == (200, 1)
        assert served.predict(rows)[1]["predictions"] == expected
        wait_until(lambda: "AssertionError" in trouble(served), "the failure")
        assert "2000000" not in trouble(served)  # no value of a request is shown to others
        assert served.figure("shadow_rows_missed_total") == len(rows) + 1
        assert served.figure("model_outdated") == 0

        live.run("gate", "--set", "gate.comparison=noninferior")
        live.run("promote")
        wait_until(lambda: served.ask("/model")[1]["version"] == 3, "the new champion")
        wait_until(lambda: in_the_shadow(served) is None, "an empty shadow")
    theirs = kept_aside(live)
    assert theirs["version"].value_counts().to_dict() == {2: len(rows), 3: len(rows)}
    assert len(logged(live)) == 3 * len(rows) + 1
