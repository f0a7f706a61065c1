"""`./nox -s release -- v0.2.0` examines the template as it is committed, and tags it.

A tag is what projects update from and to: it is never moved or deleted, so it is examined first.
Nothing is pushed. The tests are not run again; do that before, with `./nox` and `./nox -s full`.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from . import readiness
from .kept import STAGES, Kept
from .versions import HERE, Refused, git, releases, version_of

Rule = Callable[..., Iterator[str]]  # yields what breaks it


def main() -> int:
    """Examine, and tag when nothing speaks against it."""
    parser = argparse.ArgumentParser(prog="./nox -s release --", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="the new tag, such as v0.2.0")
    parser.add_argument("--check", action="store_true", help="examine, but do not tag")
    asked = parser.parse_args()
    version, commit = asked.version, git(HERE, "rev-parse", "HEAD").strip()
    candidate = readiness.Candidate(HERE, version)
    passed = passes(readiness.RULES, candidate) and keeps_faith(version)
    if not passed:
        sys.exit(f"\n{version} is not tagged: mend what is refused, commit it, and repeat.")
    if asked.check:
        print(f"\n{version} can be tagged: repeat without --check.")
        return 0
    message = f"{version}\n\n{readiness.words(candidate)}"
    try:
        git(
            HERE, "tag", "--annotate", "--cleanup=verbatim", f"--message={message}", version, commit
        )
    except Refused as refusal:
        sys.exit(str(refusal))
    print(f"\n{version} is tagged. Publish it:\n\n    git push --atomic origin main {version}")
    return 0


def keeps_faith(version: str) -> bool:
    """Examine each kept release against the present; the first release has none."""
    kept = [tag for tag in releases(HERE) if version_of(tag) != version_of(version)]
    if not kept:
        print("  no earlier release: there is nothing to update from")
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "template"
        if kept:
            git(HERE, "clone", "--quiet", str(HERE), str(template))
            git(template, "-c", "tag.gpgSign=false", "tag", version)
        for old in kept:
            release = Kept(template, old, version, Path(scratch) / old)
            print(f"  from {old}")
            if not all(passes(stage, release) for stage in STAGES):
                return False
    return True


def passes(rules: Iterable[Rule], examined: Any) -> bool:
    """Print the verdict of each rule, and what breaks it."""
    verdicts = []
    for rule in rules:
        name = rule.__name__.replace("_", " ")
        problems = list(problems_of(rule, examined))
        print(f"{'REFUSED' if problems else 'ok':8}{name}", flush=True)
        for problem in problems:
            print(f"{'':8}- {problem}", flush=True)
        verdicts.append(not problems)
    return all(verdicts)


def problems_of(rule: Rule, examined: Any) -> Iterator[str]:
    """Yield what breaks a rule; what cannot even be tried does."""
    try:
        yield from rule(examined)
    except Refused as refusal:
        yield str(refusal)


if __name__ == "__main__":
    sys.exit(main())
