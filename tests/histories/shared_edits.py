"""Edits that a team makes to shared files, in the places reserved for it."""

import os
import re
import subprocess
import sys
import tomllib

from .edits import Edit, Project

PROJECT = "pyproject.toml"
IGNORED = ".gitignore"
HOOKS = ".pre-commit-config.yaml"
ADD = "# Yours: add below"
PACKAGES = "altair boto3 httpx lightgbm polars pandas requests scipy shap tqdm xgboost zstandard"


def uv(project: Project, *arguments: str) -> None:
    """Run uv on the project's requirements, without an index."""
    command = ["uv", *arguments, "--frozen", "--offline", "--quiet"]
    environment = os.environ | {"UV_PYTHON": sys.executable}
    subprocess.run(command, cwd=project.folder, env=environment, check=True)


def adds_requirements(project: Project) -> None:
    wanted = project.rng.sample(PACKAGES.split(), k=project.rng.randint(1, 3))
    uv(project, "add", *(f"{name}>={project.rng.randint(0, 3)}.1" for name in wanted))


def adds_requirements_elsewhere(project: Project) -> None:
    """Add a requirement to the development tools, an extra or a group."""
    place = project.rng.choice([["--dev"], ["--optional", "gpu"], ["--group", "docs"]])
    uv(project, "add", *place, f"{project.rng.choice(PACKAGES.split())}>=0.1")


def removes_a_requirement(project: Project) -> bool:
    """Remove a requirement that the team has added."""
    listed = tomllib.loads(project.read(PROJECT))["project"]["dependencies"]
    names = [match[0] for each in listed if (match := re.match(r"[\w-]+(?!.*\[)", each))]
    if names:
        uv(project, "remove", project.rng.choice(names))
    return bool(names)


def releases_a_version(project: Project) -> None:
    uv(project, "version", "--bump", project.rng.choice(["major", "minor", "patch"]))


def writes_a_reserved_line(project: Project) -> bool:
    """Set an option below the comment that reserves the place for the team."""
    header, line = project.rng.choice(RESERVED)
    marker = ADD if header == "[project]" else "# Yours"
    lines = project.read(PROJECT).splitlines(keepends=True)
    start = next(n for n, each in enumerate(lines) if each.rstrip() == header)
    place = next(n for n, each in enumerate(lines) if n > start and each.startswith(marker))
    ours = line.format(project.number(), project.name.replace("-", "_"))
    key = ours.split("=")[0]
    if any(each.startswith(key) for each in lines):
        return False
    end = next((n for n, each in enumerate(lines) if n > place and not each.strip()), len(lines))
    if end == len(lines) and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    lines.insert(end, ours + "\n")
    project.write(PROJECT, "".join(lines))
    return True


RESERVED = [
    ("[tool.ruff]", 'lint.extend-ignore = ["N815"]'),
    ("[tool.ruff]", 'extend-exclude = ["sql"]'),
    ("[tool.mypy]", "warn_unreachable = true"),
    ("[tool.mypy]", 'exclude = ["scripts/"]'),
    ("[tool.pytest.ini_options]", 'markers = ["slow: takes minutes"]'),
    ("[tool.pytest.ini_options]", "faulthandler_timeout = 60"),
    ("[project.scripts]", 'ours-{} = "{}.data:main"'),
    ("[tool.coverage.report]", "show_missing = true"),
    ("[project]", 'keywords = ["risk"]'),
    ("[project]", 'license = "LicenseRef-Proprietary"'),
]


def adds_a_table(project: Project) -> None:
    """Add a table at the end of the file, as uv does."""
    table = project.rng.choice(TABLES).format(project.number())
    text = project.read(PROJECT)
    end = "\r\n" if "\r\n" in text else "\n"
    project.write(PROJECT, text.rstrip() + end + end + table.replace("\n", end))


TABLES = (
    "[tool.ours-{}]\nlevel = 2\n",
    '[[tool.mypy.overrides]]\nmodule = ["ours_{}.*"]\nignore_missing_imports = true\n',
    '[[tool.uv.index]]\nname = "ours-{}"\nurl = "https://packages.bank.example/simple"\n',
)


def changes_the_coverage_floor(project: Project) -> None:
    text = re.sub(
        r"fail_under = \d+", f"fail_under = {project.rng.randint(50, 99)}", project.read(PROJECT)
    )
    project.write(PROJECT, text)


def ignores_a_path(project: Project) -> bool:
    if not (project.folder / IGNORED).exists():
        return False
    text = project.read(IGNORED)
    end = "\r\n" if "\r\n" in text else "\n"
    project.write(IGNORED, f"{text.rstrip()}{end}/ours-{project.number()}/{end}")
    return True


def stops_ignoring_a_path(project: Project) -> bool:
    """Remove a line that the team's part had from the start."""
    if not (project.folder / IGNORED).exists():
        return False
    before, comment, mine = project.read(IGNORED).partition("# Yours: add below.")
    lines = mine.splitlines(keepends=True)[1:]
    if not lines:
        return False
    lines.pop(project.rng.randrange(len(lines)))
    project.write(IGNORED, before + comment + "\n" + "".join(lines))
    return True


def adds_a_hook(project: Project) -> bool:
    if not (project.folder / HOOKS).exists():
        return False
    number = project.number()
    text = project.read(HOOKS)
    hook = (
        f"  - repo: local\n    hooks:\n      - id: ours-{number}\n        name: ours {number}\n"
        "        entry: uv run --frozen ours\n        language: system\n"
    )
    end = "\r\n" if "\r\n" in text else "\n"
    project.write(HOOKS, text.rstrip() + end + hook.replace("\n", end))
    return True


def describes_the_project(project: Project) -> None:
    text = project.read(PROJECT)
    ours = f'description = "Ours, number {project.number()}."'
    project.write(PROJECT, re.sub(r"(?m)^description = .*?(?=\r?$)", ours, text, count=1))


def deletes_a_shared_file(project: Project) -> None:
    (project.folder / project.rng.choice([HOOKS, IGNORED])).unlink(missing_ok=True)


EDITS: tuple[Edit, ...] = (
    adds_requirements,
    adds_requirements_elsewhere,
    removes_a_requirement,
    releases_a_version,
    writes_a_reserved_line,
    writes_a_reserved_line,
    adds_a_table,
    changes_the_coverage_floor,
    ignores_a_path,
    stops_ignoring_a_path,
    adds_a_hook,
)
RARE: tuple[Edit, ...] = (describes_the_project, deletes_a_shared_file)
