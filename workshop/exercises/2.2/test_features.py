import numpy as np
import pandas as pd
import pytest

from loan_risk import features


def test_the_burden_of_three_loans_is_as_computed_by_hand():
    loans = pd.DataFrame(
        {
            "amount": [12_000.0, 6_000.0, 9_000.0],
            "term_months": [12, 60, 36],
            "income": [4_000.0, np.nan, 0.0],
        }
    )
    burden = features.add_burden(loans)["instalment_to_income"]
    assert burden.tolist() == [
        0.25,
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(np.nan, nan_ok=True),
    ]
