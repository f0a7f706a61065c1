"""Read from conf/ where Databricks keeps what belongs to an environment."""

import re
from pathlib import Path
from typing import Any

import yaml

from commands import Refusal

NAME = r"[\w-]+\.[\w-]+\.[\w-]+"
HOST = r"https://[\w.-]+"


def read_workspaces(envs: tuple[str, ...]) -> list[str]:
    """Return address, volumes and folder of each environment that conf/ says something of.

    Raises Refusal for one that says it in part, or lets those who train write releases.
    """
    told = [(env, read(env)) for env in envs]
    return [described(env, facts) for env, facts in told if facts.get("deployment")]


def read(env: str) -> dict[str, Any]:
    """Return what base.yml and the environment's file say together."""
    base, own = (
        yaml.safe_load(Path(f"conf/{name}.yml").read_text(encoding="utf-8")) or {}
        for name in ("base", env)
    )
    deployment = {**(base.get("deployment") or {}), **(own.get("deployment") or {})}
    return {**base, **own, "deployment": deployment}


def described(env: str, facts: dict[str, Any]) -> str:
    """Return the line of one environment."""
    deployment = facts["deployment"]
    place = str(facts.get("predictions", "")).removeprefix("/Volumes/").split("/")
    told = {
        "deployment.host": (deployment.get("host"), HOST, "https://<workspace>"),
        "deployment.volume": (deployment.get("volume"), NAME, "catalog.schema.volume"),
        "predictions": (".".join(place[:3]), NAME, "/Volumes/catalog/schema/volume/predictions"),
        "registered_model": (facts.get("registered_model"), NAME, "catalog.schema.model"),
        "experiments": (facts.get("experiments"), r"/[\w./-]+", "a folder, such as /Shared/risk"),
    }
    for key, (value, pattern, example) in told.items():
        if not re.fullmatch(pattern, str(value)):
            raise Refusal(f"conf/{env}.yml: {key}: write {example}, then repeat.")
    host, releases, data, model, folder = (value for value, _, _ in told.values())
    if data == releases:
        words = "lies on the volume of the releases, which who trains may not write"
        raise Refusal(f"conf/{env}.yml: predictions {words}: name another volume.")
    return "|".join([env, host, releases, data, model, folder])
