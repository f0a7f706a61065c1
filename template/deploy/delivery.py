"""Deploy the release in build/release to an environment; if it fails, restore the previous one.

The order of the steps is the same for every vendor and is decided here. How each step is done is in
`deploy/<compute>/target.py`.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
[VENDOR_FOLDER] = (path.parent for path in HERE.glob("*/target.py"))
sys.path[:0] = [str(VENDOR_FOLDER), str(HERE.parent / ".mlops")]

import approval  # noqa: E402 - these modules are found only now
import target  # noqa: E402
from commands import Refusal, plain  # noqa: E402
from release import OUT, checksums  # noqa: E402
from release_record import FILE, Release, read_release  # noqa: E402

PREVIOUS = Path("build/before")  # receives the release that an environment runs so far
SUMMARY = Path("build/summary")  # the pipeline shows the files of this folder


def main() -> int:
    """Deploy; the argument is dev, test or prod. Return 1 where the release was refused."""
    [env] = sys.argv[1:]
    return run_and_report(lambda: deliver(OUT, env), f"deploy-{env}")


def run_and_report(action: Callable[[], str], name: str) -> int:
    """Run an action and print what it did, or why it was refused; return the exit code.

    The message is also written to the summary of the pipeline's run.
    """
    code = 0
    try:
        message = "\n".join(map(plain, action().split("\n")))
    except Refusal as refusal:
        message = str(refusal)
        code = 1
    print(message, file=sys.stderr if code else sys.stdout)
    SUMMARY.mkdir(parents=True, exist_ok=True)
    (SUMMARY / f"{name}.md").write_text(f"# {name}\n\n{message}\n", encoding="utf-8")
    return code


def deliver(folder: Path, env: str) -> str:
    """Deploy the release in a folder and verify that it works; return what was done.

    Raises Refusal where nothing was deployed, or where the release failed and was withdrawn.
    """
    release = read_unchanged(folder)
    if release.dirty:
        raise Refusal(
            "The release contains uncommitted changes: commit them and build the release again."
        )
    if env == "prod":
        approval.require_protection(f"{release.project}-{env}")
    previous_folder = target.current(folder, env, make_empty(PREVIOUS / env))
    previous = read_unchanged(previous_folder) if previous_folder else None
    if previous and previous.version == release.version:
        return f"{env} runs {release.version} already."
    if previous and previous.commit_time > release.commit_time:
        raise Refusal(
            f"{env} runs {previous.version}, which is newer than {release.version}: "
            "start the pipeline for the newest commit."
        )
    try:
        target.deploy(folder, env)
        target.smoke(folder, env)
    except Refusal as refusal:
        restored = restore(previous_folder, env)
        raise Refusal(f"{release.version}: {refusal}\n{restored}") from None
    target.record(folder, env)
    return (
        f"{env} runs {release.version} now; before: {previous.version if previous else 'nothing'}."
    )


def restore(previous_folder: Path | None, env: str) -> str:
    """Deploy the previous release again, which was approved in its time; return what came of it."""
    if previous_folder is None:
        return f"Nothing worked in {env} before, so there is nothing to go back to."
    version = read_unchanged(previous_folder).version
    try:
        target.deploy(previous_folder, env)
        target.smoke(previous_folder, env)
    except Refusal as refusal:
        return f"{env} could not go back to {version} either; someone must look into it: {refusal}"
    return f"{env} runs {version} again, as before."


def read_unchanged(folder: Path) -> Release:
    """Return the record of a release after comparing each file with its checksum.

    Raises Refusal where there is no release, or where a file differs from what was built.
    """
    release = read_release(folder)
    found = checksums(folder)
    found.pop(FILE)
    if found != release.files:
        different = sorted(dict(found.items() ^ release.files.items()))
        raise Refusal(
            f"{folder} has changed since it was built; these files differ: {', '.join(different)}. "
            "Build the release again."
        )
    return release


def make_empty(folder: Path) -> Path:
    """Delete what is in a folder, create it where it is missing, and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
