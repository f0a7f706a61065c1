"""A release of `nox -s build` is the whole project: it needs no git, lock file or conf/."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from rendering import append, git

from lifecycle.project import AS_OF, Facts, Project

pytestmark = pytest.mark.full

# Several commands in one process, because each would spend its first seconds on the same imports.
PROGRAM = """
import json, sys
from loan_risk.mlops.cli import app
for words in json.loads(sys.argv[1]):
    code = app([*words, "--json"], prog_name="loan-risk", standalone_mode=False)
    if code:
        sys.exit(f"{words} ended with {code}")
"""


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """Run a command in a folder, and return what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(project: Project, environment: Path, *options: str) -> Path:
    nox = (sys.executable, "-m", "nox", "-s", "build", *options)
    run(project.folder, *nox, UV_PROJECT_ENVIRONMENT=str(environment))
    return project.path("build/release")


def read(release: Path) -> Facts:
    return dict(json.loads((release / "release.json").read_text(encoding="utf-8")))


def test_a_release_describes_itself_and_is_reproducible(born: Project, environment: Path) -> None:
    release = build(born, environment)
    facts = read(release)
    commit = git(born.folder, "rev-parse", "HEAD").strip()
    assert re.fullmatch(rf"0\.1\.0\+\d{{14}}\.g{commit[:8]}", facts["version"])
    assert (facts["commit"], facts["dirty"], facts["image"]) == (commit, False, None)
    found = {path.name for path in release.iterdir()}
    assert found == {facts["wheel"], "release.json", "requirements.txt", "sbom.cdx.json"}
    for name, digest in facts["files"].items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest
    requirements = (release / "requirements.txt").read_text(encoding="utf-8")
    assert "--hash=sha256:" in requirements
    assert not re.search(r"^loan-risk", requirements, re.MULTILINE)
    bill = json.loads((release / "sbom.cdx.json").read_text(encoding="utf-8"))
    listed = {part["name"] for part in bill["components"]}
    assert set(re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)) <= listed

    again = read(build(born, environment))
    assert again["files"][facts["wheel"]] == facts["files"][facts["wheel"]]

    append(born.package / "data.py", "\n\n# Not committed.\n")
    dirty = read(build(born, environment, "--", "--allow-dirty"))
    assert dirty["version"] == f"{facts['version']}.dirty"


def test_a_wheel_trains_gates_promotes_and_scores_in_a_folder_with_another_conf(
    born: Project, environment: Path, tmp_path: Path
) -> None:
    release = build(born, environment)
    assert git(born.folder, "status", "--porcelain") == ""
    wheel = release / read(release)["wheel"]
    platform = [path for path in (born.package / "mlops").iterdir() if path.is_file()]
    assert {f"loan_risk/mlops/{path.name}" for path in platform} <= set(ZipFile(wheel).namelist())

    fresh, empty = tmp_path / "fresh", tmp_path / "empty"
    for name in ("conf/base.yml", "conf/test.yml", ".copier-answers.yml"):  # which are not its own
        (empty / name).parent.mkdir(parents=True, exist_ok=True)
        (empty / name).write_text("surprise: 1\n", encoding="utf-8")
    run(empty, "uv", "venv", "--quiet", "--python", sys.executable, fresh)
    run(empty, "uv", "pip", "install", "--quiet", "--python", fresh, wheel)

    environment_of_test = {"PATH": str(fresh / "bin"), "MLOPS_ENV": "test"}
    run(empty, fresh / "bin/loan-risk", "train", "--as-of", AS_OF, **environment_of_test)
    commands = json.dumps([["gate"], ["promote"], ["score", "--as-of", AS_OF]])
    printed = run(empty, fresh / "bin/python", "-c", PROGRAM, commands, **environment_of_test)
    gated, _, batch = map(json.loads, printed.splitlines())
    assert gated["evidence"]["code"] == {
        "commit": git(born.folder, "rev-parse", "HEAD").strip(),
        "dirty": False,
        "template": "v0.1.0",
        "lock_sha256": hashlib.sha256(born.path("uv.lock").read_bytes()).hexdigest(),
    }
    assert (Path(batch["path"]) / "_SUCCESS").is_file()
    assert Path(batch["path"]).is_relative_to(empty)
    [locked] = empty.glob("mlartifacts/test.loan-risk/models/*/artifacts/requirements.txt")
    assert "scikit-learn==" in locked.read_text()
