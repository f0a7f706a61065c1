# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Put the workshop into a project: run this file in the project's folder.

    uv run --script ../goldsmith/workshop/join.py

It needs Python only. All that it writes is in `.workshop/`, which git ignores, and one file for nox
in `.mlops/sessions/`. To leave the workshop, delete both.
"""

import shutil
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
NAME = "loan-risk"
HOME = ".workshop"
NOT_COPIED = ("__pycache__", "wrong", "join.py", "preflight.py", "run.py", "session.py")
IGNORE = "# The workshop's files are not part of the project.\n"


def main() -> str:
    """Copy the workshop, and return what to do next."""
    project = Path.cwd()
    if not (project / ".copier-answers.yml").is_file():
        sys.exit("There is no project here: change to the folder that Copier has created.")
    answers = (project / ".copier-answers.yml").read_text(encoding="utf-8").splitlines()
    for answer in (f"project_name: {NAME}", "problem: binary"):
        if answer not in answers:
            sys.exit(
                f"The exercises are about a project {NAME} with the default answers, and this is "
                "another one: in an empty folder, run "
                f"`uvx copier copy --defaults --vcs-ref=HEAD {TEMPLATE} {NAME}`, and join there."
            )
    join(project)
    return (
        "The workshop is in this project. See what to do first:\n\n    uvx nox -s workshop\n\n"
        f"The pages are in {HOME}/pages."
    )


def join(project: Path) -> None:
    """Copy the workshop into a project; the progress of an earlier copy is kept."""
    home = project / HOME
    shutil.rmtree(home / "workshop", ignore_errors=True)
    shutil.rmtree(home / "pages", ignore_errors=True)
    source = TEMPLATE / "workshop"
    shutil.copytree(source, home / "workshop", ignore=shutil.ignore_patterns(*NOT_COPIED))
    shutil.copytree(TEMPLATE / "docs/workshop", home / "pages")
    shutil.copy2(source / "run.py", home)
    bank = TEMPLATE / "template/src/{{ package }}/synthetic.py"
    shutil.copy2(bank, home / "workshop/bank.py")
    (home / ".gitignore").write_text(f"{IGNORE}*\n", encoding="utf-8")
    sessions = project / ".mlops/sessions"
    sessions.mkdir(exist_ok=True)
    shutil.copy2(source / "session.py", sessions / "workshop.py")
    (sessions / ".gitignore").write_text(f"{IGNORE}/.gitignore\n/workshop.py\n", encoding="utf-8")


if __name__ == "__main__":
    print(main())
