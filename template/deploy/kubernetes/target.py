"""Kubernetes: how a release comes to a namespace, and what runs there.

The ConfigMap `<project>-release` keeps what a namespace runs: the manifests that are applied again
when a newer release fails. An image is not copied, its digest stands in them.
"""

import json
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from cluster import reach
from commands import Refusal
from manifests import OWNER, WORK, locate, render, write

__all__ = ["current", "deploy", "locate", "promote", "record", "render", "smoke"]

APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=mlops", "-f")
PRUNED = (  # what is deleted when a release has it no more
    "cronjobs,deployments,horizontalpodautoscalers,networkpolicies,poddisruptionbudgets,services"
)
DEADLINE = 900  # seconds that a job may take which somebody waits for


def current(release: Path, env: str, into: Path) -> Path | None:
    """Bring what a namespace runs into a folder; None where nothing is recorded.

    Raises Refusal for a namespace that is another environment's.
    """
    name = f"{facts_of(release)['project']}-release"
    found = reach(release, env)("get", "configmap", name, "--ignore-not-found", "-o", "json")
    if not found.strip():
        return None
    recorded = json.loads(found)
    owner = recorded["metadata"]["labels"]["environment"]
    if owner != env:
        words = f"its namespace is that of {owner} already; give {env} one of its own"
        raise Refusal(f"conf/{env}.yml: deployment.namespace: {words}.")
    for file, text in recorded["data"].items():
        path = into / ("" if file == "release.json" else f"deploy/{env}") / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return into


def deploy(release: Path, env: str) -> None:
    """Apply the manifests of a release, and delete what it has no more."""
    kubectl_there, file = reach(release, env), release / "deploy" / env / "manifests.yml"
    sys.stdout.write(kubectl_there(*APPLY, str(file)))
    wanted = {(each["kind"], each["metadata"]["name"]) for each in objects(file)}
    labels = {"app.kubernetes.io/name": facts_of(release)["project"], **OWNER}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    listed = json.loads(kubectl_there("get", PRUNED, "--selector", selector, "-o", "json"))
    for each in listed["items"]:
        kind, name = each["kind"], each["metadata"]["name"]
        if (kind, name) not in wanted:
            sys.stdout.write(kubectl_there("delete", f"{kind.lower()}/{name}"))


def smoke(release: Path, env: str) -> None:
    """Run `doctor` as a job; where the project answers online, wait until it does."""
    found = run_job(release, env, "doctor", "--json").get("findings", [])
    lives = {"check": "champion", "finding": "none yet", "verdict": "ok"} not in found
    for each in objects(release / "deploy" / env / "manifests.yml"):
        name = each["metadata"]["name"]
        if each["kind"] == "Deployment" and lives:
            wait = ("rollout", "status", f"deployment/{name}", "--timeout=600s")
            sys.stdout.write(reach(release, env)(*wait))
        elif each["kind"] == "Deployment":
            sys.stdout.write(f"{name} answers once a version is promoted.\n")


def record(release: Path, env: str) -> None:
    """Keep what is deployed to this environment in the ConfigMap of releases."""
    facts, folder = facts_of(release), release / "deploy" / env
    data = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    ours = (f"deploy/{env}/{name}" for name in data)
    facts["files"] = {name: facts["files"][name] for name in ours}
    data["release.json"] = json.dumps(facts, indent=2)
    labels = {"app.kubernetes.io/name": facts["project"], "environment": env, **OWNER}
    metadata = {"name": f"{facts['project']}-release", "labels": labels}
    file = WORK / env / "record.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    write(file, [kept])
    sys.stdout.write(reach(release, env)(*APPLY, str(file)))


def promote(release: Path, env: str, number: str, approved_by: str) -> None:
    """Make a version the champion in the name of the person who approved it."""
    run_job(release, env, "promote", number, f"--approved-by={approved_by}")


def run_job(release: Path, env: str, *words: str) -> dict[str, Any]:
    """Run a command of the program as a job, show what it says, return what it prints with --json.

    Raises Refusal where it fails, or does not end in time.
    """
    there = reach(release, env)
    [job] = objects(release / "deploy" / env / "job.yml")
    name = f"{facts_of(release)['project']}-{words[0]}-{secrets.token_hex(3)}"
    job["metadata"]["name"] = name
    job["spec"] |= {"activeDeadlineSeconds": DEADLINE, "backoffLimit": 1}
    job["spec"]["template"]["spec"]["containers"][0]["args"] = list(words)
    file = WORK / env / "job.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, [job])
    there("create", "-f", str(file))
    ended = wait_for(there, name)
    told = there("logs", f"job/{name}", "--tail=-1")
    sys.stdout.write(told)
    last = ["nothing was said", *told.strip().splitlines()][-1]
    facts: dict[str, Any] = json.loads(last) if last.startswith("{") else {"message": last}
    if ended != "Complete":
        failed = [each for each in facts.get("findings", []) if each["verdict"] == "failed"]
        reasons = [f"{each['check']}: {each['finding']}" for each in failed] or [facts["message"]]
        how = ended.lower() or "not done in time"
        raise Refusal(f"the job {name} is {how}: {'; '.join(reasons).rstrip('.')}.")
    return facts


def wait_for(there: Callable[..., str], name: str) -> str:
    """Return how a job ended: Complete or Failed, nothing where Kubernetes ends it not in time."""
    until = time.monotonic() + DEADLINE + 60
    while time.monotonic() < until:
        status = json.loads(there("get", "job", name, "-o", "json")).get("status", {})
        for condition in status.get("conditions", []):
            if condition["type"] in {"Complete", "Failed"} and condition["status"] == "True":
                return str(condition["type"])
        time.sleep(5)
    return ""


def facts_of(release: Path) -> dict[str, Any]:
    """Return what a release says of itself."""
    facts: dict[str, Any] = json.loads((release / "release.json").read_text(encoding="utf-8"))
    return facts


def objects(file: Path) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
