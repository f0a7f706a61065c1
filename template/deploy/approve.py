"""Promote a version that waits, in the name of the person who approved this run at the vendor."""

import sys

from delivery import BEFORE, OUT, Refusal, approval, emptied, read, target, told_by


def main() -> int:
    """Promote; arguments: test or prod, and the version's number. Return 1 and say why not."""
    env, number = sys.argv[1:]
    return told_by(lambda: promote(env, number), f"promote-{env}")


def promote(env: str, number: str) -> str:
    """Promote by the release that the environment runs; return what was done.

    Raises Refusal where nobody has approved, or nothing is deployed that could promote.
    """
    if not number.isdigit():
        raise Refusal(f"{number} is no version: write its number, such as 7.")
    environment = f"{read(OUT)['project']}-{env}"
    approval.require_protection(environment)
    people = approval.approvers(environment)
    if not people:
        raise Refusal(
            "Nobody has approved this run, so whose approval it is cannot be said. Without "
            "pipelines, use the program: promote NUMBER --approved-by NAME."
        )
    running = target.current(OUT, env, emptied(BEFORE / env))
    if running is None:
        raise Refusal(f"Nothing is deployed to {env} yet: deploy a release first.")
    target.promote(running, env, number, people[0])
    return f"{env}: version {number} is the champion, approved by {people[0]}."


if __name__ == "__main__":
    sys.exit(main())
