"""The files of a version, for unit tests."""

from pathlib import Path
from typing import Any

import yaml
from rendering import platform

integrity = platform("records.integrity")

CODE = {name: name.encode() for name in ("__init__.py", "schema.py", "rules/age_bands.py")}
SNAPSHOT = f"code/{platform('records.snapshot').package_name(CODE)}"
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
    }
    for name in written:
        write(folder / name, name)
    for name in CODE:
        write(folder / SNAPSHOT / name, name)
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
