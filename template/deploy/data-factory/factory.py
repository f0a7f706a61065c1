"""Data Factory: its pipelines start the jobs of Databricks once the data has arrived.

A release holds for each environment the template that Azure deploys: a pipeline for each command
that a schedule may start, one that tells the team of a failure, and a trigger for each schedule.
A verdict, such as a rejected model, branches inside a job; for Data Factory the job succeeded.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import arm
import section
import triggers
from commands import Refusal, az
from pydantic import Field
from schedules import COMMANDS, read
from section import Section

FOLDER = "data-factory"  # in what a release holds for an environment
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

Name = Annotated[str, Field(pattern=r"^[\w.() -]+$")]
Command = Literal["score", "monitor", "retrain", "train"]
File = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[^/\[\]]+/[^\[\]]*[^/\[\]]$")]


class Alert(Section):
    """The secret that holds the address which is told of a failure."""

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


def render(settings: Any, release: dict[str, Any], folder: Path) -> None:
    """Write what Azure deploys to one environment; raises Refusal for what conf/ says wrongly."""
    written, planned = read_deployment(settings), read(settings.schedules)
    place = arm.Place(written.factory, release["project"], settings.env)
    resources = [arm.alert_pipeline(place, written.alert.vault, written.alert.secret)]
    if written.storage:
        resources.append(arm.arrival_dataset(place, written.storage))
    for command in COMMANDS:  # also without a schedule: a person may start it
        file = written.arrival.get(command)
        arrival = arm.waiting(place, file, written.max_wait) if file else None
        resources.append(arm.for_command(place, command, written.databricks, arrival))
    resources += [triggers.trigger(place, schedule) for schedule in planned]
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {command: {"type": "string"} for command in COMMANDS},  # ids of the jobs
        "resources": resources,
    }
    facts = {
        "subscription": written.subscription,
        "resource_group": written.resource_group,
        "factory": written.factory,
        "deployment": place.named("jobs"),
        "ours": [place.named(command) for command in COMMANDS],  # what our triggers may be called
        "triggers": [place.named(schedule.command) for schedule in planned],
    }
    (folder / FOLDER).mkdir(parents=True)
    for name, content in (("template.json", template), ("factory.json", facts)):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / FOLDER / name).write_text(text + "\n", encoding="utf-8")


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment.data_factory:`; raises Refusal with the key and the remedy."""
    where = f"conf/{settings.env}.yml: deployment.data_factory"
    found = section.read(Deployment, settings.deployment.get("data_factory", {}), where, HINTS)
    if found.arrival and not found.storage:
        raise Refusal(f"{where}.storage: name the linked service where the files arrive.")
    return found


def deploy(release: Path, env: str, summary: str) -> None:
    """Deploy the pipelines and triggers of a release; `summary` is the bundle's, as JSON.

    Azure refuses to change a trigger that runs. Ours are stopped and started again, and one
    whose schedule is gone is deleted; what else lives in the factory is left alone.
    """
    folder = release / "deploy" / env / FOLDER
    facts = json.loads((folder / "factory.json").read_text(encoding="utf-8"))
    ids = job_ids(summary)
    group = (
        f"--resource-group={facts['resource_group']}",
        f"--subscription={facts['subscription']}",
    )
    factory = (f"--factory-name={facts['factory']}", *group)
    found = json.loads(az("datafactory", "trigger", "list", *factory, "--output=json"))
    ours = {one["name"]: one["properties"] for one in found if one["name"] in facts["ours"]}
    for name, properties in ours.items():
        if properties.get("runtimeState") != "Stopped":
            az("datafactory", "trigger", "stop", f"--name={name}", *factory)
    for name in sorted(ours.keys() - set(facts["triggers"])):
        az("datafactory", "trigger", "delete", f"--name={name}", *factory, "--yes")
    az(
        *("deployment", "group", "create", f"--name={facts['deployment']}", *group),
        *("--mode=Incremental", f"--template-file={folder / 'template.json'}"),
        *("--parameters", *(f"{command}={number}" for command, number in ids.items())),
        "--output=none",
    )
    for name in facts["triggers"]:
        az("datafactory", "trigger", "start", f"--name={name}", *factory)


def job_ids(summary: str) -> dict[str, str]:
    """Return the ids of the jobs that pipelines start; raises Refusal where one is not there."""
    jobs = json.loads(summary).get("resources", {}).get("jobs", {})
    missing = [command for command in COMMANDS if not jobs.get(command, {}).get("id")]
    if missing:
        raise Refusal(
            f"The bundle has no job {missing[0]}: `databricks bundle deploy` comes first."
        )
    return {command: str(jobs[command]["id"]) for command in COMMANDS}
