"""What the rows must look like: types, limits and the role of each column.

`draft` has inferred this from the rows of one table. Check each role: the platform uses
the columns with a role, and every other column of `Inputs` is a feature.
"""

from datetime import datetime

import pandera.pandas as pa


class Inputs(pa.DataFrameModel):
    """One row of the table loans, as it is known when the model predicts."""

    # Different in all rows, and never missing.
    application_id: str = pa.Field(metadata={"role": "key"})
    # From 2024-01-01 to 2025-12-31. A date in all rows.
    applied_on: datetime = pa.Field(metadata={"role": "event_time"})
    # An identifier with 11511 values, of 1.2 rows each.
    customer_id: str = pa.Field(metadata={"role": "group"})
    # Its name suggests a protected characteristic, which the gate compares and the model does not
    # see.
    age_band: str = pa.Field(isin=["40 and over", "under 40"], metadata={"role": "protected"})
    # Its values look like phone numbers.
    phone: str = pa.Field(metadata={"role": "personal"})
    # 0 to 3. It predicts the target almost perfectly on its own (0.99 of 1), so it probably became
    # known afterwards; if not, remove the role.
    reminders_sent: int = pa.Field(ge=0, metadata={"role": "excluded"})
    purpose: str = pa.Field(isin=["car", "holiday", "home", "refinancing"])
    # 3.1% missing.
    employment: str = pa.Field(
        isin=["permanent", "retired", "self-employed", "temporary"], nullable=True
    )
    housing: str = pa.Field(isin=["family", "own", "rent"])
    channel: str = pa.Field(isin=["branch", "broker", "online"])
    # 500 to 60,000, whole numbers.
    amount: float = pa.Field(ge=0)
    # 12 to 72.
    term_months: int = pa.Field(ge=0)
    # 700 to 16,000, whole numbers. 5.5% missing.
    income: float = pa.Field(ge=0, nullable=True)
    # 0 to 3,030, whole numbers.
    other_debts: float = pa.Field(ge=0)
    # 0 to 40. 8.7% missing.
    years_employed: float = pa.Field(ge=0, nullable=True)
    # 0 to 7.
    late_payments: int = pa.Field(ge=0)
    has_account: bool
    # 0 to 6. Counted up to the day of the extract, so it is not known when the model predicts.
    contacts: int = pa.Field(ge=0, metadata={"role": "excluded"})


class Labels(pa.DataFrameModel):
    """The target, defaulted, of a row."""

    application_id: str = pa.Field(metadata={"role": "key"})
    # The day of the review, three months after the loan was granted.
    reviewed_on: datetime = pa.Field(metadata={"role": "label_time"})
    # Its classes: 86.9% 0.0, 13.1% 1.0. 1797 rows have no value, so data.labels leaves them out.
    defaulted: int = pa.Field(isin=[0, 1], metadata={"role": "target"})
