"""A stored estimator may contain what was vetted, and nothing else without a setting."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from rendering import platform
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_array

trusted = platform("records.trusted_types")

CATEGORIES = pd.DataFrame({"purpose": pd.Categorical(list("abcd") * 20), "amount": range(80)})


def untrusted(tmp_path: Path, estimator: Any, *configured: str) -> list[str]:
    """Store an estimator and return its types that are not trusted."""
    file = tmp_path / "model.skops"
    skops.io.dump(estimator, file)
    names: list[str] = trusted.untrusted(file, "loan_risk_12345678", configured)
    return names


def test_the_partial_that_scikit_learn_needs_for_categories_is_trusted(tmp_path: Path) -> None:
    trees = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
    trees.fit(CATEGORIES, [0, 1] * 40)
    assert "functools.partial" in skops.io.get_untrusted_types(data=skops.io.dumps(trees))
    assert untrusted(tmp_path, trees) == []


@pytest.mark.parametrize("function", [np.sqrt, pd.isna, str], ids=["sqrt", "isna", "str"])
def test_any_other_partial_is_not_trusted(tmp_path: Path, function: Any) -> None:
    both = FunctionTransformer(partial(check_array), inverse_func=partial(function))
    assert "functools.partial" in untrusted(tmp_path, both)
    assert "functools.partial" not in untrusted(tmp_path, both, "functools.partial")


def test_vetted_types_are_named_one_by_one() -> None:
    """No prefix: a library may also hold a type that runs code when it is loaded."""
    assert {name.split(".")[0] for name in trusted.VETTED} == {
        "catboost",
        "collections",
        "lightgbm",
        "xgboost",
    }
    types = ["lightgbm.basic.Booster", "lightgbm.basic.Dataset", "xgboost.callback.Any"]
    kept = trusted.select_untrusted(types, Path("none"), "loan_risk_1", ())
    assert kept == ["lightgbm.basic.Dataset", "xgboost.callback.Any"]
