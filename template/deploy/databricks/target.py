"""Databricks: a bundle of jobs, and releases on a volume of Unity Catalog.

A release lies in `/Volumes/…/<project>/<version>`, which is written once. `<version>.json` beside
it says that all of it is there; `current.json` is the release that the environment runs.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import bundle_files
import yaml
from bundle_files import ELSEWHERE, factory
from commands import Refusal, program, run, show

WORK = Path("build/databricks")  # where the program may leave its files; a release stays as it is


def render(settings: Any, release: dict[str, Any], folder: Path) -> None:
    """Write the bundle of one environment; raises Refusal for what conf/ says wrongly."""
    bundle_files.write(settings, release, folder)


def locate(settings: Any, release: dict[str, Any], folder: Path) -> None:
    """Write where an environment is: its workspace, and where a release lies there."""
    deployment = bundle_files.read_deployment(settings)
    variables = {"release": bundle_files.place_of(deployment, release)}
    target = {"workspace": {"host": deployment.host}, "variables": variables}
    folder.mkdir(parents=True)
    bundle_files.write_target(settings.env, target, folder)


def current(release: Path, env: str, into: Path) -> Path | None:
    """Bring the release that an environment runs into a folder; None where none is recorded."""
    place = place_of(release, env)
    project = place.parent
    if project.name not in names(project.parent) or "current.json" not in names(project):
        return None
    version = json.loads(databricks("fs", "cat", f"dbfs:{project}/current.json"))["version"]
    databricks("fs", "cp", "--recursive", f"dbfs:{project / version}", str(into))
    return into


def deploy(release: Path, env: str) -> None:
    """Bring a release to its place, where nothing is ever changed, and let the jobs run it."""
    upload(release, place_of(release, env))
    databricks("workspace", "mkdirs", target_in(release, env)["variables"]["experiments"])
    for command in ("validate", "plan", "deploy"):
        bundle(release, env, command)
    if (release / "deploy" / env / ELSEWHERE.name).is_dir():
        factory().deploy(release, env, summary(env))


def smoke(release: Path, env: str) -> None:
    """Run `doctor` as a job, with the environment and the rights that the other jobs have."""
    bundle(release, env, "run", "smoke")


def record(release: Path, env: str) -> None:
    """Write down that the environment runs this release now."""
    target = f"dbfs:{place_of(release, env).parent}/current.json"
    databricks("fs", "cp", "--overwrite", str(release / "release.json"), target)


def promote(release: Path, env: str, number: str, approved_by: str) -> None:
    """Make a version the champion in the name of the person who approved it."""
    words = ("--version", number, "--approved_by", approved_by)
    bundle(release, env, "run", "promote", "--", *words)


def upload(release: Path, place: Path) -> None:
    """Copy a release to its place, unless it lies there; raises Refusal where another one does."""
    facts, whole = release / "release.json", f"{place.name}.json"
    project = place.parent
    there = names(project) if project.name in names(project.parent) else []
    if whole in there:
        known = databricks("fs", "cat", f"dbfs:{project / whole}")
        if json.loads(known) != json.loads(facts.read_text(encoding="utf-8")):
            raise Refusal(f"{place} holds another release of that version: commit, build anew.")
        return
    databricks("fs", "cp", "--recursive", "--overwrite", str(release), f"dbfs:{place}")
    databricks("fs", "cp", "--overwrite", str(facts), f"dbfs:{project / whole}")


def target_in(release: Path, env: str) -> dict[str, Any]:
    """Return what a release says of an environment, whose host is the one that is called now."""
    file = release / "deploy" / env / "environment.yml"
    if not file.is_file():
        raise Refusal(f"The release is not built for {env}: see tracking_uri in conf/{env}.yml.")
    target: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["targets"][env]
    os.environ["DATABRICKS_HOST"] = target["workspace"]["host"]
    return target


def place_of(release: Path, env: str) -> Path:
    """Return where a release lies on the volume of an environment."""
    return Path(target_in(release, env)["variables"]["release"])


def names(folder: Path) -> list[str]:
    """Return the names of what lies in a folder of a volume."""
    found = json.loads(databricks("fs", "ls", f"dbfs:{folder}", "--output", "json"))
    return [entry["name"] for entry in found]


def bundle(release: Path, env: str, command: str, *words: str) -> None:
    """Run a command of the bundle of a release, in a copy of it, before the person's eyes."""
    target_in(release, env)
    copy = WORK / env
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(release / "deploy" / env, copy)
    show(program("databricks"), "bundle", command, "--target", env, *words, folder=copy)


def summary(env: str) -> str:
    """Return what Databricks says of the bundle that was deployed last."""
    line = ("bundle", "summary", "--target", env, "--output", "json")
    return databricks(*line, folder=WORK / env)


def databricks(*words: str, folder: Path = Path()) -> str:
    """Run Databricks' own program, which logs in by itself, and return what it prints."""
    return run(program("databricks"), *words, folder=folder)
