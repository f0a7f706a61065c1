"""Secrets by name: looked up where they are used, and never logged."""

import os
from pathlib import Path

from .errors import Misconfigured
from .project import PACKAGE
from .settings import SecretName


def resolve(value: str | SecretName) -> str:
    """Return a plain value as it is, and the value of a secret.

    A secret is looked up as a variable, then as a mounted file, then, on Databricks, in the secret
    scope with the project's name. Raises Misconfigured if it is none of these.
    """
    if isinstance(value, str):
        return value
    variable = f"MLOPS_SECRET_{value.secret.upper().replace('-', '_')}"
    if variable in os.environ:
        return os.environ[variable]
    file = Path(os.environ.get("MLOPS_SECRETS_FOLDER", "/run/secrets")) / value.secret
    if file.is_file():
        return file.read_text(encoding="utf-8").strip()
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        from databricks.sdk.runtime import dbutils

        return str(dbutils.secrets.get(PACKAGE.replace("_", "-"), value.secret))
    raise Misconfigured(f"secret {value.secret} is missing; set {variable} or mount {file}.")
