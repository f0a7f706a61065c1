"""All commands of this repository: `./nox -l` lists them, `./nox -s NAME` runs one.

Every session runs in .venv, which ./nox syncs with requirements.txt.
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
    sys.exit("Type ./nox instead of nox: it sets up the pinned environment that the sessions need.")


@nox.session
def demo(session: nox.Session) -> None:
    """Generate a project and run its whole lifecycle: `./nox -s demo -- [FOLDER]`."""
    folder = Path(session.posargs[0] if session.posargs else BUILD / "loan-risk").absolute()
    if (folder / ".copier-answers.yml").exists():
        session.log(
            f"{folder} already is a project, so its demo runs again. Delete it to start over."
        )
    elif folder.exists() and any(folder.iterdir()):
        session.error(f"{folder} contains other files. Name a new folder: ./nox -s demo -- FOLDER")
    else:
        render(session, folder)
    with session.chdir(folder):
        session.run("nox", "-s", "demo", env={"VIRTUAL_ENV": None})
    print(f"\n  Your project is in {folder}. Read its README.md, then run `uvx nox -l` there.\n")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of the template, the tests and the tools."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the tests and tools, and of one generated project per problem."""
    session.run("mypy", f"--cache-dir={BUILD / 'mypy'}")
    cache = f"--cache-dir={BUILD / 'mypy-projects'}"  # other options need another cache
    folder = BUILD / "types" / "loan-risk"  # one for all: mypy checks again only what differs
    for problem in PROBLEMS:
        shutil.rmtree(folder, ignore_errors=True)
        render(session, folder, f"--data=problem={problem}")
        with session.chdir(folder):
            session.run("mypy", cache)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the fast tests; `./nox -s tests -- ARGUMENT ...` passes arguments to pytest."""
    session.run("pytest", "-m", "not full", "--durations=15", *PARALLEL, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Run the slow tests: whole lifecycles, every Python version, real servers and updates."""
    session.run("pytest", "-m", "full", "--durations=40", *PARALLEL, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/; a broken link is an error."""
    session.run("zensical", "build", "--clean")


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the diagrams of the documentation, run the demo, and take screenshots of it."""
    folder = BUILD / "pictures" / "loan-risk"
    shutil.rmtree(folder, ignore_errors=True)
    render(session, folder)
    with session.chdir(folder):
        session.run("nox", "-s", "demo", env={"VIRTUAL_ENV": None})
    session.run("python", "-m", "tools.pictures", "--demo", str(folder))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure costs as multiples of a floor, and simulate updates and monitoring."""
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def pins(session: nox.Session) -> None:
    """Recompile requirements.txt from pyproject.toml and the requirements of a project."""
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
def names(session: nox.Session) -> None:
    """Compute taken.txt, the names that a project cannot have, once requirements have changed."""
    session.run("python", "-m", "tools.taken")


@nox.session
def reference(session: nox.Session) -> None:
    """Write the tables of docs/reference/ from the code, and that of the guards from their list."""
    session.run("python", "-m", "tools.reference", "--write")
    session.run("python", "-m", "tools.guards", "--write")


@nox.session
def guards(session: nox.Session) -> None:
    """Remove each guard in turn and show that a test notices: `./nox -s guards -- [NAME ...]`."""
    session.run("python", "-m", "tools.guards", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Check the current commit and tag it as a release: `./nox -s release -- v0.2.0`."""
    session.run("python", "-m", "tools.release", *session.posargs)


@nox.session
def keep(session: nox.Session) -> None:
    """Keep the records and the store of a released version: `./nox -s keep -- v0.2.0`."""
    session.run("python", "tests/kept/make.py", *session.posargs)


@nox.session
def diff(session: nox.Session) -> None:
    """Show what a project gets from an update: `./nox -s diff -- v0.1.0 v0.2.0`."""
    session.run("python", "-m", "tools.diff", *session.posargs)


@nox.session
def fleet(session: nox.Session) -> None:
    """Try the update of every repository in a list: `./nox -s fleet -- repos.txt`."""
    session.run("python", "-m", "tools.fleet", *session.posargs)


PARALLEL = ("--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder")


def render(session: nox.Session, folder: Path, *options: str) -> None:
    """Generate a project from the working tree, uncommitted changes included."""
    defaults = ("--defaults", "--quiet", "--vcs-ref=HEAD")
    session.run("copier", "copy", *defaults, *options, str(HERE), str(folder))
