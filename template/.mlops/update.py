# /// script
# requires-python = ">=3.11"
# dependencies = ["copier>=9.18,<10"]
# ///
"""Prepare the update to the template's newest version in a clone, and check it there.

The working tree stays as it is. publish.py finds the outcome in build/update/: the commit as a git
bundle, and the text of its pull request. The checks run code that nobody has reviewed yet, so they
can read no secret from the environment.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from commands import Refusal, git
from template import answers, changelog, is_outdated, update
from unreviewed import drop_secrets, fails, refuse_readable_secrets

OUT = Path("build/update")
BRANCH = "template-update"
MARKERS = "^(<<<<<<< before updating|>>>>>>> after updating)"


def main() -> int:
    """Prepare an update; return 1 where that fails, or where a person must finish the update."""
    argparse.ArgumentParser(prog="uvx nox -s update", description=__doc__).parse_args()
    try:
        refuse_readable_secrets()
        drop_secrets()
        problem = prepare()
    except (Refusal, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if problem else 0


def prepare() -> str:
    """Write the update to build/update/; return what is wrong with it, "" where nothing is."""
    shutil.rmtree(OUT, ignore_errors=True)  # so that an older update is never published instead
    before = answers(Path())
    changes = git("status", "--porcelain", "--no-renames", "--", ".").splitlines()
    if changes:
        raise Refusal(f"{changes[0][3:]} is not committed: commit or stash it, then repeat.")
    conflicting = conflicts(Path())
    if conflicting:
        raise Refusal(
            f"{conflicting} contains a conflict of an earlier update: resolve and commit it first."
        )
    OUT.mkdir(parents=True)
    if not is_outdated(before["_src_path"]):
        write({"title": ""})
        print(f"Nothing to do: {before['_commit']} is the newest version of the template.")
        return ""
    with TemporaryDirectory(dir=OUT, ignore_cleanup_errors=True) as folder:
        project = clone(Path(folder) / "project")
        after = update(project, before)
        title = f"chore: update the template from {before['_commit']} to {after['_commit']}"
        problem = commit(project, title) or check(project)
        news = changelog(project, before["_commit"], after)
        base = git("rev-parse", f"{BRANCH}~1", folder=project).strip()
    write({"title": title, "base": base, "problem": problem, "news": news})
    print(f"\n{problem or 'The update passes the checks.'}\n{next_commands()}")
    return problem


def next_commands() -> str:
    """Return the commands that merge or publish the update, with what each does."""
    prefix = git("rev-parse", "--show-prefix").strip()  # `git pull` starts at the top folder
    bundle = shlex.quote(prefix + (OUT / "branch.bundle").as_posix())
    pull = f"git pull {bundle} {BRANCH}"
    lines = [f"  {pull}   merges it into this branch"]
    if Path(__file__).with_name("publish.py").exists():  # the project has pipelines
        publish = "uvx nox -s update -- publish"
        lines.append(f"  {publish:{len(pull)}}   opens its pull request")
    return "\n".join(lines)


def clone(project: Path) -> Path:
    """Clone the repository; return the folder of the project, which may be below its top."""
    top = git("rev-parse", "--show-toplevel").strip()
    git("clone", "--quiet", top, str(project))
    git("switch", "--quiet", "--force-create", BRANCH, folder=project)
    return project / git("rev-parse", "--show-prefix").strip()


def commit(project: Path, title: str) -> str:
    """Update uv.lock, commit and bundle; return what is wrong.

    The commit names its tree, so that publish.py can tell it from a person's commit. It has the
    time of its parent, so that the same update is the same commit and keeps its approvals.
    """
    git("add", "--all", folder=project)
    problem = ""
    conflicting = conflicts(project)
    if conflicting:
        problem = f"The update conflicts with your changes in {conflicting}."
    elif fails("uv", "lock", folder=project):
        problem = "`uv lock` finds no compatible versions."
    git("add", "--all", folder=project)
    trailer = f"Update-Tree: {git('write-tree', folder=project).strip()}"
    time = git("log", "-1", "--format=%cI", folder=project).strip()
    os.environ |= {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
    messages = (f"-m{title}", f"-m{trailer}")
    git(*author_options(), "commit", "--quiet", "--no-verify", *messages, folder=project)
    bundle = str((OUT / "branch.bundle").absolute())
    git("bundle", "create", "--quiet", bundle, BRANCH, "^HEAD~1", folder=project)
    return problem


def author_options() -> list[str]:
    """Return git's options for this repository's author, whom its clone does not know."""
    options = []
    for key in ("user.name", "user.email"):
        value = git("config", key, ok=(0, 1)).strip()
        if value:
            options += ["-c", f"{key}={value}"]
    return options


def check(project: Path) -> str:
    """Run `uvx nox` without secrets and logins; return what is wrong."""
    return "`uvx nox` fails with the update." if fails("uvx", "nox", folder=project) else ""


def conflicts(project: Path) -> str:
    """Return the names of the files in which Copier left a conflict."""
    marked = git("grep", "-l", "--extended-regexp", MARKERS, folder=project, ok=(0, 1))
    rejected = git("ls-files", "--", "*.rej", folder=project)
    return ", ".join((marked + rejected).splitlines())


def write(outcome: dict[str, str]) -> None:
    """Write what publish.py needs; the last step, so that no incomplete outcome is published."""
    text = json.dumps(outcome, indent=2, ensure_ascii=False)
    (OUT / "outcome.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
