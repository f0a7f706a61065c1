"""Data Factory: pipelines that start the jobs of Databricks, once their data has arrived.

For each environment a release contains the template that Azure deploys: a pipeline for each command
that may be scheduled, one that alerts the team to a failure, and a trigger for each schedule. A
verdict such as a rejected model branches inside the job; for Data Factory that job has succeeded.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import arm
import section
import triggers
from commands import Refusal, az
from pydantic import Field
from schedules import COMMANDS, read
from section import Section

FOLDER = "data-factory"  # in the folder that a release has for each environment
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

Name = Annotated[str, Field(pattern=r"^[\w.() -]+$")]
Command = Literal["score", "monitor", "retrain", "train"]
File = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[^/\[\]]+/[^\[\]]*[^/\[\]]$")]


class Alert(Section):
    """The secret that contains the webhook address to which failures are reported."""

    vault: str = Field(pattern=r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+$")
    secret: str = Field(pattern=r"^[A-Za-z0-9-]+$")


class Deployment(Section):
    """The section `deployment.data_factory:` of an environment."""

    subscription: Name
    resource_group: Name
    factory: str = Field(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", min_length=3, max_length=63)
    identity: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    databricks: Name
    alert: Alert
    storage: Name | None = None
    arrival: dict[Command, File] = Field(default={})
    max_wait: int = Field(default=12, ge=1, le=168)


HINTS = {
    "factory": "write 3 to 63 letters, digits and single hyphens",
    "identity": "write the application id of the factory's managed identity",
    "alert": "write vault, such as https://kv-risk-prod.vault.azure.net, and the secret's name",
    "arrival": f"write container/folder/file for {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}",
    "max_wait": "write 1 to 168 hours",
}


@dataclass(frozen=True)
class Target:
    """Where the pipelines of a release are deployed: factory.json."""

    subscription: str
    resource_group: str
    factory: str
    deployment: str
    """The name of the deployment in Azure."""
    ours: list[str]
    """Every name that a trigger of this project may have."""
    triggers: list[str]
    """The names of the triggers that this release has."""


def render(settings: Any, project: str, folder: Path) -> None:
    """Write what Azure deploys to one environment; raise Refusal for a mistake in conf/.

    Args:
        settings: The settings of the environment.
        project: The project's name.
        folder: Where to write: `deploy/<environment>` of the release.
    """
    deployment = read_deployment(settings)
    schedules = read(settings.schedules)
    place = arm.Place(deployment.factory, project, settings.env)
    resources = [arm.alert_pipeline(place, deployment.alert.vault, deployment.alert.secret)]
    if deployment.storage:
        resources.append(arm.arrival_dataset(place, deployment.storage))
    for command in COMMANDS:  # without a schedule too: a person may start it
        file = deployment.arrival.get(command)
        arrival = arm.wait_for_file(place, file, deployment.max_wait) if file else None
        resources.append(arm.job_pipeline(place, command, deployment.databricks, arrival))
    resources += [triggers.trigger(place, schedule) for schedule in schedules]
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {command: {"type": "string"} for command in COMMANDS},  # ids of the jobs
        "resources": resources,
    }
    target = Target(
        subscription=deployment.subscription,
        resource_group=deployment.resource_group,
        factory=deployment.factory,
        deployment=place.named("jobs"),
        ours=[place.named(command) for command in COMMANDS],
        triggers=[place.named(schedule.command) for schedule in schedules],
    )
    (folder / FOLDER).mkdir(parents=True)
    write_json(folder / FOLDER / "template.json", template)
    write_json(folder / FOLDER / "factory.json", asdict(target))


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment.data_factory:`; raise Refusal for a mistake in it."""
    where = f"conf/{settings.env}.yml: deployment.data_factory"
    written = settings.deployment.get("data_factory", {})
    deployment = section.read(Deployment, written, where, HINTS)
    if deployment.arrival and not deployment.storage:
        raise Refusal(f"{where}.storage: name the linked service where the files arrive.")
    return deployment


def deploy(release: Path, env: str, summary: str) -> None:
    """Deploy the pipelines and triggers of a release; `summary` is the bundle's, as JSON.

    Azure refuses to change a trigger that runs, so ours are stopped before and started again after.
    A trigger without a schedule is deleted. Everything else in the factory stays as it is.
    """
    folder = release / "deploy" / env / FOLDER
    target = read_target(folder)
    ids = job_ids(summary)
    group = (f"--resource-group={target.resource_group}", f"--subscription={target.subscription}")
    factory = (f"--factory-name={target.factory}", *group)
    existing = json.loads(az("datafactory", "trigger", "list", *factory, "--output=json"))
    ours = {each["name"]: each["properties"] for each in existing if each["name"] in target.ours}
    for name, properties in ours.items():
        if properties.get("runtimeState") != "Stopped":
            az("datafactory", "trigger", "stop", f"--name={name}", *factory)
    for name in sorted(ours.keys() - set(target.triggers)):
        az("datafactory", "trigger", "delete", f"--name={name}", *factory, "--yes")
    az(
        *("deployment", "group", "create", f"--name={target.deployment}", *group),
        *("--mode=Incremental", f"--template-file={folder / 'template.json'}"),
        *("--parameters", *(f"{command}={job_id}" for command, job_id in ids.items())),
        "--output=none",
    )
    for name in target.triggers:
        az("datafactory", "trigger", "start", f"--name={name}", *factory)


def read_target(folder: Path) -> Target:
    """Return where the pipelines of a release are deployed."""
    return Target(**json.loads((folder / "factory.json").read_text(encoding="utf-8")))


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write a JSON file."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def job_ids(summary: str) -> dict[str, str]:
    """Return the ids of the jobs that the pipelines start; raise Refusal where one is missing."""
    jobs = json.loads(summary).get("resources", {}).get("jobs", {})
    for command in COMMANDS:
        if not jobs.get(command, {}).get("id"):
            raise Refusal(
                f"The bundle has no job {command}: run `databricks bundle deploy` before."
            )
    return {command: str(jobs[command]["id"]) for command in COMMANDS}
