"""Promote a waiting version in the name of the person who approved this run of the pipeline."""

import sys
from pathlib import Path

from delivery import PREVIOUS, Refusal, approval, make_empty, run_and_report, target
from release import settings_of
from release_record import FILE, Release, release_text

LOCATION = Path("build/place")  # says where the environment is, in the form of a release


def main() -> int:
    """Promote; arguments: package, test or prod, version number. Return 1 where it is refused."""
    package, env, number = sys.argv[1:]
    return run_and_report(lambda: promote(package, env, number), f"promote-{env}")


def promote(package: str, env: str, number: str) -> str:
    """Promote a version with the release that the environment runs; return what was done.

    Raises Refusal where nobody has approved, or where nothing is deployed that could promote.
    """
    if not number.isdigit():
        raise Refusal(f"{number} is not a version of a model: write its number, such as 7.")
    settings = settings_of(package, env)
    environment = f"{settings.project_name}-{env}"
    approval.require_protection(environment)
    approvers = approval.approvers(environment)
    if not approvers:
        raise Refusal(
            "Nobody has approved this run, so there is no name to promote in. Start the pipeline "
            "that promotes, and let another person approve its run."
        )
    release = Release(settings.project_name, version="any", dirty=False)
    (make_empty(LOCATION) / FILE).write_text(release_text(release), encoding="utf-8")
    target.locate(settings, release, LOCATION / "deploy" / env)
    running = target.current(LOCATION, env, make_empty(PREVIOUS / env))
    if running is None:
        raise Refusal(f"Nothing is deployed to {env} yet: deploy a release first.")
    target.promote(running, env, number, approvers[0])
    return f"{env}: version {number} is the champion, approved by {approvers[0]}."


if __name__ == "__main__":
    sys.exit(main())
