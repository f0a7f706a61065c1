"""The floor of training and scoring: what one would run without any platform.

`python raw.py fit CARD ROWS` reads rows and fits the example's estimator; `python raw.py predict
CARD ROWS` loads the estimator beside the card, predicts, and prints the seconds of that alone.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import pandas as pd


def main(verb: str, card_file: str, rows_file: str) -> None:
    """Fit or predict in a process of its own."""
    path = Path(card_file)
    card = json.loads(path.read_text(encoding="utf-8"))
    rows = pd.read_parquet(rows_file)
    features = rows[card["features"]]
    if verb == "fit":
        settings, model = card["model"], importlib.import_module("loan_risk.model")
        estimator = model.build({**settings["params"], "seed": settings["seed"]})
        estimator.fit(features, rows["defaulted"])
    else:
        import skops.io

        sys.path.append(str(path.parents[1] / "code"))
        estimator = skops.io.load(path.with_name("model.skops"), trusted=card["trusted_types"])
        start = time.perf_counter()
        estimator.predict_proba(features)
        sys.stdout.write(f"{time.perf_counter() - start}")


if __name__ == "__main__":
    main(*sys.argv[1:])
