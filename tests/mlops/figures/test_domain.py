"""A classifier tells rows apart whose columns are equally distributed, each on its own."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform

domain = platform("figures.domain")
drift = platform("figures.drift")
profile = platform("figures.profile")
RANDOM = np.random.default_rng(5)


def rows(count: int, correlation: float) -> pd.DataFrame:
    """Return twelve columns, of which two are correlated; one of those is a category."""
    values = RANDOM.normal(size=(count, 12))
    values[:, 1] = correlation * values[:, 0] + np.sqrt(1 - correlation**2) * values[:, 1]
    frame = pd.DataFrame(values, columns=[f"x{place}" for place in range(12)])
    frame["x1"] = pd.cut(frame["x1"], [-9, -0.5, 0.5, 9], labels=["low", "middle", "high"])
    frame["x1"] = frame["x1"].astype(str).where(RANDOM.random(count) > 0.01)
    return frame


def test_a_correlation_that_flips_is_found_although_no_column_has_drifted() -> None:
    then, now = rows(1_000, 0.7), rows(1_000, -0.7)
    for name, learned in profile.take_profile(then).items():
        column = drift.Column("input", name, learned)
        assert not drift.compare(
            column, profile.tally(learned, now[name]), drift.Family(12)
        ).drifted
    assert domain.domain_auc(then, now) > domain.auc_limit(0.65, 1_000, 1_000) == 0.65


def test_equal_rows_cannot_be_told_apart() -> None:
    found = [domain.domain_auc(rows(200, 0.7), rows(200, 0.7)) for _ in range(8)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert np.std(found) == pytest.approx((401 / 12 / 200**2) ** 0.5, rel=0.5)
    assert max(found) < domain.auc_limit(0.5, 200, 200) == pytest.approx(0.625, abs=0.001)


def test_columns_that_drifted_alone_are_left_out_and_of_many_those_that_matter_stay() -> None:
    names = [f"x{place}" for place in range(60)]
    importance = {name: float(place) for place, name in enumerate(names)}
    chosen = domain.chosen_columns(names, importance, {"x59"})
    assert chosen == names[9:59]
