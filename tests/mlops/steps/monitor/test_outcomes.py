"""A champion is judged only on rows that it was not trained on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

context = platform("steps.monitor.context")
errors = platform("base.errors")
fingerprints = platform("data.fingerprints")
outcomes = platform("steps.monitor.outcomes")

AS_OF = pd.Timestamp("2026-06-01")
LOANS = 400
ROWS = pd.DataFrame(
    {
        "loan": [f"L{number}" for number in range(LOANS)],
        "version": 2,
        "score": np.linspace(0.1, 0.9, LOANS),
        "decision": np.linspace(0.1, 0.9, LOANS) >= 0.5,
    }
)
TRUTH = (np.arange(LOANS) % 3 == 0).astype(int)


def examined(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trained_on: pd.DataFrame, truth: Any = TRUTH
) -> Any:
    """Return the outcomes of a champion without dates, which was trained on some of the rows."""
    seen = np.unique(fingerprints.hashes(trained_on, ["loan"]))
    card = SimpleNamespace(
        profile=SimpleNamespace(predictions={"score": None, "decision": None}),
        figures={"auc": 0.75},
        constant_figures={"auc": 0.5},
        gate_events=100,
    )
    contract = SimpleNamespace(
        keys=["loan"], target="defaulted", problem="binary", inputs=SimpleNamespace(one=str)
    )
    champion = SimpleNamespace(number=2, card=card, contract=contract, trained_keys=seen)
    contract.inputs.one = lambda _: None
    store = SimpleNamespace(entries=[], registry=SimpleNamespace(numbers=lambda: [2]))
    target = pd.DataFrame({"defaulted": truth}, index=pd.Index(ROWS["loan"], name="loan"))
    labels = outcomes.KnownLabels(target, {})
    monkeypatch.setattr(outcomes, "_read_labels", lambda *_: labels)
    monkeypatch.setattr(outcomes.predictions, "read_parts", lambda *_: iter([ROWS]))
    monkeypatch.setattr(outcomes, "user_module", lambda _: SimpleNamespace())
    made = context.MonitoringContext(make_project(folder), store, champion, AS_OF)
    made.__dict__["batches"] = {AS_OF: [folder / "part"]}
    made.__dict__["began"] = AS_OF
    return outcomes.examine_outcomes(made)


def test_rows_seen_in_training_are_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The champion knows the answers to the first 100 rows by heart."""
    truth = TRUTH.copy()
    truth[:100] = 0
    nothing = examined(tmp_path, monkeypatch, ROWS.head(0), truth)
    found = examined(tmp_path, monkeypatch, ROWS.head(100), truth)
    assert nothing.rows.seen_in_training == 0
    assert (found.rows.seen_in_training, found.rows.matured) == (100, LOANS)
    assert nothing.performance[0].value > found.performance[0].value + 0.1
    assert found.performance[0].events == truth[100:].sum()
    sentence = "100 of 400 matured rows were seen in training, and are not judged"
    assert (found.findings[0].decision, found.findings[0].sentence) == ("healthy", sentence)
    assert found.calibration.overall[0].rows == LOANS - 100


def test_if_all_rows_were_seen_in_training_no_figure_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined(tmp_path, monkeypatch, ROWS)
    [figure] = found.performance
    assert (figure.metric, figure.value, figure.verdict) == ("auc", None, "seen in training")
    assert figure.reference == 0.75
    assert found.rows.seen_in_training == LOANS
    assert "400 of 400 matured rows were seen in training" in found.findings[0].sentence
    assert found.findings[1].sentence.startswith("0 matured rows of the rarest class")


def test_predictions_with_a_fault_have_no_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ROWS.assign(score=ROWS["score"].where(ROWS.index > 3))
    monkeypatch.setitem(globals(), "ROWS", broken)
    assert examined(tmp_path, monkeypatch, broken.head(0)).calibration is None
