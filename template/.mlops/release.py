"""Build a release of the last commit: wheel, locked requirements, bill of materials.

Everything is read from the commit, never from the folder, which may contain more. A release is
built once per commit and deployed unchanged to each environment. Where the model runs elsewhere, it
also contains what is deployed to each environment, rendered from conf/. Where the project has an
image, container.py builds it.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from commands import Refusal, git, run
from committed import LINK, SUBMODULE, committed_files
from release_record import FILE, Release, release_text

OUT = Path("build/release")
COPY = Path("build/source")  # the files of the commit, from which the release is built
BUILD_GROUP = "mlops-build"  # the packages that build the wheel
BUILD_PACKAGES = Path("build/build-requirements.txt")  # those of uv.lock, with their hashes
ALLOW_DIRTY = "--allow-dirty"
REQUIRED = ("pyproject.toml", "uv.lock", ".copier-answers.yml", "conf/base.yml")
PACKED = ("src/", "conf/", "deploy/", *REQUIRED)  # a release contains these, or what they say
METADATA = ("METADATA", "RECORD", "WHEEL", "entry_points.txt")  # the build writes them itself
KEPT_ELSEWHERE = b"version https://git-lfs.github.com/spec/"
EXPORT = ("uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project")


def main() -> int:
    """Build a release; return 1 where it is refused.

    The arguments are the project's package, and `--allow-dirty` for a release to try out.
    """
    package, *options = sys.argv[1:]
    os.environ.pop("UV_NO_SYNC", None)  # `uv run` sets it, and `uv version --frozen` refuses it
    for folder in (OUT, COPY):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        release = build(package, allow_dirty=ALLOW_DIRTY in options)
    except Exception as error:
        shutil.rmtree(OUT, ignore_errors=True)
        if not isinstance(error, Refusal):
            raise  # a defect keeps its traceback
        print(error, file=sys.stderr)
        return 1
    print(f"{OUT}: version {release.version}, {release.image or release.wheel}")
    return 0


def build(package: str, *, allow_dirty: bool) -> Release:
    """Write the whole release to build/release, and return its record."""
    commit = git("rev-parse", "HEAD").strip()
    tree = choose_tree(commit, allow_dirty=allow_dirty)
    unpack(tree)
    commit_time = datetime.fromtimestamp(int(git("log", "-1", "--format=%ct", commit)), UTC)
    release = read_source(commit, commit_time, dirty=tree != commit)
    build_facts = COPY / "src" / package / "_build"
    write_build_facts(release, build_facts)
    OUT.mkdir(parents=True)
    shutil.copy(build_facts / "requirements.txt", OUT)
    bill_of_materials = ("--format=cyclonedx1.5", "--preview-features=sbom-export")
    export(*bill_of_materials, f"--output-file={OUT.resolve() / 'sbom.cdx.json'}")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(commit_time.timestamp()))  # one commit, one digest
    source = checksums(COPY)  # before anything of the build runs
    build_wheel()
    [wheel] = OUT.glob("*.whl")
    contents = wheel_checksums(wheel)
    refuse_other_files(contents, source, package, wheel_metadata(wheel))
    release = replace(release, wheel=wheel.name, wheel_files=contents)
    release = replace(release, image=build_image(release))
    for env, settings in deployed_settings(package):
        import_module("target").render(settings, release, OUT / "deploy" / env)
    (OUT / ".gitignore").unlink(missing_ok=True)  # uv writes one
    release = replace(release, files=checksums(OUT))
    (OUT / FILE).write_text(release_text(release), encoding="utf-8")
    return release


def choose_tree(commit: str, *, allow_dirty: bool) -> str:
    """Return the commit, or one of the changes since; raise Refusal for changes unless allowed.

    Files that git does not track are in neither.
    """
    changes = git("status", "--porcelain", "--no-renames", "--", ".").splitlines()
    if not changes:
        return commit
    if not allow_dirty:
        raise Refusal(
            f"{changes[0][3:]} is not committed: commit your work, or build a release to try out, "
            f"which cannot be deployed, with `uvx nox -s build -- {ALLOW_DIRTY}`."
        )
    author = ("-c", "user.name=build", "-c", "user.email=build@localhost")  # git wants one
    tracked = git(*author, "stash", "create").strip()  # a commit on no branch
    return tracked or git(*author, "commit-tree", "-m", "dirty", commit + "^{tree}").strip()


def unpack(tree: str) -> None:
    """Write the files of a commit to build/source, without links and submodules.

    Raises Refusal where a release would contain one of those or a pointer of Git LFS, or where a
    file is missing.
    """
    prefix = git("rev-parse", "--show-prefix").rstrip("\n")
    for file in committed_files(tree, prefix):
        is_packed = file.path.startswith(PACKED)
        if file.mode in (LINK, SUBMODULE):
            if is_packed:
                kind = "link" if file.mode == LINK else "submodule"
                raise Refusal(
                    f"{file.path} is a {kind}, whose content is not in the commit: commit the "
                    "files themselves."
                )
            continue
        if is_packed and file.content.startswith(KEPT_ELSEWHERE):
            raise Refusal(
                f"{file.path} is in Git LFS, so its content is not in the commit: commit the file "
                "itself."
            )
        file.write(COPY)
    for name in REQUIRED:
        if not (COPY / name).is_file():
            raise Refusal(f"{name} is not committed: commit it, then build again.")


def read_source(commit: str, commit_time: datetime, *, dirty: bool) -> Release:
    """Return what is known about a release before it is built: its version and its origin."""
    project = tomllib.loads((COPY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for key in ("readme", "license"):  # the wheel quotes them
        refuse_outside(key, project.get(key, ""))
    answers = (COPY / ".copier-answers.yml").read_text(encoding="utf-8")
    template = re.search(r"^_commit: *(\S+)", answers, re.MULTILINE)
    return Release(
        project=project["name"],
        version=unique_version(project["version"], commit_time, commit, dirty=dirty),
        dirty=dirty,
        commit=commit,
        template=template[1] if template else "unknown",
        lock_sha256=hashlib.sha256((COPY / "uv.lock").read_bytes()).hexdigest(),
    )


def refuse_outside(key: str, value: str | Mapping[str, str]) -> None:
    """Raise Refusal where a key of pyproject.toml names a file outside the project."""
    name = value.get("file", "") if isinstance(value, Mapping) else value
    if not (COPY / name).resolve().is_relative_to(COPY.resolve()):
        raise Refusal(f"pyproject.toml: {key} names {name}: name a file of the project.")


def unique_version(version: str, commit_time: datetime, commit: str, *, dirty: bool) -> str:
    """Return a version that no other commit has, and that sorts by the commit's time."""
    suffix = ".dirty" if dirty else ""
    return f"{version}+{commit_time:%Y%m%d%H%M%S}.g{commit[:8]}{suffix}"


def write_build_facts(release: Release, folder: Path) -> None:
    """Write what a machine without git, uv.lock and conf/ needs; set the unique version."""
    shutil.rmtree(folder, ignore_errors=True)  # git ignores it, but somebody may have added it
    shutil.copytree(COPY / "conf", folder / "conf")
    shutil.copyfile(COPY / ".copier-answers.yml", folder / "answers.yml")
    facts = {
        "commit": release.commit,
        "dirty": release.dirty,
        "template": release.template,
        "lock_sha256": release.lock_sha256,
    }
    (folder / "build.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    export("--no-header", f"--output-file={folder.resolve() / 'requirements.txt'}")
    run("uv", "version", "--quiet", "--frozen", release.version, folder=COPY)


def export(*options: str) -> None:
    """Export the locked packages in one of uv's formats."""
    run(*EXPORT, *options, folder=COPY)


def build_wheel() -> None:
    """Build the wheel by packages that uv.lock has, with their hashes; nothing else may build it.

    uv would otherwise take the newest backend that an index or a folder offers.
    """
    group = f"--only-group={BUILD_GROUP}"
    file = f"--output-file={BUILD_PACKAGES.resolve()}"
    try:
        run("uv", "export", "--quiet", "--frozen", group, file, folder=COPY)
    except Refusal as refusal:
        raise Refusal(
            f"{refusal} uv.lock must have the group {BUILD_GROUP} of pyproject.toml, whose "
            "packages build a release: run `uv lock`, and commit the file."
        ) from None
    only_locked = (f"--build-constraints={BUILD_PACKAGES.resolve()}", "--require-hashes")
    options = ("--wheel", "--quiet", f"--out-dir={OUT.resolve()}")
    try:
        run("uv", "build", *options, *only_locked, folder=COPY)
    except Refusal as refusal:
        if "no trusted hash" not in str(refusal):
            raise
        raise Refusal(
            f"{refusal} Only packages of the group {BUILD_GROUP} build a release: name it there in "
            "pyproject.toml, run `uv lock`, and commit both."
        ) from None


def wheel_checksums(wheel: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a wheel, by path; raise Refusal for two of one name."""
    with ZipFile(wheel) as archive:
        names = sorted(archive.namelist())
        for name, following in pairwise(names):
            if name == following:
                raise Refusal(
                    f"The wheel would contain {name} twice: remove what adds it from [tool.hatch] "
                    "in pyproject.toml."
                )
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}


def wheel_metadata(wheel: Path) -> str:
    """Return the folder in a wheel with what an installer reads."""
    project, version = wheel.name.split("-")[:2]
    return f"{project}-{version}.dist-info"


def refuse_other_files(
    contents: Mapping[str, str], source: Mapping[str, str], package: str, metadata: str
) -> None:
    """Raise Refusal unless the files of the wheel are those of the commit, each in its own place.

    Only what the build writes itself is in no commit. Both mappings have the SHA-256 of each file.
    """
    packed = set()
    for name, digest in contents.items():
        folder, _, file = name.partition("/")
        if folder == metadata and file in METADATA:
            continue
        path = file.removeprefix("licenses/") if folder == metadata else f"src/{name}"
        if path not in source:
            raise Refusal(
                f"The wheel would contain {name}, but the commit has no {path}: commit it there, "
                "or remove what adds it from [tool.hatch] in pyproject.toml."
            )
        if digest != source[path]:
            raise Refusal(
                f"The wheel would contain other bytes as {name} than the commit has as {path}: "
                "remove what exchanges it from [tool.hatch] in pyproject.toml."
            )
        packed.add(path)
    for path in source:
        if path.startswith(f"src/{package}/") and path not in packed:
            raise Refusal(
                f"The wheel would not contain {path}: remove what excludes it from [tool.hatch] in "
                "pyproject.toml or from .gitignore, or remove the file from the commit."
            )


def build_image(release: Release) -> str | None:
    """Build the image where the project has one and IMAGE_REPOSITORY says where it goes."""
    repository = os.environ.get("IMAGE_REPOSITORY", "")
    if not repository or not Path(__file__).with_name("container.py").is_file():
        return None
    image: str = import_module("container").build(OUT, release, repository)
    return image


def deployed_settings(package: str) -> Iterator[tuple[str, Any]]:
    """Yield each environment that a release is deployed to, and its settings."""
    deploy = COPY.resolve() / "deploy"
    vendor_folders = [file.parent for file in sorted(deploy.glob("*/target.py"))]
    if not vendor_folders:
        return
    sys.path[:0] = map(str, [*vendor_folders, deploy])
    for env in ("dev", "test", "prod"):
        with contextlib.chdir(COPY):  # reads conf/ there
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
