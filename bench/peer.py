"""Evidently's PSI of each column, in an environment of its own; prints JSON.

Arguments: the file of the training window's rows, and that of the period's.
"""

import json
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report  # type: ignore[import-not-found]
from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]


def index(then: pd.DataFrame, now: pd.DataFrame) -> dict[str, float]:
    """Return the PSI of each column."""
    numbers = list(then.select_dtypes("number"))
    texts = [name for name in then if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    sides = [Dataset.from_pandas(rows, data_definition=definition) for rows in (now, then)]
    found = Report([DataDriftPreset(method="psi")]).run(*sides).dict()["metrics"]
    return {m["config"]["column"]: float(m["value"]) for m in found if "column" in m["config"]}


def main() -> None:
    """Time the reading and the report."""
    start = time.perf_counter()
    then, now = (pd.read_parquet(file) for file in sys.argv[1:])
    found = index(then, now)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "psi": found}))


if __name__ == "__main__":
    main()
