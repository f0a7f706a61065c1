"""The image of a release: how docker is called, and a real image."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Rendered
from pipelines.containers import Machine, machine
from pipelines.docker import digest
from programs import write_python
from rendering import commit, copy_template, render

REPOSITORY = "registry.bank.example/risk/loan-risk"
FACTS = {
    "project": "loan-risk",
    "version": "0.1.0+20260101000000.g00000001",
    "commit": "0" * 40,
    "lock_sha256": "1" * 64,
    "dirty": False,
}
TAG = "0.1.0-20260101000000.g00000001"
BUILD = f"""
import sys
from pathlib import Path
sys.path.insert(0, ".mlops")
import commands, container
from release_record import Release
try:
    print(container.build(Path("build/release"), Release(**{FACTS}), sys.argv[1]))
except commands.Refusal as reason:
    sys.exit(str(reason))
"""


@dataclass
class Bench:
    """A project in a folder, and a docker that records its calls."""

    project: Path
    programs: Path
    env: dict[str, str] = field(default_factory=dict)

    def build(self, repository: str = REPOSITORY) -> "subprocess.CompletedProcess[str]":
        env = {"PATH": str(self.programs), "NOTES": str(self.programs / "notes"), **self.env}
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # other tests compare the rendering's files
        command = [sys.executable, "-c", BUILD, repository]
        return subprocess.run(
            command, cwd=self.project, env=env, capture_output=True, text=True, check=False
        )

    @property
    def notes(self) -> list[dict[str, Any]]:
        lines = (self.programs / "notes").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments that the Dockerfile was given."""
        given = (argument.partition("=") for argument in self.notes[0]["build_arg"])
        return {name: value for name, _, value in given}


@pytest.fixture
def bench(rendered: Rendered, tmp_path: Path) -> Bench:
    programs = tmp_path / "programs"
    docker = Path(__file__).parent / "pipelines/docker.py"
    write_python(programs / "docker", docker.read_text("utf-8"))
    return Bench(rendered(compute="kubernetes"), programs)


def test_hadolint_finds_nothing(rendered: Rendered) -> None:
    file = rendered(compute="kubernetes") / "Dockerfile"
    done = subprocess.run(["hadolint", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_an_image_is_pushed_and_identified_by_its_registry_digest(bench: Bench) -> None:
    done = bench.build()
    assert done.stdout == f"{REPOSITORY}@{digest(f'{REPOSITORY}:{TAG}')}\n", done.stderr
    assert [note["command"] for note in bench.notes] == ["build", "push", "image"]
    assert {note["tag"] for note in bench.notes} == {f"{REPOSITORY}:{TAG}"}
    assert (bench.notes[0]["file"], bench.notes[0]["context"]) == ("build/source/Dockerfile", ".")
    lineage = {"VERSION": FACTS["version"], "REVISION": FACTS["commit"]}
    assert bench.arguments == lineage | {"LOCK_SHA256": FACTS["lock_sha256"]}


def test_an_image_without_a_registry_is_only_built(bench: Bench) -> None:
    assert bench.build("").stdout == "\n"
    assert [(note["command"], note["tag"]) for note in bench.notes] == [
        ("build", f"loan-risk:{TAG}")
    ]


def test_base_image_index_and_proxy_come_from_the_user(bench: Bench) -> None:
    base = f"registry.bank.example/python@sha256:{'7' * 64}"
    bench.env = {"IMAGE_BASE": base, "UV_DEFAULT_INDEX": "https://packages.bank.example/simple"}
    bench.env |= {"HTTPS_PROXY": "http://user:word@proxy.bank.example:8080"}
    assert bench.build().returncode == 0
    assert bench.arguments["BASE"] == base
    assert bench.arguments["INDEX"] == "https://packages.bank.example/simple"
    assert bench.arguments["HTTPS_PROXY"] == "", "passed by name only"


def test_index_credentials_appear_in_no_argument(bench: Bench) -> None:
    bench.env = {"UV_DEFAULT_INDEX": "https://ci:a%2Fb@packages.bank.example:8443/simple"}
    done = bench.build()
    assert bench.arguments["INDEX"] == "https://packages.bank.example:8443/simple"
    assert bench.notes[0]["secret"] == [
        "machine packages.bank.example login ci password a/b\n",
        "600",
    ]
    assert "a%2Fb" not in json.dumps(bench.notes[0]["build_arg"]) + done.stdout + done.stderr


@pytest.mark.parametrize("step", ["build", "push"])
def test_a_failing_step_is_named(bench: Bench, step: str) -> None:
    bench.env = {"BREAKS": step}
    done = bench.build()
    assert done.returncode == 1
    assert "no space left on device" in done.stderr
    assert f"`docker {step}` failed, see above." in done.stderr


@pytest.mark.parametrize(
    ("tool", "problem"),
    [
        ("", "No program on PATH can build images"),
        ("kaniko", "CONTAINER_TOOL is kaniko, which is unsupported or not on PATH"),
    ],
)
def test_without_a_program_the_error_says_what_to_install(
    bench: Bench, tool: str, problem: str
) -> None:
    (bench.programs / "docker").unlink()
    bench.env = {"CONTAINER_TOOL": tool}
    done = bench.build()
    assert done.returncode == 1
    assert f"{problem}: install one of docker, podman, buildah." in done.stderr


# Built


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that builds images, with a registry."""
    with machine(tmp_path_factory.mktemp("containers")) as started:
        yield started


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project with pipelines at Azure; its folder contains a developer's password."""
    folder = tmp_path_factory.mktemp("image")
    project = render(copy_template(folder / "template"), folder / "loan-risk", ci="azure-devops")
    subprocess.run(["uv", "lock", "--quiet"], cwd=project, check=True)
    commit(project)
    (project / ".env").write_text("PASSWORD=of-the-developer\n", encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def image(containers: Machine, locked: Path) -> dict[str, Any]:
    """The record of a release whose image is built and pushed."""
    done = built(locked, containers, ".mlops/release.py", "loan_risk")
    assert done.returncode == 0, done.stdout[-3000:]
    facts: dict[str, Any] = json.loads((locked / "build/release/release.json").read_bytes())
    return facts


def built(
    project: Path, containers: Machine, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run Python in a project that builds on that machine."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=os.environ | containers.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.full
@pytest.mark.wide
def test_an_image_says_where_it_comes_from(containers: Machine, image: dict[str, Any]) -> None:
    assert image["image"].startswith(f"{containers.registry}/loan-risk@sha256:")
    assert image["image"].partition("@")[2] in containers.digests("loan-risk")
    config = containers.inspect(image)
    assert (
        config["config"]["Labels"].items()
        >= {
            "org.opencontainers.image.title": "loan-risk",
            "org.opencontainers.image.version": image["version"],
            "org.opencontainers.image.revision": image["commit"],
            "mlops.lock-sha256": image["lock_sha256"],
        }.items()
    )
    assert config["config"]["User"] == "10001:10001"
    assert config["config"]["Entrypoint"] == ["loan-risk"]


@pytest.mark.full
@pytest.mark.wide
def test_an_image_contains_only_the_release(containers: Machine, image: dict[str, Any]) -> None:
    folder = containers.mount(image)
    [installed] = folder.glob("app/lib/python3*/site-packages/loan_risk-*.dist-info")
    version = image["version"].replace("-", "_")
    assert installed.name == f"loan_risk-{version}.dist-info"
    modules = installed.with_name("loan_risk")
    assert list(modules.glob("__pycache__/data.*.pyc")), "its bytecode is compiled"
    names = {path.name for path in folder.glob("*/*")} | {p.name for p in folder.glob("*")}
    assert not names & {".env", "uv", "git", "release", "requirements.txt", "conf"}
    assert not shutil.which("git", path=str(folder / "usr/bin"))


@pytest.mark.full
@pytest.mark.wide
def test_a_model_lives_in_the_image(containers: Machine, image: dict[str, Any]) -> None:
    """Even with a read-only file system, as in Kubernetes; the golden rows still match."""
    assert "Everyday work" in containers.run(image, "--help")
    containers.run(image, "retrain", "--as-of", "2026-01-01", "--env", "test")  # to a champion
    report = json.loads(containers.run(image, "doctor", "--env", "test", "--json"))
    findings = {each["check"]: each["finding"] for each in report["findings"]}
    assert findings["champion"] == "version 1 predicts its golden rows as on its first day"
    assert image["commit"][:12] in findings["code facts"]


@pytest.mark.full
@pytest.mark.wide
def test_a_package_that_differs_from_the_lock_stops_the_build(
    containers: Machine, image: dict[str, Any], locked: Path
) -> None:
    file = locked / "build/release/requirements.txt"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"sha256:\w{64}", f"sha256:{'0' * 64}", text), encoding="utf-8")
    done = built(locked, containers, "-c", BUILD, "")
    assert done.returncode == 1
    assert "hash" in done.stdout.lower()
    assert "`buildah build` failed, see above." in done.stdout
