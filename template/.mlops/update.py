# /// script
# requires-python = ">=3.11"
# dependencies = ["copier>=9.18,<10"]
# ///
"""Prepare the newest version of the template and check it; this working tree stays as it is.

All happens in a clone. The outcome lies in build/update/, where publish.py finds it: the
commit as a git bundle, and the words of its pull request. The checks run code that nobody has
reviewed yet, so no secret of the environment reaches them.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from commands import SECRET, Refusal, fails, git
from template import answers, changelog, is_outdated, update

OUT = Path("build/update")
BRANCH = "template-update"
MARKERS = "^(<<<<<<< before updating|>>>>>>> after updating)"


def main() -> int:
    """Prepare an update; return 1 where none can be made, or a person must finish it."""
    argparse.ArgumentParser(prog="uvx nox -s update", description=__doc__).parse_args()
    for name in list(filter(SECRET.match, os.environ)):
        del os.environ[name]
    try:
        return bool(prepare())
    except (Refusal, OSError) as reason:
        print(reason, file=sys.stderr)
        return 1


def prepare() -> str:
    """Leave the newest version in build/update/; return what is wrong with it, if anything is."""
    shutil.rmtree(OUT, ignore_errors=True)  # an older one is never published in its place
    before = answers(Path())
    if changed := git("status", "--porcelain", "--no-renames", "--", ".").splitlines():
        raise Refusal(f"{changed[0][3:]} is not committed: commit or stash it, then repeat.")
    if left := conflicts(Path()):
        raise Refusal(f"{left} holds a conflict of an earlier update: mend and commit it first.")
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
    print(f"\n{problem or 'It passes the checks.'}\n{what_now()}")
    return problem


def what_now() -> str:
    """Return how to go on; `git pull` counts a path from the top of the repository."""
    bundle = git("rev-parse", "--show-prefix").strip() + (OUT / "branch.bundle").as_posix()
    take = f"git pull {shlex.quote(bundle)} {BRANCH}"
    if not Path(__file__).with_name("publish.py").exists():  # no vendor of pipelines
        return f"  {take}   takes it here"
    publish = "uvx nox -s update -- publish"
    return f"  {take}   takes it here\n  {publish:{len(take)}}   opens its pull request"


def clone(project: Path) -> Path:
    """Clone what is committed; return where the project lies in it, in a larger one as well."""
    top = git("rev-parse", "--show-toplevel").strip()
    git("clone", "--quiet", top, str(project))
    git("switch", "--quiet", "--force-create", BRANCH, folder=project)
    return project / git("rev-parse", "--show-prefix").strip()


def commit(project: Path, title: str) -> str:
    """Renew uv.lock, commit and bundle; return what is wrong.

    The commit names its tree, so that publish.py knows it from a person's, and takes the time
    of the one before, so that the same update is the same commit and keeps its approvals.
    """
    git("add", "--all", folder=project)
    problem = ""
    if left := conflicts(project):
        problem = f"It meets a change of yours: {left} holds a conflict."
    elif fails("uv", "lock", folder=project):
        problem = "`uv lock` finds no versions that fit together."
    git("add", "--all", folder=project)
    seal = f"Update-Tree: {git('write-tree', folder=project).strip()}"
    time = git("log", "-1", "--format=%cI", folder=project).strip()
    os.environ |= {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
    git(*signature(), "commit", "--quiet", "--no-verify", f"-m{title}", f"-m{seal}", folder=project)
    bundle = str((OUT / "branch.bundle").absolute())
    git("bundle", "create", "--quiet", bundle, BRANCH, "^HEAD~1", folder=project)
    return problem


def signature() -> list[str]:
    """Return options for the name that this repository commits in; its clone knows none of it."""
    known = {key: git("config", key, ok=(0, 1)).strip() for key in ("user.name", "user.email")}
    return [word for key, value in known.items() if value for word in ("-c", f"{key}={value}")]


def check(project: Path) -> str:
    """Run what `uvx nox` runs, without what could write or log in anywhere."""
    return "`uvx nox` fails with it." if fails("uvx", "nox", folder=project) else ""


def conflicts(project: Path) -> str:
    """Return the files in which Copier left a conflict, as words."""
    marked = git("grep", "-l", "--extended-regexp", MARKERS, folder=project, ok=(0, 1))
    rejected = git("ls-files", "--", "*.rej", folder=project)
    return ", ".join((marked + rejected).splitlines())


def write(outcome: dict[str, str]) -> None:
    """Write what publish.py needs to know; the last act, so that a half one is not found."""
    text = json.dumps(outcome, indent=2, ensure_ascii=False)
    (OUT / "outcome.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
