"""A project that is deployed to Databricks: its settings in conf/, and its releases."""

import contextlib
import hashlib
import importlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import yaml
from rendering import platform

Facts = dict[str, Any]

TRAINER = "11111111-1111-1111-1111-111111111111"
PROMOTER = "22222222-2222-2222-2222-222222222222"
TEAM = "data-science@example.com"
MODULES = (
    *("target", "bundle_files", "refusals", "runtime", "factory", "arm", "triggers"),
    *("release_record", "schedules", "section", "commands", "committed"),
)
REQUIREMENTS = """\
numpy==2.4.0 ; python_full_version >= '3.13' \\
    --hash=sha256:{hash}
numpy==2.3.5 ; python_full_version < '3.13' \\
    --hash=sha256:{hash}
pandas==2.3.3 \\
    --hash=sha256:{hash}
pywin32==311 ; sys_platform == 'win32' \\
    --hash=sha256:{hash}
""".format(hash="0" * 64)


def settings_of(env: str) -> Facts:
    """Return the settings in conf/ of an environment."""
    schema = f"risk_{env}.loan_risk"
    volume = f"/Volumes/{schema.replace('.', '/')}"
    return {
        "tracking_uri": "databricks",
        "registered_model": f"{schema}.loan_risk",
        "experiments": "/Shared/loan-risk",
        "predictions": f"{volume}/predictions",
        "extracts": f"{volume}/extracts",
        "deployment": {
            "host": f"https://risk-{env}.azuredatabricks.net",
            "volume": f"{schema}.releases",
            "trainer": TRAINER,
            "promoter": PROMOTER,
        },
    }


def configure(project: Path, env: str, **keys: Any) -> None:
    """Write keys into conf/<env>.yml; merge a section with the existing one."""
    file = project / f"conf/{env}.yml"
    content = yaml.safe_load(file.read_text("utf-8")) or {}
    for key, value in keys.items():
        below = content.get(key)
        content[key] = below | value if isinstance(below, dict) else value
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


@contextlib.contextmanager
def opened(project: Path) -> Iterator[ModuleType]:
    """Import the project's target.py in its folder, as the sessions do."""
    before = Path.cwd()
    places = list(sys.path)
    folders = ("deploy/databricks", "deploy", ".mlops")
    sys.path[:0] = [str(project / name) for name in folders]
    os.chdir(project)
    try:
        yield importlib.import_module("target")
    finally:
        os.chdir(before)
        sys.path[:] = places
        for name in MODULES:
            sys.modules.pop(name, None)


def build(
    project: Path, number: int = 1, wheel: str = "", envs: tuple[str, ...] = ("test",)
) -> Path:
    """Write a release with this number into build/release, as `nox -s build` does."""
    release = project / "build/release"
    shutil.rmtree(release, ignore_errors=True)
    release.mkdir(parents=True)
    version = f"0.1.0+202601{number:02}000000.g0000000{number}"
    name = f"loan_risk-{version}-py3-none-any.whl"
    with zipfile.ZipFile(release / name, "w") as file:
        file.writestr("loan_risk/__init__.py", wheel)
    (release / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    facts = {"project": "loan-risk", "version": version, "dirty": False, "wheel": name}
    for env in envs:
        render(project, env, facts)
    paths = sorted(path for path in release.rglob("*") if path.is_file())
    facts["files"] = {
        path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }
    (release / "release.json").write_text(json.dumps(facts), encoding="utf-8")
    return release


def render(project: Path, env: str, facts: Facts) -> Path:
    """Let target.py write the bundle of one environment; return its folder."""
    folder = project / "build/release/deploy" / env
    base = platform("base.project")
    with opened(project) as target, mock.patch.object(base, "CHECKOUT", project):
        settings = base.open_project(env).settings
        target.render(settings, target.Release.from_facts(facts), folder)
    return folder
