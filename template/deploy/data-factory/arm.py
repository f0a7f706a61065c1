"""What Azure deploys, as plain data: pipelines, and the dataset of the file that arrives."""

import re
from dataclasses import dataclass
from typing import Any

API = "2018-06-01"
KEY_VAULT_API = "7.4"
WAIT, RUN, READ, TELL = "Wait for the data", "Run the job", "Read the address", "Tell the team"

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A data factory, and whose part of it this is."""

    factory: str
    project: str
    env: str

    def named(self, what: str) -> str:
        """Return the name of something that is ours; a dataset's must not hold a hyphen."""
        return "_".join([self.project.replace("-", "_"), self.env, what])

    def resource(self, kind: str, what: str, properties: Json, *needs: tuple[str, str]) -> Json:
        """Return a resource, which is deployed after those that it needs: their kinds and names."""
        kinds = "Microsoft.DataFactory/factories"
        ids = (f"'{kinds}/{k}', '{self.factory}', '{self.named(name)}'" for k, name in needs)
        return {
            "type": f"{kinds}/{kind}",
            "apiVersion": API,
            "name": f"{self.factory}/{self.named(what)}",
            "dependsOn": [f"[resourceId({words})]" for words in ids],
            "properties": {"annotations": [self.project, self.env]} | properties,
        }


def for_command(place: Place, command: str, databricks: str, arrival: Json | None) -> Json:
    """Return the pipeline that runs a job of Databricks, after a file has arrived where one must.

    The parameter of the template with the command's name holds the job's id.
    """
    day = "@pipeline().parameters.as_of"
    job: Json = {
        "name": RUN,
        "type": "DatabricksJob",
        "dependsOn": [after(WAIT, "Succeeded")] if arrival else [],
        "policy": {"timeout": "0.12:00:00", "retry": 0},  # the job itself knows what to repeat
        "linkedServiceName": {"referenceName": databricks, "type": "LinkedServiceReference"},
        "typeProperties": {
            "jobId": f"[parameters('{command}')]",
            "jobParameters": {"as_of": expression(day)},
        },
    }
    failed = tell(place, "Tell that the job failed", RUN, f"{command} failed in Databricks")
    activities = [job, failed]
    needs = [("pipelines", "alert")]
    if arrival:
        late = tell(place, "Tell that no data came", WAIT, f"no data came for {command}")
        activities = [arrival, job, late, failed]
        needs.append(("datasets", "arrival"))
    about = f"Start {command} of {place.project} in {place.env}; as_of: a date, empty for today's"
    return place.resource(
        "pipelines",
        command,
        {
            "description": about,
            "concurrency": 1,  # a second run waits for the first
            "parameters": {"as_of": {"type": "String", "defaultValue": ""}},
            "activities": activities,
        },
        *needs,
    )


def waiting(place: Place, file: str, hours: int) -> Json:
    """Return the activity that looks every five minutes whether a file is there."""
    inside = re.sub(r"@\{[^}]*\}", lambda found: found[0].replace("/", "\0"), file)
    folder, _, name = inside.rpartition("/")
    container, _, folder = folder.partition("/")
    words = {"container": container, "folder": folder, "file": name}
    values = {key: text.replace("\0", "/") for key, text in words.items()}
    return {
        "name": WAIT,
        "type": "Validation",
        "dependsOn": [],
        "typeProperties": {
            "dataset": {
                "referenceName": place.named("arrival"),
                "type": "DatasetReference",
                "parameters": {k: expression(v) if "@" in v else v for k, v in values.items()},
            },
            "timeout": f"{hours // 24}.{hours % 24:02}:00:00",
            "sleep": 300,
        },
    }


def arrival_dataset(place: Place, storage: str) -> Json:
    """Return the dataset of a file in a storage of Azure Data Lake."""
    parts = {"fileSystem": "container", "folderPath": "folder", "fileName": "file"}
    location = {key: expression(f"@dataset().{value}") for key, value in parts.items()}
    return place.resource(
        "datasets",
        "arrival",
        {
            "type": "Binary",
            "linkedServiceName": {"referenceName": storage, "type": "LinkedServiceReference"},
            "parameters": {name: {"type": "String"} for name in parts.values()},
            "typeProperties": {"location": {"type": "AzureBlobFSLocation"} | location},
        },
    )


def alert_pipeline(place: Place, vault: str, secret: str) -> Json:
    """Return the pipeline that tells the team and then fails, so that the one which calls it does.

    The address is a secret: it is read when it is needed, and kept out of every log.
    """
    answer = f"@activity('{READ}').output.value"
    resource = f"https://{vault.removeprefix('https://').partition('.')[2]}"
    read = {
        "name": READ,
        "type": "WebActivity",
        "dependsOn": [],
        "policy": {"timeout": "0.00:05:00", "retry": 2, "secureOutput": True},
        "typeProperties": {
            "method": "GET",
            "url": f"{vault}/secrets/{secret}?api-version={KEY_VAULT_API}",
            "authentication": {"type": "MSI", "resource": resource},
        },
    }
    send = {
        "name": TELL,
        "type": "WebActivity",
        "dependsOn": [after(READ, "Succeeded")],
        "policy": {"timeout": "0.00:05:00", "retry": 2, "secureInput": True},
        "typeProperties": {
            "method": "POST",
            "url": expression(answer),
            "headers": {"Content-Type": "application/json"},
            "body": expression('{"text": "@{pipeline().parameters.what}"}'),
        },
    }
    fail = {
        "name": "Fail",
        "type": "Fail",
        "dependsOn": [after(TELL, "Succeeded")],
        "typeProperties": {
            "message": expression("@pipeline().parameters.what"),
            "errorCode": "told",
        },
    }
    about = f"Tell the team of {place.project} what failed in {place.env}, and fail"
    parameters = {"what": {"type": "String"}}
    properties = {"description": about, "parameters": parameters, "activities": [read, send, fail]}
    return place.resource("pipelines", "alert", properties)


def tell(place: Place, name: str, failed: str, what: str) -> Json:
    """Return the activity that tells of another which failed."""
    run = "run @{pipeline().RunId} of @{pipeline().Pipeline} in @{pipeline().DataFactory}"
    told = expression(f"{place.project} in {place.env}: {what}; see {run}")
    return {
        "name": name,
        "type": "ExecutePipeline",
        "dependsOn": [after(failed, "Failed")],
        "typeProperties": {
            "pipeline": {"referenceName": place.named("alert"), "type": "PipelineReference"},
            "waitOnCompletion": True,
            "parameters": {"what": told},
        },
    }


def after(activity: str, condition: str) -> Json:
    """Return the dependency on how another activity ended."""
    return {"activity": activity, "dependencyConditions": [condition]}


def expression(text: str) -> Json:
    """Return a text that Data Factory evaluates."""
    return {"value": text, "type": "Expression"}
