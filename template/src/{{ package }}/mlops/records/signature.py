"""The MLflow signature that a contract implies."""

from typing import Any

from ..data.contract import MLFLOW_TYPES, Contract


def signature(contract: Contract, classes: list[str]) -> Any:
    """Return the MLflow signature that the contract implies."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = {
        "binary": {"score": "double", "decision": "boolean"},
        "multiclass": dict.fromkeys(classes, "double") | {"label": "string"},
        "regression": {"value": "double"},
    }[contract.problem]
    inputs = {name: MLFLOW_TYPES[contract.inputs.types[name]] for name in contract.features}
    sides = [Schema([ColSpec(t, name) for name, t in s.items()]) for s in (inputs, outputs)]
    return ModelSignature(inputs=sides[0], outputs=sides[1])
