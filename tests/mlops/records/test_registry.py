"""Golden predictions are compared relative to their size."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform

registry = platform("records.registry")


def frame(*values: float) -> pd.DataFrame:
    """Return a regression's prediction frame."""
    return pd.DataFrame({"value": np.array(values, "float64")})


def test_one_rounding_error_of_a_large_amount_is_no_difference() -> None:
    amount = 1.2e8
    assert np.spacing(amount) > 1e-9  # so an absolute tolerance would refuse it
    now = frame(np.nextafter(amount, np.inf))
    assert registry.largest_difference(frame(amount), now) < registry.TOLERANCE


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0, 1.2e8, -1.2e8])
def test_a_real_difference_of_any_amount_is_seen(amount: float) -> None:
    moved = amount + 1e-6 * max(1.0, abs(amount))
    assert registry.largest_difference(frame(amount), frame(moved)) > registry.TOLERANCE


def test_a_missing_value_is_like_a_missing_value_only() -> None:
    assert registry.largest_difference(frame(np.nan, 1.0), frame(np.nan, 1.0)) == 0
    assert registry.largest_difference(frame(np.nan, 0.5), frame(np.nan, 0.25)) == 0.25
    assert registry.largest_difference(frame(np.nan), frame(1.0)) == float("inf")


def test_an_infinite_value_is_like_itself_only() -> None:
    assert registry.largest_difference(frame(np.inf), frame(np.inf)) == 0
    assert registry.largest_difference(frame(np.inf), frame(1.0)) == float("inf")


def test_other_columns_rows_or_labels_are_infinitely_far() -> None:
    labels = pd.DataFrame({"a": [0.4], "b": [0.6], "label": ["b"]})
    assert registry.largest_difference(labels, labels.assign(label=["a"])) == float("inf")
    assert registry.largest_difference(labels, labels.drop(columns="a")) == float("inf")
    assert registry.largest_difference(frame(1.0), frame(1.0, 2.0)) == float("inf")
