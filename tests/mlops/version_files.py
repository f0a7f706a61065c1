"""The files of a version, for unit tests."""

from pathlib import Path
from typing import Any

import yaml
from rendering import platform

integrity = platform("records.integrity")

SNAPSHOT = f"code/{integrity.PACKAGE}_0123abcd"
ARTIFACTS = {
    name: {"path": f"artifacts/{file}", "uri": f"/home/ann/{file}"}
    for name, file in integrity.ARTIFACTS.items()
}
FLAVOR = {
    "artifacts": ARTIFACTS,
    "code": "code",
    "loader_module": "mlflow.pyfunc.loaders.code_model",
    "model_code_path": "/home/ann/loan-risk/src/loan_risk/mlops/records/scorer.py",
    "streamable": False,
}
EXAMPLE = {"artifact_path": "input_example.json", "type": "dataframe"}


def write_version(folder: Path) -> Path:
    """Write the files of a version as `train` makes them, each with its name as content."""
    written = {
        *integrity.REQUIRED,
        *integrity.WRITTEN_BY_MLFLOW,
        f"{SNAPSHOT}/__init__.py",
        f"{SNAPSHOT}/schema.py",
        f"{SNAPSHOT}/rules/age_bands.py",
    }
    for name in written:
        write(folder / name, name)
    write_model(folder)
    return folder


def write(path: Path, text: str = "") -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_model(folder: Path, drop: str = "", **keys: Any) -> None:
    """Write MLmodel with these keys of its flavor changed."""
    flavor = {name: value for name, value in (FLAVOR | keys).items() if name != drop}
    facts = {"flavors": {"python_function": flavor}, "saved_input_example_info": EXAMPLE}
    write(folder / "MLmodel", yaml.safe_dump(facts))
