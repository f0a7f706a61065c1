"""A served model of a small contract, whose predictions a test chooses."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from rendering import platform

MakeModel = Callable[..., Any]
GOLDEN = pd.DataFrame({"score": [0.5], "decision": [True]})


class Inputs(pa.DataFrameModel):
    loan_id: str = pa.Field(metadata={"role": "key"})
    amount: float = pa.Field(gt=0, nullable=True)
    months: int = pa.Field(ge=1, le=480)
    purpose: str


class ListedInputs(Inputs):
    purpose: str = pa.Field(isin=["car", "house"])


class Labels(pa.DataFrameModel):
    loan_id: str = pa.Field(metadata={"role": "key"})
    defaulted: int = pa.Field(metadata={"role": "target"})


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """Predict the amount in millions, so that each row has a prediction of its own."""
    return pd.DataFrame({"score": rows["amount"] / 1e6, "decision": rows["amount"] > 5e5})


@pytest.fixture
def contract() -> Any:
    """The contract of three features, all of whose checks are limits."""
    return read_contract(Inputs)


@pytest.fixture
def listed_contract() -> Any:
    """The same with a check that pandera alone can make."""
    return read_contract(ListedInputs)


def read_contract(inputs: type) -> Any:
    schema = ModuleType("schema")
    schema.Inputs, schema.Labels = inputs, Labels  # type: ignore[attr-defined]
    return platform("data.contract").read_contract(schema, "binary")


@pytest.fixture
def make_model(contract: Any, tmp_path: Path) -> MakeModel:
    """Return a served model of a number and a function that predicts a frame."""

    def make(
        number: int = 1,
        predict: Callable[[pd.DataFrame], pd.DataFrame] = score,
        max_rows: int | None = None,
    ) -> Any:
        GOLDEN.to_parquet(tmp_path / "golden_predictions.parquet")
        version = Version(number, tmp_path)
        scorer = SimpleNamespace(predict=lambda _, rows: predict(rows))
        model = SimpleNamespace(unwrap_python_model=lambda: scorer)
        loaded = SimpleNamespace(version=version, contract=contract, model=model)
        return platform("serving.model").ServedModel(loaded, max_rows)

    return make


class Version(SimpleNamespace):
    """What `serve` asks of a version."""

    def __init__(self, number: int, folder: Path) -> None:
        windows = platform("records.card").Sides[str](
            train="2024-01-01..2025-01-01", gate="2025-02-01..2025-05-01"
        )
        card = SimpleNamespace(
            problem="binary",
            features=("amount", "months", "purpose"),
            windows=windows,
            time=SimpleNamespace(as_of="2026-01-01"),
        )
        super().__init__(number=number, name="dev.loans", card=card)
        self._folder = folder

    def __str__(self) -> str:
        return f"version {self.number}"

    def artifact(self, name: str) -> Path:
        return self._folder / name

    @property
    def digest(self) -> str:
        return "d1ce"
