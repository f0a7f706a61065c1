"""The bundle of one environment: the jobs as they lie here, and what conf/ says beside them."""

import hashlib
import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import schedules
import yaml
from commands import Refusal
from pydantic import Field
from refusals import THREE_LEVELS, refuse_what_does_not_fit, refuse_what_is_local
from section import Section, read

HERE = Path(__file__).parent
JOBS = (
    *("train", "promote_by_rule", "promote", "score", "monitor", "retrain"),
    *("rollback", "pause", "resume", "smoke"),
)
BY_A_PERSON = tuple(name for name in JOBS if not name.startswith("promote"))  # of the operators
ELSEWHERE = HERE.parent / "data-factory"  # which starts the jobs then
ONLINE = HERE / "online"  # there where an endpoint answers one by one

Line = Annotated[str, Field(min_length=1)]


class Deployment(Section):
    """The section `deployment:` of an environment."""

    host: str = Field(pattern=r"^https://[\w.-]+$")
    volume: str = Field(pattern=THREE_LEVELS)
    trainer: str = ""
    promoter: str = ""
    notify: str = ""
    webhook: str = ""
    viewers: str = ""
    operators: str = ""
    budget_policy: str = ""
    tags: dict[Line, str] = Field(default={})


class Endpoint(Section):
    """The part `deployment.endpoint:`, of what answers one by one."""

    size: Literal["Small", "Medium", "Large"] = "Small"
    scale_to_zero: bool = False
    callers: str = "admins"


class OnlineDeployment(Deployment):
    """The same with an endpoint of Model Serving."""

    endpoint: Endpoint = Endpoint()


HINTS = {
    "host": "write https://<workspace>",
    "volume": "write catalog.schema.volume",
    "endpoint.size": "write Small, Medium or Large",
}


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
    place = place_of(deployment, release)
    digest = hashlib.sha256((built / release["wheel"]).read_bytes()).hexdigest()
    wheel = f"{release['project']} @ file://{place}/{release['wheel']} --hash=sha256:{digest}\n"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(requirements + wheel, encoding="utf-8")
    parts = [HERE / "databricks.yml", HERE / "jobs.yml"]
    for file in [*parts, *filter(Path.is_file, ONLINE.glob("*"))]:
        shutil.copy(file, folder)
    target = target_of(settings, deployment)
    target["variables"] |= {"release": place, "environment_version": runtime["environment_version"]}
    write_target(settings.env, target, folder)
    if starts_elsewhere(settings.env):
        factory().render(settings, release, folder)


def place_of(deployment: Deployment, release: dict[str, Any]) -> str:
    """Return where a release lies on the volume."""
    folders = [*deployment.volume.split("."), release["project"], release["version"]]
    return "/".join(["/Volumes", *folders])


def write_target(env: str, target: dict[str, Any], folder: Path) -> None:
    """Write what the bundle reads beside what is the same everywhere."""
    text = yaml.safe_dump({"targets": {env: target}}, sort_keys=False, allow_unicode=True)
    told = f"# What differs in {env}, written from conf/ when the release was built.\n"
    (folder / "environment.yml").write_text(told + text, encoding="utf-8")


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment:`; raises Refusal with the key and the remedy."""
    where = f"conf/{settings.env}.yml: deployment"
    written = dict(settings.deployment)
    if ELSEWHERE.exists():
        written.pop("data_factory", None)  # which is read there
    found = read(OnlineDeployment if ONLINE.is_dir() else Deployment, written, where, HINTS)
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


def target_of(settings: Any, deployment: Deployment) -> dict[str, Any]:
    """Return what the bundle's target says beyond what is the same everywhere."""
    address = re.search(r"<(.+)>", settings.team)
    notify = deployment.notify or (address[1] if address else settings.team)
    target: dict[str, Any] = {"workspace": {"host": deployment.host}}
    if deployment.viewers:
        target["permissions"] = [{"group_name": deployment.viewers, "level": "CAN_VIEW"}]
    tags = {"project": settings.project_name, "environment": settings.env} | deployment.tags
    target["presets"] = {"tags": tags}
    people = {"trainer": deployment.trainer, "promoter": deployment.promoter}
    variables = {"notify": notify, "experiments": settings.experiments} | people
    if isinstance(deployment, OnlineDeployment):
        wanted = deployment.endpoint
        sleeps = str(wanted.scale_to_zero).lower()
        variables |= {"size": wanted.size, "scale_to_zero": sleeps, "callers": wanted.callers}
    target["variables"] = {name: value for name, value in variables.items() if value}
    jobs = {name: job(name, deployment) for name in JOBS}
    if starts_elsewhere(settings.env):
        identity = factory().read_deployment(settings).identity
        runner = {"service_principal_name": identity, "level": "CAN_MANAGE_RUN"}
        for command in schedules.COMMANDS:
            jobs[command].setdefault("permissions", []).append(runner)
    for schedule in [] if ELSEWHERE.exists() else schedules.read(settings.schedules):
        when = {"quartz_cron_expression": schedule.quartz, "timezone_id": schedule.zone}
        jobs[schedule.command]["schedule"] = when | {"pause_status": "UNPAUSED"}
    target["resources"] = {"jobs": {name: found for name, found in jobs.items() if found}}
    return {key: value for key, value in target.items() if value != {"jobs": {}}}


def job(name: str, deployment: Deployment) -> dict[str, Any]:
    """Return what an environment says of a job: who may start it, who pays, who is told."""
    found: dict[str, Any] = {}
    if deployment.operators and name in BY_A_PERSON:
        people = {"group_name": deployment.operators, "level": "CAN_MANAGE_RUN"}
        found["permissions"] = [people]
    if deployment.budget_policy:
        found["budget_policy_id"] = deployment.budget_policy
    if deployment.webhook:
        found["webhook_notifications"] = {"on_failure": [{"id": deployment.webhook}]}
    return found
