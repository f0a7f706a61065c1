"""How far two models agree: each figure is what a hand would compute."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform

agreement = platform("figures.agreement")


def scores(*values: float) -> pd.DataFrame:
    """Return a binary prediction frame."""
    return pd.DataFrame({"score": values, "decision": [value >= 0.5 for value in values]})


def test_decisions_are_compared_at_both_cutoffs_and_at_each_models_own() -> None:
    first = scores(0.1, 0.3, 0.6, 0.9)
    second = scores(0.4, 0.2, 0.4, 0.9)
    found = agreement.compare_predictions(first, second, (0.5, 0.25)).decisions
    assert [(each.first, each.second) for each in found] == [(0.5, 0.5), (0.25, 0.25), (0.5, 0.25)]
    assert [(each.newly_true, each.newly_false) for each in found] == [
        (0, 0.25),
        (0.25, 0.25),
        (0.25, 0),
    ]
    assert found[1].changed == 0.5


def test_decisions_at_one_cutoff_are_compared_once() -> None:
    found = agreement.compare_predictions(scores(0.5), scores(0.4), (0.5, 0.5))
    [change] = found.decisions
    assert (change.newly_true, change.newly_false) == (0, 1)


def test_differences_and_correlations_are_those_of_the_formulas() -> None:
    random = np.random.default_rng(3)
    first = pd.Series(random.normal(size=200))
    second = first + random.normal(0.5, 0.2, 200)
    found = agreement.compare_numbers("value", first, second)
    difference = second - first
    assert found.correlation == pytest.approx(first.corr(second))
    assert found.rank_correlation == pytest.approx(first.rank().corr(second.rank()))
    assert found.mean_difference == pytest.approx(difference.mean())
    assert found.mean_absolute_difference == pytest.approx(difference.abs().mean())
    assert found.largest_difference == pytest.approx(difference.abs().max())


def test_every_row_is_in_one_bin_of_each_model() -> None:
    random = np.random.default_rng(3)
    first = pd.Series([*random.normal(size=500), 1e6, -1e6])
    found = agreement.compare_numbers("value", first, first * 2)
    assert sum(found.first) == pytest.approx(1)
    assert sum(found.second) == pytest.approx(1)
    assert [sum(row) for row in found.grid] == pytest.approx(list(found.first))
    assert max(np.abs(found.edges)) < 100, "the ends are no value of a single row"


def test_a_model_that_always_predicts_the_same_has_no_correlation() -> None:
    found = agreement.compare_numbers("value", pd.Series([1.0, 1.0]), pd.Series([1.0, 1.0]))
    assert found.correlation is None
    assert found.rank_correlation is None
    assert found.mean_absolute_difference == 0


def test_labels_that_change_are_counted_the_most_frequent_first() -> None:
    first = pd.DataFrame({"A": [0.9, 0.8, 0.7, 0.1], "label": ["A", "A", "A", "B"]})
    second = pd.DataFrame({"A": [0.9, 0.4, 0.3, 0.6], "label": ["A", "B", "B", "A"]})
    found = agreement.compare_predictions(first, second, (0.5, 0.5))
    assert found.labels_changed == 0.75
    assert [(each.first, each.second, each.share) for each in found.labels] == [
        ("A", "B", 0.5),
        ("B", "A", 0.25),
    ]
    assert [each.column for each in found.numbers] == ["A"]
    assert found.decisions == ()


def test_classes_that_only_one_model_knows_are_not_compared() -> None:
    first = pd.DataFrame({"A": [0.9], "B": [0.1], "label": ["A"]})
    second = pd.DataFrame({"A": [0.5], "C": [0.5], "label": ["C"]})
    found = agreement.compare_predictions(first, second, (0.5, 0.5))
    assert [each.column for each in found.numbers] == ["A"]
