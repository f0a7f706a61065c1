"""What one would run without any platform, in a project that has trained: the steps' floors."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

FILE = 1_000_000  # rows

VERSION = max(Path("mlartifacts").glob("**/MLmodel"), key=lambda path: path.stat().st_mtime).parent
CARD = json.loads((VERSION / "artifacts/card.json").read_text(encoding="utf-8"))


def fit() -> None:
    """Fit the example's estimator on the rows that training kept."""
    from loan_risk import model

    rows, settings = _kept("train"), CARD["model"]
    estimator = model.build({**settings["params"], "seed": settings["seed"]})
    estimator.fit(rows[CARD["features"]], rows["defaulted"])


def predict(file: str = "") -> None:
    """Predict the gate window's rows, or those of a file; print the seconds of that alone."""
    import skops.io

    rows = pd.read_parquet(file) if file else _kept("gate")
    sys.path.append(str(VERSION / "code"))
    model = VERSION / "artifacts/model.skops"
    estimator = skops.io.load(model, trusted=CARD["trusted_types"])
    features, start = rows[CARD["features"]], time.perf_counter()
    estimator.predict_proba(features)
    sys.stdout.write(f"{time.perf_counter() - start}")


def both() -> None:
    """Fit, then predict with what training registered."""
    fit()
    predict()


def spark(files: str) -> None:
    """Predict the rows of files by MLflow's function for Spark, and write keys and predictions."""
    import mlflow
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import struct

    session = SparkSession.builder.getOrCreate()
    how = {"result_type": "score double, decision boolean", "env_manager": "local"}
    predict = mlflow.pyfunc.spark_udf(session, str(VERSION), **how)
    rows = session.read.parquet(files)
    predicted = rows.select("application_id", predict(struct(*CARD["features"])))
    predicted.write.mode("overwrite").parquet("build/spark_udf")


def multiply(count: str, as_of: str, folder: str) -> None:
    """Write many rows like those of the gate window, of the day before `as_of`, FILE each file.

    What `scale.py` adds to the inputs has no value twice, and moves in one column of three.
    """
    kept, many = _kept("gate"), int(count)
    added = [name for name in kept if str(name).startswith("figure_")]
    Path(folder).mkdir(parents=True)
    for start in range(0, many, FILE):
        size = min(FILE, many - start)
        rows = kept.sample(size, replace=True, random_state=start, ignore_index=True)
        rows["application_id"] = (rows.index + start).map("{:09d}".format)
        rows["applied_on"] = pd.Timestamp(as_of) - pd.Timedelta(days=1)
        random = np.random.default_rng(start)
        for number, name in enumerate(added):
            rows[name] += random.normal(0.0 if number % 3 else 0.5, 0.2, size)
        rows.to_parquet(f"{folder}/{start:09d}.parquet")


def _kept(part: str) -> pd.DataFrame:
    return pd.read_parquet(f"extracts/dev/{CARD['lineage']['data'][part][:16]}.parquet")


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {
        "fit": fit,
        "predict": predict,
        "both": both,
        "spark": spark,
        "multiply": multiply,
    }
    verbs[sys.argv[1]](*sys.argv[2:])
