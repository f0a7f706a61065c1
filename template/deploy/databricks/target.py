"""Databricks: a bundle of jobs, and releases on a volume of Unity Catalog.

A release is in `/Volumes/…/<project>/<version>`, which is written only once. Next to that folder,
`<version>.json` marks a complete upload, and `current.json` is the release that the environment
runs; both are copies of release.json.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import bundle_files
import yaml
from bundle_files import DATA_FACTORY, data_factory
from commands import Refusal, program, run, show
from release_record import FILE as RELEASE_FILE
from release_record import Release

WORK = Path("build/databricks")  # the CLI writes files here; the release itself must not change


def render(settings: Any, release: Release, folder: Path) -> None:
    """Write the bundle of one environment; raise Refusal for a mistake in conf/."""
    bundle_files.write(settings, release, folder)


def locate(settings: Any, release: Release, folder: Path) -> None:
    """Write where an environment is: its workspace, and the folder of a release on its volume."""
    deployment = bundle_files.read_deployment(settings)
    target = {
        "workspace": {"host": deployment.host},
        "variables": {"release": bundle_files.release_folder(deployment, release)},
    }
    folder.mkdir(parents=True)
    bundle_files.write_target(settings.env, target, folder)


def current(release: Path, env: str, into: Path) -> Path | None:
    """Download the release that an environment runs; return its folder, or None without one."""
    project = volume_folder(release, env).parent
    if project.name not in names_in(project.parent) or "current.json" not in names_in(project):
        return None
    version = json.loads(databricks("fs", "cat", f"dbfs:{project}/current.json"))["version"]
    databricks("fs", "cp", "--recursive", f"dbfs:{project / version}", str(into))
    return into


def deploy(release: Path, env: str) -> None:
    """Upload a release to its folder, where it never changes, and point the jobs to it."""
    upload(release, volume_folder(release, env))
    databricks("workspace", "mkdirs", select_target(release, env)["variables"]["experiments"])
    for command in ("validate", "plan", "deploy"):
        bundle(release, env, command)
    if (release / "deploy" / env / DATA_FACTORY.name).is_dir():
        data_factory().deploy(release, env, bundle_summary(env))


def smoke(release: Path, env: str) -> None:
    """Run `doctor` as a job, in the environment and with the rights of the other jobs."""
    bundle(release, env, "run", "smoke")


def record(release: Path, env: str) -> None:
    """Record on the volume that the environment runs this release."""
    current_file = f"dbfs:{volume_folder(release, env).parent}/current.json"
    databricks("fs", "cp", "--overwrite", str(release / RELEASE_FILE), current_file)


def promote(release: Path, env: str, number: str, approved_by: str) -> None:
    """Promote a version to champion in the name of the person who approved it."""
    parameters = ("--version", number, "--approved_by", approved_by)
    bundle(release, env, "run", "promote", "--", *parameters)


def upload(release: Path, folder: Path) -> None:
    """Copy a release to its folder on the volume, unless it is there already.

    Raises Refusal where the folder contains another release.
    """
    release_file = release / RELEASE_FILE
    project = folder.parent
    complete_marker = f"{folder.name}.json"
    existing = names_in(project) if project.name in names_in(project.parent) else []
    if complete_marker in existing:
        uploaded = databricks("fs", "cat", f"dbfs:{project / complete_marker}")
        if json.loads(uploaded) != json.loads(release_file.read_text(encoding="utf-8")):
            raise Refusal(
                f"{folder} contains another release of that version: "
                "commit your changes and build again."
            )
        return
    databricks("fs", "cp", "--recursive", "--overwrite", str(release), f"dbfs:{folder}")
    databricks("fs", "cp", "--overwrite", str(release_file), f"dbfs:{project / complete_marker}")


def select_target(release: Path, env: str) -> dict[str, Any]:
    """Return the bundle's target for an environment, and point the Databricks CLI to its workspace.

    Raises Refusal where the release was not built for the environment.
    """
    file = release / "deploy" / env / "environment.yml"
    if not file.is_file():
        raise Refusal(f"The release is not built for {env}: see tracking_uri in conf/{env}.yml.")
    target: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["targets"][env]
    os.environ["DATABRICKS_HOST"] = target["workspace"]["host"]
    return target


def volume_folder(release: Path, env: str) -> Path:
    """Return the folder of a release on the volume of an environment."""
    return Path(select_target(release, env)["variables"]["release"])


def names_in(folder: Path) -> list[str]:
    """Return the names of the files and folders in a folder of a volume."""
    entries = json.loads(databricks("fs", "ls", f"dbfs:{folder}", "--output", "json"))
    return [entry["name"] for entry in entries]


def bundle(release: Path, env: str, command: str, *arguments: str) -> None:
    """Run a command of the release's bundle in a copy of it, and show its output."""
    select_target(release, env)
    copy = WORK / env
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(release / "deploy" / env, copy)
    show(program("databricks"), "bundle", command, "--target", env, *arguments, folder=copy)


def bundle_summary(env: str) -> str:
    """Return the summary of the bundle that was deployed last, as JSON."""
    command = ("bundle", "summary", "--target", env, "--output", "json")
    return databricks(*command, folder=WORK / env)


def databricks(*arguments: str, folder: Path = Path()) -> str:
    """Run the Databricks CLI, which logs in on its own, and return its output."""
    return run(program("databricks"), *arguments, folder=folder)
