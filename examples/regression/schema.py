"""What the rows must look like: types, limits and the role of each column.

The platform uses the columns with a role. Every other column of `Inputs` is a feature.
"""

from datetime import datetime

import pandera.pandas as pa


class Inputs(pa.DataFrameModel):
    """One loan application, as the bank knew it on the day it arrived."""

    application_id: str = pa.Field(metadata={"role": "key"})
    applied_on: datetime = pa.Field(metadata={"role": "event_time"})
    customer_id: str = pa.Field(metadata={"role": "group"})
    age_band: str = pa.Field(metadata={"role": "protected"})
    purpose: str
    employment: str = pa.Field(nullable=True)
    housing: str
    channel: str
    amount: float = pa.Field(gt=0)
    term_months: int = pa.Field(gt=0)
    income: float = pa.Field(ge=0, nullable=True)
    other_debts: float = pa.Field(ge=0)
    years_employed: float = pa.Field(ge=0, nullable=True)
    late_payments: int = pa.Field(ge=0)
    has_account: bool


class Labels(pa.DataFrameModel):
    """The share of the loan that the bank expected to lose at its review three months later."""

    application_id: str = pa.Field(metadata={"role": "key"})
    reviewed_on: datetime = pa.Field(metadata={"role": "label_time"})
    loss_rate: float = pa.Field(ge=0, le=1, metadata={"role": "target"})
