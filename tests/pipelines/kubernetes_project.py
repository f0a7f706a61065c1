"""A project that is deployed to Kubernetes: its settings in conf/, releases and a cluster."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from programs import write_python
from rendering import contents

from pipelines.databricks_project import configure

Facts = dict[str, Any]

ENVS = ("dev", "test", "prod")
RELEASE = """
import json, shutil, sys
from pathlib import Path
sys.path[:0] = ["deploy/kubernetes", "deploy", ".mlops", "src"]
import target, release
from commands import Refusal
from release_record import Release
from loan_risk.mlops.base.project import open_project

facts, envs, out = json.loads(sys.argv[1]), sys.argv[2:], Path("build/release")
shutil.rmtree(out, ignore_errors=True)
out.mkdir(parents=True)
(out / "requirements.txt").write_text(facts.pop("requirements"))
try:
    for env in envs:
        target.render(open_project(env).settings, Release.from_facts(facts), out / "deploy" / env)
except Refusal as reason:
    sys.exit(str(reason))
facts["files"] = release.checksums(out)
(out / "release.json").write_text(json.dumps(facts))
"""


BUILT: dict[object, tuple[str, dict[str, bytes]]] = {}  # each release: the refusal, and its files


def settings_of(env: str) -> Facts:
    """Return the settings in conf/ of an environment."""
    deployment = {"namespace": f"loan-risk-{env}", "volume": "loan-risk"}
    return {"tracking_uri": "http://mlflow.bank.example", "deployment": deployment}


@dataclass
class Site:
    """A project, and a cluster with its kubectl on PATH."""

    project: Path
    cluster: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        real = shutil.which("kubectl")
        assert real, "kubectl is missing"
        programs = self.cluster / "bin"
        fake = Path(__file__).with_name("kubectl.py").read_text(encoding="utf-8")
        write_python(programs / "kubectl", fake)
        self.env |= {"CLUSTER": str(self.cluster), "KUBECTL": real}
        self.env["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        for env in ENVS:
            configure(self.project, env, **settings_of(env))
            (self.cluster / f"loan-risk-{env}/volumes/loan-risk").mkdir(parents=True)

    def build(
        self, number: int = 1, program: str = "", envs: tuple[str, ...] = ("test",), **facts: Any
    ) -> str:
        """Build a release with this number, whose image runs a program; return the refusal."""
        image = f"registry.bank.example/loan-risk@sha256:{number:064}"
        record: Facts = {"project": "loan-risk", "dirty": False, "image": image}
        record["version"] = f"0.1.0+202601{number:02}000000.g0000000{number}"
        record |= {"requirements": "uvicorn==0.38.0 \\\n"} | facts
        if program:
            self.stand_for(image, [sys.executable, "-c", program])
        release = self.project / "build/release"
        key = json.dumps(record), envs, *self.sources()
        if key not in BUILT:
            done = self.run("-c", RELEASE, json.dumps(record), *envs)
            assert "Traceback" not in done.stderr, done.stderr
            BUILT[key] = done.stderr.strip(), contents(release)
        refusal, built = BUILT[key]
        shutil.rmtree(release, ignore_errors=True)
        for name, content in built.items():
            (release / name).parent.mkdir(parents=True, exist_ok=True)
            (release / name).write_bytes(content)
        return refusal

    def sources(self) -> Iterator[tuple[str, bytes]]:
        """Yield all that a release is made of, apart from the platform's code."""
        for folder in ("conf", "deploy"):
            for name, content in contents(self.project / folder).items():
                if "__pycache__" not in name:
                    yield f"{folder}/{name}", content

    def stand_for(self, image: str, command: list[str]) -> None:
        """Let a command stand in for an image."""
        file = self.cluster / "images.json"
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.write_text(json.dumps(known | {image: command}), encoding="utf-8")

    def deploy(self, env: str = "test") -> tuple[int, str]:
        """Deploy the release to an environment; return the exit code and the output."""
        done = self.run("deploy/delivery.py", env)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Python in the project's folder."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.project,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def kubectl(self, *arguments: str) -> None:
        """Run kubectl as a person would."""
        subprocess.run(["kubectl", *arguments], env=os.environ | self.env, check=True)

    def has(self, kind: str, env: str = "test") -> dict[str, Facts]:
        """Return the objects of a kind by their names."""
        files = (self.cluster / f"loan-risk-{env}" / kind).glob("*.json")
        return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
