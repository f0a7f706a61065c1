"""A fit on a few rows finds what would fail after the fit on all, and changes nothing."""

import random
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from mlops.projects import make_project
from rendering import platform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    dry_run = platform("steps.train.dry_run")
errors = platform("base.errors")
contracts = platform("data.contract")

METRICS = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}


class Inputs(pa.DataFrameModel):
    """Two features."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: float
    income: float = pa.Field(nullable=True)


class Labels(pa.DataFrameModel):
    """A target that any problem takes."""

    loan: str = pa.Field(metadata={"role": "key"})
    result: int = pa.Field(metadata={"role": "target"})


def rows(count: int = 1_000, classes: int = 2) -> pd.DataFrame:
    """Return training rows, of which the last class has few."""
    generator = np.random.default_rng(0)
    amount = generator.normal(size=count)
    result = np.searchsorted(np.quantile(amount, np.linspace(0, 1, classes + 1)[1:-1]), amount)
    return pd.DataFrame(
        {
            "loan": [f"a{number}" for number in range(count)],
            "amount": amount + generator.normal(size=count) / 2,
            "income": generator.normal(size=count),
            "result": result,
        }
    )


def contract(problem: str) -> Any:
    """Return the contract of a problem."""
    return contracts.read_contract(SimpleNamespace(Inputs=Inputs, Labels=Labels), problem)


def check(
    root: Path,
    build: Callable[[dict[str, Any]], Any],
    problem: str = "binary",
    frame: pd.DataFrame | None = None,
    settings: dict[str, Any] | None = None,
    **functions: Any,
) -> None:
    """Check a model with these functions on a few rows."""
    model = ModuleType("model")
    model.__dict__.update(functions, build=build, __package__="loan_risk_12345678")
    keys = {"gate": {"thresholds": {METRICS[problem]: {"min": -10}}}} | (settings or {})
    project = make_project(root, problem=problem, **keys)
    frame = rows(classes=3 if problem == "multiclass" else 2) if frame is None else frame
    dry_run.check_on_few_rows(project, model, contract(problem), frame)


def logistic(params: dict[str, Any]) -> LogisticRegression:
    """Return an estimator without a fault."""
    return LogisticRegression()


class Wrong(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with faults."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def fit(self, features: pd.DataFrame, target: pd.Series) -> "Wrong":
        """Learn the classes, or others."""
        self.classes_ = np.unique(target)
        if self.fault == "order":
            self.classes_ = self.classes_[::-1]
        if self.fault == "no classes":
            del self.classes_
        self.noise_ = np.random.random() if self.fault == "noise" else 0.5  # noqa: NPY002
        return self

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """Return what the fault says."""
        count = len(features)
        score = np.full(count, self.noise_)
        columns = {
            "one column": score,
            "a frame": pd.DataFrame({"no": 1 - score, "yes": score}),
            "a list": [[0.5, 0.5]] * count,
            "percent": np.column_stack([50 * score, 50 * score]),
            "missing": np.column_stack([score, score * np.nan]),
            "half": np.column_stack([score, score, score]),
        }
        return columns.get(self.fault, np.column_stack([1 - score, score]))


FAULTS = {
    "order": ("binary", ("classes_ of Wrong is [1, 0]", "probability of 1")),
    "one column": ("binary", ("shape (300,) for 300 rows", "shape (300, 2)")),
    "a frame": ("binary", ("predict_proba of Wrong returns DataFrame", "NumPy array")),
    "a list": ("binary", ("predict_proba of Wrong returns list",)),
    "percent": ("binary", ("Wrong returns predictions that cannot be used: some probabilities",)),
    "missing": ("binary", ("missing or infinite",)),
    "noise": ("binary", ("two fits with the same seed", 'params["seed"]')),
    "half": ("multiclass", ("do not add up to 1",)),
    "no classes": ("multiclass", ("Wrong has no classes_",)),
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items(), ids=FAULTS)
def test_a_wrong_estimator_is_found(
    tmp_path: Path, fault: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    problem, words = expected
    own = {"trusted_types": [f"{__name__}.Wrong"]}
    with pytest.raises(errors.Misconfigured) as caught:
        check(tmp_path, lambda _: Wrong(fault), problem, settings=own)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "problems" not in str(caught.value)  # one fault, one sentence


def test_an_estimator_without_probabilities_is_found(tmp_path: Path) -> None:
    def build(_: dict[str, Any]) -> Pipeline:
        return Pipeline([("scale", StandardScaler()), ("machine", LinearSVC())])

    words = r"LinearSVC, the last step of the pipeline, has no .* CalibratedClassifierCV"
    with pytest.raises(errors.Misconfigured, match=words):
        check(tmp_path, build, frame=rows().fillna(0))


def test_all_untrusted_types_and_all_other_problems_are_reported_at_once(tmp_path: Path) -> None:
    def build(_: dict[str, Any]) -> Pipeline:
        steps = [("first", FunctionTransformer(unchanged)), ("second", Wrong("noise"))]
        return Pipeline(steps)

    with pytest.raises(errors.Misconfigured) as caught:
        check(tmp_path, build, settings={"trusted_types": ["a.b"]}, metrics=lambda *_: 1)
    message = str(caught.value)
    assert "3 problems: (1) " in message
    own = f"{__name__}.unchanged, {__name__}.Wrong"
    assert f"step first holds {__name__}.unchanged; step second holds {__name__}.Wrong" in message
    assert f"to conf/base.yml: trusted_types: [a.b, {own}]" in message
    assert "(2) model.build: two fits with the same seed" in message
    assert "(3) model.metrics: it returns int" in message


def unchanged(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame as it is."""
    return frame


def test_a_lambda_gets_no_line_for_conf(tmp_path: Path) -> None:
    def build(_: dict[str, Any]) -> Pipeline:
        return Pipeline([("own", FunctionTransformer(lambda x: x)), ("last", Wrong())])

    with pytest.raises(errors.Misconfigured, match=r"step own holds .*<lambda>") as caught:
        check(tmp_path, build)
    assert "trusted_types:" not in str(caught.value)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (lambda *_: 1 / 0, "it fails"),
        (lambda *_: [1.0], "it returns list"),
        (lambda *_: {"recall@5": 1.0}, "does not accept the name 'recall@5'"),
        (lambda *_: {"cost": "much"}, "cost is not a number"),
        (lambda *_: {"cost": lambda: None}, "cost is not a number"),
        (lambda *_: {"auc": float("nan")}, "auc is nan for 300 rows"),
        (lambda truth, _: truth.update(truth * 0) or {}, "it changes the rows"),
    ],
)
def test_metrics_that_are_wrong_are_found(tmp_path: Path, metrics: Any, words: str) -> None:
    with pytest.raises(errors.Misconfigured, match=words):
        check(tmp_path, logistic, frame=rows().fillna(0), metrics=metrics)


def test_a_metric_that_nothing_computes_is_found(tmp_path: Path) -> None:
    gate = {"metric": "profit", "thresholds": {"profit": {"min": 0}}}
    with pytest.raises(errors.Misconfigured, match=r"names profit, which nothing computes"):
        check(tmp_path, logistic, settings={"gate": gate})
    check(tmp_path, logistic, settings={"gate": gate}, metrics=lambda *_: {"profit": 3.0})


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (lambda _: 1.0, r"shape \(\) for 300 rows"),
        (lambda frame: frame["amount"], "negative"),
        (lambda frame: frame["amount"] * np.nan, "missing"),
    ],
)
def test_weights_that_are_wrong_are_found(tmp_path: Path, weights: Any, words: str) -> None:
    with pytest.raises(errors.Misconfigured, match=f"model.sample_weight: .*{words}"):
        check(tmp_path, logistic, sample_weight=weights)


def test_an_estimator_that_takes_no_weights_is_found(tmp_path: Path) -> None:
    def ones(frame: pd.DataFrame) -> Any:
        return np.ones(len(frame))

    with pytest.raises(errors.Misconfigured, match=r"model.sample_weight: .* takes no weights"):
        check(tmp_path, lambda _: KNeighborsClassifier(), sample_weight=ones)


@pytest.mark.parametrize(
    ("explain", "words"),
    [
        (None, "give it a function explain"),
        (lambda _, frame: frame.to_numpy(), "it returns ndarray"),
        (lambda _, frame: frame[["amount"]], "returns none for income"),
        (lambda _, frame: frame.reset_index(drop=True).iloc[1:], "must return a row for each row"),
        (lambda _, frame: frame * np.nan, "missing or infinite"),
    ],
)
def test_reasons_are_checked_where_they_are_required(
    tmp_path: Path, explain: Any, words: str
) -> None:
    given = {} if explain is None else {"explain": explain}
    check(tmp_path, logistic, **given)
    with pytest.raises(errors.Misconfigured, match=words):
        check(tmp_path, logistic, settings={"scoring": {"reasons": True}}, **given)


@pytest.mark.parametrize("problem", METRICS)
def test_a_sound_model_passes_and_nothing_random_moves(tmp_path: Path, problem: str) -> None:
    class Drawing:
        """Draws from the states that everything in the process shares."""

        def __call__(self, _: dict[str, Any]) -> Any:
            random.random()  # noqa: S311
            np.random.random()  # noqa: NPY002
            return LinearRegression() if problem == "regression" else LogisticRegression()

    def states() -> tuple[Any, ...]:
        return random.getstate(), str(np.random.get_state())  # noqa: NPY002

    before = states()
    check(tmp_path, Drawing(), problem)
    assert states() == before


def test_an_estimator_that_needs_many_rows_is_tried_with_more(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"Hungry has no predict_proba"):
        check(tmp_path, lambda _: Hungry(), settings={"trusted_types": [f"{__name__}.Hungry"]})


class Hungry(BaseEstimator):  # type: ignore[misc]
    """It learns nothing from few rows."""

    def fit(self, features: pd.DataFrame, target: pd.Series) -> "Hungry":
        """Refuse few rows."""
        if len(features) < 900:
            raise ValueError("too few")
        return self


def test_an_estimator_that_fails_on_few_rows_is_left_to_the_real_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Starving(LogisticRegression):  # type: ignore[misc]
        def fit(self, features: pd.DataFrame, target: pd.Series) -> Any:
            raise ValueError(f"{len(features)} are too few")

    check(tmp_path, lambda _: Starving())
    assert "nothing was checked before the fit: it fails on few rows" in capsys.readouterr().err


# The sample


def test_every_class_and_every_column_with_values_is_in_the_sample() -> None:
    frame = rows(5_000, classes=4)
    frame["result"] = frame["result"].where(frame.index != 4_000, 9)  # a single row of its class
    frame["income"] = frame["income"].where(frame.index % 900 == 7)
    sample = dry_run.take_sample(contract("multiclass"), frame, 200)
    assert set(sample["result"]) == {0, 1, 2, 3, 9}
    assert sample["result"].value_counts().drop(9).between(40, 45).all()
    assert sample["income"].notna().any()
    assert sample.index.is_monotonic_increasing
    assert len(sample) < 200


def test_a_regression_gets_any_rows() -> None:
    assert len(dry_run.take_sample(contract("regression"), rows(), 200)) == 200
