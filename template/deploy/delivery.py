"""Bring the release in build/release to an environment, or leave there what works.

`deploy/<compute>/target.py` knows how a release gets there; what happens in which order is decided
here, for every vendor.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
[PLACE] = (path.parent for path in HERE.glob("*/target.py"))
sys.path[:0] = [str(PLACE), str(HERE.parent / ".mlops")]

import approval  # noqa: E402 - where they lie is known now
import target  # noqa: E402
from commands import Refusal  # noqa: E402
from release import OUT, checksums  # noqa: E402

BEFORE = Path("build/before")  # the release that an environment runs so far
SUMMARY = Path("build/summary")  # a pipeline shows what lies in this folder


def main() -> int:
    """Deploy; argument: test or prod. Return 1 and say why where it fails."""
    [env] = sys.argv[1:]
    return told_by(lambda: deliver(OUT, env), f"deploy-{env}")


def told_by(act: Callable[[], str], name: str) -> int:
    """Act, say what was done or what stands in the way, also in the run's summary."""
    code = 0
    try:
        told = act()
    except Refusal as reason:
        told, code = str(reason), 1
    print(told, file=sys.stderr if code else sys.stdout)
    SUMMARY.mkdir(parents=True, exist_ok=True)
    (SUMMARY / f"{name}.md").write_text(f"# {name}\n\n{told}\n", encoding="utf-8")
    return code


def deliver(release: Path, env: str) -> str:
    """Deploy a release and examine it there; return what was done.

    Raises Refusal where nothing was deployed, or what was deployed did not work and is gone again.
    """
    facts = read(release)
    if facts["dirty"]:
        raise Refusal("The release holds changes that are not committed: commit, build it anew.")
    if env == "prod":
        approval.require_protection(f"{facts['project']}-{env}")
    before = target.current(release, env, emptied(BEFORE / env))
    running = read(before) if before else {"version": ""}
    if running["version"] == facts["version"]:
        return f"{env} runs {facts['version']} already."
    if age(running) > age(facts):
        words = f"{env} runs {running['version']}, which is newer than {facts['version']}"
        raise Refusal(f"{words}: start the pipeline for the newest commit.")
    try:
        target.deploy(release, env)
        target.smoke(release, env)
    except Refusal as reason:
        raise Refusal(f"{facts['version']}: {reason}\n{go_back(before, env)}") from None
    target.record(release, env)
    return f"{env} runs {facts['version']} now; before: {running['version'] or 'nothing'}."


def go_back(before: Path | None, env: str) -> str:
    """Deploy the recorded release again; no approval is asked for, it had one."""
    if before is None:
        return f"Nothing worked in {env} before, so there is nothing to go back to."
    version = read(before)["version"]
    try:
        target.deploy(before, env)
        target.smoke(before, env)
    except Refusal as reason:
        return f"{env} could not go back to {version}, a person must look: {reason}"
    return f"{env} runs {version} again, as before."


def read(release: Path) -> dict[str, Any]:
    """Return what a release says of itself, once each of its files is as it says.

    Raises Refusal where there is none, or one is not as it was built.
    """
    file = release / "release.json"
    if not file.is_file():
        raise Refusal(f"{release} holds no release: run `uvx nox -s build`, or bring one there.")
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    found = checksums(release)
    found.pop("release.json")
    if found != facts["files"]:
        strange = sorted(dict(found.items() ^ facts["files"].items()))
        raise Refusal(f"{release} is not as it was built: {', '.join(strange)} differs.")
    return facts


def age(facts: dict[str, Any]) -> str:
    """Return the time of the commit that a version names."""
    return str(facts["version"]).partition("+")[2].partition(".")[0]


def emptied(folder: Path) -> Path:
    """Return the folder, new."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
