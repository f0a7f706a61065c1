"""The manual of this repository: `./nox -l` lists it, `./nox -s NAME` runs one session.

Each session runs in .venv, which ./nox keeps equal to requirements.txt.
"""

import shutil
import sys
from pathlib import Path

import nox

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
PROBLEMS = ("binary", "multiclass", "regression")

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

if Path(sys.prefix).resolve() != HERE / ".venv":
    sys.exit("Type ./nox in place of nox: it brings the pinned environment that the sessions need.")


@nox.session
def demo(session: nox.Session) -> None:
    """Make a project and run its whole lifecycle; `./nox -s demo -- FOLDER` names the folder."""
    folder = Path(session.posargs[0] if session.posargs else BUILD / "loan-risk").absolute()
    if (folder / ".copier-answers.yml").exists():
        session.log(f"{folder} is a project already: its demo runs again. Delete it to start anew.")
    elif folder.exists() and any(folder.iterdir()):
        session.error(f"{folder} holds other files: name a new folder, ./nox -s demo -- FOLDER.")
    else:
        render(session, folder)
    with session.chdir(folder):
        session.run("nox", "-s", "demo", env={"VIRTUAL_ENV": None})
    print(f"\n  The project is {folder}: read its README.md, then try `uvx nox -l` there.\n")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the template, its tests and its tools, in place."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the tests and tools, then of one project for each kind of problem."""
    cache = f"--cache-dir={BUILD / 'mypy'}"
    session.run("mypy", cache)
    for problem in PROBLEMS:
        folder = BUILD / "types" / problem / "loan-risk"
        shutil.rmtree(folder, ignore_errors=True)
        render(session, folder, f"--data=problem={problem}")
        with session.chdir(folder):
            session.run("mypy", cache)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that take seconds; `./nox -s tests -- ARGUMENT ...` hands on to pytest."""
    session.run("pytest", "-m", "not full", "--durations=15", *PARALLEL, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Run the slow tests: whole lifecycles, every Python, real servers, real updates."""
    session.run("pytest", "-m", "full", "--durations=40", *PARALLEL, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/; a broken link fails."""
    session.run("zensical", "build", "--clean")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure costs as ratios to floors, and simulate updates and monitoring."""
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def pins(session: nox.Session) -> None:
    """Compile requirements.txt anew, from pyproject.toml and what a project needs."""
    folder = BUILD / "pins" / "loan-risk"
    shutil.rmtree(folder, ignore_errors=True)
    render(session, folder)
    project = folder.relative_to(HERE) / "pyproject.toml"
    session.run(
        *("uv", "pip", "compile", "--upgrade", "--universal", "--generate-hashes", "--all-extras"),
        *("--no-annotate", "--no-emit-index-url", "--no-header", "--quiet"),
        *("--python-version", "3.11", "--output-file", "requirements.txt"),
        *("--group", "dev", "--group", "docs", "--group", f"{project}:dev", project),
    )


@nox.session
def release(session: nox.Session) -> None:
    """Examine what is committed, then tag it: `./nox -s release -- v0.2.0`; never moves a tag."""
    session.run("python", "-m", "tools.release", *session.posargs)


@nox.session
def diff(session: nox.Session) -> None:
    """Show what a project gets: `./nox -s diff -- v0.1.0 v0.2.0`; --data and --project answer."""
    session.run("python", "-m", "tools.diff", *session.posargs)


@nox.session
def fleet(session: nox.Session) -> None:
    """Tell how each repository's update would go: `./nox -s fleet -- repos.txt`; also --json."""
    session.run("python", "-m", "tools.fleet", *session.posargs)


PARALLEL = ("--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder")


def render(session: nox.Session, folder: Path, *options: str) -> None:
    """Make a project from the template as it lies here, with what is not committed yet."""
    how = ("--defaults", "--quiet", "--vcs-ref=HEAD", *options)
    session.run("copier", "copy", *how, str(HERE), str(folder))
