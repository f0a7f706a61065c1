"""The script for Databricks: who deploys, who trains, who promotes, and their rights.

conf/ says where each environment stores its releases, its data and its model.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from script import DEPLOYED, Project, Script, each

from commands import Refusal

NAME = r"[\w-]+\.[\w-]+\.[\w-]+"
HOST = r"https://[\w.-]+"
FOLDER = r"/[\w./-]+"


def scripts(project: Project) -> dict[str, Script]:
    """Return the script for the account, or none before conf/ says where the environments are.

    A pipeline deploys with its own identity; without pipelines, a person deploys.
    """
    configured = {env: configuration(env) for env in DEPLOYED}
    environments = {
        env: environment_line(env, settings)
        for env, settings in configured.items()
        if settings.get("deployment")
    }
    if not environments:
        print("Databricks: add `deployment:` to conf/test.yml, then run this again.")
        return {}
    has_pipelines = project.ci != "none"
    lines = [
        f"{line}|${env.upper()}_CLIENT_ID" if has_pipelines else f"{line}|"
        for env, line in environments.items()
    ]
    script = Script(
        files=["databricks/databricks.sh"],
        asked=["ACCOUNT", *(each("CLIENT_ID") if has_pipelines else [])],
        known={"name": project.name, "environments": lines},
    )
    return {"databricks.sh": script}


def configuration(env: str) -> dict[str, Any]:
    """Return what base.yml and the environment's file say together."""
    base = read_yaml(Path("conf/base.yml"))
    own = read_yaml(Path(f"conf/{env}.yml"))
    deployment = {**(base.get("deployment") or {}), **(own.get("deployment") or {})}
    return {**base, **own, "deployment": deployment}


def read_yaml(file: Path) -> dict[str, Any]:
    """Return the content of a configuration file, which may be empty."""
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def environment_line(env: str, settings: dict[str, Any]) -> str:
    """Return host, volumes, model and folder of an environment, as databricks.sh reads them.

    Raises Refusal where conf/ lacks one of them, or lets the trainer write releases.
    """
    deployment = settings["deployment"]
    host = str(deployment.get("host"))
    if not re.fullmatch(HOST, host):
        raise wrong_value(env, "deployment.host", "https://<workspace>")
    releases = str(deployment.get("volume"))
    if not re.fullmatch(NAME, releases):
        raise wrong_value(env, "deployment.volume", "catalog.schema.volume")
    predictions = str(settings.get("predictions", ""))
    data = ".".join(predictions.removeprefix("/Volumes/").split("/")[:3])
    if not re.fullmatch(NAME, data):
        raise wrong_value(env, "predictions", "/Volumes/catalog/schema/volume/predictions")
    model = str(settings.get("registered_model"))
    if not re.fullmatch(NAME, model):
        raise wrong_value(env, "registered_model", "catalog.schema.model")
    folder = str(settings.get("experiments"))
    if not re.fullmatch(FOLDER, folder):
        raise wrong_value(env, "experiments", "a folder, such as /Shared/risk")
    if data == releases:
        raise Refusal(
            f"conf/{env}.yml: predictions is on the volume of the releases, which the trainer must "
            "not write: name another volume."
        )
    return "|".join([env, host, releases, data, model, folder])


def wrong_value(env: str, key: str, example: str) -> Refusal:
    """Return the error about a value that is missing or malformed."""
    return Refusal(f"conf/{env}.yml: {key}: write {example}, then repeat.")
