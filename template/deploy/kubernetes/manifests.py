"""The manifests of one environment: kustomize makes them of base/, online/ and what conf/ says."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import section
import yaml
from cluster import RESOURCE, kubectl
from commands import Refusal
from pydantic import Field, model_validator
from schedules import Schedule, read
from section import Section

HERE = Path(__file__).parent
WORK = Path("build/kubernetes")
ONLINE = HERE / "online"  # there where the project answers one by one
OWNER = {"app.kubernetes.io/managed-by": "mlops"}

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]


class Deployment(Section):
    """The section `deployment:` of an environment."""

    namespace: Name
    volume: Name
    cluster: str = Field(default="", pattern=f"(?i)^({RESOURCE})?$")
    context: str = ""
    cpu: str = Field(default="1", pattern=r"^\d+(\.\d+)?m?$")
    memory: str = Field(default="2Gi", pattern=r"^\d+(\.\d+)?[MG]i$")
    secret: Name | None = None
    pull_secret: Name | None = None
    replicas: int = Field(default=2, ge=1)
    max_replicas: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.max_replicas < self.replicas:
            raise ValueError("max_replicas must not be less than replicas")
        if self.cluster and self.context:
            raise ValueError("cluster and context both say which cluster: write one")
        return self


HINTS = {
    "namespace": "write the namespace's name",
    "volume": "write the name of the PersistentVolumeClaim that keeps predictions",
    "cluster": "write the resource ID of the AKS cluster, /subscriptions/…/managedClusters/…",
    "cpu": 'write cores, such as "2" or 500m',
    "memory": "write an amount, such as 2Gi",
}


def render(settings: Any, release: dict[str, Any], folder: Path) -> None:
    """Write the manifests of one environment: what is applied, and the job that a command is.

    Raises Refusal for what conf/ says wrongly, and for a release that cannot run in a pod.
    """
    deployment = read_deployment(settings)
    refuse_what_cannot_run(settings, deployment, release, folder)
    overlay = WORK / settings.env
    shutil.rmtree(overlay, ignore_errors=True)
    overlay.mkdir(parents=True)
    planned = [cron_job(schedule) for schedule in read(settings.schedules)]
    (overlay / "schedules.yml").write_text(yaml.safe_dump_all(planned), encoding="utf-8")
    written = kustomization(settings, deployment, release, overlay)
    (overlay / "kustomization.yml").write_text(yaml.safe_dump(written), encoding="utf-8")
    made = list(yaml.safe_load_all(kubectl("kustomize", str(overlay))))
    folder.mkdir(parents=True)
    write(folder / "manifests.yml", [each for each in made if each["kind"] != "Job"])
    write(folder / "job.yml", [each for each in made if each["kind"] == "Job"])
    locate(settings, release, folder)


def locate(settings: Any, _: dict[str, Any], folder: Path) -> None:
    """Write where an environment is."""
    deployment = read_deployment(settings)
    folder.mkdir(parents=True, exist_ok=True)
    place = deployment.model_dump(include={"namespace", "cluster", "context"})
    write(folder / "cluster.yml", [place])


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment:`; raises Refusal with the key and the remedy."""
    return section.read(
        Deployment, settings.deployment, f"conf/{settings.env}.yml: deployment", HINTS
    )


def refuse_what_cannot_run(
    settings: Any, deployment: Deployment, release: dict[str, Any], folder: Path
) -> None:
    """Raise Refusal for what a pod would lack."""
    where = f"conf/{settings.env}.yml"
    if not release["image"]:
        raise Refusal("The release has no image: set IMAGE_REPOSITORY, such as registry/loan-risk.")
    if str(settings.tracking_uri).startswith("sqlite"):
        words = "tracking_uri is a file, which pods do not share"
        raise Refusal(f"{where}: {words}: write the address of your MLflow server.")
    named = sorted(set(secret_names(settings.model_dump())))
    if named and not deployment.secret:
        words = f"deployment.secret: name the Secret that holds {', '.join(named)}"
        raise Refusal(f"{where}: {words}.")
    requirements = (folder.parent.parent / "requirements.txt").read_text(encoding="utf-8")
    if ONLINE.is_dir() and not re.search("^uvicorn==", requirements, re.MULTILINE):
        name = release["project"]
        remedy = (
            f'write "{name}[mlops,serve]" for "{name}[mlops]" in pyproject.toml, then `uv lock`'
        )
        raise Refusal(f"The lock lacks what `serve` needs: {remedy}.")


def secret_names(part: Any) -> Iterator[str]:
    """Yield the names of the secrets that settings refer to."""
    if isinstance(part, dict):
        if part.keys() == {"secret"}:
            yield part["secret"]
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for each in part:
            yield from secret_names(each)


def cron_job(schedule: Schedule) -> dict[str, Any]:
    """Return what starts a command at its times: the job of base/, with other words."""
    job = yaml.safe_load((HERE / "base/job.yml").read_text(encoding="utf-8"))
    job["spec"]["template"]["spec"]["containers"][0]["args"] = [*schedule.typed]
    spec = {"schedule": schedule.cron, "timeZone": schedule.zone, "concurrencyPolicy": "Forbid"}
    spec |= {"startingDeadlineSeconds": 3600, "jobTemplate": {"spec": job["spec"]}}
    metadata = {"name": schedule.command}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def kustomization(
    settings: Any, deployment: Deployment, release: dict[str, Any], overlay: Path
) -> dict[str, Any]:
    """Return the overlay of this release on that of the environment."""
    pods = {"template": {"spec": pod(deployment)}}
    patches = {"Job": pods, "CronJob": {"jobTemplate": {"spec": pods}}}
    bounds = {"minReplicas": deployment.replicas, "maxReplicas": deployment.max_replicas}
    if ONLINE.is_dir():
        patches |= {"Deployment": pods, "HorizontalPodAutoscaler": bounds}
    name, _, digest = release["image"].partition("@")
    label = {"app.kubernetes.io/name": release["project"]}
    told = {"environment": settings.env, **OWNER}
    version = {"app.kubernetes.io/version": release["version"].replace("+", "-")}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": deployment.namespace,
        "namePrefix": f"{release['project']}-",
        "resources": [os.path.relpath(HERE / "overlays" / settings.env, overlay), "schedules.yml"],
        "components": [os.path.relpath(ONLINE, overlay)] if ONLINE.is_dir() else [],
        "images": [{"name": "model", "newName": name, "digest": digest}],
        "labels": [
            {"pairs": label, "includeSelectors": True},
            {"pairs": told, "includeTemplates": True},
            {"pairs": version},
        ],
        "patches": [
            {"target": {"kind": kind}, "patch": json.dumps(patch(kind, spec))}
            for kind, spec in patches.items()
        ],
    }


def patch(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a strategic merge patch for every object of a kind."""
    return {"kind": kind, "metadata": {"name": "any"}, "spec": spec}


def pod(deployment: Deployment) -> dict[str, Any]:
    """Return what conf/ says of every pod."""
    amount = {"cpu": deployment.cpu, "memory": deployment.memory}
    container: dict[str, Any] = {"name": "model"}
    container["resources"] = {"requests": amount, "limits": amount}
    claim = {"claimName": deployment.volume}
    volumes: list[dict[str, Any]] = [{"name": "work", "persistentVolumeClaim": claim}]
    spec = {"containers": [container], "volumes": volumes}
    if deployment.secret:
        mount = {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True}
        container["volumeMounts"] = [mount]
        held = {"secretName": deployment.secret, "defaultMode": 0o440}
        volumes.append({"name": "secrets", "secret": held})
    if deployment.pull_secret:
        spec["imagePullSecrets"] = [{"name": deployment.pull_secret}]
    return spec


def write(file: Path, parts: list[dict[str, Any]]) -> None:
    """Write the documents of a YAML file."""
    text = yaml.safe_dump_all(parts, sort_keys=False, width=1000)
    file.write_text(text, encoding="utf-8")
