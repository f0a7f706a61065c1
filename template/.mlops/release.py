"""Build a release from what git has: wheel, locked requirements, bill of materials.

A release is made once for a commit and given unchanged to each environment. Where the model runs
elsewhere, it also holds what is deployed to each environment, rendered from conf/ now. Where the
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
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from commands import Refusal, git, run

OUT = Path("build/release")
COPY = Path("build/source")  # so that no file of the checkout changes while a wheel is built
EXPORT = ("uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project")


def main() -> int:
    """Build a release; argument: the project's package. Return 1 and say why where it fails."""
    [package] = sys.argv[1:]
    os.environ.pop("UV_NO_SYNC", None)  # of `uv run`; `uv version --frozen` takes no other word
    for folder in (OUT, COPY):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        facts = build(package)
    except Exception as error:
        shutil.rmtree(OUT, ignore_errors=True)
        if not isinstance(error, Refusal):
            raise  # a defect keeps its traceback
        print(error, file=sys.stderr)
        return 1
    print(f"{OUT}: version {facts['version']}, {facts['image'] or facts['wheel']}")
    return 0


def build(package: str) -> dict[str, Any]:
    """Write the whole release and return what release.json says of it."""
    lock = Path("uv.lock").read_bytes()
    answers = Path(".copier-answers.yml").read_text(encoding="utf-8")
    template = re.search(r"^_commit: *(\S+)", answers, re.MULTILINE)
    code = {
        "commit": git("rev-parse", "HEAD").strip(),
        "dirty": bool(git("status", "--porcelain")),
        "template": template[1] if template else "unknown",
        "lock_sha256": hashlib.sha256(lock).hexdigest(),
    }
    made = datetime.fromtimestamp(int(git("log", "-1", "--format=%ct")), UTC)
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = unique(project["version"], made, code)
    inside = COPY / "src" / package / "_build"
    write_source(COPY, inside, code)
    run("uv", "version", "--quiet", "--frozen", version, folder=COPY)
    OUT.mkdir(parents=True)
    shutil.copy(inside / "requirements.txt", OUT)
    bill = ("--format=cyclonedx1.5", "--preview-features=sbom-export")
    run(*EXPORT, *bill, f"--output-file={OUT / 'sbom.cdx.json'}")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(made.timestamp()))  # one commit, one digest
    run("uv", "build", "--wheel", "--quiet", f"--out-dir={OUT.resolve()}", folder=COPY)
    [wheel] = OUT.glob("*.whl")
    facts = {"project": project["name"], "version": version, **code, "wheel": wheel.name}
    facts["image"] = built_image(facts)
    for env, settings in deployed_settings(package):
        import_module("target").render(settings, facts, OUT / "deploy" / env)
    (OUT / ".gitignore").unlink(missing_ok=True)  # uv's
    facts["files"] = checksums(OUT)
    (OUT / "release.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def unique(version: str, made: datetime, code: dict[str, Any]) -> str:
    """Return a version that no other commit has, and that sorts by the commit's time."""
    mark = ".dirty" if code["dirty"] else ""
    return f"{version}+{made:%Y%m%d%H%M%S}.g{code['commit'][:8]}{mark}"


def write_source(folder: Path, facts: Path, code: dict[str, Any]) -> None:
    """Copy what git sees, and add the facts that a machine without git, lock and conf/ needs."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(lambda name: Path(name).is_file(), listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, folder / name)
    shutil.copytree("conf", facts / "conf")
    shutil.copyfile(".copier-answers.yml", facts / "answers.yml")
    (facts / "build.json").write_text(json.dumps(code, indent=2) + "\n", encoding="utf-8")
    run(*EXPORT, "--no-header", f"--output-file={facts / 'requirements.txt'}")


def built_image(facts: dict[str, Any]) -> str | None:
    """Build the image where the project has one and there is a place for it."""
    repository = os.environ.get("IMAGE_REPOSITORY", "")
    if not repository or not Path(__file__).with_name("container.py").is_file():
        return None
    image: str = import_module("container").build(OUT, facts, repository)
    return image


def deployed_settings(package: str) -> Iterator[tuple[str, Any]]:
    """Yield each environment that a release is deployed to, and its settings."""
    places = [path.parent for path in sorted(Path("deploy").glob("*/target.py"))]
    sys.path[:0] = map(str, [*places, "deploy"] if places else [])
    for env in ("dev", "test", "prod") if places else ():
        settings = settings_of(package, env)
        if env != "dev" or not str(settings.tracking_uri).startswith("sqlite"):  # a laptop's dev
            yield env, settings


def settings_of(package: str, env: str) -> Any:
    """Return what conf/ says of an environment; raises Refusal for what it says wrongly."""
    project, errors = (
        import_module(f"{package}.mlops.{name}") for name in ("base.project", "base.errors")
    )
    try:
        return project.open_project(env).settings
    except errors.Misconfigured as error:
        raise Refusal(str(error)) from None


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below a folder by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return {path.relative_to(folder).as_posix(): value for path, value in sums.items()}


if __name__ == "__main__":
    sys.exit(main())
