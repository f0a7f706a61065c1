"""The front door of cookiecutter and cruft: Copier makes the project, and so can update it.

They run this file in the new folder, with what they know in the one place of braces. It asks no
more: nothing tells it of --no-input. It keeps to syntax that older Pythons read.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml  # cookiecutter needs it too

CONTEXT = json.loads(r"""{{ cookiecutter | jsonify }}""")
FOLDER = Path.cwd()

COPIER_KNOWS = ("git@", "git+", "git://", "https://github.com/", "https://gitlab.com/")
REASON = re.compile(r"^(?:[\w.]+Error: |Stderr: +\| (?:fatal: )?)(.+)", re.MULTILINE)


def main() -> None:
    """Make the project, or leave the folder empty."""
    (FOLDER / ".gitkeep").unlink()
    try:
        copy()
    except BaseException:
        empty()
        raise


def copy() -> None:
    """Let Copier do what `copier copy` does, and hand on what it says."""
    command = [*copier(), "copy", "--defaults", *answers(), *version(), source(), str(FOLDER)]
    run = subprocess.run(
        command, check=False, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    )
    reasons = REASON.findall(run.stderr)
    if run.returncode and reasons:
        sys.exit(f"Copier made no project: {reasons[-1].rstrip('.')}.")
    sys.stderr.write(run.stderr)
    if run.returncode:
        sys.exit("Copier made no project; its reason stands above.")
    if not CONTEXT["_data_file"]:
        sys.stderr.write("The other answers are defaults; _data_file=answers.yml gives others.\n")


def copier() -> list[str]:
    """Return the command of a Copier that is here, beside cookiecutter first, or that uv brings."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    beside, uvx = (shutil.which(name, path=places) for name in ("copier", "uvx"))
    if beside:
        return [beside]
    if uvx:
        return [uvx, f"--python={sys.executable}", f"--from={CONTEXT['_copier']}", "copier"]
    return sys.exit("Copier makes the project and is not here: install it, or uv, which brings it.")


def answers() -> list[str]:
    """Return the options that answer Copier's questions."""
    name = CONTEXT["project_name"]
    options = [f"--data=project_name={name}"]
    if CONTEXT["_data_file"]:
        file = find(CONTEXT["_data_file"])
        other = read(file).get("project_name", name)
        if other != name:
            sys.exit(f"{file} names the project {other}: answer so, with project_name={other}.")
        options.append(f"--data-file={file}")
    return options


def read(file: Path) -> dict[str, object]:
    """Return the answers in a file."""
    try:
        told = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        sys.exit(f"Correct {file}, which cannot be read: {' '.join(str(error).split())}.")
    if not isinstance(told, dict):
        sys.exit(f"{file} holds no answers: write a line for each, such as `problem: regression`.")
    return told


def version() -> list[str]:
    """Return the option for the version, if cookiecutter was given one or cruft wrote one down."""
    asked = CONTEXT.get("_checkout") or CONTEXT.get("_commit")
    return [f"--vcs-ref={asked}"] if asked else []


def source() -> str:
    """Return where Copier finds the template, now and at each update."""
    template, repository = CONTEXT["_template"], CONTEXT.get("_repo_dir")
    if repository:  # cruft has none, and makes the template's path absolute
        folder = find(repository)
        if not (folder / ".git").exists():
            sys.exit(f"{template} is no git repository, whose versions an update needs: name one.")
        template = str(folder) if repository == template else origin(folder)
    known = "://" not in template or template.endswith(".git") or template.startswith(COPIER_KNOWS)
    return template if known else f"git+{template}"


def origin(clone: Path) -> str:
    """Return the address that cookiecutter cloned, in full."""
    command = ["git", "config", "--get", "remote.origin.url"]
    run = subprocess.run(command, cwd=clone, check=False, stdout=subprocess.PIPE, encoding="utf-8")
    return run.stdout.strip() or sys.exit(f"{clone} has no origin: name the template's address.")


def find(written: str) -> Path:
    """Return the path that was written where cookiecutter was started.

    Nothing tells a hook where that was: the shell's PWD does, or the folder of the new project.
    """
    bases = [os.environ.get("PWD", FOLDER.parent), FOLDER.parent]
    paths = [Path(os.path.normpath(Path(base, Path(written).expanduser()))) for base in bases]
    found = {path.resolve(): path for path in paths if path.exists()}
    if len(found) != 1:
        why = "stands in more than one place" if found else "is not there"
        sys.exit(f"{written} {why}: write its whole path.")
    return found.popitem()[1]


def empty() -> None:
    """Delete what a failure left."""
    for path in FOLDER.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # cookiecutter, stopped as well, would leave the folder
        with contextlib.suppress(OSError):  # Windows keeps the folder that a program is in
            FOLDER.rmdir()
        sys.exit(130)
