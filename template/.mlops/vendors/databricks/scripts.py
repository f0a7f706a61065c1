"""What is asked of Databricks: who deploys, who trains, who promotes, and their rights.

conf/ says where each environment keeps its releases, its data and its model.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from script import DEPLOYED, Project, Script, each

from commands import Refusal

NAME = r"[\w-]+\.[\w-]+\.[\w-]+"
HOST = r"https://[\w.-]+"


def scripts(project: Project) -> dict[str, Script]:
    """Return the script for the account, once conf/ says where the environments are.

    A pipeline deploys by its own identity; without pipelines a person does, by his own.
    """
    configured = {env: configuration(env) for env in DEPLOYED}
    environments = {
        env: described(env, settings)
        for env, settings in configured.items()
        if settings.get("deployment")
    }
    if not environments:
        print("Once conf/test.yml has its `deployment:`, run this again for Databricks.")
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
    base, own = (
        yaml.safe_load(Path(f"conf/{name}.yml").read_text(encoding="utf-8")) or {}
        for name in ("base", env)
    )
    deployment = {**(base.get("deployment") or {}), **(own.get("deployment") or {})}
    return {**base, **own, "deployment": deployment}


def described(env: str, settings: dict[str, Any]) -> str:
    """Return address, volumes, model and folder of an environment, as databricks.sh reads them.

    Raises Refusal where conf/ says them in part, or lets those who train write releases.
    """
    deployment = settings["deployment"]
    volume = str(settings.get("predictions", "")).removeprefix("/Volumes/").split("/")
    wanted = {
        "deployment.host": (deployment.get("host"), HOST, "https://<workspace>"),
        "deployment.volume": (deployment.get("volume"), NAME, "catalog.schema.volume"),
        "predictions": (".".join(volume[:3]), NAME, "/Volumes/catalog/schema/volume/predictions"),
        "registered_model": (settings.get("registered_model"), NAME, "catalog.schema.model"),
        "experiments": (
            settings.get("experiments"),
            r"/[\w./-]+",
            "a folder, such as /Shared/risk",
        ),
    }
    for key, (value, pattern, example) in wanted.items():
        if not re.fullmatch(pattern, str(value)):
            raise Refusal(f"conf/{env}.yml: {key}: write {example}, then repeat.")
    host, releases, data, model, folder = (value for value, _, _ in wanted.values())
    if data == releases:
        raise Refusal(
            f"conf/{env}.yml: predictions lies on the volume of the releases, "
            "which who trains may not write: name another volume."
        )
    return "|".join([env, host, releases, data, model, folder])
