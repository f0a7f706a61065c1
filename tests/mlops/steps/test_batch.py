"""The predictions of a batch are compared with others of rows that the model did not learn from."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

batch = platform("steps.score.batch")
errors = platform("base.errors")
fingerprints = platform("data.fingerprints")
inputs = platform("steps.monitor.inputs")
profile = platform("figures.profile")
registry = platform("records.registry")
score = platform("steps.score.score")

COUNT = 1_000
ROWS = pd.DataFrame({"loan": [f"L{number}" for number in range(COUNT)]})
LEARNED = np.arange(COUNT) < 700
RANDOM = np.random.default_rng(3)
# Of rows that it learned from, the model is far more certain than of others.
CERTAIN = np.where(RANDOM.random(COUNT) < 0.5, 0.02, 0.98)
SCORES = pd.DataFrame({"score": np.where(LEARNED, CERTAIN, RANDOM.uniform(0.3, 0.7, COUNT))})


def version(split: str = "random", learned: Any = LEARNED) -> Any:
    """Return a version that was trained on some of the rows and judged on the others."""
    profiles = profile.take_profile(SCORES[~LEARNED])
    card = SimpleNamespace(
        time=SimpleNamespace(split=split, period="month"),
        profile=SimpleNamespace(predictions=profiles),
    )
    made = registry.Version("loans", 2, SimpleNamespace(folder=None), card)
    made.__dict__["contract"] = SimpleNamespace(keys=["loan"])
    made.__dict__["trained_keys"] = fingerprints.hashes(ROWS[learned], ["loan"])
    return made


def scored(folder: Path, champion: Any) -> Any:
    """Return the batch of all rows."""
    loaded = SimpleNamespace(version=champion, contract=champion.contract)
    made = batch.Batch(make_project(folder), loaded, None, "2026-01-01", "0001")
    made.add(ROWS, SCORES)
    return made


def test_rows_that_the_version_was_trained_on_do_not_count_as_a_changed_distribution(
    tmp_path: Path,
) -> None:
    whole = scored(tmp_path, version())
    score._check_distribution(whole)
    assert (whole.counts["score"].sum(), whole.unseen["score"].sum()) == (COUNT, 300)


def test_a_split_by_time_compares_all_rows(tmp_path: Path) -> None:
    """Its batches come after the training window, so nothing is looked up."""
    with pytest.raises(errors.MlopsError, match="the distribution of score has moved too far"):
        score._check_distribution(scored(tmp_path, version("time")))


def test_a_version_that_was_trained_on_all_rows_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score._check_distribution(scored(tmp_path, version(learned=LEARNED | True)))
    said = " ".join(capsys.readouterr().err.split())
    assert "the distribution is not checked: version 2 was trained on all rows" in said


def test_monitor_counts_the_predictions_of_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    champion = version()
    context = SimpleNamespace(
        card=champion.card,
        champion=champion,
        keys=["loan"],
        number=2,
        store=SimpleNamespace(entries=[]),
    )
    made = pd.concat([ROWS, SCORES], axis="columns").assign(version=2)
    monkeypatch.setattr(inputs.predictions, "read_parts", lambda *_: iter([made]))
    counted = inputs._count_predictions(context, [])
    assert counted.columns["score"][:-2].sum() == 300  # the last two count the tails again
    assert len(counted.keys) == COUNT
