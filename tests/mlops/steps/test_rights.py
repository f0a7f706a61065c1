"""`doctor` finds out whether this identity may move the champion, and changes nothing."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlops.projects import make_project
from rendering import platform

errors = platform("base.errors")
rights = platform("steps.rights")


class Client:
    """A store that answers each wish to set an alias with one error, or grants it."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.aliases: dict[str, str] = {}

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        if self._code:
            raise MlflowException("no", error_code=self._codes()[self._code])
        self.aliases[alias] = version

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        del self.aliases[alias]

    def _codes(self) -> dict[str, int]:
        from mlflow.protos.databricks_pb2 import ErrorCode

        return dict(ErrorCode.items())


def store(root: Path, code: str, **keys: Any) -> Any:
    project = make_project(root, **{"tracking_uri": "https://mlflow.bank.example", **keys})
    registry = SimpleNamespace(client=Client(code), name=project.name)
    return SimpleNamespace(project=project, registry=registry)


@pytest.mark.parametrize(
    ("code", "words"),
    {
        "PERMISSION_DENIED": "does not let this identity move the alias champion",
        "RESOURCE_DOES_NOT_EXIST": "lets this identity move the alias champion",
        "": "lets this identity move the alias champion",
    }.items(),
)
def test_the_stores_answer_says_what_this_identity_may_do(
    tmp_path: Path, code: str, words: str
) -> None:
    asked = store(tmp_path, code)
    assert words in rights.describe_rights(asked)
    assert asked.registry.client.aliases == {}


def test_an_answer_that_says_nothing_about_rights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.MlopsError, match="does not say whether"):
        rights.describe_rights(store(tmp_path, "INTERNAL_ERROR"))


def test_a_local_store_has_no_rights(tmp_path: Path) -> None:
    local = store(tmp_path, "PERMISSION_DENIED", tracking_uri="sqlite:///mlflow.db")
    assert "has no rights" in rights.describe_rights(local)
