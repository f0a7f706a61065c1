"""Permuting a column costs the skill that depends on it, and no other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from scipy import stats

importance = platform("figures.importance")

ROWS = 400


def predict(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one of two columns."""
    return frame[["used"]].rename(columns={"used": "value"})


def correlation(truth: pd.Series, prediction: pd.DataFrame) -> float:
    return float(np.corrcoef(truth, prediction["value"])[0, 1])


def accuracy(truth: pd.Series, prediction: pd.DataFrame) -> float:
    return float(np.mean((truth > 0).to_numpy() == (prediction["value"] > 0).to_numpy()))


def falls(
    rows: int, skill: Callable[[pd.Series, pd.DataFrame], float], *, with_errors: bool = True
) -> dict[str, Any]:
    """Return the importance of two columns, of which the prediction uses one."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(rows, 2)), columns=["used", "unused"])
    frame.index += 1000  # rows do not always count from 0
    truth = frame["used"] + generator.normal(size=rows)
    judged = importance.Judged(frame, truth, predict(frame))
    found = importance.permutation_importance(
        predict, skill, judged, [["used"], ["unused"]], with_errors=with_errors
    )
    return dict(zip(["used", "unused"], found, strict=True))


def test_only_the_column_that_the_prediction_uses_is_important() -> None:
    found = falls(ROWS, correlation)
    assert found["unused"].mean == pytest.approx(0)
    # a permuted column is not correlated
    assert found["used"].mean == pytest.approx(np.sqrt(0.5), abs=0.1)


@pytest.mark.parametrize("rows", [2_000, 100_000])  # the latter have groups of a part
def test_an_unused_column_has_no_error_and_a_used_one_that_of_its_rows(rows: int) -> None:
    found = falls(rows, accuracy)
    assert found["unused"].error == pytest.approx(0)
    # The fall is a mean over the rows of right (3 of 4) minus right by chance (mean of 3 draws).
    by_hand = stats.sem(
        np.random.default_rng(0).binomial(1, 0.75, rows)
        - np.random.default_rng(1).binomial(3, 0.5, rows) / 3
    )
    assert by_hand / 2 < found["used"].error < by_hand * 2  # of ten groups


def test_few_rows_have_importance_without_an_error() -> None:
    found = falls(99, accuracy)
    assert found["used"].mean > 0
    assert found["used"].error is None
    assert falls(200, accuracy, with_errors=False)["used"].error is None


def test_a_group_without_skill_leaves_the_error_open() -> None:
    def skill(truth: pd.Series, prediction: pd.DataFrame) -> float:
        return accuracy(truth, prediction) if len(truth) > 100 else float("nan")

    assert falls(200, skill)["used"].error is None


def test_a_feature_may_have_the_name_of_a_parameter_of_pandas() -> None:
    frame = pd.DataFrame({"self": np.arange(50.0)})
    judged = importance.Judged(frame, frame["self"], frame.set_axis(["value"], axis=1))
    found = importance.permutation_importance(
        lambda rows: rows.set_axis(["value"], axis=1), accuracy, judged, [["self"]]
    )
    assert found[0].mean >= 0


def linear(frame: pd.DataFrame, weights: list[float]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a model that adds up the columns of a frame with these weights."""
    return lambda rows: pd.DataFrame({"value": rows[list(frame)] @ np.array(weights)})


def effects(frame: pd.DataFrame, weights: list[float]) -> dict[str, float]:
    """Return the share of the predictions' variance that needs each group of alike columns."""
    model = linear(frame, weights)
    groups = platform("figures.association").alike_columns(frame, list(frame))
    shares = importance.total_effects(model, frame, model(frame), groups)
    return {"+".join(group): share for group, share in zip(groups, shares, strict=True)}


def test_an_honest_driver_of_half_the_variance_has_a_share_of_one_half() -> None:
    generator = np.random.default_rng(4)
    frame = pd.DataFrame(generator.normal(size=(3_000, 4)), columns=list("abcd"))
    share = effects(frame, np.sqrt([0.5, 0.3, 0.1, 0.1]).tolist())
    assert [share[name] for name in "abcd"] == pytest.approx([0.5, 0.3, 0.1, 0.1], abs=0.03)


def test_a_leak_in_three_near_copies_has_nearly_all_of_the_variance() -> None:
    generator = np.random.default_rng(4)
    frame = pd.DataFrame(generator.normal(size=(3_000, 6)), columns=list("abcdef"))
    for copy in "bc":
        frame[copy] = frame["a"] + 0.1 * frame[copy]
    share = effects(frame, [1, 1, 1, 0.2, 0.2, 0.2])
    assert share["a+b+c"] > 0.95
    # alone, each copy has a ninth: the check would find nothing
    model = linear(frame, [1, 1, 1, 0.2, 0.2, 0.2])
    (alone,) = importance.total_effects(model, frame, model(frame), [["a"]])
    assert alone == pytest.approx(1 / 9, abs=0.02)


def test_a_constant_prediction_needs_no_column_and_a_share_is_at_most_one() -> None:
    frame = pd.DataFrame(np.random.default_rng(4).normal(size=(500, 2)), columns=["a", "b"])
    assert effects(frame, [0, 0]) == {"a": 0, "b": 0}
    frame["b"] = frame["a"] + 0.9 * frame["b"]  # correlated by 0.74, and each other's correction
    assert effects(frame, [1, -1]) == {"a": 1, "b": pytest.approx(1)}


def test_the_probabilities_of_several_classes_are_added_up() -> None:
    frame = pd.DataFrame(np.random.default_rng(4).uniform(size=(2_000, 2)), columns=["a", "b"])

    def model(rows: pd.DataFrame) -> pd.DataFrame:
        first = rows["a"] / 2
        second = rows["b"] / 2
        return pd.DataFrame({"x": first, "y": second, "z": 1 - first - second, "label": "z"})

    shares = importance.total_effects(model, frame, model(frame), [["a"], ["b"]])
    assert shares == pytest.approx([0.5, 0.5], abs=0.03)
