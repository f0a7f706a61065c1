"""The floors of the steps: what you would run without a platform, in a project that has trained."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROWS_PER_FILE = 1_000_000

VERSION = max(Path("mlartifacts").glob("**/MLmodel"), key=lambda path: path.stat().st_mtime).parent
CARD = json.loads((VERSION / "artifacts/card.json").read_text(encoding="utf-8"))


def fit() -> None:
    """Fit the example's estimator on the extract of the training rows."""
    from loan_risk import model

    rows = _extract("train")
    settings = CARD["model"]
    estimator = model.build({**settings["params"], "seed": settings["seed"]})
    estimator.fit(rows[CARD["features"]], rows["defaulted"])


def predict(file: str = "") -> None:
    """Predict the rows of the gate window, or of a file; print the seconds that predicting took."""
    import skops.io

    rows = pd.read_parquet(file) if file else _extract("gate")
    sys.path.append(str(VERSION / "code"))
    model = VERSION / "artifacts/model.skops"
    estimator = skops.io.load(model, trusted=CARD["trusted_types"])
    features = rows[CARD["features"]]
    start = time.perf_counter()
    estimator.predict_proba(features)
    sys.stdout.write(f"{time.perf_counter() - start}")


def both() -> None:
    """Fit, then predict with the registered model."""
    fit()
    predict()


def spark(files: str) -> None:
    """Predict the rows of files with MLflow's Spark UDF, and write keys and predictions."""
    import mlflow
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import struct

    session = SparkSession.builder.getOrCreate()
    predict = mlflow.pyfunc.spark_udf(
        session,
        str(VERSION),
        result_type="score double, decision boolean",
        env_manager="local",
    )
    rows = session.read.parquet(files)
    predicted = rows.select("application_id", predict(struct(*CARD["features"])))
    predicted.write.mode("overwrite").parquet("build/spark_udf")


def multiply(count: str, as_of: str, folder: str) -> None:
    """Write many rows, sampled from the gate window and dated the day before `as_of`.

    The columns that `scale.py` adds get noise, so that no value occurs twice; every third of them
    also shifts.
    """
    extract = _extract("gate")
    total = int(count)
    added = [name for name in extract if str(name).startswith("figure_")]
    Path(folder).mkdir(parents=True)
    for start in range(0, total, ROWS_PER_FILE):
        size = min(ROWS_PER_FILE, total - start)
        rows = extract.sample(size, replace=True, random_state=start, ignore_index=True)
        rows["application_id"] = (rows.index + start).map("{:09d}".format)
        rows["applied_on"] = pd.Timestamp(as_of) - pd.Timedelta(days=1)
        random = np.random.default_rng(start)
        for number, name in enumerate(added):
            rows[name] += random.normal(0.0 if number % 3 else 0.5, 0.2, size)
        rows.to_parquet(f"{folder}/{start:09d}.parquet")


def _extract(part: str) -> pd.DataFrame:
    return pd.read_parquet(f"extracts/dev/{CARD['lineage']['data'][part][:16]}.parquet")


if __name__ == "__main__":
    actions: dict[str, Callable[..., None]] = {
        "fit": fit,
        "predict": predict,
        "both": both,
        "spark": spark,
        "multiply": multiply,
    }
    actions[sys.argv[1]](*sys.argv[2:])
