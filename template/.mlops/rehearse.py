"""Rehearse a change: read the configuration of every environment, then run a lifecycle.

It needs no credentials: the rows come from synthetic.py, and the records are written to
build/rehearsal. Tables whose rows synthetic.py does not invent are those of conf/test.yml.

The lifecycle has the settings of test, but runs in dev: in test, nothing may override the tables.
"""

import json
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import schedules
from commands import Refusal
from release import settings_of
from story import (
    DATED,
    FIRST_CHAMPION,
    SUCCESSOR,
    list_invented,
    print_headline,
    start_of_period,
)

OUT = Path("build/rehearsal")
SUMMARY = Path("build/summary/rehearse.md")  # a pipeline shows the files of this folder
DATE = "2026-01-01"
SETTINGS: dict[str, Any] = {
    "alerts": [],  # send none
    "allow_dirty": False,  # as in test
    "approvers": [],  # the rehearsal approves
    "experiments": "",
    "registered_model": "",
}
NOT_REHEARSED = {"env", "as_of", "deployment", "schedules"}


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
        settings = read_configurations(package)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    places = import_module(f"{package}.mlops.base.settings").places_below(OUT)
    rehearsed = settings.model_dump(mode="json", exclude=NOT_REHEARSED) | SETTINGS | places
    options = [f"--set={key}={json.dumps(value)}" for key, value in rehearsed.items()]
    options += list_invented(package, "test")
    code = run_lifecycle(name, package, options, start_of_period(package, DATE, settings))
    for card in OUT.glob("reports/*.md"):
        SUMMARY.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card, SUMMARY)
    return code


def read_configurations(package: str) -> Any:
    """Read the configuration of every environment; return the settings of test.

    Raises Refusal for the first mistake in conf/.
    """
    print_headline("conf/: read the configuration of every environment")
    environments = import_module(f"{package}.mlops.base.project").ENVIRONMENTS
    settings = {env: settings_of(package, env) for env in environments}
    for env in environments:
        print_configuration(env, settings[env])
    return settings["test"]


def print_configuration(env: str, settings: Any) -> None:
    """Print the main settings of an environment and its schedules."""
    promotion = "a person approves" if settings.needs_approval else "automatic"
    print(f"{env}: {settings.origin} tables, {settings.metric}, promotion: {promotion}")
    try:
        for schedule in schedules.read(settings.schedules):
            print(f"{env}: {schedule.command} {schedule.description}")
    except Refusal as refusal:
        raise Refusal(f"{env}: {refusal}") from None


def run_lifecycle(name: str, package: str, options: list[str], date: str) -> int:
    """Run the commands of a lifecycle at a date until one fails; return its exit code."""
    program = import_module(f"{package}.mlops.cli").app
    for command, meaning in (FIRST_CHAMPION | SUCCESSOR).items():
        arguments = [command, "--env=dev", *options]
        if command in DATED:
            arguments += ["--as-of", date]
        if command == "promote":
            arguments.append("--approved-by=rehearsal")  # conf/ may require an approval
        print_headline(f"{name} {command}, with the settings of test: {meaning}")
        code = program(arguments, prog_name=name, standalone_mode=False)
        if code:
            return int(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
