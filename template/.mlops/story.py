"""The demo: two years of a model's life, in which its customers change and a successor follows.

All commands run in one process, because each would spend its first seconds on the same imports.
"""

import io
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

FIRST_CHAMPION = {
    "train": "fit a challenger",
    "gate": "check it against thresholds, and against the champion if there is one",
    "promote": "make it the champion",
    "score": "predict the newest month",
}
CHANGED_CUSTOMERS = {
    "score": "predict again, after brokers have brought other customers",
    "monitor": "decide whether the champion is still good",
    "retrain": "act on that decision: train, gate and promote a successor",
}
SUCCESSOR = {
    "score": "predict with the new champion",
    "monitor": "decide whether the new champion is good",
    "status": "show the current state",
}
SYNTHETIC_CHAPTERS = [
    ("2026-01-01", FIRST_CHAMPION),
    ("2027-08-01", CHANGED_CUSTOMERS),
    ("2027-08-01", SUCCESSOR),
]
DATED = ("train", "score", "monitor", "retrain")  # the commands that take --as-of

# The synthetic customers change in January and February 2028.
START = "2027-10-01"
MONTHS = [
    *(f"2027-{month:02}-01" for month in (11, 12)),
    *(f"2028-{month:02}-01" for month in range(1, 13)),
    *(f"2029-{month:02}-01" for month in range(1, 11)),
]
RETRAINED_IN = ("04", "10")  # in these months, `retrain` is due
ENDS_WELL = (0, 3, 4)  # exit codes of `retrain`: done, rejected by the gate, waiting for a person
WIDTH = 90  # characters of a line
MOST_NAMES = 3  # in a sentence; more are counted
COLORS = {"healthy": "32", "investigate": "33", "retrain": "31"}

Facts = dict[str, Any]  # what `--json` prints


class Stopped(Exception):
    """A command ended with an exit code that ends the story."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Program:
    """The project's program, run in this process."""

    name: str
    """The name of the program."""
    package: str
    """The project's package."""
    options: list[str]
    """The options that all commands have."""

    def show(self, *arguments: str) -> int:
        """Run a command that prints what it does; return its exit code."""
        words = [*arguments, *self.options]
        return int(self._app()(words, prog_name=self.name, standalone_mode=False) or 0)

    def ask(self, *arguments: str, ends_well: tuple[int, ...] = (0,)) -> Facts:
        """Run a command without its output; return its facts.

        Raises Stopped, after its message, for an exit code that is not in `ends_well`.
        """
        printed = io.StringIO()
        with self._silence(), redirect_stdout(printed):
            code = self.show(*arguments, "--json")
        facts: Facts = json.loads(printed.getvalue())
        if code not in ends_well:
            print(f"\n{self.name} {' '.join(arguments)}: {facts['message']}", flush=True)
            raise Stopped(code)
        return facts

    def _app(self) -> Callable[..., Any]:
        app: Callable[..., Any] = import_module(f"{self.package}.mlops.cli").app
        return app

    @contextmanager
    def _silence(self) -> Iterator[None]:
        screen = import_module(f"{self.package}.mlops.base.console").screen
        screen.quiet = True
        try:
            yield
        finally:
            screen.quiet = False


@dataclass
class Story:
    """What has happened so far, as far as it decides what is worth a sentence."""

    program: Program
    """The project's program."""
    champion: int = 0
    """The champion's version."""
    metric: str = ""
    """The first metric of the gate, which monitoring recomputes."""
    decision: str = "healthy"
    """The latest decision of `monitor`."""
    drift_seen: set[int] = field(default_factory=set)
    """The champions of which drift has been mentioned."""
    judged: set[int] = field(default_factory=set)
    """The champions whose performance has been mentioned."""
    decayed: set[int] = field(default_factory=set)
    """The champions whose decay has been mentioned."""

    def tell(self) -> None:
        """Tell the whole story."""
        print_headline("October 2027: the first champion")
        self.begin()
        print_headline("two years in use: each month score and monitor, each half year retrain")
        print_paragraph(
            f"A label is known three months after the application, so {self.metric} lags behind. "
            "PSI says how far a column has moved since training: beyond about 0.1, it has drifted."
        )
        print_month("as of", "version", self.metric, "largest PSI", "decision")
        for date in MONTHS:
            self.program.ask("score", "--as-of", date)
            report = self.program.ask("monitor", "--as-of", date)
            self.live(report)
            if date[5:7] in RETRAINED_IN:
                self.retrain(date)

    def begin(self) -> None:
        """Train, judge and promote the first version."""
        print_step("train", "fits a model to a year of rows, and registers it as version 1")
        self.program.ask("train", "--as-of", START)
        verdict = self.program.ask("gate")
        checks = verdict["evidence"]["checks"]
        judged = [check for check in checks if check["interval"]]
        figures = ", ".join(f"{each['name']} {each['figure']}" for each in judged)
        print_step("gate", f"passes it: {len(checks)} checks, {figures}")
        self.champion = self.program.ask("promote")["version"]
        print_step("promote", f"makes version {self.champion} the champion")
        self.metric = judged[0]["name"] if judged else "metric"

    def live(self, report: Facts) -> None:
        """Print a month, and a sentence if something happened in it."""
        metric, drift = report["performance"], report["columns"]
        worst = max(drift, key=lambda column: column["psi"] / column["limit"], default=None)
        print_month(
            report["as_of"],
            str(report["version"]),
            shown(metric[0]["value"]) if metric else "not known",
            f"{worst['psi']:.2f} {worst['name']}" if worst else "not known",
            report["decision"],
        )
        for sentence in self.turns(report):
            print_sentence(sentence)
        self.decision = report["decision"]

    def turns(self, report: Facts) -> Iterator[str]:
        """Yield what is new in a report, and what the platform makes of it."""
        version = report["version"]
        drifted = [column["name"] for column in report["columns"] if column["drifted"]]
        decayed = [each for each in report["performance"] if each["verdict"] == "decayed"]
        if report["decision"] != self.decision:
            if decayed:
                one = decayed[0]
                figure = f"{one['metric']} is {shown(one['value'])}"
                begin = f"Decay: now that enough labels are known, {figure}"
                if version in self.decayed:
                    begin = f"Decay again: {figure}"
                yield (
                    f"{begin}, beyond its bound of {shown(one['bound'])}, and chance does not "
                    "explain it. monitor asks for a new version."
                )
                self.decayed.add(version)
            elif self.decision == "retrain" and report["decision"] == "investigate":
                yield "This month, chance may explain the decay; the drift persists."
            elif report["decision"] == "investigate" and drifted:
                yield (
                    f"The drift persists: {enumerate_names(drifted)}. monitor asks a person to "
                    "find out why; whether predictions are worse shows when their labels are known."
                )
            else:
                yield f"monitor decides {report['decision']}: {'; '.join(report['reasons'][:1])}."
        elif drifted and version not in self.drift_seen:
            yield (
                f"Drift: {enumerate_names(drifted)} moved beyond the limit. One month may be "
                "chance, so monitor waits for the next one."
            )
            self.drift_seen.add(version)
        known = [each for each in report["performance"] if each["verdict"] == "ok"]
        if version > 1 and version not in self.judged and known:
            yield (
                f"Recovery: {known[0]['metric']} of version {version} is "
                f"{shown(known[0]['value'])} on its first labels."
            )
            self.judged.add(version)

    def retrain(self, date: str) -> None:
        """Let the platform act on the decision of this month."""
        done = self.program.ask("retrain", "--as-of", date, ends_well=ENDS_WELL)
        version = done.get("version")
        if version is None:
            print_sentence(
                f"retrain keeps version {self.champion}: monitor does not ask for a new one."
            )
        elif done["outcome"] == "ok":
            print_sentence(
                f"retrain trains version {version}; the gate compares it with version "
                f"{self.champion} on rows that neither has seen, and passes it: version {version} "
                "is the champion now."
            )
            self.champion = version
        else:
            message = done["message"].partition("; ")[0]
            print_sentence(
                f"retrain trains version {version}, but {message}. Version {self.champion} stays "
                "the champion: a better one needs more rows from after the change."
            )


def main() -> int:
    """Tell the story, or run the commands once; return the exit code of what fails.

    Arguments: the name of the program, its package, and with rows of your own their date. Without a
    date, the demo covers months whose rows synthetic.py invents, whatever conf/ says.
    """
    name, package, *dates = sys.argv[1:]
    try:
        if not dates and has_story(package):
            return tell(Program(name, package, list_invented(package, "dev")))
        chapters, options = plan_demo(package, dates)
    except import_module(f"{package}.mlops.base.errors").MlopsError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    program = Program(name, package, options)
    for date, commands in chapters:
        for command, meaning in commands.items():
            arguments = [command]
            if date and command in DATED:
                arguments += ["--as-of", date]
            print_headline(f"{name} {' '.join(arguments)}: {meaning}")
            if code := program.show(*arguments):
                return code
    return 0


def has_story(package: str) -> bool:
    """Return whether the rows are those of the example, whose customers change in 2028."""
    settings = import_module(f"{package}.mlops.base.project").open_project("dev").settings
    rows = import_module(f"{package}.synthetic")
    return settings.time.period == "month" and hasattr(rows, "FUND_FROM")


def tell(program: Program) -> int:
    """Tell the story; return the exit code of what fails."""
    os.environ["OMP_NUM_THREADS"] = "1"  # on so few rows, threads spend most of their time waiting
    story = Story(program)
    try:
        story.tell()
        comparison = program.ask("compare", "1", str(story.champion))["page"]
    except Stopped as stopped:
        return stopped.code
    show_pages(story.champion, comparison)
    return 0


def plan_demo(package: str, dates: list[str]) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Return the commands at each date, and the options that all commands have."""
    if dates:
        return [(dates[0], FIRST_CHAMPION | SUCCESSOR)], []
    settings = import_module(f"{package}.mlops.base.project").open_project("dev").settings
    chapters = [
        (start_of_period(package, date, settings), commands)
        for date, commands in SYNTHETIC_CHAPTERS
    ]
    return chapters, list_invented(package, "dev")


def list_invented(package: str, env: str) -> list[str]:
    """Return the options by which tables have the rows that synthetic.py invents."""
    project = import_module(f"{package}.mlops.base.project").open_project(env)
    overrides = import_module(f"{package}.mlops.data.synthetic").list_overrides(project)
    return [f"--set={override}" for override in overrides]


def start_of_period(package: str, date: str, settings: Any) -> str:
    """Return the first day of the period around a date: windows follow the calendar."""
    windows = import_module(f"{package}.mlops.base.windows")
    start = windows.start_of_period(pd.Timestamp(date), settings.time.period)
    return f"{start:%Y-%m-%d}"


def show_pages(champion: int, comparison: str) -> None:
    """Print where the last report, the champion's card, and the comparison with version 1 are."""
    folder = Path(os.environ.get("MLOPS_REPORTS", "build/monitor"))
    report = folder / f"dev-{MONTHS[-1]}-version-{champion}.html"
    print_headline("the same story in pictures: open these pages in a browser")
    print_step("report", f"{report.as_posix()}")
    print_step("card", f"{(folder / f'card-dev-{champion}.html').as_posix()}")
    print_step("compare", comparison)


def print_headline(text: str) -> None:
    """Print a headline, bold on a terminal."""
    print(f"\n{paint(f'--- {text} '.ljust(WIDTH, '-'), '1')}", flush=True)


def print_step(command: str, text: str) -> None:
    """Print what a command does."""
    print(f"{command:8} {text}", flush=True)


def print_month(as_of: str, version: str, metric: str, drift: str, decision: str) -> None:
    """Print the line of a month, or the line above the first one."""
    color = COLORS.get(decision, "1")
    line = f"{as_of:12} {version:9} {metric:12} {drift:26} {paint(decision, color)}"
    print(line, flush=True)


def print_paragraph(text: str) -> None:
    """Print what the lines below mean, with an empty line after it."""
    print(f"{textwrap.fill(text, WIDTH)}\n", flush=True)


def print_sentence(text: str) -> None:
    """Print a sentence below the line of its month."""
    print(textwrap.fill(text, WIDTH, initial_indent="    > ", subsequent_indent="      "))


def paint(text: str, color: str) -> str:
    """Return a text in a color if it goes to a terminal."""
    return f"\033[{color}m{text}\033[0m" if sys.stdout.isatty() else text


def enumerate_names(names: list[str]) -> str:
    """Return a few names as text, and how many more there are."""
    shortened = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    rest = len(names) - len(shortened)
    parts = [*shortened, f"{rest} more columns"] if rest else shortened
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def shown(figure: float | None) -> str:
    """Return a figure as text."""
    return "not known" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    sys.exit(main())
