"""The resources that Azure deploys to a data factory: its pipelines, and a dataset."""

import re
from dataclasses import dataclass
from typing import Any

API = "2018-06-01"
KEY_VAULT_API = "7.4"
FACTORIES = "Microsoft.DataFactory/factories"

# Names of activities, as Data Factory shows them.
WAIT_FOR_DATA = "Wait for the data"
RUN_JOB = "Run the job"
READ_ADDRESS = "Read the webhook address"
ALERT_TEAM = "Alert the team"

SLASH = re.compile(r"/(?![^{]*\})")  # outside of an expression such as @{formatDateTime(…)}

Json = dict[str, Any]  # a resource, or a part of one, in the form of Azure


@dataclass(frozen=True)
class Place:
    """A data factory, and the project and environment whose resources these are."""

    factory: str
    project: str
    env: str

    def named(self, what: str) -> str:
        """Return the full name of a resource; underscores, as datasets allow no hyphens."""
        return "_".join([self.project.replace("-", "_"), self.env, what])

    def resource(self, kind: str, what: str, properties: Json, *needs: tuple[str, str]) -> Json:
        """Return a resource; `needs` are kind and name of those that are deployed before it."""
        ids = (
            f"'{FACTORIES}/{kind}', '{self.factory}', '{self.named(name)}'" for kind, name in needs
        )
        return {
            "type": f"{FACTORIES}/{kind}",
            "apiVersion": API,
            "name": f"{self.factory}/{self.named(what)}",
            "dependsOn": [f"[resourceId({arguments})]" for arguments in ids],
            "properties": {"annotations": [self.project, self.env]} | properties,
        }


def job_pipeline(place: Place, command: str, databricks: str, arrival: Json | None) -> Json:
    """Return the pipeline that runs the Databricks job of a command.

    Args:
        place: The data factory.
        command: The job's name. A parameter of this name contains the job's id.
        databricks: The linked service.
        arrival: The activity that waits for a file before, or None.
    """
    job: Json = {
        "name": RUN_JOB,
        "type": "DatabricksJob",
        "dependsOn": [after(WAIT_FOR_DATA, "Succeeded")] if arrival else [],
        "policy": {"timeout": "0.12:00:00", "retry": 0},  # the job repeats what may be repeated
        "linkedServiceName": {"referenceName": databricks, "type": "LinkedServiceReference"},
        "typeProperties": {
            "jobId": f"[parameters('{command}')]",
            "jobParameters": {"as_of": expression("@pipeline().parameters.as_of")},
        },
    }
    report_failure = call_alert(
        place, "Report the failed job", RUN_JOB, f"{command} failed in Databricks"
    )
    activities = [job, report_failure]
    needs = [("pipelines", "alert")]
    if arrival:
        report_missing = call_alert(
            place, "Report the missing data", WAIT_FOR_DATA, f"no data arrived for {command}"
        )
        activities = [arrival, job, report_missing, report_failure]
        needs.append(("datasets", "arrival"))
    description = (
        f"Run {command} of {place.project} in {place.env}; as_of: a date, empty for the default"
    )
    return place.resource(
        "pipelines",
        command,
        {
            "description": description,
            "concurrency": 1,  # a second run waits for the first
            "parameters": {"as_of": {"type": "String", "defaultValue": ""}},
            "activities": activities,
        },
        *needs,
    )


def wait_for_file(place: Place, file: str, hours: int) -> Json:
    """Return the activity that checks every five minutes whether a file has arrived.

    Args:
        place: The data factory.
        file: `container/folder/file`; each part may contain expressions, `@{…}`.
        hours: How long to wait.
    """
    container, *folders, name = SLASH.split(file)
    location = {"container": container, "folder": "/".join(folders), "file": name}
    parameters = {
        part: expression(text) if "@" in text else text for part, text in location.items()
    }
    return {
        "name": WAIT_FOR_DATA,
        "type": "Validation",
        "dependsOn": [],
        "typeProperties": {
            "dataset": {
                "referenceName": place.named("arrival"),
                "type": "DatasetReference",
                "parameters": parameters,
            },
            "timeout": f"{hours // 24}.{hours % 24:02}:00:00",
            "sleep": 300,
        },
    }


def arrival_dataset(place: Place, storage: str) -> Json:
    """Return the dataset of a file in Azure Data Lake Storage; its parameters name the file."""
    return place.resource(
        "datasets",
        "arrival",
        {
            "type": "Binary",
            "linkedServiceName": {"referenceName": storage, "type": "LinkedServiceReference"},
            "parameters": {name: {"type": "String"} for name in ("container", "folder", "file")},
            "typeProperties": {
                "location": {
                    "type": "AzureBlobFSLocation",
                    "fileSystem": expression("@dataset().container"),
                    "folderPath": expression("@dataset().folder"),
                    "fileName": expression("@dataset().file"),
                }
            },
        },
    )


def alert_pipeline(place: Place, vault: str, secret: str) -> Json:
    """Return the pipeline that alerts the team and then fails, so that its caller fails as well.

    The webhook address is a secret: it is read when it is needed, and appears in no log.
    """
    key_vault = f"https://{vault.removeprefix('https://').partition('.')[2]}"
    read_address = {
        "name": READ_ADDRESS,
        "type": "WebActivity",
        "dependsOn": [],
        "policy": {"timeout": "0.00:05:00", "retry": 2, "secureOutput": True},
        "typeProperties": {
            "method": "GET",
            "url": f"{vault}/secrets/{secret}?api-version={KEY_VAULT_API}",
            "authentication": {"type": "MSI", "resource": key_vault},
        },
    }
    send_alert = {
        "name": ALERT_TEAM,
        "type": "WebActivity",
        "dependsOn": [after(READ_ADDRESS, "Succeeded")],
        "policy": {"timeout": "0.00:05:00", "retry": 2, "secureInput": True},
        "typeProperties": {
            "method": "POST",
            "url": expression(f"@activity('{READ_ADDRESS}').output.value"),
            "headers": {"Content-Type": "application/json"},
            "body": expression('{"text": "@{pipeline().parameters.what}"}'),
        },
    }
    fail = {
        "name": "Fail",
        "type": "Fail",
        "dependsOn": [after(ALERT_TEAM, "Succeeded")],
        "typeProperties": {
            "message": expression("@pipeline().parameters.what"),
            "errorCode": "alerted",
        },
    }
    return place.resource(
        "pipelines",
        "alert",
        {
            "description": f"Alert the team of {place.project} to a failure in {place.env}",
            "parameters": {"what": {"type": "String"}},
            "activities": [read_address, send_alert, fail],
        },
    )


def call_alert(place: Place, name: str, failed_activity: str, what: str) -> Json:
    """Return the activity that runs the alert pipeline after another activity has failed."""
    run = "run @{pipeline().RunId} of @{pipeline().Pipeline} in @{pipeline().DataFactory}"
    message = expression(f"{place.project} in {place.env}: {what}; see {run}")
    return {
        "name": name,
        "type": "ExecutePipeline",
        "dependsOn": [after(failed_activity, "Failed")],
        "typeProperties": {
            "pipeline": {"referenceName": place.named("alert"), "type": "PipelineReference"},
            "waitOnCompletion": True,
            "parameters": {"what": message},
        },
    }


def after(activity: str, condition: str) -> Json:
    """Return a dependency on the result of another activity: Succeeded or Failed."""
    return {"activity": activity, "dependencyConditions": [condition]}


def expression(text: str) -> Json:
    """Return a text that Data Factory evaluates."""
    return {"value": text, "type": "Expression"}
