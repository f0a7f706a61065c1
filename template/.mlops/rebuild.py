"""The rebuild of a version: the part of `reproduce` that needs a clone, so no wheel carries it.

In a git worktree of the version's commit, with its own lock and its own platform, it runs the
refit. It prints the refit's answer, which is JSON, or one sentence that says why there is none.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from commands import Refusal, use_own_repository
from committed import LINK, SUBMODULE, CommittedFile, committed_files


class CommandError(Exception):
    """A command failed; its text is the last line that the command wrote to stderr."""


def main() -> None:
    """Do the job that `reproduce` wrote."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=Path)
    parser.add_argument("--commit", required=True, help="the commit of the version")
    parser.add_argument("--python", required=True, help="its Python, such as 3.11.7, or nothing")
    parser.add_argument("--uv", required=True, help="the program uv")
    options = parser.parse_args()
    try:
        use_own_repository()
        print(rebuild(options.job, options.commit, options.python, options.uv))
    except Refusal as refusal:
        print(refusal)
        sys.exit(1)
    except SystemExit as end:
        print(end.code)
        sys.exit(1)


def rebuild(job: Path, commit: str, python: str, uv: str) -> str:
    """Return the answer of the refit; raises SystemExit with a sentence."""
    root = Path.cwd()
    code = job.with_name("code")
    folder = code / find_project(root, commit)
    remove_worktree(root, code)  # a killed run may have left one
    try:
        step(f"checking out commit {commit[:12]} and installing its lock")
        add_worktree(root, code, commit)
        install_lock(folder, python, uv)
        step("fitting on its rows")
        try:
            return output(folder, uv, "run", "--no-sync", *refit_command(folder), str(job))
        except CommandError as error:
            sys.exit(f"the code of commit {commit[:12]} cannot train today: {error}.")
    finally:
        remove_worktree(root, code)


def refit_command(folder: Path) -> list[str]:
    """Return the command that refits with the platform of a commit."""
    for module in folder.glob("src/*/mlops/refit.py"):
        return ["python", "-I", "-m", f"{module.parts[-3]}.mlops.refit"]
    return ["python", "-I", str(Path(__file__).with_name("refit.py"))]


def find_project(root: Path, commit: str) -> str:
    """Return the project's path in the repository, which must have the commit."""
    try:
        path = output(root, "git", "rev-parse", "--show-prefix").strip()
    except CommandError:
        sys.exit(
            "there is no git history here to rebuild the version from; run this command in a clone "
            "of the repository."
        )
    try:
        output(root, "git", "cat-file", "commit", commit)
    except CommandError:
        sys.exit(
            f"commit {commit[:12]}, from which the version was trained, is not in this clone; "
            "fetch it, in a shallow clone by `git fetch --unshallow`."
        )
    return path


def add_worktree(root: Path, code: Path, commit: str) -> None:
    """Check out a commit next to the job, without the filters and hooks of the repository."""
    options = ("--quiet", "--detach", "--no-checkout")
    try:
        output(root, "git", "worktree", "add", *options, str(code), commit)
        output(code, "git", "read-tree", "HEAD")
    except CommandError as error:
        sys.exit(f"commit {commit[:12]} cannot be checked out: {error}.")
    links: list[CommittedFile] = []
    for file in committed_files(commit):
        if file.mode == LINK:
            links.append(file)  # written last, so that no file is written through one
        elif file.mode == SUBMODULE:
            (code / file.path).mkdir(parents=True)
        else:
            file.write(code)
    for link in links:
        path = code / link.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.fsdecode(link.content))


def install_lock(folder: Path, python: str, uv: str) -> None:
    """Install the lock file of the commit, with the Python that trained the version."""
    command = [uv, "sync", "--quiet", "--frozen", "--no-dev"]
    if python:
        command += ["--python", python.rpartition(".")[0]]
    try:
        output(folder, *command)
    except CommandError as error:
        sys.exit(f"the lock file of that commit cannot be installed: {error}.")


def remove_worktree(root: Path, code: Path) -> None:
    """Remove the worktree, and what git knows of it."""
    command = ["git", "worktree", "remove", "--force", "--force", str(code)]
    subprocess.run(command, cwd=root, capture_output=True, check=False)
    shutil.rmtree(code, ignore_errors=True)


def output(folder: Path, *command: str) -> str:
    """Return what a command prints that knows nothing of today's environment and settings."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "VIRTUAL_ENV" and (not name.startswith("MLOPS_") or "SECRET" in name)
    }
    env["UV_PROJECT_ENVIRONMENT"] = ".venv"
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
        )
    except OSError as error:
        raise CommandError(error) from None
    if done.returncode:
        raise CommandError(done.stderr.strip().split("\n")[-1].removesuffix("."))
    return done.stdout


def step(text: str) -> None:
    """Say what happens now, as the program does."""
    print(f"· {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
