"""A fit on a few rows before the fit on all: what would fail after hours is reported in a second.

It checks all that follows the real fit: that the estimator can be stored and loaded with trusted
types, predicts what the problem asks for, and is the same for the same seed; and that the user's
`metrics`, `sample_weight` and `explain` do what they should.
"""

import contextlib
import os
import random
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ...base.console import print_step
from ...base.errors import Misconfigured, MlopsError, summarize
from ...base.project import Project
from ...data.contract import Contract
from ...figures.metrics import Metrics
from ...figures.predictions import find_fault
from ...records.registry import largest_difference
from ...records.scorer import Estimator, ScorerFacts, predict_frame
from ..reasons import explain_rows, required
from .estimator import fit
from .stored_estimator import Trust, store_and_load

SAMPLE_ROWS = 300  # equally many of each class
MORE_ROWS = 3_000  # for an estimator that cannot be fitted on fewer, such as 500 neighbours
FEWEST_OF_A_CLASS = 10  # cross-validation in an estimator needs some of each class
FEWEST_VALUES = 5  # of a column that is seldom filled
EXPLAINED_ROWS = 20
SAME = 1e-6  # the largest difference of predictions that are the same but for rounding
METRIC_NAME = re.compile(r"[\w.\-/ :]+")  # what MLflow accepts

# Errors that more rows do not prevent.
OF_THE_CODE = (AttributeError, ImportError, NameError, SyntaxError, TypeError)


@dataclass(frozen=True)
class DryRun:
    """An estimator that was fitted on a few rows, and what it predicts for them."""

    project: Project
    """Its settings have the parameters that are tried."""
    model: ModuleType
    """The user's module `model`, in a snapshot."""
    contract: Contract
    """What schema.py says about the rows."""
    rows: pd.DataFrame
    """The rows, with their target."""
    estimator: Estimator
    """The estimator, fitted on them."""

    @property
    def features(self) -> pd.DataFrame:
        """The columns that the estimator sees."""
        return self.rows[self.contract.features]

    @property
    def classes(self) -> list[str]:
        """The classes of a multiclass model."""
        names = self.estimator.classes_ if self.contract.problem == "multiclass" else ()
        return list(map(str, names))

    def predict(self, estimator: Estimator) -> pd.DataFrame:
        """Return the prediction frame of the rows, as the scorer makes it."""
        facts: ScorerFacts = {
            "problem": self.contract.problem,
            "features": self.contract.features,
            "classes": self.classes,
            "cutoff": self.project.settings.model.cutoff,
        }
        return predict_frame(estimator, facts, self.rows)


def check_on_few_rows(
    project: Project, model: ModuleType, contract: Contract, frame: pd.DataFrame
) -> None:
    """Fit on a few of the training rows, and check all that would fail after the real fit.

    The real fit is the same without it: random states are restored. Raises Misconfigured with every
    problem that was found.
    """
    with _unseen(), threadpool_limits(1):  # on few rows, threads only wait for one another
        dry = _fit(project, model, contract, frame)
        problems = [] if dry is None else list(find_problems(dry))
    if not problems:
        return
    if len(problems) == 1:
        raise Misconfigured(problems[0])
    listed = " ".join(f"({number}) {problem}" for number, problem in enumerate(problems, 1))
    raise Misconfigured(f"a fit on a few rows found {len(problems)} problems: {listed}")


def take_sample(contract: Contract, frame: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return about `size` rows in their order, equally many of each class if there are enough.

    Each column that has values in `frame` has some in the sample.
    """
    order = np.random.default_rng(0).permutation(len(frame))
    if contract.problem == "regression":
        chosen = order[:size]
    else:
        classes, names = pd.factorize(frame[contract.target])
        share = max(size // len(names), FEWEST_OF_A_CLASS)
        drawn = [order[classes[order] == each][:share] for each in range(len(names))]
        chosen = np.concatenate(drawn)
    sample = frame.iloc[chosen]
    for name in sample.columns[sample.isna().all()]:
        filled = np.flatnonzero(frame[name].notna())[:FEWEST_VALUES]
        chosen = np.concatenate([chosen, filled])
    return frame.iloc[np.unique(chosen)]


def find_problems(dry: DryRun) -> Iterator[str]:
    """Yield one sentence for each problem of a fitted estimator and of the user's functions."""
    try:
        prediction = _predict(dry)
    except MlopsError as error:  # nothing that needs predictions can be checked
        yield str(error)
        prediction = None
    yield from _problems_of_storing(dry, prediction)
    if prediction is None:
        return
    yield from _problems_of_the_seed(dry, prediction)
    yield from _problems_of_metrics(dry, prediction)
    yield from _problems_of_reasons(dry)


def _fit(
    project: Project, model: ModuleType, contract: Contract, frame: pd.DataFrame
) -> DryRun | None:
    """Fit on a few rows, or on more if that fails; None if it fails again: few rows may be why."""
    for size in (SAMPLE_ROWS, MORE_ROWS):
        rows = take_sample(contract, frame, size)
        _check_weights(model, rows)
        try:
            estimator = fit(project, model, contract, rows)
            return DryRun(project, model, contract, rows, estimator)
        except (MlopsError, *OF_THE_CODE):
            raise
        except Exception as error:  # noqa: BLE001 - user code can raise anything
            reason = summarize(error)
    print_step(f"nothing was checked before the fit: it fails on few rows ({reason})")
    return None


def _check_weights(model: ModuleType, rows: pd.DataFrame) -> None:
    """Raise Misconfigured if `model.sample_weight` does not return a weight for each row."""
    if not hasattr(model, "sample_weight"):
        return
    weights = np.asarray(model.sample_weight(rows))
    if weights.shape != (len(rows),):
        raise Misconfigured(
            f"model.sample_weight: it returns an array of shape {weights.shape} for {len(rows)} "
            "rows; return one weight for each row."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise Misconfigured(
            "model.sample_weight: some weights are missing, infinite or negative, or all are 0; "
            "return a finite number of 0 or more for each row, and more than 0 for at least one."
        )


def _predict(dry: DryRun) -> pd.DataFrame:
    """Return the predictions of the sample; raise Misconfigured if they are not as they must be."""
    problem = dry.contract.problem
    method = "predict" if problem == "regression" else "predict_proba"
    kind = type(dry.estimator).__name__
    steps = getattr(dry.estimator, "steps", None)
    if steps:
        kind = f"{type(steps[-1][1]).__name__}, the last step of the pipeline,"
    if not hasattr(dry.estimator, method):
        raise Misconfigured(
            f"model.build: {kind} has no {method}, which a {problem} problem needs; use an "
            "estimator that has it"
            + (", such as CalibratedClassifierCV around yours." if method != "predict" else ".")
        )
    expected = _check_classes(dry, kind)
    shape = (len(dry.rows), *expected)
    try:
        answer = getattr(dry.estimator, method)(dry.features)
    except OF_THE_CODE:
        raise
    except Exception as error:
        raise Misconfigured(
            f"model.build: {kind} cannot predict the rows that it was fitted on "
            f"({summarize(error)}); correct model.py or features.py."
        ) from error
    if np.shape(answer) != shape or not hasattr(answer, "astype"):
        raise Misconfigured(
            f"model.build: {method} of {kind} returns {type(answer).__name__} of shape "
            f"{np.shape(answer)} for {len(dry.rows)} rows; it must return an array of shape "
            f"{shape}."
        )
    try:
        prediction = dry.predict(SimpleNamespace(**{method: lambda _: answer}))
    except Exception as error:
        raise Misconfigured(
            f"model.build: {method} of {kind} returns {type(answer).__name__}, which is not an "
            f"array of numbers ({summarize(error)}); return a NumPy array."
        ) from error
    if fault := find_fault(problem, prediction):
        raise Misconfigured(
            f"model.build: {kind} returns predictions that cannot be used: {fault}; correct "
            "model.py."
        )
    return prediction


def _check_classes(dry: DryRun, kind: str) -> tuple[int, ...]:
    """Return the shape of what is predicted for a row; raise Misconfigured for wrong classes."""
    problem = dry.contract.problem
    if problem == "regression":
        return ()
    classes = getattr(dry.estimator, "classes_", None)
    if problem == "binary":
        if classes is not None and list(classes) != [0, 1]:
            listed = ", ".join(map(str, classes))
            raise Misconfigured(
                f"model.build: classes_ of {kind} is [{listed}], but the second column of "
                "predict_proba must be the probability of 1; return its columns in the order 0, 1, "
                "and set classes_ to [0, 1] in fit."
            )
        return (2,)
    if classes is None:
        raise Misconfigured(
            f"model.build: {kind} has no classes_, so nothing says which column of predict_proba "
            "is which class; set it in its fit, as scikit-learn's estimators do."
        )
    known = set(dry.rows[dry.contract.target].astype(str))
    if set(map(str, classes)) != known or len(classes) != len(known):
        raise Misconfigured(
            f"model.build: classes_ of {kind} does not list the {len(known)} classes of the target "
            "as they are; set it in its fit to the values of the target, in the order of "
            "predict_proba."
        )
    return (len(known),)


def _problems_of_storing(dry: DryRun, prediction: pd.DataFrame | None) -> Iterator[str]:
    """Store the estimator as a version does, load it, and predict again."""
    trust = Trust(str(dry.model.__package__), dry.project.settings.trusted_types)
    try:
        loaded = store_and_load(dry.estimator, trust)
        again = None if prediction is None else dry.predict(loaded)
    except MlopsError as error:
        yield str(error)
        return
    except OSError:  # of the disk
        raise
    except Exception as error:  # noqa: BLE001 - user code can raise anything
        yield (
            f"model.build: once stored and loaded, the estimator fails ({summarize(error)}); a "
            "class of features.py must keep all that it learns in attributes that fit sets."
        )
        return
    if prediction is None or again is None:
        return
    difference = largest_difference(prediction, again)
    if difference > SAME:
        yield (
            f"model.build: once stored and loaded, the estimator predicts differently, by "
            f"{difference:.3g}; a class of features.py must keep all that it learns in attributes "
            "that fit sets."
        )


def _problems_of_the_seed(dry: DryRun, prediction: pd.DataFrame) -> Iterator[str]:
    """Fit again with the same seed."""
    again = fit(dry.project, dry.model, dry.contract, dry.rows)
    difference = largest_difference(prediction, dry.predict(again))
    if difference > SAME:
        yield (
            f"model.build: two fits with the same seed predict differently, by {difference:.3g}; "
            'pass params["seed"] to every part that draws random numbers, as random_state.'
        )


def _problems_of_metrics(dry: DryRun, prediction: pd.DataFrame) -> Iterator[str]:
    """Compute the metrics of the sample, and look for those that conf names."""
    truth = dry.rows[dry.contract.target]
    if hasattr(dry.model, "metrics"):
        problems = list(_problems_of_own_metrics(dry.model, truth, prediction))
        yield from problems
        if problems:
            return
    settings = dry.project.settings
    figures = Metrics(settings, dry.model).all(truth, prediction)
    judged = {settings.metric: "gate.metric"}
    judged |= dict.fromkeys(settings.gate.thresholds, "gate.thresholds")
    for name, key in judged.items():
        if name not in figures:
            yield (
                f"conf/: {key} names {name}, which nothing computes; use one of "
                f"{', '.join(figures)}, or return it from metrics in model.py."
            )
        elif not np.isfinite(figures[name]):
            yield (
                f"model.metrics: {name} is {figures[name]} for {len(truth)} rows of all classes; "
                "return a finite number, since the gate judges by it."
            )


def _problems_of_own_metrics(
    model: ModuleType, truth: pd.Series, prediction: pd.DataFrame
) -> Iterator[str]:
    """Call `model.metrics` and each function that it returns."""
    own_truth = truth.copy()
    own_prediction = prediction.copy()
    try:
        figures = model.metrics(own_truth, own_prediction)
    except Exception as error:  # noqa: BLE001 - user code can raise anything
        yield f"model.metrics: it fails ({summarize(error)}); correct it in model.py."
        return
    if not isinstance(figures, Mapping):
        yield (
            f"model.metrics: it returns {type(figures).__name__}; return a dict with a number for "
            "the name of each metric."
        )
        return
    for name, figure in figures.items():
        if not (isinstance(name, str) and METRIC_NAME.fullmatch(name)):
            yield (
                f"model.metrics: MLflow does not accept the name {name!r}; use letters, digits, "
                "spaces and any of _ - . / :"
            )
        try:
            float(figure() if callable(figure) else figure)
        except Exception as error:  # noqa: BLE001 - user code can raise anything
            yield (
                f"model.metrics: {name} is not a number ({summarize(error)}); return a number, or "
                "a function without arguments that returns one."
            )
    if not (own_truth.equals(truth) and own_prediction.equals(prediction)):
        yield "model.metrics: it changes the rows that it is given; let it work on a copy."


def _problems_of_reasons(dry: DryRun) -> Iterator[str]:
    """Explain some rows, if the gate will require it."""
    if not required(dry.project.settings):
        return
    if not hasattr(dry.model, "explain"):
        yield "model.py: reasons are required, so give it a function explain(estimator, rows)."
        return
    try:
        explain_rows(dry.model, dry.estimator, dry.features.head(EXPLAINED_ROWS))
    except Exception as error:  # noqa: BLE001 - user code can raise anything
        yield f"model.explain: {summarize(error).removesuffix('.')}; correct it in model.py."


@contextlib.contextmanager
def _unseen() -> Iterator[None]:
    """Restore random states and warnings afterwards, and show no output of libraries."""
    torch = sys.modules.get("torch")
    own = random.getstate()
    of_numpy = np.random.get_state()  # noqa: NPY002 - user code may draw from it
    of_torch = torch.get_rng_state() if torch else None
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123
            contextlib.redirect_stdout(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(own)
        np.random.set_state(of_numpy)  # noqa: NPY002
        if torch:
            torch.set_rng_state(of_torch)
