"""`./nox -s release -- v0.2.0` checks the current commit of the template, and tags it.

Projects update from one tag to another, so a tag is never moved or deleted: all checks come first.
Nothing is pushed. Of the tests, only those on the stores of earlier versions run again: run `./nox`
and `./nox -s full` before.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from . import readiness
from .compatibility import STAGES, Upgrade
from .versions import TEMPLATE, Refused, git, parse_version, releases

Rule = Callable[..., Iterator[str]]  # yields what breaks it


def main() -> int:
    """Check the commit, and tag it where every rule holds."""
    parser = argparse.ArgumentParser(prog="./nox -s release --", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="the new tag, such as v0.2.0")
    parser.add_argument("--check", action="store_true", help="run the checks, but do not tag")
    options = parser.parse_args()
    version = options.version
    commit = git(TEMPLATE, "rev-parse", "HEAD").strip()
    candidate = readiness.Candidate(TEMPLATE, version)
    if not (
        passes(readiness.RULES, candidate)
        and is_compatible(version)
        and passes(readiness.SLOW_RULES, candidate)
    ):
        sys.exit(f"\n{version} is not tagged: fix what is refused, commit, and repeat.")
    if options.check:
        print(f"\n{version} can be tagged: repeat without --check.")
        return 0
    message = f"--message={version}\n\n{candidate.release_notes()}"
    try:
        git(TEMPLATE, "tag", "--annotate", "--cleanup=verbatim", message, version, commit)
    except Refused as refusal:
        sys.exit(str(refusal))
    print(f"\n{version} is tagged. Publish it:\n\n    git push --atomic origin main {version}")
    print(f"\nThen keep a store for later releases:\n\n    ./nox -s keep -- {version}")
    return 0


def is_compatible(version: str) -> bool:
    """Check the step from each earlier release to this one."""
    earlier = [tag for tag in releases(TEMPLATE) if parse_version(tag) != parse_version(version)]
    if not earlier:
        print("  no earlier release: there is nothing to update from")
        return True
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "template"
        git(TEMPLATE, "clone", "--quiet", str(TEMPLATE), str(template))
        git(template, "-c", "tag.gpgSign=false", "tag", version)
        for old in earlier:
            print(f"  from {old}")
            upgrade = Upgrade(template, old, version, Path(scratch) / old)
            if not all(passes(stage, upgrade) for stage in STAGES):
                return False
    return True


def passes(rules: Iterable[Rule], subject: Any) -> bool:
    """Check a candidate or an upgrade; print the verdict of each rule, and what breaks it."""
    verdicts = []
    for rule in rules:
        name = rule.__name__.replace("_", " ")
        problems = list(problems_of(rule, subject))
        print(f"{'REFUSED' if problems else 'ok':8}{name}", flush=True)
        for problem in problems:
            print(f"{'':8}- {problem}", flush=True)
        verdicts.append(not problems)
    return all(verdicts)


def problems_of(rule: Rule, subject: Any) -> Iterator[str]:
    """Yield what breaks a rule; a rule that cannot be checked counts as broken."""
    try:
        yield from rule(subject)
    except Refused as refusal:
        yield str(refusal)


if __name__ == "__main__":
    sys.exit(main())
