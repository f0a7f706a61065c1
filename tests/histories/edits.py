"""Edits that a team makes to its own files."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rendering import git

KINDS = ("data", "schema", "features", "model")


@dataclass
class Project:
    """A project and its team."""

    folder: Path
    rng: Random
    count: int = 0

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def package(self) -> Path:
        return self.folder / "src" / self.name.replace("-", "_")

    def number(self) -> int:
        """Return a number that makes a name unique."""
        self.count += 1
        return self.count

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8", newline="")

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def team_files(self) -> list[Path]:
        """Return the files that belong to the team alone."""
        platform_files = self.read(".mlops/files").split()[1::2]
        excluded = {*platform_files, ".mlops/files", ".copier-answers.yml", *SHARED}
        names = git(self.folder, "ls-files", "-z").split("\0")
        paths = [self.folder / name for name in names if name and name not in excluded]
        return [path for path in paths if path.is_file()]


Edit = Callable[[Project], bool | None]  # returns False where there was nothing to edit
SHARED = (".gitignore", ".pre-commit-config.yaml", "pyproject.toml")


def rewrites_a_module(project: Project) -> bool:
    """Rewrite one of the four modules, or append to it."""
    path = project.package / f"{project.rng.choice(KINDS)}.py"
    if not path.exists():
        return False
    number = project.number()
    text = path.read_text(encoding="utf-8") if project.rng.random() < 0.5 else '"""Ours."""\n'
    path.write_text(f"{text}\nOURS_{number} = {number}\n", encoding="utf-8")
    return True


def edits_a_file(project: Project) -> bool:
    """Insert a line somewhere, or remove one."""
    path = project.rng.choice(project.team_files())
    lines = path.read_bytes().splitlines(keepends=True)
    place = project.rng.randint(0, len(lines))
    if project.rng.random() < 0.7:
        lines.insert(place, f"# Our line {project.number()}.\n".encode())
    elif lines:
        lines.pop(place - 1)
    path.write_bytes(b"".join(lines))
    return True


def renames_a_file(project: Project) -> None:
    path = project.rng.choice(project.team_files())
    path.rename(path.with_name(f"renamed_{project.number()}{path.suffix}"))


def deletes_a_file(project: Project) -> None:
    project.rng.choice(project.team_files()).unlink()


def deletes_a_folder(project: Project) -> bool:
    names = ["docs", "notebooks", ".devcontainer", "tests/model"]
    folder = project.folder / project.rng.choice(names)
    if not folder.exists():
        return False
    shutil.rmtree(folder)
    return True


def adds_a_module(project: Project) -> None:
    number = project.number()
    package = project.package.relative_to(project.folder)
    path = project.rng.choice(
        [f"{package}/ours_{number}.py", f"{package}/sub_{number}/__init__.py"]
    )
    project.write(path, f'"""Ours, number {number}."""\n')


def adds_a_file(project: Project) -> None:
    """Add a file such as teams add: their own pipeline, script, query or lock file."""
    number = project.number()
    path = project.rng.choice(PLACES).format(number)
    project.write(path, f"# ours, number {number}\n")


PLACES = (
    ".github/workflows/ours-{}.yml",
    "azure-pipelines-ours-{}.yml",
    "ci/ours-{}.yml",
    "deploy/ours-{}.sh",
    "scripts/ours_{}.py",
    "sql/ours {}.sql",
    "notebooks/ours-{}.py",
    "tests/model/test_ours_{}.py",
    "docs/größe-{}.md",
    "conf/ours-{}.yml",
    "data/ours-{}.csv",
    "uv.lock",
    "Makefile",
    "docker/ours-{}.Dockerfile",
    "LICENSE",
)


def sets_a_value(project: Project) -> bool:
    path = project.folder / "conf" / project.rng.choice(["base.yml", "dev.yml", "prod.yml"])
    if not path.exists():
        return False
    number = project.number()
    ours = f"\n# Ours, number {number}.\nmodel:\n  seed: {number}\n"
    path.write_text(path.read_text(encoding="utf-8") + ours, encoding="utf-8")
    return True


def writes_the_readme(project: Project) -> None:
    project.write("README.md", f"# Our model\n\nAs of change {project.number()}.\n")


def saves_with_carriage_returns(project: Project) -> bool:
    """Save a file with CRLF line endings, as editors on Windows do."""
    path = any_file(project)
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return True


def loses_the_final_newline(project: Project) -> bool:
    path = any_file(project)
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    return True


def any_file(project: Project) -> Path:
    """Return a random file: a shared one, or one of the team."""
    shared = [path for name in SHARED if (path := project.folder / name).exists()]
    return project.rng.choice(
        shared if shared and project.rng.random() < 0.5 else project.team_files()
    )


EDITS: tuple[Edit, ...] = (
    rewrites_a_module,
    edits_a_file,
    renames_a_file,
    deletes_a_file,
    deletes_a_folder,
    adds_a_module,
    adds_a_file,
    sets_a_value,
    writes_the_readme,
    saves_with_carriage_returns,
    loses_the_final_newline,
)
SOUND: tuple[Edit, ...] = (adds_a_module, writes_the_readme, saves_with_carriage_returns)
