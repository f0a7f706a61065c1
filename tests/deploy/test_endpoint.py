"""Rules of `deploy/databricks/online/endpoint.py`: when a version may answer, and when not."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import ROOT, platform

registry = platform("records.registry")


def load_endpoint() -> ModuleType:
    """Import the program, which is outside any package, from the template."""
    path = ROOT / "template/deploy/databricks/online/endpoint.py"
    spec = importlib.util.spec_from_file_location("endpoint_of_the_template", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load_endpoint()
VALUES = np.array([1.2e8, -3.5e9, 0.0, 0.25, np.nan])


class ServingEndpoints:
    """The endpoints of a workspace, whose answer a test chooses."""

    def __init__(self, values: list[float | None], served: str = "1") -> None:
        self.values = values
        self.history = [served]

    def get(self, name: str) -> Any:
        entity = SimpleNamespace(entity_version=self.history[-1])
        return SimpleNamespace(id=name, config=SimpleNamespace(served_entities=[entity]))

    def update_config(self, name: str, served_entities: list[Any]) -> Any:
        self.history.append(served_entities[0].entity_version)
        return SimpleNamespace(result=lambda **_: self.get(name))

    def set_permissions(self, *_: Any, **__: Any) -> None:
        """Accept any group."""

    def query(self, name: str, dataframe_split: Any) -> Any:
        assert dataframe_split.columns == ["amount"]
        return SimpleNamespace(predictions=[{"value": value} for value in self.values])


def test_an_error_acts_on_no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise platform("base.errors").MlopsError("odd ##vso[task.complete]\n::error::b")

    def load(name: str) -> Any:
        if name == "loans.mlops.base.project":
            return SimpleNamespace(open_project=fail)
        return platform(name.removeprefix("loans.mlops."))

    options = ("--package=loans", "--name=loans", "--env=test", "--size=Small", "--callers=all")
    monkeypatch.setattr(program, "import_module", load)
    monkeypatch.setattr(sys, "argv", ["endpoint.py", *options, "--scale-to-zero=true"])
    with pytest.raises(SystemExit) as end:
        program.main()
    assert end.value.code == r"loans: odd \x23#vso[task.complete]\n::error::b"


@pytest.fixture
def version(tmp_path: Path) -> Any:
    """Version 2 of a regression, with its golden rows and what it predicted for them."""
    golden = pd.DataFrame({"amount": [1.0, 2.0, 3.0, 4.0, 5.0]})
    golden.to_parquet(tmp_path / "golden_rows.parquet")
    pd.DataFrame({"value": VALUES}).to_parquet(tmp_path / "golden_predictions.parquet")

    class Version:
        name = "prod.loans"
        number = 2
        card = SimpleNamespace(features=("amount",))

        def __str__(self) -> str:
            return "version 2"

        def artifact(self, name: str) -> Path:
            return tmp_path / name

    return Version()


def follow(
    version: Any, values: Any, fetch: Callable[[int], Any] | None = None
) -> tuple[str, ServingEndpoints]:
    """Let an endpoint that serves version 1 follow; return its message and what it served."""
    endpoints = ServingEndpoints([None if np.isnan(value) else value for value in values.tolist()])
    endpoint = program.Endpoint(
        client=SimpleNamespace(serving_endpoints=endpoints),
        registry=registry,
        name="loans-prod",
        env="prod",
        size="Small",
        scale_to_zero=False,
        callers="users",
        fetch=fetch or (lambda _: version),
    )
    try:
        return endpoint.follow(2), endpoints
    except (program.OperationFailed, registry.FilesChanged) as error:
        return str(error), endpoints


def test_the_last_bit_of_a_large_prediction_is_no_difference(version: Any) -> None:
    next_values = np.nextafter(VALUES, np.inf)
    assert np.nanmax(np.abs(next_values - VALUES)) > registry.TOLERANCE
    message, endpoints = follow(version, next_values)
    assert message.startswith("loans-prod answers with version 2")
    assert endpoints.history == ["1", "2"]


@pytest.mark.parametrize("row", [0, 1])
def test_a_relative_difference_beyond_the_tolerance_brings_the_previous_version_back(
    version: Any, row: int
) -> None:
    other = VALUES.copy()
    other[row] *= 1 + 3 * registry.TOLERANCE
    message, endpoints = follow(version, other)
    assert "version 2 predicts its golden rows differently in the endpoint, by 3e-09" in message
    assert endpoints.history == ["1", "2", "1"]


@pytest.mark.parametrize("value", [2e-9, np.nan])
def test_below_one_the_tolerance_is_absolute_and_a_missing_number_differs(
    version: Any, value: float
) -> None:
    other = VALUES.copy()
    other[2] = value
    message, endpoints = follow(version, other)
    assert "differently" in message
    assert endpoints.history == ["1", "2", "1"]


def test_a_version_whose_files_have_changed_is_never_served(version: Any) -> None:
    def fetch(number: int) -> Any:
        raise registry.FilesChanged(f"the files of version {number} have changed.")

    message, endpoints = follow(version, VALUES, fetch)
    assert message == "the files of version 2 have changed."
    assert endpoints.history == ["1"]


def test_files_that_change_while_databricks_loads_them_bring_the_previous_version_back(
    version: Any,
) -> None:
    fetched: list[int] = []

    def fetch(number: int) -> Any:
        fetched.append(number)
        if fetched == [2, 2]:
            raise registry.FilesChanged(f"the files of version {number} have changed.")
        return version

    message, endpoints = follow(version, VALUES, fetch)
    assert message.startswith("the files of version 2 have changed; version 1 answers again")
    assert endpoints.history == ["1", "2", "1"]
    assert fetched == [2, 2, 1]
