"""What the rows must look like: types, limits and the role of each column.

The platform uses the columns with a role. Every other column of `Inputs` is a feature.
"""

import pandera.pandas as pa


class Inputs(pa.DataFrameModel):
    """One loan application."""

    application_id: str = pa.Field(metadata={"role": "key"})
    personal_status_and_sex: str = pa.Field(metadata={"role": "protected"})
    foreign_worker: str = pa.Field(metadata={"role": "protected"})
    status_of_existing_checking_account: str
    credit_history: str
    purpose: str
    savings_account_and_bonds: str
    present_employment_since: str
    other_debtors_or_guarantors: str
    property: str
    other_installment_plans: str
    housing: str
    job: str
    telephone: str
    duration_in_month: int = pa.Field(gt=0)
    credit_amount: float = pa.Field(gt=0)
    installment_rate_in_percentage_of_disposable_income: int = pa.Field(ge=1, le=4)
    present_residence_since: int = pa.Field(ge=1, le=4)
    age_in_years: int = pa.Field(ge=18)
    number_of_existing_credits_at_this_bank: int = pa.Field(ge=0)
    number_of_people_being_liable_to_provide_maintenance_for: int = pa.Field(ge=0)


class Labels(pa.DataFrameModel):
    """Whether the applicant turned out to be a bad customer."""

    application_id: str = pa.Field(metadata={"role": "key"})
    bad: int = pa.Field(isin=[0, 1], metadata={"role": "target"})
