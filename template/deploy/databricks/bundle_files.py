"""The bundle of one environment: the jobs as they are here, plus what conf/ sets for it."""

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
from refusals import THREE_LEVELS, refuse_local_settings, refuse_unfit_lock
from release_record import Release
from runtime import read_runtime
from section import Section, read

HERE = Path(__file__).parent
JOBS = (
    *("train", "promote_by_rule", "promote", "score", "monitor", "retrain"),
    *("rollback", "pause", "resume", "smoke"),
)
OPERATOR_JOBS = tuple(name for name in JOBS if not name.startswith("promote"))
DATA_FACTORY = HERE.parent / "data-factory"  # exists where Data Factory starts the jobs
ONLINE = HERE / "online"  # exists where the project serves predictions online

Text = Annotated[str, Field(min_length=1)]


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
    tags: dict[Text, str] = Field(default={})


class Endpoint(Section):
    """The section `deployment.endpoint:`, for the endpoint of Model Serving."""

    size: Literal["Small", "Medium", "Large"] = "Small"
    scale_to_zero: bool = False
    callers: str = "admins"


class OnlineDeployment(Deployment):
    """The section `deployment:` of a project that serves predictions online."""

    endpoint: Endpoint = Endpoint()


HINTS = {
    "host": "write https://<workspace>",
    "volume": "write catalog.schema.volume",
    "endpoint.size": "write Small, Medium or Large",
}


def write(settings: Any, release: Release, folder: Path) -> None:
    """Write the bundle of one environment, and the requirements of its jobs.

    Args:
        settings: The settings of the environment.
        release: What release.json will contain, without its files.
        folder: Where to write: `deploy/<environment>` of the release.

    Raises Refusal for a mistake in conf/, and for a lock file that Databricks cannot install.
    """
    deployment = read_deployment(settings)
    refuse_local_settings(settings)
    runtime = read_runtime()
    release_root = folder.parent.parent
    requirements = (release_root / "requirements.txt").read_text(encoding="utf-8")
    refuse_unfit_lock(runtime, requirements)
    volume_folder = release_folder(deployment, release)
    digest = hashlib.sha256((release_root / release.wheel).read_bytes()).hexdigest()
    wheel = f"{release.project} @ file://{volume_folder}/{release.wheel} --hash=sha256:{digest}\n"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(requirements + wheel, encoding="utf-8")
    online_files = [path for path in ONLINE.glob("*") if path.is_file()]
    for file in [HERE / "databricks.yml", HERE / "jobs.yml", *online_files]:
        shutil.copy(file, folder)
    target = bundle_target(settings, deployment)
    target["variables"]["release"] = volume_folder
    target["variables"]["environment_version"] = runtime.environment_version
    write_target(settings.env, target, folder)
    if data_factory_starts_jobs(settings.env):
        data_factory().render(settings, release.project, folder)


def release_folder(deployment: Deployment, release: Release) -> str:
    """Return the folder of a release on the volume."""
    folders = [*deployment.volume.split("."), release.project, release.version]
    return "/".join(["/Volumes", *folders])


def write_target(env: str, target: dict[str, Any], folder: Path) -> None:
    """Write environment.yml, which the bundle includes: the part that differs by environment."""
    comment = f"# What differs in {env}, written from conf/ when the release was built.\n"
    text = yaml.safe_dump({"targets": {env: target}}, sort_keys=False, allow_unicode=True)
    (folder / "environment.yml").write_text(comment + text, encoding="utf-8")


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment:`; raise Refusal for a mistake in it."""
    where = f"conf/{settings.env}.yml: deployment"
    written = dict(settings.deployment)
    if DATA_FACTORY.exists():
        written.pop("data_factory", None)  # factory.py reads this part
    model = OnlineDeployment if ONLINE.is_dir() else Deployment
    deployment = read(model, written, where, HINTS)
    if settings.env != "dev" and not (deployment.trainer and deployment.promoter):
        raise Refusal(f"{where}: name the service principals trainer and promoter.")
    if deployment.trainer and deployment.trainer == deployment.promoter:
        raise Refusal(
            f"{where}: trainer and promoter are the same service principal; use two, so that "
            "who trains cannot promote."
        )
    return deployment


def data_factory_starts_jobs(env: str) -> bool:
    """Return whether Data Factory starts the jobs of an environment; in dev a person does."""
    return DATA_FACTORY.exists() and env != "dev"


def data_factory() -> Any:
    """Return the module `factory` of deploy/data-factory."""
    if str(DATA_FACTORY) not in sys.path:
        sys.path.insert(0, str(DATA_FACTORY))
    return importlib.import_module("factory")


def bundle_target(settings: Any, deployment: Deployment) -> dict[str, Any]:
    """Return the bundle's target: what conf/ sets for this environment."""
    tags = {"project": settings.project_name, "environment": settings.env} | deployment.tags
    target: dict[str, Any] = {
        "workspace": {"host": deployment.host},
        "presets": {"tags": tags},
        "variables": bundle_variables(settings, deployment),
    }
    if deployment.viewers:
        target["permissions"] = [{"group_name": deployment.viewers, "level": "CAN_VIEW"}]
    jobs = {name: job_settings(name, deployment) for name in JOBS}
    if data_factory_starts_jobs(settings.env):
        identity = data_factory().read_deployment(settings).identity
        permission = {"service_principal_name": identity, "level": "CAN_MANAGE_RUN"}
        for command in schedules.COMMANDS:
            jobs[command].setdefault("permissions", []).append(permission)
    if not DATA_FACTORY.exists():
        for schedule in schedules.read(settings.schedules):
            jobs[schedule.command]["schedule"] = {
                "quartz_cron_expression": schedule.quartz,
                "timezone_id": schedule.zone,
                "pause_status": "UNPAUSED",
            }
    jobs_with_settings = {name: job for name, job in jobs.items() if job}
    if jobs_with_settings:
        target["resources"] = {"jobs": jobs_with_settings}
    return target


def bundle_variables(settings: Any, deployment: Deployment) -> dict[str, str]:
    """Return the bundle's variables for this environment; an empty one keeps its default."""
    team_address = re.search(r"<(.+)>", settings.team)
    variables = {
        "notify": deployment.notify or (team_address[1] if team_address else settings.team),
        "experiments": settings.experiments,
        "trainer": deployment.trainer,
        "promoter": deployment.promoter,
    }
    if isinstance(deployment, OnlineDeployment):
        variables["size"] = deployment.endpoint.size
        variables["scale_to_zero"] = str(deployment.endpoint.scale_to_zero).lower()
        variables["callers"] = deployment.endpoint.callers
    return {name: value for name, value in variables.items() if value}


def job_settings(name: str, deployment: Deployment) -> dict[str, Any]:
    """Return what conf/ sets for a job: who may start it, its budget, who hears of a failure."""
    job: dict[str, Any] = {}
    if deployment.operators and name in OPERATOR_JOBS:
        job["permissions"] = [{"group_name": deployment.operators, "level": "CAN_MANAGE_RUN"}]
    if deployment.budget_policy:
        job["budget_policy_id"] = deployment.budget_policy
    if deployment.webhook:
        job["webhook_notifications"] = {"on_failure": [{"id": deployment.webhook}]}
    return job
