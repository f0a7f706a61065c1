"""What a release for Databricks is refused for: settings that lose data, a lock that cannot run."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands import Refusal
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

THREE_LEVELS = r"^\w[\w-]*\.\w[\w-]*\.\w[\w-]*$"  # of Unity Catalog


def refuse_what_is_local(settings: Any) -> None:
    """Raise Refusal for what would be lost with the machine of a job, or not be found there."""
    wanted = {
        "tracking_uri": (r"^databricks$", "databricks"),
        "registered_model": (THREE_LEVELS, "catalog.schema.model"),
        "experiments": (r"^/", "a folder of the workspace, such as /Shared/loan-risk"),
        "predictions": (r"^/Volumes/", "a folder on a volume, /Volumes/…"),
        "extracts": (r"^/Volumes/", "a folder on a volume, /Volumes/…"),
    }
    for key, (pattern, example) in wanted.items():
        value = getattr(settings, key)
        if not re.search(pattern, str(value)):
            raise Refusal(f"conf/{settings.env}.yml: {key} is {value!r}; write {example}.")


def refuse_what_does_not_fit(runtime: dict[str, Any], requirements: str) -> None:
    """Raise Refusal for a lock that the pinned environment cannot install, or breaks with."""
    name, python = f"environment {runtime['environment_version']} of Databricks", runtime["python"]
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    if python not in SpecifierSet(project["requires-python"]):
        raise Refusal(f"pyproject.toml: requires-python excludes {python}, the Python of {name}.")
    locked = dict(packages(requirements, python))
    for package in runtime["provided"]:
        if package in locked:
            remedy = f"take it out of dependencies; for your own machine, `uv add --dev {package}`"
            raise Refusal(f"uv.lock: {package} is part of {name} already: {remedy}.")
    for package, limit in runtime["limits"].items():
        if package in locked and locked[package] not in SpecifierSet(limit):
            words = f"{package} {locked[package]} does not work in {name}"
            raise Refusal(f'uv.lock: {words}: run `uv add "{package}{limit}"` and commit.')


def packages(requirements: str, python: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of each locked package that is for this Python on Linux."""
    machine = {"python_version": python, "python_full_version": f"{python}.3"}
    machine |= {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    machine |= {"platform_machine": "x86_64", "implementation_name": "cpython"}
    for line in re.findall(r"^[\w.-]+==[^\\\n]*", requirements, re.MULTILINE):
        found = Requirement(line.strip())
        if found.marker is None or found.marker.evaluate(machine):
            [version] = found.specifier
            yield canonicalize_name(found.name), version.version
