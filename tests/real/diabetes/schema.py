"""What the rows must look like: types, limits and the role of each column."""

import pandera.pandas as pa


class Inputs(pa.DataFrameModel):
    """One patient, as measured at the start."""

    patient: str = pa.Field(metadata={"role": "key"})
    sex: int = pa.Field(isin=[1, 2], metadata={"role": "protected"})
    age: float = pa.Field(ge=0)
    bmi: float = pa.Field(gt=0)
    blood_pressure: float = pa.Field(gt=0)
    cholesterol: float = pa.Field(ge=0)
    ldl: float = pa.Field(ge=0)
    hdl: float = pa.Field(ge=0)
    cholesterol_to_hdl: float = pa.Field(ge=0)
    log_triglycerides: float
    glucose: float = pa.Field(ge=0)


class Labels(pa.DataFrameModel):
    """The progression of the disease a year later."""

    patient: str = pa.Field(metadata={"role": "key"})
    progression: float = pa.Field(ge=0, metadata={"role": "target"})
