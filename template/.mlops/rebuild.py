"""The rebuild of a version: the part of `reproduce` that needs a clone, so no wheel carries it.

In a git worktree of the version's commit, with its own lock and its own platform, it runs
refit.py. It prints what refit.py found, as JSON, or the sentence that tells why there is nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path


def rebuild(file: Path) -> str:
    """Do a job that `reproduce` wrote; raises SystemExit with a sentence."""
    job = json.loads(file.read_text(encoding="utf-8"))
    root, code, lineage = Path(job["root"]), file.with_name("code"), job["lineage"]
    within = find_commit(root, lineage["commit"])
    remove(root, code)  # what a killed run left
    try:
        step(f"checking out commit {lineage['commit'][:12]} and installing its lock")
        add = ("git", "worktree", "add", "--quiet", "--detach", code, lineage["commit"])
        run("the commit cannot be checked out: {why}", root, *add)
        python = ("--python", lineage["python"].rpartition(".")[0])
        sync = (job["uv"], "sync", "--quiet", "--frozen", "--no-dev", *python)
        run("the lock of then cannot be installed: {why}", code / within, *sync)
        step("fitting on its rows")
        told = "the code of then does not train today: {why}"
        return run(told, code / within, job["uv"], "run", "--no-sync", *refit(code / within), file)
    finally:
        remove(root, code)


def refit(code: Path) -> tuple[str | Path, ...]:
    """Return the command that refits with the platform of a commit."""
    if own := next(code.glob("src/*/mlops/refit.py"), None):
        return ("python", "-I", "-m", f"{own.parts[-3]}.mlops.refit")
    return ("python", "-I", Path(__file__).with_name("refit.py"))


def find_commit(root: Path, commit: str) -> str:
    """Return the project's place in the repository, which must know the commit."""
    remedy = "run this command in a clone of the repository"
    told = f"there is no git history here to rebuild the version from; {remedy}"
    within = run(told, root, "git", "rev-parse", "--show-prefix").strip()
    remedy = "fetch it, in a shallow clone by `git fetch --unshallow`"
    told = f"commit {commit[:12]}, which the version was made from, is not in this clone; {remedy}"
    run(told, root, "git", "cat-file", "commit", commit)
    return within


def remove(root: Path, code: Path) -> None:
    """Take the worktree away, and what git knows of it."""
    command = ["git", "worktree", "remove", "--force", "--force", str(code)]
    subprocess.run(command, cwd=root, capture_output=True, check=False)
    shutil.rmtree(code, ignore_errors=True)


def run(told: str, where: Path, *command: str | Path) -> str:
    """Run a command that knows nothing of today's environment; return what it prints."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "VIRTUAL_ENV" and (not name.startswith("MLOPS_") or "SECRET" in name)
    }
    env["UV_PROJECT_ENVIRONMENT"] = ".venv"
    how = {"cwd": where, "env": env, "capture_output": True, "encoding": "utf-8"}
    try:
        done = subprocess.run(command, check=False, **how)
    except OSError as error:
        sys.exit(told.format(why=error))
    if done.returncode:
        sys.exit(told.format(why=done.stderr.strip().split("\n")[-1]))
    return done.stdout


def step(text: str) -> None:
    """Say what happens now, as the program does."""
    print(f"· {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(rebuild(Path(sys.argv[1])))
    except SystemExit as end:
        print(end.code)
        sys.exit(1)
