"""The model as MLflow loads it: a file of its own that never imports the project.

MLflow copies this file, the estimator (`model.skops`) and the facts (`card.json`) into each
version, so a version predicts alone, anywhere, for as long as its locked packages exist.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd


def predict_frame(model: Any, card: dict[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the prediction frame of the card's problem.

    binary: `score` (probability of the positive class) and `decision` (score >= cut-off);
    multiclass: one column of probability per class, and `label`; regression: `value`.
    """
    features = rows[card["features"]]
    if card["problem"] == "regression":
        return pd.DataFrame({"value": model.predict(features).astype("float64")}, index=rows.index)
    probabilities = model.predict_proba(features).astype("float64")
    if card["problem"] == "binary":
        score = probabilities[:, 1]
        frame = {"score": score, "decision": score >= card["cutoff"]}
        return pd.DataFrame(frame, index=rows.index)
    result = pd.DataFrame(probabilities, columns=card["classes"], index=rows.index)
    return result.assign(label=result.idxmax(axis=1))


class Scorer(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """Loads the estimator with the types that its card names, and predicts."""

    def load_context(self, context: Any) -> None:
        """Read the card and the estimator."""
        import skops.io

        self.card = json.loads(Path(context.artifacts["card"]).read_text(encoding="utf-8"))
        self.model = skops.io.load(context.artifacts["model"], trusted=self.card["trusted_types"])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the prediction frame of `model_input`."""
        return predict_frame(self.model, self.card, model_input)


mlflow.models.set_model(Scorer())
