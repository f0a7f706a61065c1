"""A fake `databricks` whose workspaces are folders; it refuses unknown arguments.

DATABRICKS_PLACE is the folder of all workspaces. DATABRICKS_PROGRAM is the command that a wheel
task runs; the entry point and its parameters are appended.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from programs import write_python

if TYPE_CHECKING:
    from pipelines.databricks import Bundle

LOGIN = "login"  # file in a workspace: the identity that `az` must be logged in as
DIGEST = re.compile(r"^(?P<name>[\w-]+) @ file://(?P<path>\S+) --hash=sha256:(?P<digest>\w{64})$")


def main() -> None:
    """Run the command and record it."""
    words = sys.argv[1:]
    place = Path(os.environ["DATABRICKS_PLACE"])
    with (place / "log").open("a", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")
    host = os.environ.get("DATABRICKS_HOST", "")
    if not host.startswith("https://"):
        fail("host is not known: set DATABRICKS_HOST")
    Workspace(place / host.removeprefix("https://")).do(words)


def logged_in() -> str:
    """Return the identity that `az` is logged in as; the CLI gets its token there."""
    folder = Path(os.environ.get("AZURE_CONFIG_DIR", Path.home() / ".azure"))
    kept = folder / "identity"
    return kept.read_text(encoding="utf-8") if kept.exists() else ""


def fail(words: str) -> NoReturn:
    """Fail like the real program."""
    print(f"Error: {words}", file=sys.stderr)
    sys.exit(1)


class Workspace:
    """A workspace: its files and the deployed bundle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def do(self, words: list[str]) -> None:
        """Run a command, after checking the identity."""
        login = self.folder / LOGIN
        if login.exists() and logged_in() != login.read_text(encoding="utf-8"):
            fail("default auth: cannot configure default credentials")
        match words:
            case ["fs", "ls", path, "--output", "json"]:
                found = self.remote(path)
                if not found.is_dir():
                    fail(f"no such directory: {path}")
                print(json.dumps([{"name": each.name} for each in sorted(found.iterdir())]))
            case ["fs", "cat", path]:
                print(self.remote(path).read_text(encoding="utf-8"))
            case ["fs", "cp", "--recursive", "--overwrite", source, target]:
                shutil.copytree(source, self.remote(target), dirs_exist_ok=True)
            case ["fs", "cp", "--recursive", source, target]:
                shutil.copytree(self.remote(source), target, dirs_exist_ok=True)
            case ["fs", "cp", "--overwrite", source, target]:
                shutil.copyfile(source, self.remote(target))
            case ["workspace", "mkdirs", path] if path.startswith("/"):
                (self.folder / path[1:]).mkdir(parents=True, exist_ok=True)
            case ["bundle", command, "--target", target, *rest]:
                self.do_bundle(command, target, rest)
            case _:
                fail(f"unknown command or option: {shlex.join(words)}")

    def do_bundle(self, command: str, target: str, rest: list[str]) -> None:
        """Run a bundle command."""
        match [command, *rest]:
            case ["validate" | "plan" | "deploy"]:
                self.bundle(command, target)
            case ["summary", "--output", "json"]:
                self.summary(target)
            case ["run", key, *more]:
                self.run(target, key, more)
            case _:
                fail(f"unknown command or option: bundle {command} {shlex.join(rest)}")

    def remote(self, path: str) -> Path:
        """Return the local path of a path on a volume, which must exist."""
        parts = path.removeprefix("dbfs:").split("/")
        if not path.startswith("dbfs:/Volumes/") or len(parts) < 5:
            fail(f"{path} is no path of a volume")
        if not (self.folder / "/".join(parts[1:5])).is_dir():
            fail(f"volume {'.'.join(parts[2:5])} does not exist")
        return self.folder / "/".join(parts[1:])

    def bundle(self, command: str, target: str) -> None:
        """Check the bundle in this folder, and store it on deployment."""
        bundle = read(Path(), target)
        entry_point = f"{bundle.name}-job"
        from pipelines.databricks import problems

        if found := problems(bundle, {entry_point}):
            fail("; ".join(found))
        if f"https://{self.folder.name}" != bundle.host:
            fail(f"the bundle is for {bundle.host}")
        if command == "deploy":
            shutil.copytree(Path(), self.folder / "bundles" / target, dirs_exist_ok=True)
        print(f"{command} {len(bundle.jobs)} jobs of {bundle.name} to {target}")

    def summary(self, target: str) -> None:
        """Print the ids of the deployed jobs."""
        deployed = self.folder / "bundles" / target
        keys = sorted(read(deployed, target).jobs) if deployed.is_dir() else []
        jobs = {key: {"id": str(number)} for number, key in enumerate(keys, start=100)}
        print(json.dumps({"resources": {"jobs": jobs}}))

    def run(self, target: str, key: str, rest: list[str]) -> None:
        """Run a deployed job; `-- --name value` are its parameters."""
        deployed = self.folder / "bundles" / target
        if not deployed.is_dir():
            fail("deploy the bundle first")
        bundle = read(deployed, target)
        names = rest[1::2]
        values = rest[2::2]
        if rest and (rest[0] != "--" or len(names) != len(values)):
            fail(f"unknown options: {rest}")
        parameters = dict(zip((name.removeprefix("--") for name in names), values, strict=True))

        def call(_: str, entry_point: str, words: list[str]) -> tuple[int, dict[str, Any]]:
            self.install(bundle, key)
            program = shlex.split(os.environ["DATABRICKS_PROGRAM"])
            done = subprocess.run(
                [*program, entry_point, *words], capture_output=True, text=True, check=False
            )
            sys.stdout.write(done.stdout + done.stderr)
            lines = done.stdout.splitlines()
            return done.returncode, json.loads(lines[-1]) if lines else {}

        from pipelines.databricks import execute

        run = execute(bundle, key, call, **parameters)
        print(json.dumps(run.all_states()))
        if not run.succeeded:
            fail(f"{key} failed: {json.dumps(run.all_states())}")

    def install(self, bundle: "Bundle", key: str) -> None:
        """Check the requirements of a job as pip does: our wheel must match its hash."""
        [environment] = bundle.jobs[key]["environments"]
        for line in environment["spec"]["dependencies"]:
            path = self.remote(f"dbfs:{line.removeprefix('-r ')}")
            found = [DIGEST.match(each) for each in path.read_text("utf-8").splitlines()]
            [wheel] = filter(None, found)
            content = self.remote(f"dbfs:{wheel['path']}").read_bytes()
            if hashlib.sha256(content).hexdigest() != wheel["digest"]:
                fail(f"{wheel['path']}: the hash does not match")


def read(folder: Path, target: str) -> "Bundle":
    """Read a bundle; the import is slow, and file commands do not need it."""
    from pipelines.databricks import Wrong, load

    try:
        return load(folder, target)
    except Wrong as error:
        fail(str(error))


def put_on_path(folder: Path, place: Path) -> dict[str, str]:
    """Write the program into a folder; return the variables that put it on PATH."""
    place.mkdir(parents=True, exist_ok=True)
    tests = Path(__file__).parent.parent
    write_python(
        folder / "databricks",
        f"import sys; sys.path.insert(0, {str(tests)!r})\n"
        "from pipelines.databricks_cli import main; main()\n",
    )
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "DATABRICKS_PLACE": str(place)}
