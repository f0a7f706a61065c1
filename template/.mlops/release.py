"""Build a release from what git has: wheel, locked requirements, bill of materials.

A release is built once per commit and deployed unchanged to each environment. Where the model runs
elsewhere, it also contains what is deployed to each environment, rendered from conf/. Where the
project has an image, container.py builds it.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from commands import Refusal, git, run
from release_record import FILE, Release, release_text

OUT = Path("build/release")
COPY = Path("build/source")  # the wheel is built in a copy, so that the checkout does not change
EXPORT = ("uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project")


def main() -> int:
    """Build a release; the argument is the project's package. Return 1 where it is refused."""
    [package] = sys.argv[1:]
    os.environ.pop("UV_NO_SYNC", None)  # `uv run` sets it, and `uv version --frozen` refuses it
    for folder in (OUT, COPY):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        release = build(package)
    except Exception as error:
        shutil.rmtree(OUT, ignore_errors=True)
        if not isinstance(error, Refusal):
            raise  # a defect keeps its traceback
        print(error, file=sys.stderr)
        return 1
    print(f"{OUT}: version {release.version}, {release.image or release.wheel}")
    return 0


def build(package: str) -> Release:
    """Write the whole release to build/release, and return its record."""
    commit_time = datetime.fromtimestamp(int(git("log", "-1", "--format=%ct")), UTC)
    release = read_checkout(commit_time)
    build_facts = COPY / "src" / package / "_build"
    write_source(release, build_facts)
    OUT.mkdir(parents=True)
    shutil.copy(build_facts / "requirements.txt", OUT)
    bill_of_materials = ("--format=cyclonedx1.5", "--preview-features=sbom-export")
    run(*EXPORT, *bill_of_materials, f"--output-file={OUT / 'sbom.cdx.json'}")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(commit_time.timestamp()))  # one commit, one digest
    run("uv", "build", "--wheel", "--quiet", f"--out-dir={OUT.resolve()}", folder=COPY)
    [wheel] = OUT.glob("*.whl")
    release = replace(release, wheel=wheel.name)
    release = replace(release, image=build_image(release))
    for env, settings in deployed_settings(package):
        import_module("target").render(settings, release, OUT / "deploy" / env)
    (OUT / ".gitignore").unlink(missing_ok=True)  # uv writes one
    release = replace(release, files=checksums(OUT))
    (OUT / FILE).write_text(release_text(release), encoding="utf-8")
    return release


def read_checkout(commit_time: datetime) -> Release:
    """Return what is known about a release before it is built: its version and its origin."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    answers = Path(".copier-answers.yml").read_text(encoding="utf-8")
    template = re.search(r"^_commit: *(\S+)", answers, re.MULTILINE)
    commit = git("rev-parse", "HEAD").strip()
    dirty = bool(git("status", "--porcelain"))
    return Release(
        project=project["name"],
        version=unique_version(project["version"], commit_time, commit, dirty=dirty),
        dirty=dirty,
        commit=commit,
        template=template[1] if template else "unknown",
        lock_sha256=hashlib.sha256(Path("uv.lock").read_bytes()).hexdigest(),
    )


def unique_version(version: str, commit_time: datetime, commit: str, *, dirty: bool) -> str:
    """Return a version that no other commit has, and that sorts by the commit's time."""
    suffix = ".dirty" if dirty else ""
    return f"{version}+{commit_time:%Y%m%d%H%M%S}.g{commit[:8]}{suffix}"


def write_source(release: Release, build_facts: Path) -> None:
    """Copy what git has to build/source, and set the unique version there.

    The folder of build facts receives what a machine without git, uv.lock and conf/ needs.
    """
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in listed:
        if Path(name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, COPY / name)
    shutil.copytree("conf", build_facts / "conf")
    shutil.copyfile(".copier-answers.yml", build_facts / "answers.yml")
    facts = {
        "commit": release.commit,
        "dirty": release.dirty,
        "template": release.template,
        "lock_sha256": release.lock_sha256,
    }
    (build_facts / "build.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    run(*EXPORT, "--no-header", f"--output-file={build_facts / 'requirements.txt'}")
    run("uv", "version", "--quiet", "--frozen", release.version, folder=COPY)


def build_image(release: Release) -> str | None:
    """Build the image where the project has one and IMAGE_REPOSITORY says where it goes."""
    repository = os.environ.get("IMAGE_REPOSITORY", "")
    if not repository or not Path(__file__).with_name("container.py").is_file():
        return None
    image: str = import_module("container").build(OUT, release, repository)
    return image


def deployed_settings(package: str) -> Iterator[tuple[str, Any]]:
    """Yield each environment that a release is deployed to, and its settings."""
    vendor_folders = [file.parent for file in sorted(Path("deploy").glob("*/target.py"))]
    if not vendor_folders:
        return
    sys.path[:0] = map(str, [*vendor_folders, "deploy"])
    for env in ("dev", "test", "prod"):
        settings = settings_of(package, env)
        is_laptop = env == "dev" and str(settings.tracking_uri).startswith("sqlite")
        if not is_laptop:
            yield env, settings


def settings_of(package: str, env: str) -> Any:
    """Return the settings of an environment; raise Refusal for a mistake in conf/."""
    project = import_module(f"{package}.mlops.base.project")
    errors = import_module(f"{package}.mlops.base.errors")
    try:
        return project.open_project(env).settings
    except errors.Misconfigured as error:
        raise Refusal(str(error)) from None


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder and below, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


if __name__ == "__main__":
    sys.exit(main())
