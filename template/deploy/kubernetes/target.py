"""Kubernetes: how a release is deployed to a namespace, and what runs there.

The ConfigMap `<project>-release` records what a namespace runs: release.json and the manifests,
which are applied again when a newer release fails. The image is not part of the record; the
manifests contain its digest.
"""

import json
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster import Kubectl, kubectl_for
from commands import Refusal
from manifests import MANAGED_BY, WORK, locate, read_documents, render, write_documents
from release_record import FILE as RELEASE_FILE
from release_record import read_release, release_text

__all__ = ["current", "deploy", "locate", "promote", "record", "render", "smoke"]

APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=mlops", "-f")
PRUNED_KINDS = (  # objects of these kinds are deleted when a release no longer has them
    "cronjobs,deployments,horizontalpodautoscalers,networkpolicies,poddisruptionbudgets,services"
)
JOB_TIMEOUT = 900  # seconds that a job may take while a person or a pipeline waits for it
NO_CHAMPION = {"check": "champion", "verdict": "ok", "finding": "none yet"}  # a finding of `doctor`


def current(release: Path, env: str, into: Path) -> Path | None:
    """Download the release that a namespace runs; return its folder, or None without one.

    Raises Refusal for a namespace that belongs to another environment.
    """
    project = read_release(release).project
    kubectl = kubectl_for(release, env)
    output = kubectl("get", "configmap", f"{project}-release", "--ignore-not-found", "-o", "json")
    if not output.strip():
        return None
    config_map = json.loads(output)
    owner = config_map["metadata"]["labels"]["environment"]
    if owner != env:
        raise Refusal(
            f"conf/{env}.yml: deployment.namespace: {owner} uses this namespace already; "
            f"give {env} its own."
        )
    for name, text in config_map["data"].items():
        folder = into if name == RELEASE_FILE else into / "deploy" / env
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return into


def deploy(release: Path, env: str) -> None:
    """Apply the manifests of a release, and delete the objects that it no longer has."""
    kubectl = kubectl_for(release, env)
    manifests = release / "deploy" / env / "manifests.yml"
    sys.stdout.write(kubectl(*APPLY, str(manifests)))
    wanted = {(each["kind"], each["metadata"]["name"]) for each in read_documents(manifests)}
    labels = {"app.kubernetes.io/name": read_release(release).project, **MANAGED_BY}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    deployed = json.loads(kubectl("get", PRUNED_KINDS, "--selector", selector, "-o", "json"))
    for each in deployed["items"]:
        kind = each["kind"]
        name = each["metadata"]["name"]
        if (kind, name) not in wanted:
            sys.stdout.write(kubectl("delete", f"{kind.lower()}/{name}"))


def smoke(release: Path, env: str) -> None:
    """Run `doctor` as a job; where the project serves online, wait until its pods are ready."""
    report = run_job(release, env, "doctor", "--json")
    has_champion = NO_CHAMPION not in report.get("findings", [])
    for each in read_documents(release / "deploy" / env / "manifests.yml"):
        if each["kind"] != "Deployment":
            continue
        name = each["metadata"]["name"]
        if has_champion:
            wait = ("rollout", "status", f"deployment/{name}", "--timeout=600s")
            sys.stdout.write(kubectl_for(release, env)(*wait))
        else:
            sys.stdout.write(f"{name} answers once a version is promoted.\n")


def record(release: Path, env: str) -> None:
    """Record in the ConfigMap of releases that the environment runs this release."""
    kubectl = kubectl_for(release, env)
    folder = release / "deploy" / env
    data = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    facts = read_release(release)
    kept_files = [f"deploy/{env}/{name}" for name in data]
    facts = replace(facts, files={name: facts.files[name] for name in kept_files})
    data[RELEASE_FILE] = release_text(facts)
    labels = {"app.kubernetes.io/name": facts.project, "environment": env, **MANAGED_BY}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{facts.project}-release", "labels": labels},
        "data": data,
    }
    file = work_folder(env) / "record.yml"
    write_documents(file, [config_map])
    sys.stdout.write(kubectl(*APPLY, str(file)))


def promote(release: Path, env: str, number: str, approved_by: str) -> None:
    """Promote a version to champion in the name of the person who approved it."""
    run_job(release, env, "promote", number, f"--approved-by={approved_by}")


def run_job(release: Path, env: str, *arguments: str) -> dict[str, Any]:
    """Run the project's program as a job, show its output, and return its JSON report.

    Without --json, the report contains the last line as `message`. Raises Refusal where the job
    fails or takes too long.
    """
    kubectl = kubectl_for(release, env)
    [job] = read_documents(release / "deploy" / env / "job.yml")
    name = f"{read_release(release).project}-{arguments[0]}-{secrets.token_hex(3)}"
    job["metadata"]["name"] = name
    job["spec"] |= {"activeDeadlineSeconds": JOB_TIMEOUT, "backoffLimit": 1}
    job["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    file = work_folder(env) / "job.yml"
    write_documents(file, [job])
    kubectl("create", "-f", str(file))
    condition = wait_for_end(kubectl, name)
    output = kubectl("logs", f"job/{name}", "--tail=-1")
    sys.stdout.write(output)
    report = report_in(output)
    if condition == "Failed":
        raise Refusal(f"the job {name} failed: {reasons_in(report)}.")
    if condition != "Complete":
        raise Refusal(f"the job {name} has not ended in time: {reasons_in(report)}.")
    return report


def wait_for_end(kubectl: Kubectl, job: str) -> str:
    """Wait for a job to end; return Complete, Failed, or "" where it does not end in time."""
    deadline = time.monotonic() + JOB_TIMEOUT + 60
    while time.monotonic() < deadline:
        status = json.loads(kubectl("get", "job", job, "-o", "json")).get("status", {})
        for condition in status.get("conditions", []):
            if condition["type"] in {"Complete", "Failed"} and condition["status"] == "True":
                return str(condition["type"])
        time.sleep(5)
    return ""


def report_in(output: str) -> dict[str, Any]:
    """Return the JSON report on the last line of a job's output, or that line as its message."""
    lines = output.strip().splitlines()
    last_line = lines[-1] if lines else "it printed nothing"
    if last_line.startswith("{"):
        report: dict[str, Any] = json.loads(last_line)
        return report
    return {"message": last_line}


def reasons_in(report: dict[str, Any]) -> str:
    """Return why a command failed: the failed findings of `doctor`, else its message."""
    failed = [each for each in report.get("findings", []) if each["verdict"] == "failed"]
    reasons = [f"{each['check']}: {each['finding']}" for each in failed] or [report["message"]]
    return "; ".join(reasons).rstrip(".")


def work_folder(env: str) -> Path:
    """Return the folder for temporary manifests, created where it is missing."""
    folder = WORK / env
    folder.mkdir(parents=True, exist_ok=True)
    return folder
