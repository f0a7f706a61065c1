"""The example's estimator is good on real loan applications too, not on invented ones alone."""

import importlib
import math
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from rendering import ROOT
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit

GERMAN = ROOT / "tests/real/german_credit"
SPLITS, HELD_OUT = 10, 0.3
STUDENT = 2.262  # the 97.5% quantile of Student's t for ten figures
PARAMS: dict[str, Any] = {"seed": 7}  # else the defaults that a user gets


class OneFile:
    """Stands in for the platform's tables."""

    def read(self, name: str, window: None) -> pd.DataFrame:
        return pd.read_csv(GERMAN / "data/german_credit.csv")


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of the project that the how-to makes: these files, the example's model.py."""
    package = tmp_path / "german_credit_project"
    package.mkdir()
    for file in (*GERMAN.glob("*.py"), ROOT / "examples/binary/model.py"):
        shutil.copy(file, package)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda name: importlib.import_module(f"{package.name}.{name}")


def test_the_default_estimator_has_a_mean_auc_of_075_on_german_credit(
    german: Callable[[str], ModuleType], request: pytest.FixtureRequest
) -> None:
    rows, bad = labelled(german("data"), german("schema"))
    splits = StratifiedShuffleSplit(SPLITS, test_size=HELD_OUT, random_state=0)
    aucs = []
    for train, held_out in splits.split(rows, bad):
        estimator = german("model").build(PARAMS).fit(rows.iloc[train], bad.iloc[train])
        scores = estimator.predict_proba(rows.iloc[held_out])[:, 1]
        aucs.append(float(roc_auc_score(bad.iloc[held_out], scores)))

    mean, half = statistics.mean(aucs), half_width(aucs)
    figure = f"{mean:.3f}, 95% interval {mean - half:.3f} to {mean + half:.3f}"
    request.node.user_properties.append(("mean AUC on German Credit", figure))
    assert mean >= 0.75, figure


def labelled(data: ModuleType, schema: ModuleType) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features and the target of all applications."""
    rows = data.inputs(OneFile(), None).merge(data.labels(OneFile(), None), on="application_id")
    columns = schema.Inputs.to_schema().columns.items()
    return rows[[name for name, column in columns if not column.metadata]], rows["bad"]


def half_width(aucs: list[float]) -> float:
    """Return half a 95% interval of the mean, wider because the splits share rows.

    The correction is the one of Nadeau and Bengio, Machine Learning 52, 2003.
    """
    shared = 1 / SPLITS + HELD_OUT / (1 - HELD_OUT)
    return STUDENT * statistics.stdev(aucs) * math.sqrt(shared)
