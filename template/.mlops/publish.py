# /// script
# requires-python = ">=3.11"
# ///
"""Publish what update.py prepared: push its branch, and open or update its pull request.

It runs nothing from build/update/, so a pipeline can give its write token to this step only.
"""

import argparse
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from commands import Refusal, git, run

OUT = Path("build/update")
TEXT = OUT / "pull_request.md"
BRANCH = "template-update"
REF = f"refs/heads/{BRANCH}"
PREPARED = f"refs/mlops/{BRANCH}"
FROM_TO = " --source-branch={branch} --target-branch={base}"
GITHUB_TEXT = " --title={title} --body={text}"
GITLAB_TEXT = " --title={title} --description={text} --yes"
AZURE_TEXT = " --title={title} --description={text:.4000} --draft={is_draft} --output=none"


@dataclass(frozen=True)
class Commands:
    """The commands of a vendor's program. Values in braces are filled in by `call`."""

    find: str
    """Lists the open pull requests of a branch, as JSON."""
    create: list[str]
    update: list[str]

    @property
    def program(self) -> str:
        """The name of the program."""
        return self.find.split()[0]


COMMANDS = {
    "github": Commands(
        find="gh pr list --head={branch} --json=number,isCrossRepository",
        create=["gh pr create --head={branch} --base={base} {draft}" + GITHUB_TEXT],
        update=["gh pr edit {number}" + GITHUB_TEXT, "gh pr ready {number} {undo}"],
    ),
    "gitlab": Commands(
        find="glab mr list --source-branch={branch} --output=json",
        create=["glab mr create --remove-source-branch {draft}" + FROM_TO + GITLAB_TEXT],
        update=["glab mr update {number} {state}" + GITLAB_TEXT],
    ),
    "azure": Commands(
        find="az repos pr list --source-branch={branch} --status=active --output=json",
        create=["az repos pr create" + FROM_TO + AZURE_TEXT],
        update=["az repos pr update --id={number}" + AZURE_TEXT],
    ),
}
HOSTS = {"github": "github", "gitlab": "gitlab", "dev.azure": "azure", "visualstudio": "azure"}


def main() -> int:
    """Publish the prepared update; return 1 where that is not possible."""
    parser = argparse.ArgumentParser(prog="uvx nox -s update -- publish", description=__doc__)
    parser.add_argument("--remote", default="origin", help="where to push (default: origin)")
    parser.add_argument("--base", default="", help="where to merge (default: this branch)")
    parser.add_argument(
        "--vendor", choices=[*COMMANDS, "none"], help="default: depends on the remote's address"
    )
    try:
        publish(**vars(parser.parse_args()))
    except (Refusal, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def publish(remote: str, base: str, vendor: str | None) -> None:
    """Push the prepared branch, and open or update its pull request where there is a vendor."""
    outcome = read_outcome()
    if not outcome["title"]:
        print("Nothing to publish: the template has nothing new.")
        return
    address, default_branch = read_remote(remote)
    vendor = vendor or vendor_of(address)
    program = COMMANDS[vendor].program if vendor in COMMANDS else "git"
    if not shutil.which(program):
        raise Refusal(f"{program} is not on PATH: install it, or use --vendor=none.")
    if not base:
        current_branch = git("branch", "--show-current").strip()  # "" in a pipeline
        base = current_branch if current_branch not in ("", BRANCH) else default_branch
    if not base:
        raise Refusal(f"{remote} has no default branch: name one with --base=BRANCH.")
    push(remote, outcome["base"])
    if vendor == "none":
        TEXT.write_text(pull_request_text(outcome, remote), encoding="utf-8")
        print(f"Pushed. Open a pull request from {BRANCH} to {base}; {TEXT} contains its text.")
    else:
        open_or_update(vendor, remote, base, outcome)


def vendor_of(address: str) -> str:
    """Return the vendor whose host comes first in the address of a remote, else "none"."""
    hosts = sorted((host for host in HOSTS if host in address), key=address.find)
    return HOSTS[hosts[0]] if hosts else "none"


def open_or_update(vendor: str, remote: str, base: str, outcome: dict[str, str]) -> None:
    """Open the pull request or update it; it is a draft while something is wrong."""
    number = pull_request_number(vendor)
    is_draft = bool(outcome["problem"])
    values = {
        "branch": BRANCH,
        "base": base,
        "title": outcome["title"],
        "text": pull_request_text(outcome, remote),
        "number": number,
        "is_draft": "true" if is_draft else "false",
        "draft": "--draft" if is_draft else "",
        "undo": "--undo" if is_draft else "",
        "state": "--draft" if is_draft else "--ready",
    }
    commands = COMMANDS[vendor]
    for command in commands.update if number else commands.create:
        print(call(command, **values))
    print(f"{'Updated' if number else 'Opened'} the pull request to {base}.")


def read_outcome() -> dict[str, str]:
    """Return what update.py wrote last, without trusting it, because new code has run since.

    Raises Refusal where nothing is prepared.
    """
    try:
        outcome = json.loads((OUT / "outcome.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        raise Refusal("Nothing is prepared: run `uvx nox -s update` first.") from None
    if outcome["title"] and not re.fullmatch("[0-9a-f]{40,64}", outcome["base"]):
        raise Refusal(f"{OUT}/outcome.json names no commit: run `uvx nox -s update` again.")
    return dict(outcome)


def read_remote(remote: str) -> tuple[str, str]:
    """Return the address of a remote, and its default branch or "".

    Raises Refusal where the remote is unknown or does not answer.
    """
    try:
        address = git("remote", "get-url", remote)
        head = git("ls-remote", "--symref", remote, "HEAD")
    except Refusal as refusal:
        raise Refusal(
            f"{refusal} Repeat when {remote} answers, or name another remote with --remote."
        ) from None
    match = re.match("ref: refs/heads/(.+)\tHEAD", head)
    return address, match[1] if match else ""


def push(remote: str, base: str) -> None:
    """Push the prepared commit; it may replace an older update, but never a person's commit."""
    pushed = git("ls-remote", remote, REF).partition("\t")[0].strip()
    if pushed:
        git("fetch", "--quiet", remote, REF)
        trailer = git("log", "-1", "--format=%(trailers:key=Update-Tree,valueonly)", pushed)
        tree = git("rev-parse", pushed + "^{tree}")
        if trailer.strip() != tree.strip():
            raise Refusal(
                f"{BRANCH} on {remote} has a commit that no update made: merge it, or close its "
                "pull request and delete the branch, then repeat."
            )
    if git("cat-file", "-t", base, ok=(0, 128)).strip() != "commit":  # as in a shallow clone
        git("fetch", "--quiet", remote, base)
    git("fetch", "--quiet", str((OUT / "branch.bundle").absolute()), f"+{BRANCH}:{PREPARED}")
    lease = f"--force-with-lease={REF}:{pushed}"  # refuses to overwrite what came since
    git("push", "--quiet", "--no-verify", lease, remote, f"{PREPARED}:{REF}")


def pull_request_text(outcome: dict[str, str], remote: str) -> str:
    """Return the text of the pull request: what to do if something is wrong, and the changelog."""
    text = f"{outcome['news']}\n"
    if outcome["problem"]:
        text = f"{how_to_fix(outcome['problem'], remote)}\n{text}"
    return text[:60000]  # no vendor accepts more


def how_to_fix(problem: str, remote: str) -> str:
    """Return the section of the pull request that asks a person to finish the update."""
    return f"""**This update needs you.** {problem} Fix it on the branch:

```
git fetch {remote} {BRANCH} && git switch {BRANCH}
uv lock
uvx nox
git commit --all && git push
```

A conflict is between `<<<<<<<` and `>>>>>>>`: keep what both sides need, and delete the markers.
The next update does not change a branch that has a commit of yours.
"""


def pull_request_number(vendor: str) -> str:
    """Return the number of the branch's open pull request, or "".

    Forks may have a branch of the same name, and a pull request from it does not count.
    """
    for pull_request in json.loads(call(COMMANDS[vendor].find, branch=BRANCH) or "[]"):
        if vendor == "github" and not pull_request["isCrossRepository"]:
            return str(pull_request["number"])
        if vendor == "gitlab":
            source = pull_request["source_project_id"]
            if source == pull_request["target_project_id"]:
                return str(pull_request["iid"])
        if vendor == "azure" and not pull_request.get("forkSource"):
            return str(pull_request["pullRequestId"])
    return ""


def call(command: str, **values: str) -> str:
    """Fill in a vendor's command, run it and return its output."""
    words = [word.format(**values) for word in command.split()]
    program, *arguments = [word for word in words if word]
    return run(shutil.which(program) or program, *arguments).strip()  # on Windows, az is az.cmd


if __name__ == "__main__":
    sys.exit(main())
