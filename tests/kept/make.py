"""Make stored records: let a landed version of the template run a project, keep what it writes.

`python tests/kept/make.py COMMIT [PROBLEM]` renders the template of that commit below /home/maria,
installs the project by its own lock, and runs the commands of `LIFE` that the version has. It packs
the JSON records into tests/kept/records/COMMIT-PROBLEM.tar.xz, and the project with its complete
store into tests/kept/stores/COMMIT-PROBLEM.tar.xz. README.md next to this file describes both.

The commands run as maria@build-host, in a namespace of their own (`unshare --uts`, Linux as root),
so no record needs an edit afterwards: the journal's hashes cover who acted.
"""

import argparse
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pack import pack_records, pack_stores

TEMPLATE = Path(__file__).resolve().parent.parent.parent
HOME = Path("/home/maria")
NAME = "loan-risk"
PERSON = {"name": "Maria Example", "email": "maria@bank.example"}

AS_HOST = ("unshare", "--uts", "sh", "-c", 'hostname build-host; exec "$@"', "sh")
RECORDED = ("mlruns", "mlartifacts")  # where MLflow's local store keeps artifacts

FIRST = (
    "train --as-of 2026-01-01",
    "gate",
    "promote",
    "score --as-of 2026-01-01",
    "monitor --as-of 2026-01-01",
    "score --as-of 2026-02-01",
    "score --as-of 2026-03-01",
)
SHADOW = "--set scoring.shadow=true"
LIFE = (
    *FIRST,
    "train --as-of 2026-03-01",
    "gate",
    f"score --as-of 2026-04-01 {SHADOW}",  # version 2 is the challenger
    "gate --set gate.min_events=100000",  # insufficient
    "promote --approved-by anna",
    f"score --as-of 2026-05-01 {SHADOW}",  # there is no challenger
    "monitor --as-of 2026-05-01",
    "rollback --reason brokers",
    "gate 2 --set gate.thresholds.auc.min=0.94",  # rejected
    "pause audit",
    "resume",
    "score --as-of 2026-06-01",
    "monitor --as-of 2026-06-01",  # the labels of the first batches are known by then
    "monitor --as-of 2026-07-01 --set gate.thresholds.auc.min=0.9",  # decayed, and nothing scored
    "score --as-of 2027-08-01",
    "retrain --as-of 2027-08-01 --set model.params.unknown=1",  # fails
    "retrain --as-of 2027-08-01",  # the champion is too old
    "score --as-of 2027-09-01",
    "monitor --as-of 2027-09-01 --set gate.margin=0",
    "reproduce 1",
)
SHORT = (*FIRST, "monitor --as-of 2026-06-01")


@dataclass(frozen=True)
class Place:
    """A project of an older version, and the environment variables of its commands."""

    folder: Path
    variables: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project as maria@build-host; its screen goes to commands.log."""
        with (HOME / "commands.log").open("a", encoding="utf-8") as log:
            print("$", *command, file=log, flush=True)
            return subprocess.run(
                (*AS_HOST, *command),
                cwd=self.folder,
                env=self.variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )

    def need(self, *command: str) -> None:
        """Run a command that must succeed."""
        done = self.run(*command)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed; see {HOME / 'commands.log'}")

    def entries(self) -> int:
        """Return how many entries the journal has."""
        return len(list(artifacts(self.folder, "entry.json")))


def main() -> None:
    """Make the records of one version and one kind of problem."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("commit", help="A landed commit of this repository, or a tag.")
    parser.add_argument("problem", nargs="?", default="binary", help="binary by default.")
    parser.add_argument("--exclude-newer", help="A date; older packages where today's fail.")
    given = parser.parse_args()
    if HOME.exists():
        sys.exit(f"{HOME} exists; move away what an earlier run left there.")
    place = install(given.commit, given.problem, given.exclude_newer)
    records = HOME / "records"
    commands = LIFE if given.problem == "binary" else SHORT
    done = live(place, commands, records / "job")
    collect(place.folder, records)
    write_json(records / "commands.json", done)
    refuse_traces(records)
    store = f"{given.commit}/{given.problem}"
    name = store.replace("/", "-")
    print(pack_records(name, {store: records}))
    print(pack_stores(name, {store: place.folder}))


def install(commit: str, problem: str, exclude_newer: str | None) -> Place:
    """Render the project of a commit, lock and install it, and commit it."""
    HOME.mkdir()
    (HOME / "bin").mkdir()
    uv = shutil.copy2(str(shutil.which("uv", path=str(Path(sys.executable).parent))), HOME / "bin")
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MLOPS_") and name not in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    }
    variables |= {
        "LOGNAME": "maria",
        "USER": "maria",
        "UV": str(uv),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "OMP_WAIT_POLICY": "passive",  # quicker where others use the machine, and changes no record
    }
    variables["PATH"] = f"{HOME / 'bin'}:{variables['PATH']}"
    for key, value in PERSON.items():
        variables[f"GIT_AUTHOR_{key.upper()}"] = value
        variables[f"GIT_COMMITTER_{key.upper()}"] = value
    (HOME / NAME).mkdir()
    place = Place(HOME / NAME, variables)
    template = str(HOME / "goldsmith")
    place.need("git", "clone", "--quiet", str(TEMPLATE), template)
    place.need("git", "-C", template, "checkout", "--quiet", commit)
    copy = (sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", "--vcs-ref=HEAD")
    place.need(*copy, f"--data=project_name={NAME}", f"--data=problem={problem}", template, ".")
    place.need("git", "init", "--quiet", "--initial-branch=main")
    until = (f"--exclude-newer={exclude_newer}",) if exclude_newer else ()
    place.need("uv", "lock", "--quiet", *until)
    place.need("uv", "sync", "--quiet", *until)
    place.need("git", "add", "--all")
    place.need("git", "commit", "--quiet", "--message=chore: start from the template")
    return place


def live(place: Place, commands: tuple[str, ...], jobs: Path) -> list[dict[str, object]]:
    """Run the commands that the version has; return each with its code and its journal entries."""
    program = place.folder / ".venv/bin" / NAME
    package = place.folder / "src" / NAME.replace("-", "_") / "mlops"
    lines = []
    for line in commands:
        words = line.split()
        if SHADOW in line and not any(package.rglob("shadow.py")):
            words = line.removesuffix(SHADOW).split()
        if place.run(str(program), words[0], "--help").returncode:
            continue  # a command of later versions
        before = place.entries()
        with kept_job(place.folder, jobs):
            code = place.run(str(program), *words).returncode
        numbers = list(range(before + 1, place.entries() + 1))
        lines.append({"command": " ".join(words), "exit_code": code, "entries": numbers})
        print(f"{code} {' '.join(words)} {numbers}", flush=True)
    return lines


@contextmanager
def kept_job(project: Path, target: Path) -> Iterator[None]:
    """Copy the JSON job of a `reproduce` that runs meanwhile, which deletes it in the end."""
    job = project / "build/reproduce/job.json"
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            if job.is_file() and job.read_text(encoding="utf-8").endswith("}"):
                target.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(job, target / "reproduce.json")
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def artifacts(project: Path, name: str) -> Iterator[Path]:
    """Yield the artifacts of MLflow's local store that have a name."""
    for folder in RECORDED:
        yield from sorted((project / folder).rglob(name))


def collect(project: Path, target: Path) -> None:
    """Copy every record, byte for byte."""
    for entry in artifacts(project, "entry.json"):
        facts = json.loads(entry.read_text(encoding="utf-8"))
        name = f"{facts['number']:04d}-{facts['command']}.json"
        copy(entry, target / "journal" / name)
        if entry.with_name("evidence.json").is_file():
            copy(entry.with_name("evidence.json"), target / "evidence" / name)
    for monitoring in artifacts(project, "monitor.json"):
        facts = json.loads(monitoring.read_text(encoding="utf-8"))
        copy(monitoring, target / "monitor" / f"{facts['as_of']}-version-{facts['version']}.json")
    for mark in (project / "predictions").rglob("_SUCCESS"):
        kind = "shadow" if "_shadow" in mark.parts else "batches"
        date = mark.parts[-3].removeprefix("date=")
        copy(mark, target / kind / f"{date}-{mark.parts[-2]}.json")
    with closing(sqlite3.connect(project / "mlflow.db")) as store:
        for number, place in store.execute("SELECT version, storage_location FROM model_versions"):
            folder = Path(place.removeprefix("file://"))
            copy(folder / "artifacts/card.json", target / "cards" / f"version-{number}.json")
        tags = dict(store.execute("SELECT key, value FROM registered_model_tags"))
    write_json(target / "model_tags.json", tags)


def copy(source: Path, target: Path) -> None:
    """Copy a file to a place that is still free."""
    if target.exists():
        sys.exit(f"{target} would be written twice; give the second one another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def write_json(target: Path, content: object) -> None:
    """Write a JSON file of ours, which no version wrote."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def refuse_traces(target: Path) -> None:
    """End with an error where a record names this machine."""
    traces = (str(TEMPLATE), str(Path.home()), f"@{socket.gethostname()}", tempfile.gettempdir())
    for path in sorted(target.rglob("*.json")):
        text = path.read_text(encoding="utf-8")
        for trace in traces:
            if trace in text:
                sys.exit(f"{path} contains {trace}, which names this machine.")


if __name__ == "__main__":
    main()
