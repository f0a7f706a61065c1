"""What MLflow does while a version is published, and what it is kept from."""

import importlib
from typing import Any

import pytest
from rendering import platform


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # at MLflow's import
def test_mlflow_reads_no_installed_packages_for_a_warning_that_nobody_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publishing = platform("steps.train.publishing")
    environment: Any = importlib.import_module("mlflow.utils.environment")
    compared: list[str] = []
    check = "mlflow.utils.requirements_utils._check_requirement_satisfied"
    monkeypatch.setattr(check, compared.append)
    monkeypatch.setattr("importlib_metadata.packages_distributions", None)
    requirements = ["mlflow", "no-such-package==1.0"]
    environment.warn_dependency_requirement_mismatches(requirements)
    assert compared == requirements  # the name is still the one that MLflow calls
    publishing._skip_comparison()
    _, kept, _ = environment._process_pip_requirements([], requirements)
    assert compared == requirements
    assert kept == requirements
