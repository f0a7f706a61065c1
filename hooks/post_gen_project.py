"""Generate the project with Copier, so that cookiecutter and cruft users can update it.

cookiecutter and cruft run this file inside the new folder, after rendering the one Jinja expression
in it. The hook never prompts, because it cannot know whether --no-input was given. It must stay
readable for older Python versions.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml  # a dependency of cookiecutter

CONTEXT = json.loads(r"""{{ cookiecutter | jsonify }}""")
FOLDER = Path.cwd()

# How an address that Copier recognizes as a git repository begins.
GIT_PREFIXES = ("git@", "git+", "git://", "https://github.com/", "https://gitlab.com/")
ERROR_LINE = re.compile(r"^(?:[\w.]+Error: |Stderr: +\| (?:fatal: )?)(.+)", re.MULTILINE)


def main() -> None:
    """Generate the project; on failure leave the folder empty."""
    (FOLDER / ".gitkeep").unlink()
    try:
        run_copier()
    except BaseException:
        empty_folder()
        raise


def run_copier() -> None:
    """Run `copier copy`; on failure exit with its last error."""
    options = ["--defaults", *answer_options(), *version_options()]
    run = subprocess.run(
        [*copier_command(), "copy", *options, template_source(), str(FOLDER)],
        check=False,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    errors = ERROR_LINE.findall(run.stderr)
    if run.returncode and errors:
        sys.exit(f"Copier did not generate the project: {errors[-1].rstrip('.')}.")
    sys.stderr.write(run.stderr)
    if run.returncode:
        sys.exit("Copier did not generate the project; see its output above.")
    if not CONTEXT["_data_file"]:
        sys.stderr.write(
            "All other answers are the defaults; to choose them, pass _data_file=answers.yml.\n"
        )


def copier_command() -> list[str]:
    """Return how to run Copier: the one installed next to cookiecutter, on PATH, or through uvx."""
    search_path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    copier = shutil.which("copier", path=search_path)
    if copier:
        return [copier]
    uvx = shutil.which("uvx", path=search_path)
    if uvx:
        return [uvx, f"--python={sys.executable}", f"--from={CONTEXT['_copier']}", "copier"]
    return sys.exit(
        "Copier generates the project but is not installed: install it, or uv, which can run it."
    )


def answer_options() -> list[str]:
    """Return the options that answer Copier's questions."""
    name = CONTEXT["project_name"]
    options = [f"--data=project_name={name}"]
    if CONTEXT["_data_file"]:
        file = find(CONTEXT["_data_file"])
        other = read_answers(file).get("project_name", name)
        if other != name:
            sys.exit(f"{file} names the project {other}: pass project_name={other} as well.")
        options.append(f"--data-file={file}")
    return options


def read_answers(file: Path) -> dict[str, object]:
    """Return the answers in a file."""
    try:
        answers = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        sys.exit(f"{file} cannot be read: {' '.join(str(error).split())}. Correct it and retry.")
    if not isinstance(answers, dict):
        sys.exit(f"{file} contains no answers: write one per line, such as `problem: regression`.")
    return answers


def version_options() -> list[str]:
    """Return the option for the template's version: cookiecutter's --checkout, cruft's commit."""
    version = CONTEXT.get("_checkout") or CONTEXT.get("_commit")
    return [f"--vcs-ref={version}"] if version else []


def template_source() -> str:
    """Return the address or path of the template, as Copier reads it now and at every update."""
    template: str = CONTEXT["_template"]
    repository = CONTEXT.get("_repo_dir")
    if repository:  # cruft passes none, and has made the template's path absolute
        folder = find(repository)
        if not (folder / ".git").exists():
            sys.exit(
                f"{template} is not a git repository, and updates need its versions: name one."
            )
        template = str(folder) if repository == template else origin(folder)
    is_path = "://" not in template
    if is_path or template.endswith(".git") or template.startswith(GIT_PREFIXES):
        return template
    return f"git+{template}"


def origin(clone: Path) -> str:
    """Return the full address that cookiecutter cloned."""
    command = ["git", "config", "--get", "remote.origin.url"]
    run = subprocess.run(command, cwd=clone, check=False, stdout=subprocess.PIPE, encoding="utf-8")
    address = run.stdout.strip()
    if not address:
        sys.exit(f"{clone} has no remote named origin: pass the template's address instead.")
    return address


def find(relative: str) -> Path:
    """Return the absolute path of a path that the user wrote.

    A hook does not know the folder where cookiecutter was started. Candidates are the shell's PWD
    and the parent of the new project.
    """
    bases = [os.environ.get("PWD", FOLDER.parent), FOLDER.parent]
    paths = [Path(os.path.normpath(Path(base, Path(relative).expanduser()))) for base in bases]
    existing = {path.resolve(): path for path in paths if path.exists()}
    if not existing:
        sys.exit(f"{relative} does not exist: write its absolute path.")
    if len(existing) > 1:
        sys.exit(f"{relative} exists in more than one place: write its absolute path.")
    return existing.popitem()[1]


def empty_folder() -> None:
    """Delete everything that a failed run left behind."""
    for path in FOLDER.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # cookiecutter is interrupted as well and would leave the folder
        with contextlib.suppress(OSError):  # Windows does not delete a process's current folder
            FOLDER.rmdir()
        sys.exit(130)
