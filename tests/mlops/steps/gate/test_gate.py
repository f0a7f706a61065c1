"""What `gate` says of a verdict, and what it records of it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

evidence = platform("records.evidence")
configuration = platform("base.configuration")
Check = evidence.Check

pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint")  # MLflow's, of the scorer

AUC = {"name": "auc", "figure": "0.61", "limit": ">= 0.7", "setting": "gate.thresholds.auc.min"}
EVENTS = {"name": "events", "figure": "40", "limit": ">= 100", "setting": "gate.min_events"}


def message(folder: Path, verdict: str, *checks: Any) -> str:
    """Return what is said of a verdict on version 2."""
    made = evidence.GateEvidence.model_construct(
        version=2, verdict=verdict, checks=tuple(evidence.Check.model_validate(c) for c in checks)
    )
    return str(platform("steps.gate.gate")._message(make_project(folder), made))


def test_a_rejection_names_figure_setting_and_card(tmp_path: Path) -> None:
    said = message(
        tmp_path, "rejected", AUC | {"verdict": "rejected"}, EVENTS | {"verdict": "insufficient"}
    )
    assert said == (
        "version 2 is rejected by: auc (0.61, but gate.thresholds.auc.min requires >= 0.7); its "
        "model card: model_card/card-dev-2.html in MLflow"
    )


def test_what_cannot_be_judged_is_named_in_the_same_way(tmp_path: Path) -> None:
    card = tmp_path / "build/monitor/card-dev-2.html"
    card.parent.mkdir(parents=True)
    card.touch()
    said = message(tmp_path, "insufficient", EVENTS | {"verdict": "insufficient"})
    assert said.startswith(
        "version 2 cannot be judged by: events (40, but gate.min_events requires >= 100); a "
    )
    assert said.endswith("; its model card: build/monitor/card-dev-2.html")


@pytest.mark.parametrize(("answer", "online"), [("online", True), ("batch", False), (None, False)])
def test_the_answer_says_whether_the_model_serves_online(
    tmp_path: Path, answer: str | None, *, online: bool
) -> None:
    (tmp_path / "base.yml").write_text(
        "tables: {loans: {kind: synthetic, origin: synthetic}}\n"
        "gate: {thresholds: {auc: {min: 0.7}}}\nserving: {max_rows: 5}\n"
    )
    (tmp_path / "dev.yml").touch()
    answers = {"project_name": "loan-risk", "problem": "binary"}
    answers |= {"serving": answer} if answer else {}
    files = configuration.read_files("dev", tmp_path)
    found = configuration.load_settings("dev", files, answers, ())
    assert (found.serving.online, found.serving.max_rows) == (online, 5)


@pytest.mark.parametrize(
    ("figure", "interval", "kept"),
    [
        ("0.7694", "0.7369 to 0.8019", (0.7694, (0.7369, 0.8019))),
        ("-0.1000", "-0.3000 to 0.1000", (-0.1, (-0.3, 0.1))),
        ("0.7694", "", (0.7694, None)),
        ("missing", "", (None, None)),
    ],
)
def test_the_figure_of_a_verdict_is_that_of_its_check(
    figure: str, interval: str, kept: object
) -> None:
    events = Check(name="events", verdict="passed", figure="140")
    auc = Check(name="auc", verdict="passed", figure=figure, interval=interval)
    assert platform("steps.gate.gate").measured("auc", (events, auc)) == kept
    assert platform("steps.gate.gate").measured("auc", (events,)) == (None, None)


def case(figures: Any) -> Any:
    """Return a case of a binary problem whose metrics are computed by a function."""
    return SimpleNamespace(
        contract=SimpleNamespace(problem="binary"),
        metrics=SimpleNamespace(all=figures),
        truth=pd.Series([0, 1, 0, 1]),
        prediction=pd.DataFrame({"score": [0.1, 0.4, 0.2, 0.9], "decision": [False] * 3 + [True]}),
    )


def test_diagnostics_are_recorded_with_all_metrics() -> None:
    found = platform("steps.gate.gate")._diagnose(
        case(lambda *_: {"auc": 1.0, "own": float("nan")}), []
    )
    assert found.figures == {"auc": 1.0, "own": None}
    assert found.confusion.counts == ((2, 0), (1, 1))


def test_a_metric_that_fails_costs_the_charts_and_not_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    assert platform("steps.gate.gate")._diagnose(case(fail), []) is None
    assert "the model card gets no charts: ZeroDivisionError" in capsys.readouterr().err


def test_costs_of_errors_are_recorded_for_decisions_only(tmp_path: Path) -> None:
    costs = {"false_positive": 1, "false_negative": 5}
    gate = {"thresholds": {"auc": {"min": 0.7}, "r2": {"min": 0.1}}, "costs": costs}
    recorded = platform("steps.gate.gate")._error_costs
    assert recorded(make_project(tmp_path, gate=gate).settings).model_dump() == costs
    assert recorded(make_project(tmp_path, gate=gate, problem="regression").settings) is None
    assert recorded(make_project(tmp_path).settings) is None


def test_the_cost_of_one_kind_of_error_is_refused(tmp_path: Path) -> None:
    gate = {"thresholds": {"auc": {"min": 0.7}}, "costs": {"false_negative": 5}}
    with pytest.raises(ValueError, match="set false_positive and false_negative, or neither"):
        make_project(tmp_path, gate=gate)


def test_faulty_predictions_have_no_diagnostics() -> None:
    rejected = evidence.Check(name="predictions", verdict="rejected", figure="bad")
    assert platform("steps.gate.gate")._diagnose(case(None), [rejected]) is None
