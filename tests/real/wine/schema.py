"""What the rows must look like: types, limits and the role of each column."""

import pandera.pandas as pa


class Inputs(pa.DataFrameModel):
    """One wine and its chemical analysis."""

    wine: str = pa.Field(metadata={"role": "key"})
    alcohol: float = pa.Field(ge=0, le=100)
    malic_acid: float = pa.Field(ge=0)
    ash: float = pa.Field(ge=0)
    alcalinity_of_ash: float = pa.Field(ge=0)
    magnesium: float = pa.Field(ge=0)
    total_phenols: float = pa.Field(gt=0)
    flavanoids: float = pa.Field(ge=0)
    nonflavanoid_phenols: float = pa.Field(ge=0)
    proanthocyanins: float = pa.Field(ge=0)
    color_intensity: float = pa.Field(ge=0)
    hue: float = pa.Field(ge=0)
    dilution: float = pa.Field(ge=0)
    proline: float = pa.Field(ge=0)


class Labels(pa.DataFrameModel):
    """Which of three cultivars the wine was made from."""

    wine: str = pa.Field(metadata={"role": "key"})
    cultivar: str = pa.Field(metadata={"role": "target"})
