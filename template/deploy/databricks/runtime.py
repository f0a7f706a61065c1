"""The serverless environment of Databricks that every job runs in, as runtime.yml pins it."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Runtime:
    """What runtime.yml says."""

    environment_version: str
    python: str
    """The Python version of the environment, such as 3.12."""
    provided: list[str]
    """Packages that are part of the environment and must not be in the lock file."""
    limits: dict[str, str]
    """Version limits of packages, such as pandas: <3."""

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"environment {self.environment_version} of Databricks"


def read_runtime() -> Runtime:
    """Return the pinned environment."""
    file = Path(__file__).with_name("runtime.yml")
    return Runtime(**yaml.safe_load(file.read_text(encoding="utf-8")))
