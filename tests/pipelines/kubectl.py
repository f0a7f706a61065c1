"""A fake `kubectl` whose namespaces are folders; it refuses unknown arguments.

CLUSTER is the folder of the cluster, KUBECTL the real program, which builds manifests. A namespace
contains `volumes/<claim>` and `secrets/<name>/<key>`, created by a person, and objects by kind. A
job runs immediately: `images.json` maps an image to the command that stands in for it.
"""

import argparse
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

Facts = dict[str, Any]
PLURALS = {
    "configmap": "ConfigMap",
    "cronjobs": "CronJob",
    "deployments": "Deployment",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "job": "Job",
    "networkpolicies": "NetworkPolicy",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "services": "Service",
}
KINDS = {*PLURALS.values(), "ServiceAccount"}
LABEL = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?")
VERSION = "1.32"  # of Kubernetes


def main() -> None:
    """Run the command and record it."""
    words = sys.argv[1:]
    place = Path(os.environ["CLUSTER"])
    with (place / "log").open("a", encoding="utf-8") as log:
        log.write(shlex.join(words) + "\n")
    if words[0] == "kustomize":
        sys.exit(subprocess.run([os.environ["KUBECTL"], *words], check=False).returncode)
    options = argparse.ArgumentParser(allow_abbrev=False)
    options.add_argument("--context", default="")
    options.add_argument("--kubeconfig", type=Path)
    options.add_argument("--namespace", required=True)
    asked, rest = options.parse_known_args(words)
    if asked.context not in ("", "bank"):
        fail(f'context "{asked.context}" does not exist')
    if asked.kubeconfig:
        enter(asked.kubeconfig, place)
    if not (place / asked.namespace).is_dir():
        fail(f'namespaces "{asked.namespace}" not found')
    Namespace(place, asked.namespace).do(rest)


def enter(kubeconfig: Path, place: Path) -> None:
    """Require the cluster's token, in a kubeconfig that others cannot read."""
    if kubeconfig.stat().st_mode & 0o077 or kubeconfig.parent.stat().st_mode & 0o077:
        fail("others may read the kubeconfig")
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    [user] = config["users"]
    token = place / "token"
    if user["user"] != {"token": token.read_text(encoding="utf-8")}:
        fail("You must be logged in to the server (Unauthorized)")


def fail(words: str) -> NoReturn:
    """Fail like the real program."""
    print(f"error: {words}", file=sys.stderr)
    sys.exit(1)


class Namespace:
    """A namespace: its objects and what runs in it."""

    def __init__(self, place: Path, name: str) -> None:
        self.place = place
        self.name = name
        self.folder = place / name

    def do(self, words: list[str]) -> None:  # noqa: C901 - one case per command
        """Run a command."""
        server = ["--server-side", "--force-conflicts", "--field-manager=mlops", "-f"]
        match words:
            case ["apply", *rest, file] if rest == server:
                for each in documents(Path(file)):
                    self.keep(each)
                    print(f"{each['kind'].lower()}/{each['metadata']['name']} serverside-applied")
            case ["get", kinds, "--selector", selector, "-o", "json"]:
                print(json.dumps({"kind": "List", "items": self.select(kinds, selector)}))
            case ["get", "configmap", name, "--ignore-not-found", "-o", "json"]:
                print(self.text("ConfigMap", name) or "", end="")
            case ["get", "job", name, "-o", "json"]:
                print(self.text("Job", name) or fail(f'jobs.batch "{name}" not found'))
            case ["delete", what]:
                kind, _, name = what.partition("/")
                self.file(next(each for each in KINDS if each.lower() == kind), name).unlink()
                print(f'{kind} "{name}" deleted')
            case ["create", "-f", file]:
                [job] = documents(Path(file))
                self.create(job)
            case ["create", "job", name, source] if source.startswith("--from=cronjob/"):
                template = json.loads(self.text("CronJob", source.partition("/")[2]) or "{}")
                job = template["spec"]["jobTemplate"] | {"apiVersion": "batch/v1", "kind": "Job"}
                self.create(job | {"metadata": job["metadata"] | {"name": name}})
            case ["logs", what, "--tail=-1"] if what.startswith("job/"):
                print((self.folder / "logs" / what[4:]).read_text(encoding="utf-8"), end="")
            case ["rollout", "status", what, "--timeout=600s"]:
                self.serve(what.partition("/")[2])
            case _:
                fail(f"unknown command or option: {shlex.join(words)}")

    def file(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.json"

    def text(self, kind: str, name: str) -> str:
        """Return an object as JSON, or "" where there is none."""
        file = self.file(kind, name)
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def select(self, kinds: str, selector: str) -> list[Facts]:
        """Return the objects of some kinds that have these labels."""
        wanted = dict(pair.split("=") for pair in selector.split(",")).items()
        files = [f for k in kinds.split(",") for f in (self.folder / PLURALS[k]).glob("*.json")]
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        return [each for each in found if each["metadata"]["labels"].items() >= wanted]

    def keep(self, content: Facts) -> None:
        """Store an object."""
        problems = list(misnamed(content))
        if content["metadata"].get("namespace", self.name) != self.name:
            problems.append(f"it is of the namespace {content['metadata']['namespace']}")
        if problems:
            fail(f"{content['kind']} {content['metadata']['name']}: {'; '.join(problems)}")
        file = self.file(content["kind"], content["metadata"]["name"])
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")

    def create(self, job: Facts) -> None:
        """Run a job to its end; retry after a failure as its rules allow."""
        name = job["metadata"]["name"]
        spec = job["spec"]
        if self.text("Job", name):
            fail(f'jobs.batch "{name}" already exists')
        self.keep(job)
        log = self.folder / "logs" / name
        log.parent.mkdir(exist_ok=True)
        code = 1
        for _ in range(1 + spec["backoffLimit"]):
            with log.open("w", encoding="utf-8") as output:
                command, how = self.process(spec["template"]["spec"])
                code = subprocess.run(
                    command, stdout=output, stderr=output, check=False, **how
                ).returncode
            rules = spec["podFailurePolicy"]["rules"]
            if not code or any(code in rule["onExitCodes"]["values"] for rule in rules):
                break
        ended = {"type": "Failed" if code else "Complete", "status": "True"}
        self.keep(job | {"status": {"conditions": [ended]}})
        print(f"job.batch/{name} created")

    def process(self, pod: Facts) -> tuple[list[str], Facts]:
        """Return the command of a pod's container, its working folder and its variables."""
        [container] = pod["containers"]
        images = json.loads((self.place / "images.json").read_text(encoding="utf-8"))
        if container["image"] not in images:
            fail(f"ErrImagePull: {container['image']}")
        if not self.text("ServiceAccount", pod["serviceAccountName"]):
            fail(f"serviceaccount {pod['serviceAccountName']} not found")
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        for source in container["envFrom"]:
            env |= json.loads(self.text("ConfigMap", source["configMapRef"]["name"]))["data"]
        for volume in pod["volumes"]:
            if secret := volume.get("secret"):
                folder = self.folder / "secrets" / secret["secretName"]
                if not folder.is_dir():
                    fail(f'secret "{secret["secretName"]}" not found')
                env["MLOPS_SECRETS_FOLDER"] = str(folder)  # where /run/secrets would be
        [claim] = [v["persistentVolumeClaim"] for v in pod["volumes"] if v["name"] == "work"]
        work = self.folder / "volumes" / claim["claimName"]
        if not work.is_dir():
            fail(f'persistentvolumeclaim "{claim["claimName"]}" not found')
        return [*images[container["image"]], *container["args"]], {"cwd": work, "env": env}

    def serve(self, name: str) -> None:
        """Run a deployment's pod until its probes succeed; then stop it as it specifies."""
        pod = json.loads(self.text("Deployment", name))["spec"]["template"]["spec"]
        command, how = self.process(pod)
        [container] = pod["containers"]
        [port] = container["ports"]
        place = command.index("--port") + 1
        if command[place] != str(port["containerPort"]) or "0.0.0.0" not in command:  # noqa: S104
            fail("the probes do not reach the program")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            command[place] = str(free.getsockname()[1])
        paths = [
            container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **how
        )
        addresses = [f"http://127.0.0.1:{command[place]}{path}" for path in paths]
        while process.poll() is None and not all(map(answers, addresses)):
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        errors = process.communicate()[1]
        if process.returncode:
            fail(f"timed out waiting for the condition; the pod says: {errors[-300:]}")
        print(f'deployment "{name}" successfully rolled out')


def answers(address: str) -> bool:
    """Return whether a server answers successfully."""
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - ours
    except OSError:
        return False
    return True


def documents(file: Path) -> list[Facts]:
    """Return the objects of a YAML file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def faults(content: Facts) -> Iterator[str]:
    """Yield what Kubernetes would reject in an object."""
    import kubernetes_validate  # takes half a second, which commands should not wait for

    try:
        kubernetes_validate.validate(content, VERSION, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        yield str(error.args[0])
    yield from misnamed(content)


def misnamed(content: Facts) -> Iterator[str]:
    """Yield what is wrong with the kind, the name and the labels of an object."""
    if content["kind"] not in KINDS:
        yield f"{content['kind']} is not modelled"
    for key, value in content["metadata"].get("labels", {}).items():
        if not LABEL.fullmatch(value):
            yield f"label {key}: {value} is no label"
    most = 52 if content["kind"] == "CronJob" else 63
    if not re.fullmatch(
        rf"[a-z0-9]([a-z0-9-]{{0,{most - 2}}}[a-z0-9])?", content["metadata"]["name"]
    ):
        yield f"{content['metadata']['name']} is no name"


if __name__ == "__main__":
    main()
