"""The program: one command for each step of a model's life.

A command here states its name, its arguments and its help; `_command` adds the options that all
share and imports the step when it runs, so that `--help` answers at once.
"""

import contextlib
import errno
import gc
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from .base.errors import MlopsError

EVERY_DAY, HANDS_OFF, BURNS, ASK = "Every day", "Hands-off", "When it burns", "Ask"
MOMENT = "Before it, everything is known; default: as_of of conf, else the end of the last period."
CODES = (
    "Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 rejected by the gate, "
    "4 a person must act, 5 a service is unreachable."
)

AsOf = Annotated[str | None, typer.Option(help=MOMENT)]
Changed = Annotated[bool, typer.Option("--changed", help="Only where something differs.")]
Tune = Annotated[int, typer.Option(help="Trials that look for better parameters.", min=0)]
Version = Annotated[int | None, typer.Argument(help="Its number; default: the challenger.")]
Approver = Annotated[str | None, typer.Option(help="Another person than the trainer.")]
Hold = Annotated[bool, typer.Option("--hold", help="Stop before the promotion.")]
Why = Annotated[str, typer.Option(help="Why, for the journal.")]
Reason = Annotated[str, typer.Argument(help="Why, for everyone who meets the pause.")]
Host = Annotated[str, typer.Option(help="0.0.0.0 answers every machine that gets through.")]
Port = Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)]
Env = Annotated[str, typer.Option(help="dev, test or prod.", envvar="MLOPS_ENV")]
Sets = Annotated[list[str], typer.Option("--set", help="Override a setting: gate.margin=0.02.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Train, judge, promote, use and watch the model; the same in dev, test and prod.",
    epilog=CODES,
)


def _command(panel: str, module: str) -> Callable[[Callable[..., None]], None]:
    """Make a command that runs the function of the same name in one of the platform's modules."""

    def register(stated: Callable[..., None]) -> None:
        def run(env: Env = "dev", sets: Sets = [], json: Json = False, **own: Any) -> None:  # noqa: B006
            _run(module, stated.__name__, (env, sets, json), own)

        shared = [p for p in inspect.signature(run).parameters.values() if p.name != "own"]
        parameters = [*inspect.signature(stated).parameters.values(), *shared]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        app.command(stated.__name__, help=stated.__doc__, rich_help_panel=panel)(run)

    return register


@_command(EVERY_DAY, "steps.train.train")
def train(as_of: AsOf = None, tune: Tune = 0, changed: Changed = False) -> None:
    """Train on the rows known at a date and register the challenger."""


@_command(EVERY_DAY, "steps.gate.gate")
def gate(number: Version = None) -> None:
    """Judge a version on its held-out window and write the verdict down."""


@_command(EVERY_DAY, "steps.promote")
def promote(number: Version = None, approved_by: Approver = None) -> None:
    """Make a version that passed the gate the champion."""


@_command(EVERY_DAY, "steps.score.score")
def score(as_of: AsOf = None) -> None:
    """Predict the last period with the champion and publish the batch."""


@_command(EVERY_DAY, "steps.monitor.monitor")
def monitor(as_of: AsOf = None) -> None:
    """Tell whether the champion is still good: healthy, investigate or retrain."""


@_command(HANDS_OFF, "steps.retrain")
def retrain(as_of: AsOf = None, hold: Hold = False) -> None:
    """Train, gate and promote where `monitor` decides so; else leave the champion."""


@_command(HANDS_OFF, "serving.serve")
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Answer over HTTP with the champion, and with each one that follows it."""


@_command(BURNS, "steps.rollback")
def rollback(reason: Why = "not given") -> None:
    """Withdraw the champion and go back to the one before."""


@_command(BURNS, "steps.pause")
def pause(reason: Reason) -> None:
    """Stop promotion and scoring until `resume`."""


@_command(BURNS, "steps.pause")
def resume() -> None:
    """End a pause."""


@_command(ASK, "steps.status")
def status() -> None:
    """Show what is where: versions, verdicts, champion, last batch, journal."""


@_command(ASK, "steps.reproduce")
def reproduce(number: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Rebuild a version from its commit, lock and rows: is it the same?"""


@_command(ASK, "steps.doctor")
def doctor() -> None:
    """Find what is wrong here, and say how to mend it."""


def main() -> None:
    """Run the program, which is all that its process does."""
    try:
        app()
    finally:
        gc.freeze()  # else Python looks through all that was imported once more, for a second


def _run(
    module: str, step: str, shared: tuple[str, list[str], bool], arguments: dict[str, Any]
) -> None:
    from .base import console
    from .base.project import open_project

    (env, sets, json), code = shared, 0
    console.collect_garbage_rarely()
    console.begin()
    try:
        project = open_project(env, tuple(sets))
        function = getattr(importlib.import_module(f".{module}", __package__), step)
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for --json alone
            done = function(project, **arguments)
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        code = getattr(told, "exit_code", 1)
        done = console.Outcome("failed", str(told), {"exit_code": code})
    if done.rows:
        console.show_table(done.columns, done.rows)
    console.show("error" if code else done.outcome, done.message)
    if json:
        console.print_json(done)
    raise typer.Exit(code or console.EXIT_CODES[done.outcome])


def _told(error: Exception) -> Exception | None:
    """Return what ends in a sentence; None for a defect, which keeps its traceback."""
    if getattr(error, "errno", None) == errno.ENOSPC:
        return OSError("the disk is full; free some space for the project and its store")
    if isinstance(error, (MlopsError, OSError)):  # an OSError names its file and reason by itself
        return error
    from .records.tracking import store_error

    return store_error(error)
