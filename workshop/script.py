r"""Run the commands of a solution, one line at a time, without a shell.

A line is a command as a participant types it, and `#` starts a comment. The comment `# exits with
3` says how the command must end; without it, it must end with 0. `cp`, `mkdir`, `rm` and `touch`
run here, so that they work on every system. `edit FILE OLD NEW` replaces text, as with an editor;
`\n` in NEW starts a line.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT = re.compile(r"# exits with (\d)$")
Run = Callable[[Sequence[str], Path], int]


class Failed(Exception):
    """A command of a script did not end as it should."""


@dataclass(frozen=True)
class Line:
    """A command of a script."""

    text: str
    """As it is typed."""
    arguments: tuple[str, ...]
    code: int
    """How it must end."""


def lines(text: str) -> Iterator[Line]:
    """Yield the commands of a script."""
    for line in text.splitlines():
        arguments = shlex.split(line, comments=True)
        if arguments:
            ending = EXIT.search(line)
            yield Line(line, tuple(arguments), int(ending[1]) if ending else 0)


def run(file: Path, folder: Path, program: Run | None = None) -> None:
    r"""Run the commands of a script in a folder; raises Failed at the first that fails.

    `program` runs a command that is not run here, and returns its exit code.
    """
    for line in lines(file.read_text(encoding="utf-8")):
        print(f"$ {line.text}", flush=True)
        code = _run_line(line.arguments, folder, program or _run_program)
        if code != line.code:
            raise Failed(
                f"`{shlex.join(line.arguments)}` ended with {code}, not with {line.code}: read its "
                "output above, run `uvx nox -s workshop -- reset`, and try again."
            )


def _run_line(arguments: Sequence[str], folder: Path, program: Run) -> int:
    name, *paths = arguments
    if name == "cp":
        *sources, target = paths
        for source in _matches(sources, folder):
            to = folder / target
            shutil.copy2(source, to / source.name if to.is_dir() else to)
    elif name == "rm":
        for path in _matches(paths, folder):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif name == "mkdir":
        (folder / paths[0]).mkdir(parents=True, exist_ok=True)
    elif name == "touch":
        (folder / paths[0]).touch()
    elif name == "edit":
        _edit(folder / paths[0], paths[1], paths[2])
    else:
        return program(arguments, folder)
    return 0


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old not in text:
        raise Failed(f"{file.name} does not contain {old}: make this change in your editor.")
    new = new.replace("\\n", "\n")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _matches(patterns: Sequence[str], folder: Path) -> list[Path]:
    """Return the paths of these patterns; options such as `-r` are left out."""
    matches: list[Path] = []
    for pattern in patterns:
        if pattern.startswith("-"):
            continue
        paths = sorted(folder.glob(pattern))
        if not paths:
            raise Failed(f"{pattern} matches no file: reset this exercise, and try again.")
        matches += paths
    return matches


def _run_program(arguments: Sequence[str], folder: Path) -> int:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(list(arguments), cwd=folder, env=env, check=False).returncode


def copy_files(source: Path, target: Path) -> None:
    """Copy all files below a folder to the same places below another; there may be none."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
