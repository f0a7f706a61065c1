"""Databricks: a bundle of jobs, and releases on a volume of Unity Catalog.

A release lies in `/Volumes/…/<project>/<version>`, which is written once. `<version>.json` beside
it says that all of it is there; `current.json` is the release that the environment runs.
"""

import difflib
import hashlib
import importlib
import json
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import schedules
import yaml
from commands import Refusal, run
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field, ValidationError

HERE = Path(__file__).parent
WORK = Path("build/databricks")  # where the program may leave its files; a release stays as it is
JOBS = ("train", "promote_by_rule", "promote", "score", "monitor", "retrain", "smoke")
ELSEWHERE = HERE.parent / "data-factory"  # which starts the jobs then
VOLUME = r"^\w[\w-]*\.\w[\w-]*\.\w[\w-]*$"

Line = Annotated[str, Field(min_length=1)]


class Deployment(BaseModel):
    """The section `deployment:` of an environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(pattern=r"^https://[\w.-]+$")
    volume: str = Field(pattern=VOLUME)
    trainer: str = ""
    promoter: str = ""
    notify: str = ""
    webhook: str = ""
    viewers: str = ""
    budget_policy: str = ""
    tags: dict[Line, str] = Field(default={})


def render(settings: Any, release: dict[str, Any], folder: Path) -> None:
    """Write the bundle of one environment, and the requirements of its jobs.

    Raises Refusal for what conf/ says wrongly, and for a lock that Databricks cannot install.
    """
    deployment = read_deployment(settings)
    refuse_what_is_local(settings)
    runtime = yaml.safe_load((HERE / "runtime.yml").read_text(encoding="utf-8"))
    built = folder.parent.parent
    requirements = (built / "requirements.txt").read_text(encoding="utf-8")
    refuse_what_does_not_fit(runtime, requirements)
    catalog, schema, volume = deployment.volume.split(".")
    place = f"/Volumes/{catalog}/{schema}/{volume}/{release['project']}/{release['version']}"
    digest = hashlib.sha256((built / release["wheel"]).read_bytes()).hexdigest()
    wheel = f"{release['project']} @ file://{place}/{release['wheel']} --hash=sha256:{digest}\n"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(requirements + wheel, encoding="utf-8")
    for name in ("databricks.yml", "jobs.yml"):
        shutil.copyfile(HERE / name, folder / name)
    target = target_of(settings, deployment)
    target["variables"] |= {"release": place, "environment_version": runtime["environment_version"]}
    text = yaml.safe_dump({"targets": {settings.env: target}}, sort_keys=False, allow_unicode=True)
    told = f"# What differs in {settings.env}, written from conf/ when the release was built.\n"
    (folder / "environment.yml").write_text(told + text, encoding="utf-8")
    if starts_elsewhere(settings.env):
        factory().render(settings, release, folder)


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment:`; raises Refusal with the key and the remedy."""
    where = f"conf/{settings.env}.yml: deployment"
    try:
        written = dict(settings.deployment)
        if ELSEWHERE.exists():
            written.pop("data_factory", None)  # which is read there
        found = Deployment.model_validate(written)
    except ValidationError as error:
        problem = error.errors()[0]
        key, words = ".".join(map(str, problem["loc"])), problem["msg"]
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, Deployment.model_fields, n=1, cutoff=0.5)
            words = f"is unknown; {f'did you mean {near[0]}?' if near else 'remove it'}"
        told = {"host": "write https://<workspace>", "volume": "write catalog.schema.volume"}
        words = told.get(key, words)
        raise Refusal(f"{where}.{key}: {words.rstrip('.')}.") from None
    if settings.env != "dev" and not (found.trainer and found.promoter):
        raise Refusal(f"{where}: name the service principals trainer and promoter.")
    if found.trainer and found.trainer == found.promoter:
        raise Refusal(f"{where}: trainer and promoter are one; two service principals keep apart.")
    return found


def starts_elsewhere(env: str) -> bool:
    """Tell whether Data Factory starts the jobs of an environment; in dev a person does."""
    return ELSEWHERE.exists() and env != "dev"


def factory() -> Any:
    """Return the module that knows Data Factory."""
    if str(ELSEWHERE) not in sys.path:
        sys.path.insert(0, str(ELSEWHERE))
    return importlib.import_module("factory")


def refuse_what_is_local(settings: Any) -> None:
    """Raise Refusal for what would be lost with the machine of a job, or not be found there."""
    wanted = {
        "tracking_uri": (r"^databricks$", "databricks"),
        "registered_model": (VOLUME, "catalog.schema.model"),
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


def packages(requirements: str, python: str) -> Any:
    """Yield name and version of each locked package that is for this Python on Linux."""
    machine = {"python_version": python, "python_full_version": f"{python}.3"}
    machine |= {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    machine |= {"platform_machine": "x86_64", "implementation_name": "cpython"}
    for line in re.findall(r"^[\w.-]+==[^\\\n]*", requirements, re.MULTILINE):
        found = Requirement(line.strip())
        if found.marker is None or found.marker.evaluate(machine):
            [version] = found.specifier
            yield canonicalize_name(found.name), version.version


def target_of(settings: Any, deployment: Deployment) -> dict[str, Any]:
    """Return what the bundle's target says beyond what is the same everywhere."""
    address = re.search(r"<(.+)>", settings.team)
    notify = deployment.notify or (address[1] if address else settings.team)
    jobs: dict[str, dict[str, Any]] = {name: {} for name in JOBS}
    if starts_elsewhere(settings.env):
        identity = factory().read_deployment(settings).identity
        runner = {"service_principal_name": identity, "level": "CAN_MANAGE_RUN"}
        jobs |= {name: {"permissions": [runner]} for name in schedules.COMMANDS}
    for schedule in [] if ELSEWHERE.exists() else schedules.read(settings.schedules):
        when = {"quartz_cron_expression": schedule.quartz, "timezone_id": schedule.zone}
        jobs[schedule.command]["schedule"] = when | {"pause_status": "UNPAUSED"}
    for job in jobs.values():
        if deployment.budget_policy:
            job["budget_policy_id"] = deployment.budget_policy
        if deployment.webhook:
            job["webhook_notifications"] = {"on_failure": [{"id": deployment.webhook}]}
    target: dict[str, Any] = {"workspace": {"host": deployment.host}, "variables": {}}
    if deployment.viewers:
        target["permissions"] = [{"group_name": deployment.viewers, "level": "CAN_VIEW"}]
    tags = {"project": settings.project_name, "environment": settings.env} | deployment.tags
    target["presets"] = {"tags": tags}
    people = {"trainer": deployment.trainer, "promoter": deployment.promoter}
    variables = {"notify": notify, "experiments": settings.experiments} | people
    target["variables"] = {name: value for name, value in variables.items() if value}
    target["resources"] = {"jobs": {name: job for name, job in jobs.items() if job}}
    return {key: value for key, value in target.items() if value and value != {"jobs": {}}}


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
        sys.stdout.write(bundle(release, env, command))
    if (release / "deploy" / env / ELSEWHERE.name).is_dir():
        factory().deploy(release, env, bundle(release, env, "summary", "--output", "json"))


def smoke(release: Path, env: str) -> None:
    """Run `doctor` as a job, with the environment and the rights that the other jobs have."""
    sys.stdout.write(bundle(release, env, "run", "smoke"))


def record(release: Path, env: str) -> None:
    """Write down that the environment runs this release now."""
    target = f"dbfs:{place_of(release, env).parent}/current.json"
    databricks("fs", "cp", "--overwrite", str(release / "release.json"), target)


def promote(release: Path, env: str, number: str, approved_by: str) -> None:
    """Make a version the champion in the name of the person who approved it."""
    words = ("--version", number, "--approved_by", approved_by)
    sys.stdout.write(bundle(release, env, "run", "promote", "--", *words))


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


def bundle(release: Path, env: str, command: str, *words: str) -> str:
    """Run a command of the bundle of a release, in a copy of it."""
    target_in(release, env)
    copy = WORK / env
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(release / "deploy" / env, copy)
    return databricks("bundle", command, "--target", env, *words, folder=copy)


def databricks(*words: str, folder: Path = Path()) -> str:
    """Run Databricks' own program, which logs in by itself."""
    if not shutil.which("databricks"):
        raise Refusal("databricks is not on PATH: see docs/how-to/deploy-to-databricks.md.")
    return run("databricks", *words, folder=folder)
