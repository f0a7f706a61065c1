"""Print Evidently's PSI of each column as JSON; Evidently needs its own environment.

Arguments: a file with the rows of the training window, and one with those of the current period.
"""

import json
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report  # type: ignore[import-not-found]
from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]


def psi(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, float]:
    """Return the PSI of each column."""
    numbers = list(reference.select_dtypes("number"))
    texts = [name for name in reference if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    datasets = [
        Dataset.from_pandas(rows, data_definition=definition) for rows in (current, reference)
    ]
    metrics = Report([DataDriftPreset(method="psi")]).run(*datasets).dict()["metrics"]
    return {
        metric["config"]["column"]: float(metric["value"])
        for metric in metrics
        if "column" in metric["config"]
    }


def main() -> None:
    """Measure the time of reading and reporting."""
    start = time.perf_counter()
    reference, current = (pd.read_parquet(file) for file in sys.argv[1:])
    found = psi(reference, current)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "psi": found}))


if __name__ == "__main__":
    main()
