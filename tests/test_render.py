"""Every rendering is whole, valid by its own tools, and reads as if written by hand."""

import ast
import configparser
import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from conftest import Rendered
from packaging.requirements import Requirement
from pathspec import PathSpec
from rendering import (
    PLACES,
    PROBLEMS,
    ROOT,
    TIERS,
    VENDORS,
    append,
    contents,
    files,
    git,
)

Answers = dict[str, str]

JINJA = ("{{", "{%", "{#")
SHARED = {".gitignore", ".pre-commit-config.yaml", "pyproject.toml"}
COPIERS = {".copier-answers.yml"}

# Each pair of answers at least once: a vendor's pipelines meet each place, problem and tier.
PAIRS = [
    {"problem": PROBLEMS[(v + p) % 3], "risk_tier": TIERS[(v + 2 * p) % 3], "ci": vendor, **place}
    for v, vendor in enumerate(VENDORS)
    for p, place in enumerate(PLACES)
]
PASSED: set[tuple[str, str, bytes]] = set()  # check, name and content
AWKWARD = {
    "description": """It's "quoted" \\ back, 9 %: # [x] {{ y }} {% z %} & <b>schließlich</b> 険""",
    "team": "O'Brien & Söhne / EMEA-2 + Co. <first.last+risk_1@mail.bank-group.example>",
    "project_name": "z9-abcdefghij-0123456789-abcdefghij-0123",
}


def read_nothing(path: Path) -> None:
    """Accept a file whose only form is text."""
    path.read_text(encoding="utf-8")


def read_checksums(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[0-9a-f]{64}  \S+", line)


PARSERS: dict[str, Callable[[Path], object]] = {
    ".css": read_nothing,
    ".editorconfig": lambda path: configparser.ConfigParser().read_string(
        f"[top]\n{path.read_text()}"
    ),
    ".html": read_nothing,
    ".ipynb": lambda path: nbformat.validate(json.loads(path.read_bytes())),
    ".json": lambda path: json.loads(path.read_bytes()),
    ".md": read_nothing,
    ".py": lambda path: ast.parse(path.read_bytes()),
    ".sh": lambda path: subprocess.run(["bash", "-n", path], check=True),
    ".toml": lambda path: tomllib.loads(path.read_text(encoding="utf-8")),
    ".yaml": lambda path: list(yaml.safe_load_all(path.read_bytes())),
    ".yml": lambda path: list(yaml.safe_load_all(path.read_bytes())),
    ".dockerignore": read_nothing,
    ".gitattributes": read_nothing,
    ".gitignore": read_nothing,
    "CODEOWNERS": read_nothing,
    "Dockerfile": read_nothing,
    "files": read_checksums,
    "py.typed": read_nothing,
}


@pytest.fixture(params=PAIRS, ids=lambda answers: "-".join(answers.values()))
def rendering(request: pytest.FixtureRequest, rendered: Rendered) -> Path:
    """The project of each pair of answers."""
    return rendered(**request.param)


def unchecked(rendering: Path, check: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files that have passed this check in no other rendering."""
    for name, content in contents(rendering).items():
        if (check, name, content) not in PASSED:
            yield name, content
            PASSED.add((check, name, content))


def test_every_file_parses(rendering: Path) -> None:
    for name, _ in unchecked(rendering, "parses"):
        path = rendering / name
        PARSERS[path.suffix if path.suffix in PARSERS else path.name](path)


def test_no_jinja_is_left(rendering: Path) -> None:
    for name, content in unchecked(rendering, "has no Jinja"):
        assert "{{" not in name
        assert ".jinja" not in name
        text = re.sub(r"\$\{\{|\{\{(?=job\.|tasks\.)", "", content.decode())  # a vendor's own
        assert not [mark for mark in JINJA if mark in text], name


def test_text_is_clean(rendering: Path) -> None:
    """Conditions leave no trace: trailing white space, or blank lines in a row or at an end."""
    for name, content in unchecked(rendering, "is clean"):
        text = content.decode()
        assert "\r" not in text, name
        assert text.endswith("\n") or not text, name
        assert not text.endswith("\n\n"), name
        assert not text.startswith("\n"), name
        assert not re.search(r"[ \t]\n", text), name
        assert not re.search(r"\n\n\n", text) or name.endswith((".py", ".ipynb")), name


def test_ruff_finds_nothing(rendering: Path) -> None:
    for command in (["check"], ["format", "--check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=rendering,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_nothing_looks_like_a_secret(rendered: Rendered) -> None:
    """A project's own hook would refuse it, and its first commit."""
    projects = [rendered(**answers) for answers in PAIRS[:: len(PLACES) + 1]]
    distinct = {
        (name, content): str(project / name)
        for project in projects
        for name, content in contents(project).items()
        if name != ".mlops/files"
    }
    assert find_secrets(projects[0], *distinct.values()) == ""


@pytest.mark.parametrize("line", ["# AKIAIOSFODNN7EXAMPLQ", "password: Zq4vT9xB2mKs7Lw"])
def test_a_secret_is_found_in_a_comment_and_in_a_value(line: str, new_project: Rendered) -> None:
    project = new_project()
    append(project / "conf/dev.yml", f"{line}\n")
    assert "conf/dev.yml:" in find_secrets(project, "conf/dev.yml")


def find_secrets(project: Path, *names: str) -> str:
    """Return what the project's own hook says of some files; nothing where they are clean."""
    hooks = yaml.safe_load((project / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    found = (hook for repo in hooks for hook in repo["hooks"] if hook["id"] == "secrets")
    _, _, _, _, *words = shlex.split(next(found)["entry"])  # but for uv run --frozen python
    command = [sys.executable, *words, *names]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(done.stdout), done.stderr
    return done.stdout


def test_the_declared_requirements_of_pyspark_are_correct(rendered: Rendered) -> None:
    """Otherwise a lock file would lack requirements, or uv would download 450 MB to read them."""
    settings = tomllib.loads((rendered() / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    (said,) = settings["dependency-metadata"]
    needed = [Requirement(line) for line in importlib.metadata.requires("pyspark") or []]
    always = {each for each in needed if each.marker is None}
    assert said["version"] == importlib.metadata.version("pyspark")
    assert {Requirement(line) for line in said["requires-dist"]} == always


def test_checksums_hold(rendering: Path) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", ".mlops/files"]
    assert subprocess.run(check, cwd=rendering, check=False).returncode == 0


def test_every_path_has_one_owner(rendering: Path) -> None:
    owned: dict[str, list[str]] = {
        "yours": list(yours().match_files(files(rendering))),
        "the platform's": [*platform_files(rendering), ".mlops/files"],
        "shared": sorted(SHARED),
        "Copier's": sorted(COPIERS),
    }
    paths = [path for group in owned.values() for path in group]
    assert sorted(paths) == files(rendering)


def test_the_platforms_folders_are_wholly_the_platforms(rendering: Path) -> None:
    """An update may bring a file there: no file of the user's may be in the way."""
    mine = set(yours().match_files(files(rendering))) | SHARED
    folders = ("/mlops/", ".mlops/")
    assert not [name for name in mine if any(folder in f"/{name}" for folder in folders)]


def test_every_entry_of_the_users_list_owns_something(rendered: Rendered) -> None:
    paths = {path for vendor in VENDORS for path in files(rendered(ci=vendor))}
    for pattern in patterns():
        spec = PathSpec.from_lines("gitignore", [pattern])
        assert list(spec.match_files(paths)), f"{pattern} is a dead row"


def test_an_answer_changes_no_platform_code(rendered: Rendered) -> None:
    found = [platform_code(rendered(**answers)) for answers in PAIRS]
    texts = {(name, text) for code in found for name, text in code.items()}
    assert len(texts) == len({name for name, _ in texts}), "a file has one text"
    brings = (".mlops/", "deploy/")
    first, *others = [{name for name in code if not name.startswith(brings)} for code in found]
    assert all(other == first for other in others), "an answer brings code there alone"
    assert any("/mlops/" in name for name in first)


def test_awkward_answers_arrive_as_they_are(rendered: Rendered) -> None:
    folder = rendered(**AWKWARD)
    for name in files(folder):
        path = folder / name
        PARSERS[path.suffix if path.suffix in PARSERS else path.name](path)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, address = AWKWARD["team"].rstrip(">").split(" <")
    assert project["name"] == AWKWARD["project_name"]
    assert project["description"] == AWKWARD["description"]
    assert project["authors"] == [{"name": name, "email": address}]
    assert yaml.safe_load((folder / ".copier-answers.yml").read_bytes()).items() >= AWKWARD.items()
    assert address in (folder / "CODEOWNERS").read_text(encoding="utf-8")


def test_requirements_of_a_project_are_what_its_tests_run_with(rendered: Rendered) -> None:
    """requirements.txt was compiled after the last change of what a project needs."""
    project = rendered() / "pyproject.toml"
    check = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--offline", "--no-deps"]
    run = subprocess.run(
        [
            *check,
            "--python",
            sys.executable,
            "--requirements",
            project,
            "--group",
            f"{project}:dev",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Would make no changes" in run.stderr, run.stderr + "Run ./nox -s pins."


# The template's own files


def test_little_of_the_template_is_jinja() -> None:
    lines = [
        line
        for name in template_files()
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    share = sum(any(mark in line for mark in JINJA) for line in lines) / len(lines)
    print(f"{share:.1%} of {len(lines)} lines carry Jinja")
    assert share <= 0.03


def test_git_ignores_no_file_of_the_template() -> None:
    """A .gitignore that is rendered works here as well."""
    arguments = ("ls-files", "--others", "--ignored", "--exclude-standard", "template", "examples")
    ignored = git(ROOT, *arguments).splitlines()
    assert [name for name in ignored if not re.search("__pycache__|_cache/|_build/", name)] == []


def test_no_file_relies_on_its_executable_bit() -> None:
    """Update services do not set it."""
    assert [name for name in template_files() if os.access(ROOT / name, os.X_OK)] == []


def test_the_examples_read_the_same_inputs() -> None:
    schemas = [(ROOT / f"examples/{problem}/schema.py").read_text("utf-8") for problem in PROBLEMS]
    assert len({schema.partition("class Labels")[0] for schema in schemas}) == 1


@pytest.mark.parametrize(
    "name", [name for name in files(ROOT / "examples") if name.endswith(".py")]
)
def test_an_example_fits_on_a_screen(name: str) -> None:
    assert len((ROOT / "examples" / name).read_text(encoding="utf-8").splitlines()) <= 40


def patterns() -> Iterator[str]:
    """Yield the paths of the user's list in copier.yml."""
    documents = yaml.safe_load_all((ROOT / "copier.yml").read_text(encoding="utf-8"))
    entries = (entry for each in documents for entry in each.get("_skip_if_exists", []))
    yield from (re.sub(r"\{%.*?%\}", "", entry) for entry in entries)


def yours() -> PathSpec[Any]:
    return PathSpec.from_lines("gitignore", patterns())


def platform_files(folder: Path) -> list[str]:
    lines = (folder / ".mlops/files").read_text(encoding="utf-8").splitlines()
    return [line.split("  ", 1)[1] for line in lines]


def platform_code(folder: Path) -> dict[str, bytes]:
    return {
        name: (folder / name).read_bytes()
        for name in platform_files(folder)
        if name.endswith(".py") and not name.startswith("tests/")
    }


def listed(folder: str) -> list[str]:
    """Return the paths in a folder of this repository, committed or not."""
    arguments = ("ls-files", "--cached", "--others", "--exclude-standard", "-z", folder)
    names = filter(None, git(ROOT, *arguments).split("\0"))
    return [name for name in names if (ROOT / name).is_file()]


def template_files() -> list[str]:
    return listed("template")
