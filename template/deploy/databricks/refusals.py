"""Checks of a release for Databricks: settings that would lose data, a lock that cannot run."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands import Refusal
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from runtime import Runtime

THREE_LEVELS = r"^\w[\w-]*\.\w[\w-]*\.\w[\w-]*$"  # a name in Unity Catalog
REQUIRED_SETTINGS = {  # what each must match, and what to write
    "tracking_uri": (r"^databricks$", "databricks"),
    "registered_model": (THREE_LEVELS, "catalog.schema.model"),
    "experiments": (r"^/", "a folder of the workspace, such as /Shared/loan-risk"),
    "predictions": (r"^/Volumes/", "a folder on a volume, /Volumes/…"),
    "extracts": (r"^/Volumes/", "a folder on a volume, /Volumes/…"),
}


def refuse_local_settings(settings: Any) -> None:
    """Raise Refusal for settings that would write to, or read from, the machine of a job."""
    for key, (pattern, example) in REQUIRED_SETTINGS.items():
        value = getattr(settings, key)
        if not re.search(pattern, str(value)):
            raise Refusal(f"conf/{settings.env}.yml: {key} is {value!r}; write {example}.")


def refuse_unfit_lock(runtime: Runtime, requirements: str) -> None:
    """Raise Refusal for a lock file that the pinned environment cannot install or run."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    if runtime.python not in SpecifierSet(project["requires-python"]):
        raise Refusal(
            f"pyproject.toml: requires-python excludes {runtime.python}, "
            f"the Python of {runtime.name}: widen it."
        )
    locked = dict(locked_packages(requirements, runtime.python))
    for package in runtime.provided:
        if package in locked:
            raise Refusal(
                f"uv.lock: {package} is part of {runtime.name} already: remove it from the "
                f"dependencies; to use it on your own machine, run `uv add --dev {package}`."
            )
    for package, limit in runtime.limits.items():
        if package in locked and locked[package] not in SpecifierSet(limit):
            raise Refusal(
                f"uv.lock: {package} {locked[package]} does not work in {runtime.name}: "
                f'run `uv add "{package}{limit}"` and commit.'
            )


def locked_packages(requirements: str, python: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of each locked package that this Python on Linux installs."""
    platform = {
        "python_version": python,
        "python_full_version": f"{python}.3",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
    }
    for line in re.findall(r"^[\w.-]+==[^\\\n]*", requirements, re.MULTILINE):
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate(platform):
            [version] = requirement.specifier
            yield canonicalize_name(requirement.name), version.version
