"""A champion is monitored: what drifted, what decayed, what is missing, and what follows."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.challengers import LENIENT
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Facts, Project

RETURN, LABELS = "    return applications[", "    return reviewed["
MIXED = '    reviewed["defaulted"] = reviewed["defaulted"].sample(frac=1).to_numpy()\n'
QUARTER = ("2025-11-01", "2025-12-01", "2026-01-01")  # its labels are due on 2026-04-01
SECTIONS = {
    *("format", "project", "env", "problem", "as_of", "version", "trained_as_of", "owner"),
    *("decision", "reasons", "windows", "rows", "columns", "performance", "staleness"),
    *("together", "calibration", "freshness", "history"),
}


def score(project: Project, *dates: str) -> None:
    """Score the period before each date, however far its predictions moved."""
    for date in dates:
        project.run("score", "--as-of", date, "--set", "scoring.max_psi=20")


def succeed(project: Project, date: str, *words: str) -> None:
    """Make another champion."""
    for command in (("train", "--as-of", date), ("gate", *words), ("promote",)):
        project.run(*command)


def watch(project: Project, as_of: str = AS_OF, *words: str) -> Facts:
    """Monitor, and return the facts without the resources, which differ from run to run."""
    facts = project.run("monitor", "--as-of", as_of, *words).facts
    return {key: value for key, value in facts.items() if key != "resources"}


def of(facts: Facts, name: str) -> Facts:
    """Return the facts of a column."""
    return next(dict(column) for column in facts["columns"] if column["name"] == name)


def drifted(facts: Facts) -> set[str]:
    return {column["name"] for column in facts["columns"] if column["drifted"]}


def rewrite(project: Project, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the rows of the newest batch."""
    part: Path = project.batches()[-1] / "part.parquet"
    frame = pd.read_parquet(part)
    change(frame).to_parquet(part, index=False)


@pytest.mark.parametrize(
    "problem",
    ["binary", *(pytest.param(p, marks=pytest.mark.full) for p in ("multiclass", "regression"))],
)
def test_a_quiet_month_is_healthy_and_says_when_labels_mature(at: At, problem: str) -> None:
    project = at("scored", problem=problem)
    facts = watch(project)
    assert set(facts) == SECTIONS | {"anchor", "outcome", "message"}
    assert facts["decision"] == "healthy"
    assert drifted(facts) == set()
    assert facts["performance"] == []
    [reason] = facts["reasons"]
    assert "version 1 mature on 2026-02-01" in reason  # three months after 2025-11-01
    assert facts["windows"] == {
        "scored": "2025-12-01..2026-01-01",
        "matured": "2025-07-01..2025-10-01",
    }
    assert facts["rows"]["scored"] == 660
    assert facts["rows"]["without_prediction"] == 0
    assert facts["freshness"] == {"newest_row": "2025-12-31", "late": False}
    fresh = {"age": 0, "limit": 18, "period": "month", "drifted_share": 0.0, "stale": False}
    assert facts["staleness"] == fresh | {"lost": None}
    income = of(facts, "income") if problem == "binary" else facts["columns"][0]
    assert sum(income["then"]) == pytest.approx(1)
    assert sum(income["now"]) == pytest.approx(1)
    assert len(income["bins"]) == len(income["then"]) == len(income["now"])


@pytest.mark.full
def test_two_runs_give_the_same_facts(scored: Project) -> None:
    first = watch(scored)
    second = watch(scored)
    for facts in (first, second):
        del facts["anchor"]  # each run is an entry of the journal
    assert first == second


@pytest.mark.full
def test_the_journal_and_mlflow_keep_the_findings(scored: Project) -> None:
    facts = watch(scored)
    entry = scored.call(behind.entries)[-1]
    assert (entry["command"], entry["outcome"], entry["subject"]) == ("monitor", "ok", "1")
    assert entry["details"].items() >= facts["history"][-1].items()
    page = scored.path(f"build/monitor/dev-{AS_OF}-version-1.html").read_text(encoding="utf-8")
    assert "loan-risk" in page
    assert f"build/monitor/dev-{AS_OF}-version-1.html" in facts["message"]
    run = scored.call(behind.monitoring)
    assert run["files"] == ["dev-2026-01-01-version-1.html", "monitor.json"]
    assert run["metrics"]["psi_input_income"] == of(facts, "income")["psi"]
    assert run["facts"].items() >= {key: facts[key] for key in SECTIONS}.items()


def test_drift_is_mentioned_at_once_and_acted_on_when_it_persists(live: Project) -> None:
    score(live, "2026-04-01", "2026-05-01")
    first = watch(live, "2026-04-01")
    assert "channel" in drifted(first)
    assert not of(first, "channel")["persistent"]
    assert [reason for reason in first["reasons"] if "input channel has drifted in this" in reason]
    again = watch(live, "2026-05-01")
    assert of(again, "channel")["persistent"]
    assert again["decision"] == "investigate"
    assert again["reasons"][0].startswith(
        "input channel has drifted in this window and in one of the two before (PSI"
    )
    assert [each["as_of"] for each in again["history"]] == ["2026-04-01", "2026-05-01"]


def test_monitoring_one_batch_twice_does_not_make_drift_persist(live: Project) -> None:
    """There is no batch in May, so both runs monitor the one of April."""
    score(live, "2026-04-01")
    assert "channel" in drifted(watch(live, "2026-04-01"))
    again = watch(live, "2026-05-01")
    assert again["freshness"]["late"]
    assert "channel" in drifted(again)
    assert not of(again, "channel")["persistent"]


def test_the_performance_on_matured_labels_is_that_of_the_gate(live: Project) -> None:
    """Scoring the gate window again gives the same rows and the same figures."""
    score(live, "2025-08-01", "2025-09-01", "2025-10-01", AS_OF)
    facts = watch(live)
    assert facts["decision"] == "healthy"
    assert facts["reasons"] == []
    figures = {figure["metric"]: figure for figure in facts["performance"]}
    assert set(figures) == {"auc", "brier"}
    for figure in figures.values():
        assert figure["value"] == pytest.approx(figure["reference"])
        assert figure["low"] < figure["value"] < figure["high"]
        assert figure["verdict"] == "ok"
    assert figures["auc"]["bound"] < figures["auc"]["low"]
    assert figures["brier"]["bound"] > figures["brier"]["value"]
    rows = facts["rows"]
    assert rows["coverage"] == rows["matured"] / rows["expected"] > 0.85


def test_decayed_performance_calls_for_retraining(due: Project) -> None:
    due.edit("data.py", LABELS, f"{MIXED}{LABELS}")
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "retrain"
    assert facts["reasons"][0].startswith("auc is 0.")
    [auc] = [figure for figure in facts["performance"] if figure["metric"] == "auc"]
    assert auc["verdict"] == "decayed"
    assert auc["value"] < auc["bound"]


@pytest.mark.full
@pytest.mark.wide
def test_a_successor_that_has_not_made_up_for_a_decay_is_retrained_again(due: Project) -> None:
    due.edit("data.py", LABELS, f"{MIXED}{LABELS}")
    assert watch(due, "2026-04-01")["decision"] == "retrain"
    limits = "thresholds={auc: {min: 0.3}, brier: {max: 1, margin: 1}}"
    rules = ("dominance=100", "comparison=noninferior", "margin=1", "calibration.required=false")
    lenient = (limits, *rules)
    succeed(due, "2026-04-01", *(f"--set=gate.{setting}" for setting in lenient))
    facts = watch(due, "2026-05-01")
    assert facts["version"] == 2
    assert facts["decision"] == "retrain"
    assert facts["staleness"]["stale"]
    assert facts["reasons"][0].startswith(
        "version 1 had decayed by 2026-04-01, and the champion was trained on rows from before "
        "that date, too: auc"
    )
    due.edit("data.py", MIXED, "")  # the data is as it was before
    succeed(due, "2026-05-01")
    facts = watch(due, "2026-05-01")
    assert (facts["version"], facts["staleness"]["lost"]) == (3, None)


@pytest.mark.full
def test_an_old_champion_calls_for_retraining(scored: Project) -> None:
    facts = watch(scored, "2026-01-01", "--set", "monitoring.max_age=12")
    assert not facts["staleness"]["stale"]
    facts = watch(scored, "2027-08-01")
    assert facts["staleness"]["stale"]
    assert facts["decision"] == "retrain"
    assert facts["reasons"][0] == "the champion's age is 19 months, more than 18"
    assert facts["freshness"]["late"]


def test_missing_predictions_are_reported(live: Project) -> None:
    facts = watch(live)
    assert facts["decision"] == "investigate"
    assert "no predictions were published for 2026-01-01" in facts["reasons"][0]
    assert "score" in facts["reasons"][0]
    score(live, AS_OF)
    assert watch(live)["decision"] == "healthy"
    facts = watch(live, "2026-02-01")
    assert facts["freshness"] == {"newest_row": "2025-12-31", "late": True}
    assert "the newest are of 2026-01-01" in facts["reasons"][0]


@pytest.mark.full
def test_deleted_predictions_are_noticed(due: Project) -> None:
    for date in QUARTER:
        shutil.rmtree(due.path(f"predictions/dev/date={date}"))
    due.call(behind.forget_hashes)
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    assert "no predictions of version 1 for 2025-10-01..2026-01-01" in facts["reasons"][0]


def answer(months: list[str], left_out: list[str], change: dict[str, float]) -> None:
    """Answer the rows of months as `serve` does, in a project; clients leave out some columns."""
    from loan_risk import synthetic
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.serving.log import PredictionLog
    from loan_risk.mlops.serving.model import ServedModel

    project = open_project("dev")
    store = open_store(project)
    model = ServedModel(store.registry.load(store.fetch_champion()))
    log = PredictionLog(project.path("predictions/dev/online"))
    for month in map(pd.Timestamp, months):
        rows = synthetic.rows(month, 7)["applications"]
        rows = model.contract.inputs.clean(rows.assign(**change), "")
        sent = rows[[*model.contract.keys, *model.contract.features]].drop(columns=left_out)
        made = model._scorer.predict(None, rows).to_dict("records")
        records = sent.astype("object").where(sent.notna(), None).to_dict("records")
        log.add(model, records, made, month + pd.Timedelta(days=14))
        log.flush()


QUARTER_AND_MARCH = ["2025-10", "2025-11", "2025-12", "2026-03"]


@pytest.mark.full
def test_online_predictions_are_monitored_like_batches(due: Project) -> None:
    """The same rows, predicted online: the same figures, and no batch is missed."""
    expected = watch(due, "2026-04-01")
    shutil.rmtree(due.path("predictions"))
    due.call(behind.forget_hashes)
    due.call(answer, QUARTER_AND_MARCH, [], {})
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "healthy"
    assert not [reason for reason in facts["reasons"] if "published" in reason]
    assert facts["performance"] == expected["performance"]
    assert facts["rows"]["scored"] == facts["rows"]["read"] > 500
    assert of(facts, "income")["psi"] == pytest.approx(of(expected, "income")["psi"], rel=0.01)
    assert facts["freshness"] == {"newest_row": "2026-03-15", "late": False}


@pytest.mark.full
def test_online_predictions_for_unusual_requests_have_drifted(live: Project) -> None:
    live.call(answer, QUARTER_AND_MARCH, ["application_id"], {"amount": 90000.0})
    facts = watch(live, "2026-04-01")
    assert {"amount", "score"} <= drifted(facts)
    assert facts["decision"] == "investigate"
    assert re.match(r"\d+ answers were given to clients that sent no key", facts["reasons"][0])


@pytest.mark.full
def test_an_unreadable_batch_is_reported(scored: Project) -> None:
    (scored.batches()[-1] / "part.parquet").write_bytes(b"PAR1 torn")
    scored.call(behind.forget_hashes)
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert "date=2026-01-01/batch-0001 cannot be read" in facts["reasons"][0]


@pytest.mark.full
def test_a_missing_table_is_reported(scored: Project) -> None:
    table = {"kind": "files", "origin": "synthetic", "path": "gone/*.csv"}
    scored.configure(tables={"applications": table})
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert "no file matches gone/*.csv" in facts["reasons"][0]
    assert [column["name"] for column in facts["columns"]] == ["score", "decision"]


@pytest.mark.full
def test_a_broken_schema_is_reported(scored: Project) -> None:
    scored.edit("data.py", RETURN, f'    applications["amount"] *= -1\n{RETURN}')
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert "column amount fails the check" in facts["reasons"][0]


@pytest.mark.full
def test_missing_labels_are_reported(due: Project) -> None:
    due.edit(
        "data.py", "    return reviewed[", "    reviewed = reviewed.head(30)\n    return reviewed["
    )
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    said = " ".join(facts["reasons"])
    assert "30 of 620 labels due for the batch of 2025-11-01 have arrived (5%; 9" in said
    assert "0 of " in said
    assert "fewer than gate.min_events (100)" in said
    assert {figure["verdict"] for figure in facts["performance"]} <= {"unknown"}


@pytest.mark.full
def test_missing_labels_of_one_month_are_reported(due: Project) -> None:
    lost = '    reviewed = reviewed[reviewed["reviewed_on"].dt.month != 2]\n'
    due.edit("data.py", LABELS, f"{lost}{LABELS}")
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    assert re.match(
        r"0 of \d+ labels due for the batch of 2025-12-01 have arrived", facts["reasons"][0]
    )
    assert facts["rows"]["coverage"] > 0.5


@pytest.mark.full
def test_a_month_without_predictions_is_reported(due: Project) -> None:
    shutil.rmtree(due.path("predictions/dev/date=2025-12-01"))
    due.call(behind.forget_hashes)
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    words = "there are no predictions for 2025-11-01..2025-12-01, whose labels are due"
    assert facts["reasons"][0] == words


@pytest.mark.full
def test_predictions_of_an_unknown_version_in_the_window_are_reported(due: Project) -> None:
    part = due.batches(date="2025-12-01")[-1] / "part.parquet"
    frame = pd.read_parquet(part)
    frame.loc[:200, "version"] = 78
    frame.to_parquet(part, index=False)
    due.call(behind.forget_hashes)
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    assert (
        "holds predictions of version 78, which the registry does not know" in facts["reasons"][0]
    )


@pytest.mark.full
def test_an_incomplete_delivery_is_reported(scored: Project) -> None:
    early = '    applications = applications[applications["applied_on"] < "2025-12-04"]\n'
    scored.edit("data.py", RETURN, f"{early}{RETURN}")
    scored.run("score", "--as-of", AS_OF)
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    rows, newest = sorted(reason for reason in facts["reasons"] if "delivery is comp" in reason)
    assert re.match(
        r"\d+ rows were read for the period, but the training window has \d+ a period;", rows
    )
    assert newest.startswith(
        "the newest row of the period 2025-12-01..2026-01-01 is from 2025-12-03"
    )
    assert facts["freshness"]["late"]


@pytest.mark.full
def test_a_period_is_compared_with_all_rows_that_a_split_dealt_out(opened: Project) -> None:
    """Both sides come from twelve months: two of training, nine of embargo, one of the gate."""
    windows = {"train": 2, "gate": 1, "label_horizon": 3, "embargo": 9}
    opened.configure(time={"split": "group", "reason": "a test", **windows})
    for command in (("train", "--as-of", AS_OF), ("gate", *LENIENT), ("promote",)):
        opened.run(*command)
    score(opened, AS_OF)
    facts = watch(opened)
    assert facts["rows"]["read"] == 660
    assert facts["rows"]["usual"] == pytest.approx(600, rel=0.05)
    assert not [reason for reason in facts["reasons"] if "delivery" in reason]


@pytest.mark.full
def test_duplicate_rows_are_reported(scored: Project) -> None:
    doubled = "    applications = pd.concat([applications, applications.head(3)])\n"
    scored.edit("data.py", RETURN, f"{doubled}{RETURN}")
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert facts["reasons"][0] == "in the period, 3 keys occur twice in the tables"


@pytest.mark.full
def test_a_batch_without_an_entry_is_reported(scored: Project) -> None:
    """`score` leaves such a batch if it is killed after publishing."""
    [batch] = scored.batches()
    shutil.copytree(batch, batch.with_name("batch-0002"))
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert "date=2026-01-01/batch-0002 is published but has no entry" in facts["reasons"][0]
    scored.run("score", "--as-of", AS_OF)
    assert watch(scored)["decision"] == "healthy"


@pytest.mark.full
def test_the_absence_of_all_labels_is_reported(due: Project) -> None:
    due.edit(
        "data.py", "    return reviewed[", "    reviewed = reviewed.head(0)\n    return reviewed["
    )
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    assert facts["performance"] == []
    assert facts["rows"]["matured"] == 0 < facts["rows"]["expected"]


@pytest.mark.full
def test_duplicate_labels_are_reported(due: Project) -> None:
    due.edit("data.py", LABELS, f"    reviewed = pd.concat([reviewed] * 2)\n{LABELS}")
    facts = watch(due, "2026-04-01")
    assert facts["decision"] == "investigate"
    assert "repeat the key (application_id) of an earlier row" in " ".join(facts["reasons"])


@pytest.mark.full
def test_labels_of_unknown_keys_are_counted_and_left_out(due: Project) -> None:
    honest = watch(due, "2026-04-01")
    more = (
        "    foreign = reviewed.tail(50).assign(application_id=lambda f: 'x' + f.application_id)\n"
        "    reviewed = pd.concat([reviewed, foreign])\n"
    )
    due.edit("data.py", LABELS, f"{more}{LABELS}")
    facts = watch(due, "2026-04-01")
    assert facts["rows"]["unknown_keys"] == 50
    assert facts["performance"] == honest["performance"]


@pytest.mark.full
def test_predictions_of_an_unknown_version_are_reported(scored: Project) -> None:
    rewrite(scored, lambda frame: frame.assign(version=9))
    scored.call(behind.forget_hashes)
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert "predictions of version 9, which the registry does not know" in facts["reasons"][0]
    assert not [column for column in facts["columns"] if column["kind"] == "prediction"]


@pytest.mark.full
def test_a_new_champion_is_judged_by_its_own_predictions_alone(scored: Project) -> None:
    succeed(scored, "2026-02-01")
    facts = watch(scored)
    assert facts["version"] == 2
    assert facts["decision"] == "healthy"
    assert "made by version 1, not by the champion, version 2" in facts["reasons"][0]
    score(scored, "2026-01-01")
    facts = watch(scored, "2026-04-01")
    assert facts["rows"]["expected"] == 660
    assert "2026-04-01" not in facts["windows"]["matured"]


@pytest.mark.full
def test_rows_without_a_prediction_are_counted(scored: Project) -> None:
    rewrite(scored, lambda frame: frame.iloc[:600])
    scored.call(behind.forget_hashes)
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert facts["rows"]["without_prediction"] == 60
    assert "60 rows of the period have no prediction" in facts["reasons"]


@pytest.mark.full
@pytest.mark.parametrize("rows", [1, 0])
def test_very_few_rows_give_a_correct_answer(scored: Project, rows: int) -> None:
    scored.edit("data.py", RETURN, f"    applications = applications.head({rows})\n{RETURN}")
    facts = watch(scored)
    assert facts["decision"] == "investigate"
    assert ("1 rows were read for the period" in " ".join(facts["reasons"])) is bool(rows)
    assert [c for c in facts["columns"] if c["drifted"] and c["kind"] == "input"] == []


@pytest.mark.full
def test_a_column_that_went_missing_has_drifted(scored: Project) -> None:
    scored.edit("data.py", RETURN, f'    applications["income"] = None\n{RETURN}')
    facts = watch(scored)
    income = of(facts, "income")
    assert income["drifted"]
    assert not income["persistent"]
    assert facts["decision"] == "investigate"  # at once
    assert facts["reasons"][0] == ("input income is nearly empty in this window (100% missing)")
    assert income["missing_now"] == 1.0
    assert income["ks"] is None


def test_without_a_champion_there_is_nothing_to_monitor(opened: Project) -> None:
    assert "no champion" in opened.run("monitor", "--as-of", AS_OF, code=1).said


@pytest.mark.full
def test_a_pause_does_not_stop_monitoring(scored: Project) -> None:
    scored.run("pause", "the flood")
    assert watch(scored)["decision"] == "healthy"


@pytest.mark.full
def test_the_output_is_standard_json(scored: Project) -> None:
    printed = scored.run("monitor", "--as-of", AS_OF).printed
    json.loads(printed, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
