"""The sessions of this repository: `uvx nox -l` lists them, `uvx nox -s NAME` runs one.

nox works on the repository, the project's own program on the model. uv manages the only
environment, `.venv`, so nox creates none. Answers such as `compute: databricks` add sessions: each
is a file in .mlops/sessions/.
"""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

PROJECT = nox.project.load_toml("pyproject.toml")["project"]
NAME = PROJECT["name"]
PACKAGE = Path("src") / NAME.replace("-", "_")
DEMO = Path("build/demo")

os.environ.pop("VIRTUAL_ENV", None)  # the active environment may be another project's
UV_FOLDER = Path(os.environ.get("UV", "uv")).parent  # uvx sets UV, and may not be on PATH itself
os.environ["PATH"] += os.pathsep + str(UV_FOLDER)
COMMANDS = runpy.run_path(".mlops/commands.py")
try:
    COMMANDS["use_own_repository"]()
except COMMANDS["Refusal"] as refusal:
    sys.exit(str(refusal))


@nox.session
def setup(session: nox.Session) -> None:
    """Prepare the repository: git, uv.lock, environment, first commit, hooks. Safe to repeat."""
    git_init(session)
    sync(session)
    first_commit(session)
    install_hooks(session)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, files, secrets and notebooks, and that the platform's files are unchanged."""
    git_init(session)
    sync(session)
    files = git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    hooks = ["uv", "run", "--no-sync", "pre-commit", "run", "--files", *filter(None, files)]
    if subprocess.call(hooks, env=os.environ | {"SKIP": "types"}):
        session.error("A check failed, see above. If it fixed files, review `git diff`, and repeat")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy."""
    sync(session)
    run(session, "mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests and check their coverage; `uvx nox -s tests -- PATH` runs some of them."""
    git_init(session)
    sync(session)
    first_commit(session)  # a model's lineage names a commit
    run(session, "pytest", *(session.posargs or ["--cov", "--cov-report=term-missing"]))


@nox.session
def demo(session: nox.Session) -> None:
    """Play through two years of a model's life in build/demo; `-- DATE`: use your rows up to it."""
    setup(session)
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    has_own_rows = not (PACKAGE / "synthetic.py").exists()
    dates = session.posargs[:1]
    if has_own_rows and not dates:
        dates = [""]  # the newest ones
    run(session, "python", ".mlops/story.py", NAME, PACKAGE.name, *dates, env=DEMO_STORE)
    say("done: every step and every figure is recorded")
    for label, path, meaning in WHAT_NOW:
        print(f"  {label:6} {path:{len(str(PACKAGE)) + 14}} {meaning}".rstrip())


@nox.session
def build(session: nox.Session) -> None:
    """Build a release of the last commit in build/release: wheel, locked requirements, and more.

    Uncommitted changes are refused; `-- --allow-dirty` builds a release with them to try out.
    """
    if session.posargs not in ([], ["--allow-dirty"]):
        session.error("Run `uvx nox -s build`, or `uvx nox -s build -- --allow-dirty`")
    sync(session)
    if not git("rev-parse", "HEAD"):
        session.error("There is no commit to build from: run `uvx nox -s setup` first")
    run(session, "python", ".mlops/release.py", PACKAGE.name, *session.posargs)


@nox.session
def rehearse(session: nox.Session) -> None:
    """Read the configuration of all environments, then run a lifecycle with the settings of test.

    Its rows are synthetic. It needs no credentials, but your work must be committed, as in test.
    """
    git_init(session)
    sync(session)
    first_commit(session)
    run(session, "python", ".mlops/rehearse.py", NAME, PACKAGE.name)


@nox.session
def schedules(session: nox.Session) -> None:
    """Show what runs when in prod, and lines for cron; `uvx nox -s schedules -- test`: in test."""
    sync(session)
    run(session, "python", ".mlops/crontab.py", NAME, PACKAGE.name, *(session.posargs or ["prod"]))


@nox.session
def audit(session: nox.Session) -> None:
    """Check the packages in uv.lock for known vulnerabilities."""
    session.run("uv", "run", "--script", ".mlops/audit.py")


@nox.session
def contract(session: nox.Session) -> None:
    """Write the data contract for those who deliver the tables to build/contract."""
    sync(session)
    run(session, "python", ".mlops/data_contract.py")


@nox.session
def update(session: nox.Session) -> None:
    """Prepare the update to the template's newest version in build/update, and check it."""
    sign_as_the_team()
    if session.posargs[:1] == ["publish"]:
        publish(session)
    else:
        session.run("uv", "run", "--script", ".mlops/update.py", *session.posargs)


for file in sorted(Path(".mlops/sessions").glob("*.py")):
    runpy.run_path(str(file))  # registers its session


DEMO_STORE = {
    "MLOPS_ENV": "dev",
    "MLOPS_TRACKING_URI": f"sqlite:///{DEMO.as_posix()}/mlflow.db",
    "MLOPS_PREDICTIONS": f"{DEMO.as_posix()}/predictions",
    "MLOPS_EXTRACTS": f"{DEMO.as_posix()}/extracts",
    "MLOPS_REPORTS": f"{DEMO.as_posix()}/reports",
}
# MLflow's own commands send usage data to its makers unless this is set.
MLFLOW_UI = "MLFLOW_DISABLE_TELEMETRY=true uv run mlflow ui"
WHAT_NOW = [
    ("view", f"{MLFLOW_UI} --backend-store-uri sqlite:///{DEMO.as_posix()}/mlflow.db", ""),
    ("", f"{DEMO.as_posix()}/predictions", "what was predicted"),
    ("", f"{DEMO.as_posix()}/reports", "model cards and monthly reports, pages for the browser"),
    ("edit", f"{PACKAGE.as_posix()}/data.py", "where rows come from"),
    ("", f"{PACKAGE.as_posix()}/schema.py", "what rows must look like"),
    ("", f"{PACKAGE.as_posix()}/features.py", "everything that computes a value"),
    ("", f"{PACKAGE.as_posix()}/model.py", "the estimator"),
    ("next", "uvx nox", "lint, types and tests"),
    ("undo", f"delete {DEMO.as_posix()}", "the whole demo is in there"),
]


def publish(session: nox.Session) -> None:
    """Open the pull request of a prepared update; a project without pipelines has none."""
    script = Path(".mlops/publish.py")
    if not script.exists():
        session.error("This project has no pipelines: merge the update with git pull instead")
    session.run("uv", "run", "--script", str(script), *session.posargs[1:])


def say(text: str) -> None:
    """Print a headline, bold on a terminal."""
    line = f"\n--- {text} "
    line += "-" * max(0, 90 - len(line))
    print(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line, flush=True)


def git(*arguments: str) -> str:
    """Return the output of git, or "" where it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def run(session: nox.Session, *command: str, env: dict[str, str] | None = None) -> None:
    """Run a program in the environment as `sync` left it."""
    session.run("uv", "run", *command, env={"UV_NO_SYNC": "1", **(env or {})})


def sync(session: nox.Session) -> None:
    """Sync the environment with uv.lock, which is created if missing and otherwise kept."""
    if not shutil.which("uv"):
        session.error("uv is not on PATH: run `pipx install uv`, or see https://docs.astral.sh/uv")
    if not Path("uv.lock").exists():
        session.run("uv", "lock")
    if Path(".venv").exists():
        session.run("uv", "sync", "--locked", "--quiet")
    else:
        session.log("The first time, uv fetches about 160 packages, 0.9 GB with all of MLflow.")
        quiet = [] if sys.stderr.isatty() else ["--quiet"]
        session.run("uv", "sync", "--locked", *quiet)


def git_init(session: nox.Session) -> None:
    """Create a git repository, unless this folder is one or is part of a larger one."""
    if not shutil.which("git"):
        session.error("git is not on PATH: install it from https://git-scm.com, then repeat")
    if not Path(".git").exists() and not git("ls-files"):
        session.run("git", "init", "--quiet", "--initial-branch=main")


def first_commit(session: nox.Session) -> None:
    """Commit everything, unless there is a commit already."""
    if git("rev-parse", "HEAD"):
        return
    sign_as_the_team()
    session.run("git", "add", "--all")
    session.run("git", "commit", "--quiet", "--message=chore: start from the template")


def sign_as_the_team() -> None:
    """Commit in the team's name where git knows no user, without changing git's configuration."""
    for key, value in PROJECT["authors"][0].items():
        if not git("config", f"user.{key}"):
            os.environ.setdefault(f"GIT_AUTHOR_{key.upper()}", value)
            os.environ.setdefault(f"GIT_COMMITTER_{key.upper()}", value)


def install_hooks(session: nox.Session) -> None:
    """Let git run the checks before each commit, unless the user keeps hooks elsewhere."""
    elsewhere = git("config", "core.hooksPath")
    if elsewhere:
        session.log(f"git takes its hooks from {elsewhere}: run the checks by `uvx nox -s lint`.")
    else:
        run(session, "pre-commit", "install")
