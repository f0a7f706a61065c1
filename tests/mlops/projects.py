"""Projects for unit tests: their settings and a folder, without a rendering."""

from pathlib import Path
from typing import Any

from rendering import platform

TABLES = {"loans": {"kind": "synthetic", "origin": "synthetic"}}


def make_settings(**keys: Any) -> Any:
    """Return valid settings of a binary problem, with these keys changed."""
    settings = platform("base.settings").Settings
    return settings.model_validate(
        {
            "env": "dev",
            "project_name": "loan-risk",
            "problem": "binary",
            "tables": TABLES,
            "gate": {"thresholds": {"auc": {"min": 0.7}}},
            **keys,
        }
    )


def make_project(root: Path, **keys: Any) -> Any:
    """Return a project in a folder, with these settings changed."""
    return platform("base.project").Project(root, make_settings(**keys), "v0.1.0")
