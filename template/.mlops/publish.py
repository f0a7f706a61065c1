# /// script
# requires-python = ">=3.11"
# ///
"""Publish what update.py prepared: push its branch, and open or renew its one pull request.

It runs nothing of what lies in build/update/, so a pipeline keeps its write token for this step.
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from commands import Refusal, git, run

OUT = Path("build/update")
WORDS = OUT / "words.md"
BRANCH = "template-update"
REF = f"refs/heads/{BRANCH}"
PREPARED = f"refs/mlops/{BRANCH}"
FROM_TO = " --source-branch={branch} --target-branch={base}"
GITHUB_SAYS = " --title={title} --body={words}"
GITLAB_SAYS = " --title={title} --description={words} --yes"
AZURE_SAYS = " --title={title} --description={words:.4000} --draft={is_draft} --output=none"
COMMANDS = {  # per vendor: how to find the pull request, to open one, to renew one
    "github": (
        "gh pr list --head={branch} --json=number,isCrossRepository",
        ["gh pr create --head={branch} --base={base} {draft}" + GITHUB_SAYS],
        ["gh pr edit {number}" + GITHUB_SAYS, "gh pr ready {number} {undo}"],
    ),
    "gitlab": (
        "glab mr list --source-branch={branch} --output=json",
        ["glab mr create --remove-source-branch {draft}" + FROM_TO + GITLAB_SAYS],
        ["glab mr update {number} {state}" + GITLAB_SAYS],
    ),
    "azure": (
        "az repos pr list --source-branch={branch} --status=active --output=json",
        ["az repos pr create" + FROM_TO + AZURE_SAYS],
        ["az repos pr update --id={number}" + AZURE_SAYS],
    ),
}
HOSTS = {"github": "github", "gitlab": "gitlab", "dev.azure": "azure", "visualstudio": "azure"}


def main() -> int:
    """Publish; return 1 and say why where that cannot be done."""
    parser = argparse.ArgumentParser(prog="uvx nox -s update -- publish", description=__doc__)
    parser.add_argument("--remote", default="origin", help="where to push (default: origin)")
    parser.add_argument("--base", default="", help="where to merge (default: this branch)")
    parser.add_argument(
        "--vendor", choices=[*COMMANDS, "none"], help="default: told by the remote's address"
    )
    try:
        publish(**vars(parser.parse_args()))
    except (Refusal, OSError) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def publish(remote: str, base: str, vendor: str | None) -> None:
    """Push the prepared branch, and show it to the vendor if there is one."""
    outcome = prepared()
    if not outcome["title"]:
        print("Nothing to publish: the template has nothing new.")
        return
    address, default = reach(remote)
    hosts = sorted((host for host in HOSTS if host in address), key=address.find)
    vendor = vendor or (HOSTS[hosts[0]] if hosts else "none")
    program = COMMANDS[vendor][0].split()[0] if vendor in COMMANDS else "git"
    if not shutil.which(program):
        raise Refusal(f"{program} is not on PATH: install it, or say --vendor=none.")
    here = git("branch", "--show-current").strip()  # none in a pipeline
    base = base or (here if here != BRANCH else "") or default
    if not base:
        raise Refusal(f"{remote} names no default branch: say which by --base=BRANCH.")
    push(remote, outcome["base"])
    show(vendor, remote, base, outcome)


def show(vendor: str, remote: str, base: str, outcome: dict[str, str]) -> None:
    """Open the pull request or renew it, as a draft while something is wrong."""
    text = words(outcome, remote)[:60000]  # no vendor takes more
    if vendor == "none":
        WORDS.write_text(text, encoding="utf-8")
        print(f"Pushed. Open a pull request from {BRANCH} to {base}; {WORDS} has its words.")
        return
    number = number_of_ours(vendor)
    is_draft = bool(outcome["problem"])
    facts = {"branch": BRANCH, "base": base, "title": outcome["title"], "words": text}
    facts |= {"number": number, "is_draft": str(is_draft).lower()}
    facts |= {"draft": "--draft" if is_draft else "", "undo": "--undo" if is_draft else ""}
    facts |= {"state": "--draft" if is_draft else "--ready"}
    for command in COMMANDS[vendor][2 if number else 1]:
        print(call(command, **facts))
    print(f"{'Renewed' if number else 'Opened'} the pull request to {base}.")


def prepared() -> dict[str, str]:
    """Return what update.py wrote as its last act. New code ran beside it, so it is not trusted."""
    try:
        outcome = json.loads((OUT / "outcome.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        raise Refusal("Nothing is prepared: run `uvx nox -s update`, and do as it says.") from None
    if outcome["title"] and not re.fullmatch("[0-9a-f]{40,64}", outcome["base"]):
        raise Refusal(f"{OUT}/outcome.json names no commit: run `uvx nox -s update` anew.")
    return dict(outcome)


def reach(remote: str) -> tuple[str, str]:
    """Return the address of a remote that answers, and its default branch."""
    try:
        address = git("remote", "get-url", remote)
        head = git("ls-remote", "--symref", remote, "HEAD")
    except Refusal as reason:
        raise Refusal(f"{reason} Repeat when it answers, or name another by --remote.") from None
    found = re.match("ref: refs/heads/(.+)\tHEAD", head)
    return address, found[1] if found else ""


def push(remote: str, base: str) -> None:
    """Push the prepared commit in place of an older one, never in place of a person's."""
    there, *_ = git("ls-remote", remote, REF).split() or [""]
    if there:
        git("fetch", "--quiet", remote, REF)
        seal = git("log", "-1", "--format=%(trailers:key=Update-Tree,valueonly)", there).strip()
        if seal != git("rev-parse", there + "^{tree}").strip():
            raise Refusal(
                f"{BRANCH} on {remote} has a commit that no update made: merge it, or close its "
                "pull request and delete the branch, then repeat."
            )
    if git("cat-file", "-t", base, ok=(0, 128)).strip() != "commit":  # a shallow or later clone
        git("fetch", "--quiet", remote, base)
    git("fetch", "--quiet", str((OUT / "branch.bundle").absolute()), f"+{BRANCH}:{PREPARED}")
    lease = f"--force-with-lease={REF}:{there}"  # nothing is lost that came in meanwhile
    git("push", "--quiet", "--no-verify", lease, remote, f"{PREPARED}:{REF}")


def words(outcome: dict[str, str], remote: str) -> str:
    """Return the text of the pull request: what to do if something is wrong, and the changelog."""
    if not outcome["problem"]:
        return f"{outcome['news']}\n"
    return f"""**It needs you.** {outcome["problem"]} Mend it on the branch:

```
git fetch {remote} {BRANCH} && git switch {BRANCH}
uv lock
uvx nox
git commit --all && git push
```

A conflict lies between `<<<<<<<` and `>>>>>>>`: keep what both sides want, delete the marks. The
next update leaves a branch with a commit of yours alone.

{outcome["news"]}
"""


def number_of_ours(vendor: str) -> str:
    """Return the number of the branch's open pull request; a stranger's fork may have one, too."""
    for found in json.loads(call(COMMANDS[vendor][0], branch=BRANCH) or "[]"):
        if vendor == "github" and not found["isCrossRepository"]:
            return str(found["number"])
        if vendor == "gitlab" and found["source_project_id"] == found["target_project_id"]:
            return str(found["iid"])
        if vendor == "azure" and not found.get("forkSource"):
            return str(found["pullRequestId"])
    return ""


def call(command: str, **facts: str) -> str:
    """Fill in a command of the table and run it."""
    program, *arguments = filter(None, (word.format(**facts) for word in command.split()))
    return run(shutil.which(program) or program, *arguments).strip()  # Windows has an az.cmd


if __name__ == "__main__":
    sys.exit(main())
