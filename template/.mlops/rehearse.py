"""Rehearse a change: read the configuration of every environment, then run a model's life in test.

It needs no credential: the rows are those of synthetic.py, the records lie in build/rehearsal. A
project that has deleted synthetic.py is rehearsed on the tables of conf/test.yml.
"""

import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import schedules
from commands import Refusal
from release import settings_of
from story import DATED, FIRST_CHAMPION, SUCCESSOR, say

OUT = Path("build/rehearsal")
SUMMARY = Path("build/summary/rehearse.md")  # a pipeline shows what lies in this folder
DATE = "2026-01-01"
PLACES = {
    "alerts": "[]",  # nobody is called
    "extracts": f"{OUT.as_posix()}/extracts",
    "predictions": f"{OUT.as_posix()}/predictions",
    "reports": f"{OUT.as_posix()}/reports",
    "tracking_uri": f"sqlite:///{OUT.as_posix()}/mlflow.db",
}


def main() -> int:
    """Rehearse; arguments: the program's name and its package. Return the first code that is not 0.

    Where the gate refuses, the model card says so, and is shown all the same.
    """
    name, package = sys.argv[1:]
    shutil.rmtree(OUT, ignore_errors=True)
    SUMMARY.unlink(missing_ok=True)
    OUT.mkdir(parents=True)
    try:
        tables = read_configurations(package)
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 2
    invented = (Path("src") / package / "synthetic.py").exists()
    settings = PLACES | (as_synthetic(tables) if invented else {})
    code = live(name, package, [f"--set={key}={value}" for key, value in settings.items()])
    for card in OUT.glob("reports/*.md"):
        SUMMARY.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card, SUMMARY)
    return code


def read_configurations(package: str) -> list[str]:
    """Read the configuration of every environment; return the names of the tables of test."""
    say("conf/: read the configuration of every environment")
    envs = import_module(f"{package}.mlops.base.project").ENVIRONMENTS
    read = {env: settings_of(package, env) for env in envs}
    for env, settings in read.items():
        rule = "a person approves" if settings.needs_approval else "automatic"
        print(f"{env}: {settings.origin} tables, {settings.metric}, promotion: {rule}")
        try:
            for schedule in schedules.read(settings.schedules):
                print(f"{env}: {schedule.command} {schedule.words}")
        except Refusal as reason:
            raise Refusal(f"{env}: {reason}") from None
    return list(read["test"].tables)


def as_synthetic(tables: list[str]) -> dict[str, Any]:
    """Return settings by which synthetic.py fills the tables."""
    return {f"tables.{t}.{key}": "synthetic" for t in tables for key in ("kind", "origin")}


def live(name: str, package: str, settings: list[str]) -> int:
    """Run the commands of a model's life in test, until one ends with another code than 0."""
    program = import_module(f"{package}.mlops.cli").app
    for command, meaning in (FIRST_CHAMPION | SUCCESSOR).items():
        words = [command, "--env=test", *settings]
        words += ["--as-of", DATE] if command in DATED else []
        words += ["--approved-by=rehearsal"] if command == "promote" else []  # where conf/ asks
        say(f"{name} {command} --env test: {meaning}")
        if code := program(words, prog_name=name, standalone_mode=False):
            return int(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
