"""Versions of different code share one process, and each predicts as when it was trained."""

from pathlib import Path

from lifecycle import behind
from lifecycle.challengers import LENIENT
from lifecycle.project import AS_OF, Project

MODEL = "dev.loan-risk"


def test_champion_and_older_version_predict_as_when_they_were_trained(live: Project) -> None:
    live.call(predict, [1], "first.parquet")
    live.edit("features.py", 'frame["amount"] / frame["term_months"]', 'frame["amount"]')
    live.edit("features.py", ".median()", ".max()")
    live.run("train", "--as-of", AS_OF)
    live.call(predict, [2], "second.parquet")
    live.run("gate", *LENIENT)
    live.run("promote")
    for order in ([1, 2], [2, 1]):
        live.call(predict, order, "both.parquet")
        distances = live.call(compare)
        assert (distances["1"], distances["2"]) == (0.0, 0.0)
        assert distances["1 to 2"] > 0.01  # they are not the same model


def predict(numbers: list[int], target: str) -> None:
    """Load versions one after the other, then let each predict the rows of both extracts."""
    import mlflow
    import pandas as pd

    folders = {number: behind.files(MODEL, number) for number in numbers}
    models = {number: mlflow.pyfunc.load_model(folder) for number, folder in folders.items()}
    rows = pd.concat(map(pd.read_parquet, sorted(Path("extracts/dev").glob("*.parquet"))[:2]))
    rows = rows[models[numbers[0]].metadata.get_input_schema().input_names()]
    scores = {str(number): model.predict(rows)["score"] for number, model in models.items()}
    pd.DataFrame(scores).to_parquet(target)


def compare() -> dict[str, float]:
    """Return how far each version's predictions are from those it made when it was trained."""
    import pandas as pd

    both = pd.read_parquet("both.parquet")
    alone = pd.concat(map(pd.read_parquet, ("first.parquet", "second.parquet")), axis=1)
    distances = {name: float((both[name] - alone[name]).abs().max()) for name in ("1", "2")}
    return distances | {"1 to 2": float((both["1"] - both["2"]).abs().max())}
