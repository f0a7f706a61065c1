"""The platform's own area under the curve is that of scikit-learn."""

import numpy as np
import pytest
from rendering import platform
from sklearn.metrics import roc_auc_score

auc = platform("metrics").auc


@pytest.mark.parametrize("decimals", [1, 2, 15], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("rows", [20, 5000])
def test_the_area_is_that_of_scikit_learn(rows: int, decimals: int) -> None:
    generator = np.random.default_rng(rows)
    truth = generator.random(rows) < 0.3
    score = np.round(generator.random(rows) + 0.2 * truth, decimals)
    assert auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


@pytest.mark.parametrize("missing", [0, 1], ids=["of an event", "of another"])
def test_a_missing_score_leaves_no_area(missing: int) -> None:
    score = np.array([0.4, 0.3, 0.8, 0.1])
    score[missing] = np.nan
    assert np.isnan(auc([1, 0, 1, 0], score))


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_has_no_area(only: int) -> None:
    assert np.isnan(auc([only] * 3, [0.1, 0.2, 0.3]))
