"""The target fits the problem; the contract tests of a project ask the same function."""

import warnings
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from rendering import ROOT, platform

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    estimator = platform("steps.train.estimator")
errors = platform("base.errors")
contracts = platform("data.contract")


class Inputs(pa.DataFrameModel):
    """A key and a feature."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: float


def labels(kind: type) -> type:
    """Return a class Labels whose target has this type."""

    class Labels(pa.DataFrameModel):
        loan: str = pa.Field(metadata={"role": "key"})
        result: kind = pa.Field(metadata={"role": "target"})  # type: ignore[valid-type]

    return Labels


def check(problem: str, kind: type, target: list[Any]) -> None:
    """Check a target."""
    module = SimpleNamespace(Inputs=Inputs, Labels=labels(kind))
    estimator.check_target(contracts.read_contract(module, problem), pd.Series(target))


@pytest.mark.parametrize(
    ("problem", "kind", "target"),
    [
        ("binary", int, [0, 1, 1]),
        ("binary", bool, [True, False]),
        ("multiclass", str, ["A", "B"]),
        ("multiclass", int, [1, 2, 3]),
        ("regression", float, [0.5, 1.0]),
        ("regression", int, [3, 4]),
    ],
)
def test_a_target_that_fits(problem: str, kind: type, target: list[Any]) -> None:
    check(problem, kind, target)


@pytest.mark.parametrize(
    ("problem", "kind", "target", "words"),
    [
        ("binary", int, [0, 1, 2], "values other than 0 and 1"),
        ("binary", int, [1, 1], "only one class"),
        ("multiclass", str, ["A", "A"], "only one class"),
        ("multiclass", str, ["A", "label"], "and label is already the name of another"),
        ("regression", str, ["1", "2"], "type str, but a regression predicts numbers"),
        ("regression", bool, [True, False], "type bool, but a regression predicts numbers"),
        ("regression", float, [1.0, 1.0], "only one value"),
    ],
)
def test_a_target_that_does_not_fit(
    problem: str, kind: type, target: list[Any], words: str
) -> None:
    with pytest.raises(errors.MlopsError, match=words):
        check(problem, kind, target)


def test_the_contract_tests_ask_the_functions_of_train() -> None:
    """A rule that they had on their own refused what `train` accepts."""
    folder = ROOT / "template/tests/mlops"
    texts = "".join(path.read_text("utf-8") for path in folder.glob("*.jinja"))
    for rule in (
        "check_target(",
        "take_sample(",
        "find_fault(",
        "explain_rows(",
        "write_estimator(",
    ):
        assert rule in texts
