"""The commands, pins and sessions of this repository."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rendering import ROOT

COMMANDS = ["./nox -s demo", "./nox"]
DOCKERFILE = "template/Dockerfile.jinja"
WORKFLOWS = "template/.github/workflows"
GUIDES = [str(file.relative_to(ROOT)) for file in (ROOT / "docs").rglob("*.md")]
PIN = re.compile(
    r"^([\w.-]+)==([^\s;]+)( ; [^\\]+)? \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+$", re.MULTILINE
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    readme = [line.split("#")[0].strip() for line in text("README.md").splitlines()]
    ci = [line.split("2>&1")[0].strip() for line in text(".ci/run").splitlines()]
    for command in COMMANDS:
        assert command in readme, f"README.md lacks the line {command}"
        assert command in ci, f".ci/run lacks the line {command}"


def test_every_requirement_is_pinned_and_hashed() -> None:
    assert PIN.sub("", text("requirements.txt")).strip() == ""


def test_the_pins_satisfy_the_requirements() -> None:
    pinned = PIN.findall(text("requirements.txt"))
    pins = {canonicalize_name(name): version for name, version, *_ in pinned}
    for group in tomllib.loads(text("pyproject.toml"))["dependency-groups"].values():
        for requirement in map(Requirement, group):
            pin = pins.get(canonicalize_name(requirement.name))
            assert pin, f"{requirement} is not in requirements.txt: run ./nox -s pins"
            assert requirement.specifier.contains(pin), f"{requirement} is not {pin}"


def test_the_base_image_is_pinned_and_renovate_moves_its_digest_and_the_actions() -> None:
    assert re.search(r"^ARG BASE=\S+:\S+@sha256:[0-9a-f]{64}$", text(DOCKERFILE), re.MULTILINE)
    schema = ["check-jsonschema", "--builtin-schema=vendor.renovate", "renovate.json"]
    subprocess.run(
        [str(Path(sys.executable).with_name(schema[0])), *schema[1:]], cwd=ROOT, check=True
    )
    configuration = json.loads(text("renovate.json"))
    workflows = [file.relative_to(ROOT) for file in (ROOT / WORKFLOWS).iterdir()]
    managed: dict[str, list[Path]] = {
        "dockerfile": [Path(DOCKERFILE)],
        "github-actions": workflows,
    }
    for manager, files in managed.items():
        [pattern] = configuration[manager]["managerFilePatterns"]
        assert all(re.search(pattern.strip("/"), str(file)) for file in files), manager


def test_every_command_of_mlflow_that_is_printed_reports_nothing_to_its_makers() -> None:
    for name in ("template/noxfile.py", "template/README.md.jinja", *GUIDES):
        for command in re.findall(r".{0,40}mlflow (?:ui|server)\b", text(name)):
            assert "MLFLOW_DISABLE_TELEMETRY=true" in command, name


def test_every_session_has_a_help_sentence() -> None:
    tree = ast.parse(text("noxfile.py"))
    sessions = {
        node.name: (ast.get_docstring(node) or "").split("\n")[0]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }
    assert {"demo", "lint", "types", "tests", "full", "docs", "bench"} <= set(sessions)
    assert all(sentence.endswith(".") for sentence in sessions.values()), sessions
    assert 'nox.options.sessions = ["lint", "types", "tests"]' in text("noxfile.py")


def test_tests_do_not_import_tests() -> None:
    imported = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for module in [node.module or ""]
        if module.rpartition(".")[2].startswith("test_")
    }
    assert imported == set()
