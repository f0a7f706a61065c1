"""A team's project, and a Databricks workspace in a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from pipelines.databricks_cli import put_on_path

PROGRAM = """
import json, os, sys
from pathlib import Path
entry, *words = sys.argv[1:]
place = Path(os.environ["DATABRICKS_PLACE"])
with (place / "calls").open("a") as file:
    file.write(" ".join(words) + "\\n")
print(json.dumps({"outcome": "ok", "version": 0}))
[deployed] = place.rglob("bundles/*/environment.yml")
fails = place / "fails"
sys.exit(int(fails.exists() and fails.read_text() in deployed.read_text()))
"""


class Workspace:
    """A team's project, and a Databricks workspace in a folder."""

    def __init__(self, project: Path, folder: Path, *envs: str) -> None:
        self.project = project
        self.place = folder / "place"
        self.variables = put_on_path(folder / "bin", self.place)
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        self.variables["DATABRICKS_PROGRAM"] = f"{sys.executable} {folder / 'program.py'}"
        for env in envs:
            self.volume(env).mkdir(parents=True)

    def volume(self, env: str) -> Path:
        host = self.place / f"risk-{env}.azuredatabricks.net"
        return host / f"Volumes/risk_{env}/loan_risk/releases"

    def deploy(self, env: str = "test", code: int = 0) -> str:
        done = self.run("deploy/delivery.py", env)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.project,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def recorded(self, env: str = "test") -> str:
        file = self.volume(env) / "loan-risk/current.json"
        return str(json.loads(file.read_text("utf-8"))["version"]) if file.exists() else ""

    def deployed(self, env: str = "test") -> str:
        file = self.volume(env).parents[3] / f"bundles/{env}/environment.yml"
        release = yaml.safe_load(file.read_text("utf-8"))["targets"][env]["variables"]["release"]
        return str(Path(release).name)

    @property
    def log(self) -> list[str]:
        return (self.place / "log").read_text("utf-8").splitlines()


def version(number: int) -> str:
    return f"0.1.0+202601{number:02}000000.g0000000{number}"
