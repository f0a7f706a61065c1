"""The model as MLflow loads it; this file never imports the project.

MLflow copies this file, the estimator (`model.skops`) and the card (`card.json`) into each version,
so that a version predicts anywhere its locked packages are installed.
"""

import json
from pathlib import Path
from typing import Any, TypedDict

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModelContext

Estimator = Any  # anything with scikit-learn's interface


class ScorerFacts(TypedDict):
    """The keys of the card that a prediction needs."""

    problem: str
    """`binary`, `multiclass` or `regression`."""
    features: list[str]
    """The columns that the model sees, in its order."""
    classes: list[str]
    """The classes of a multiclass model, in the order of its columns."""
    cutoff: float
    """Binary only: `decision` is true if the score is at least this."""


def predict_frame(model: Estimator, facts: ScorerFacts, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the prediction frame of a problem, with the index of `rows`.

    binary: `score` (probability of the positive class) and `decision` (score >= cut-off);
    multiclass: one column of probability per class, and `label`; regression: `value`.
    """
    features = rows[facts["features"]]
    if facts["problem"] == "regression":
        return pd.DataFrame({"value": model.predict(features).astype("float64")}, index=rows.index)
    probabilities = model.predict_proba(features).astype("float64")
    if facts["problem"] == "binary":
        score = probabilities[:, 1]
        frame = {"score": score, "decision": score >= facts["cutoff"]}
        return pd.DataFrame(frame, index=rows.index)
    result = pd.DataFrame(probabilities, columns=facts["classes"], index=rows.index)
    return result.assign(label=result.idxmax(axis=1))


class Scorer(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """Loads the estimator with the types that its card names, and predicts."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the card and the estimator."""
        import skops.io

        self.card = json.loads(Path(context.artifacts["card"]).read_text(encoding="utf-8"))
        self.model = skops.io.load(context.artifacts["model"], trusted=self.card["trusted_types"])

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return the prediction frame of `model_input`."""
        return predict_frame(self.model, self.card, model_input)


mlflow.models.set_model(Scorer())
