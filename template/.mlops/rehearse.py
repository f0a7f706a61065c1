"""Rehearse a change: read the configuration of every environment, then run a lifecycle in test.

It needs no credentials: the rows come from synthetic.py, and the records are written to
build/rehearsal. A project without synthetic.py is rehearsed on the tables of conf/test.yml.
"""

import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import schedules
from commands import Refusal
from release import settings_of
from story import DATED, FIRST_CHAMPION, SUCCESSOR, print_headline

OUT = Path("build/rehearsal")
SUMMARY = Path("build/summary/rehearse.md")  # a pipeline shows the files of this folder
DATE = "2026-01-01"
SETTINGS = {
    "alerts": "[]",  # send none
    "extracts": f"{OUT.as_posix()}/extracts",
    "predictions": f"{OUT.as_posix()}/predictions",
    "reports": f"{OUT.as_posix()}/reports",
    "tracking_uri": f"sqlite:///{OUT.as_posix()}/mlflow.db",
}


def main() -> int:
    """Rehearse; return the exit code of the first command that fails.

    The arguments are the name of the program and its package. Where the gate rejects the version,
    its model card is shown, too.
    """
    name, package = sys.argv[1:]
    shutil.rmtree(OUT, ignore_errors=True)
    SUMMARY.unlink(missing_ok=True)
    OUT.mkdir(parents=True)
    try:
        tables = read_configurations(package)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    settings = dict(SETTINGS)
    if (Path("src") / package / "synthetic.py").exists():
        settings |= synthetic_tables(tables)
    code = run_lifecycle(name, package, [f"--set={key}={settings[key]}" for key in settings])
    for card in OUT.glob("reports/*.md"):
        SUMMARY.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card, SUMMARY)
    return code


def read_configurations(package: str) -> list[str]:
    """Read the configuration of every environment; return the names of the tables of test.

    Raises Refusal for the first mistake in conf/.
    """
    print_headline("conf/: read the configuration of every environment")
    environments = import_module(f"{package}.mlops.base.project").ENVIRONMENTS
    settings = {env: settings_of(package, env) for env in environments}
    for env in environments:
        print_configuration(env, settings[env])
    return list(settings["test"].tables)


def print_configuration(env: str, settings: Any) -> None:
    """Print the main settings of an environment and its schedules."""
    promotion = "a person approves" if settings.needs_approval else "automatic"
    print(f"{env}: {settings.origin} tables, {settings.metric}, promotion: {promotion}")
    try:
        for schedule in schedules.read(settings.schedules):
            print(f"{env}: {schedule.command} {schedule.description}")
    except Refusal as refusal:
        raise Refusal(f"{env}: {refusal}") from None


def synthetic_tables(tables: list[str]) -> dict[str, str]:
    """Return the settings by which synthetic.py generates the rows of the tables."""
    return {f"tables.{table}.{key}": "synthetic" for table in tables for key in ("kind", "origin")}


def run_lifecycle(name: str, package: str, settings: list[str]) -> int:
    """Run the commands of a lifecycle in test, until one fails; return its exit code."""
    program = import_module(f"{package}.mlops.cli").app
    for command, meaning in (FIRST_CHAMPION | SUCCESSOR).items():
        arguments = [command, "--env=test", *settings]
        if command in DATED:
            arguments += ["--as-of", DATE]
        if command == "promote":
            arguments.append("--approved-by=rehearsal")  # conf/ may require an approval
        print_headline(f"{name} {command} --env test: {meaning}")
        code = program(arguments, prog_name=name, standalone_mode=False)
        if code:
            return int(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
