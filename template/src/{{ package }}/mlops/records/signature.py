"""The MLflow signature that a contract implies."""

from typing import TYPE_CHECKING

from ..data.contract import MLFLOW_TYPES, Contract

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


def signature(contract: Contract, classes: list[str]) -> "ModelSignature":
    """Return the MLflow signature that the contract implies."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = {
        "binary": {"score": "double", "decision": "boolean"},
        "multiclass": dict.fromkeys(classes, "double") | {"label": "string"},
        "regression": {"value": "double"},
    }[contract.problem]
    inputs = {name: MLFLOW_TYPES[contract.inputs.types[name]] for name in contract.features}
    return ModelSignature(
        inputs=Schema([ColSpec(kind, name) for name, kind in inputs.items()]),
        outputs=Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
    )
