"""The manifests of one environment: kustomize builds them from base/, online/ and conf/."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import section
import yaml
from cluster import RESOURCE_ID, Location, kubectl, write_location
from commands import Refusal
from pydantic import Field, model_validator
from release_record import Release
from schedules import Schedule, read
from section import Section

HERE = Path(__file__).parent
WORK = Path("build/kubernetes")
ONLINE = HERE / "online"  # exists where the project serves predictions online
MANAGED_BY = {"app.kubernetes.io/managed-by": "mlops"}

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]


class Deployment(Section):
    """The section `deployment:` of an environment."""

    namespace: Name
    volume: Name
    cluster: str = Field(default="", pattern=f"(?i)^({RESOURCE_ID})?$")
    context: str = ""
    cpu: str = Field(default="1", pattern=r"^\d+(\.\d+)?m?$")
    memory: str = Field(default="2Gi", pattern=r"^\d+(\.\d+)?[MG]i$")
    secret: Name | None = None
    pull_secret: Name | None = None
    replicas: int = Field(default=2, ge=1)
    max_replicas: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.max_replicas < self.replicas:
            raise ValueError("max_replicas must not be less than replicas")
        if self.cluster and self.context:
            raise ValueError("cluster and context both name the cluster: remove one of them")
        return self


HINTS = {
    "namespace": "write the namespace's name",
    "volume": "write the name of the PersistentVolumeClaim that stores predictions",
    "cluster": "write the resource ID of the AKS cluster, /subscriptions/…/managedClusters/…",
    "cpu": 'write a number of cores, such as "2" or 500m',
    "memory": "write an amount with its unit, such as 2Gi",
}


def render(settings: Any, release: Release, folder: Path) -> None:
    """Write the manifests of one environment: what is applied, and the job that runs a command.

    Args:
        settings: The settings of the environment.
        release: What release.json will contain, without its files.
        folder: Where to write: `deploy/<environment>` of the release.

    Raises Refusal for a mistake in conf/, and for a release that cannot run in a pod.
    """
    deployment = read_deployment(settings)
    refuse_what_cannot_run(settings, deployment, release, folder)
    overlay = WORK / settings.env
    shutil.rmtree(overlay, ignore_errors=True)
    overlay.mkdir(parents=True)
    cron_jobs = [cron_job(schedule) for schedule in read(settings.schedules)]
    write_documents(overlay / "schedules.yml", cron_jobs)
    content = kustomization(settings, deployment, release, overlay)
    (overlay / "kustomization.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    objects = list(yaml.safe_load_all(kubectl("kustomize", str(overlay))))
    folder.mkdir(parents=True)
    write_documents(folder / "manifests.yml", [each for each in objects if each["kind"] != "Job"])
    write_documents(folder / "job.yml", [each for each in objects if each["kind"] == "Job"])
    locate(settings, release, folder)


def locate(settings: Any, _: Release, folder: Path) -> None:
    """Write where an environment is into a folder."""
    deployment = read_deployment(settings)
    folder.mkdir(parents=True, exist_ok=True)
    location = Location(deployment.namespace, deployment.cluster, deployment.context)
    write_location(location, folder)


def read_deployment(settings: Any) -> Deployment:
    """Return the section `deployment:`; raise Refusal for a mistake in it."""
    where = f"conf/{settings.env}.yml: deployment"
    return section.read(Deployment, settings.deployment, where, HINTS)


def refuse_what_cannot_run(
    settings: Any, deployment: Deployment, release: Release, folder: Path
) -> None:
    """Raise Refusal where a pod would lack something that it needs."""
    where = f"conf/{settings.env}.yml"
    if not release.image:
        raise Refusal("The release has no image: set IMAGE_REPOSITORY, such as registry/loan-risk.")
    if str(settings.tracking_uri).startswith("sqlite"):
        raise Refusal(
            f"{where}: tracking_uri is a file, which pods cannot share: "
            "write the address of your MLflow server."
        )
    names = sorted(set(secret_names(settings.model_dump())))
    if names and not deployment.secret:
        raise Refusal(
            f"{where}: deployment.secret: name the Secret that contains {', '.join(names)}."
        )
    requirements = (folder.parent.parent / "requirements.txt").read_text(encoding="utf-8")
    if ONLINE.is_dir() and not re.search("^uvicorn==", requirements, re.MULTILINE):
        raise Refusal(
            f'The lock file lacks the packages of `serve`: write "{release.project}[mlops,serve]" '
            f'for "{release.project}[mlops]" in pyproject.toml, then run `uv lock`.'
        )


def secret_names(part: Any) -> Iterator[str]:
    """Yield the names of the secrets that settings, or a part of them, refer to."""
    if isinstance(part, dict):
        if part.keys() == {"secret"}:
            yield part["secret"]
        for value in part.values():
            yield from secret_names(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from secret_names(value)


def cron_job(schedule: Schedule) -> dict[str, Any]:
    """Return the CronJob of a schedule: the job of base/ with the schedule's command."""
    job = yaml.safe_load((HERE / "base/job.yml").read_text(encoding="utf-8"))
    job["spec"]["template"]["spec"]["containers"][0]["args"] = [*schedule.arguments]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": schedule.command},
        "spec": {
            "schedule": schedule.cron,
            "timeZone": schedule.zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "jobTemplate": {"spec": job["spec"]},
        },
    }


def kustomization(
    settings: Any, deployment: Deployment, release: Release, overlay: Path
) -> dict[str, Any]:
    """Return the kustomization of this release, on top of the environment's overlay."""
    pods = {"template": {"spec": pod_patch(deployment)}}
    patches: dict[str, Any] = {"Job": pods, "CronJob": {"jobTemplate": {"spec": pods}}}
    if ONLINE.is_dir():
        patches["Deployment"] = pods
        patches["HorizontalPodAutoscaler"] = {
            "minReplicas": deployment.replicas,
            "maxReplicas": deployment.max_replicas,
        }
    image, _, digest = str(release.image).partition("@")
    project = {"app.kubernetes.io/name": release.project}
    environment = {"environment": settings.env, **MANAGED_BY}
    version = {"app.kubernetes.io/version": release.version.replace("+", "-")}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": deployment.namespace,
        "namePrefix": f"{release.project}-",
        "resources": [os.path.relpath(HERE / "overlays" / settings.env, overlay), "schedules.yml"],
        "components": [os.path.relpath(ONLINE, overlay)] if ONLINE.is_dir() else [],
        "images": [{"name": "model", "newName": image, "digest": digest}],
        "labels": [
            {"pairs": project, "includeSelectors": True},
            {"pairs": environment, "includeTemplates": True},
            {"pairs": version},
        ],
        "patches": [
            {"target": {"kind": kind}, "patch": json.dumps(strategic_merge_patch(kind, spec))}
            for kind, spec in patches.items()
        ],
    }


def strategic_merge_patch(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a patch for every object of a kind; kustomize ignores its name."""
    return {"kind": kind, "metadata": {"name": "any"}, "spec": spec}


def pod_patch(deployment: Deployment) -> dict[str, Any]:
    """Return what conf/ sets in the specification of every pod."""
    amount = {"cpu": deployment.cpu, "memory": deployment.memory}
    container: dict[str, Any] = {
        "name": "model",
        "resources": {"requests": amount, "limits": amount},
    }
    claim = {"claimName": deployment.volume}
    volumes: list[dict[str, Any]] = [{"name": "work", "persistentVolumeClaim": claim}]
    spec: dict[str, Any] = {"containers": [container], "volumes": volumes}
    if deployment.secret:
        mount = {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True}
        container["volumeMounts"] = [mount]
        source = {"secretName": deployment.secret, "defaultMode": 0o440}
        volumes.append({"name": "secrets", "secret": source})
    if deployment.pull_secret:
        spec["imagePullSecrets"] = [{"name": deployment.pull_secret}]
    return spec


def write_documents(file: Path, documents: list[dict[str, Any]]) -> None:
    """Write a YAML file with one or more documents."""
    text = yaml.safe_dump_all(documents, sort_keys=False, width=1000)
    file.write_text(text, encoding="utf-8")


def read_documents(file: Path) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
