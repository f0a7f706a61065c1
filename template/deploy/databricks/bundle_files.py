"""The bundle of one environment: the jobs as they lie here, and what conf/ says beside them."""

import difflib
import hashlib
import importlib
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import schedules
import yaml
from commands import Refusal
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field, ValidationError

HERE = Path(__file__).parent
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


def write(settings: Any, release: dict[str, Any], folder: Path) -> None:
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
