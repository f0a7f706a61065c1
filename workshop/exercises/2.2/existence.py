import pandas as pd

from loan_risk import features


def test_the_burden_is_there():
    loans = pd.DataFrame({"amount": [12_000.0], "term_months": [12], "income": [4_000.0]})
    assert "instalment_to_income" in features.add_burden(loans)
