"""Promote a version that waits, in the name of the person who approved this run at the vendor."""

import json
import sys
from pathlib import Path

from delivery import BEFORE, Refusal, approval, emptied, target, told_by
from release import settings_of

PLACE = Path("build/place")  # where the environment is, as a release says it; nothing is built


def main() -> int:
    """Promote; arguments: package, test or prod, the version's number. Return 1 and say why not."""
    package, env, number = sys.argv[1:]
    return told_by(lambda: promote(package, env, number), f"promote-{env}")


def promote(package: str, env: str, number: str) -> str:
    """Promote by the release that the environment runs; return what was done.

    Raises Refusal where nobody has approved, or nothing is deployed that could promote.
    """
    if not number.isdigit():
        raise Refusal(f"{number} is no version: write its number, such as 7.")
    settings = settings_of(package, env)
    environment = f"{settings.project_name}-{env}"
    approval.require_protection(environment)
    people = approval.approvers(environment)
    if not people:
        raise Refusal(
            "Nobody has approved this run, so whose approval it is cannot be said. Without "
            "pipelines, use the program: promote NUMBER --approved-by NAME."
        )
    facts = {"project": settings.project_name, "version": "any"}
    (emptied(PLACE) / "release.json").write_text(json.dumps(facts), encoding="utf-8")
    target.locate(settings, facts, PLACE / "deploy" / env)
    running = target.current(PLACE, env, emptied(BEFORE / env))
    if running is None:
        raise Refusal(f"Nothing is deployed to {env} yet: deploy a release first.")
    target.promote(running, env, number, people[0])
    return f"{env}: version {number} is the champion, approved by {people[0]}."


if __name__ == "__main__":
    sys.exit(main())
