"""The program: one command for each step of a model's life.

A command imports its step only when it runs, so that `--help` answers at once.
"""

import contextlib
import errno
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from .base.errors import MlopsError
from .base.text import plain_lines

if TYPE_CHECKING:
    from .base.console import Outcome
    from .base.project import Project

FIRST_STEP = "First step"
EVERYDAY_WORK = "Everyday work"
AUTOMATION = "Automation"
EMERGENCY = "Emergency"
INSPECT = "Inspect"

NO_TYPE = ""  # a flag takes no value, so its help shows no type


class Command(TyperCommand):
    """A command whose --help shows no type either."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:  # Any: typer hides the base's type
        return _without_type(super().get_help_option(ctx))


class Program(TyperGroup):
    """The program itself, whose --help shows no type either, and whose usage errors are plain."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        with _plain_usage_errors():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _plain_usage_errors():
            return super().invoke(ctx)

    def get_help_option(self, ctx: Any) -> TyperOption | None:  # Any: typer hides the base's type
        return _without_type(super().get_help_option(ctx))


@contextlib.contextmanager
def _plain_usage_errors() -> Iterator[None]:
    """Escape the arguments that Typer's errors quote, and drop the errors that caused them."""
    try:
        yield
    except Exception as error:
        if not hasattr(error, "message"):  # a usage error, whose class depends on Typer's version
            raise
        error.message = plain_lines(error.message)
        raise error from None


def _without_type(option: TyperOption | None) -> TyperOption | None:
    if option is not None:
        option.metavar = NO_TYPE
    return option


# Options that all commands share
Env = Annotated[
    str,
    typer.Option(
        metavar="ENVIRONMENT",
        help="dev, test or prod: which settings of conf/ apply, and which registered model is "
        "used.",
        envvar="MLOPS_ENV",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting, such as time.train=24; in test and prod, only a date or a place, "
        "such as predictions=FOLDER. Can be repeated.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar=NO_TYPE, help="Print one JSON object on stdout.")
]

# Arguments and options of some
SourceTable = Annotated[
    str,
    typer.Argument(
        metavar="TABLE",
        help="A table that conf/ names, a Parquet or CSV file, a pattern such as 'data/*.csv', or "
        "the folder of a Delta table.",
    ),
]
TargetColumn = Annotated[
    str,
    typer.Option("--target", metavar="NAME", help="The column that the model is to predict."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="Reference date: the command uses only what happened before 00:00 on this date. "
        "Default: the setting as_of, else the end of the last complete period.",
    ),
]
AgesAsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="With --expired, the age of rows is counted from this date; --keys does not depend on "
        "it. Default: the setting as_of, else the end of the last complete period.",
    ),
]
Trials = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Search for better parameters with this many trials; 0 means no search. Needs the "
        "extra `tune`, and search_space in model.py.",
        min=0,
    ),
]
Changed = Annotated[
    bool,
    typer.Option(
        "--changed",
        metavar=NO_TYPE,
        help="Train only if something has changed: do nothing if the champion or the newest "
        "version already has the same code, configuration, lockfile and reference date.",
    ),
]
Version = Annotated[
    int | None,
    typer.Argument(metavar="VERSION", help="The number of the version. Default: the challenger."),
]
FirstVersion = Annotated[
    int | None,
    typer.Argument(
        metavar="V1",
        help="The number of a version. Default: the challenger.",
    ),
]
SecondVersion = Annotated[
    int | None,
    typer.Argument(
        metavar="V2",
        help="The number of the version to compare it with. Default: the champion.",
    ),
]
RequiredVersion = Annotated[
    int, typer.Argument(metavar="VERSION", help="The number of the version.")
]
Approver = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The person who approves, if an approval is required; not the person who trained the "
        "version.",
    ),
]
Hold = Annotated[
    bool, typer.Option("--hold", metavar=NO_TYPE, help="Train and gate, but do not promote.")
]
Expired = Annotated[
    bool,
    typer.Option(
        "--expired",
        metavar=NO_TYPE,
        help="Erase what is past its retention; set `retention` in conf/ first.",
    ),
]
KeysFile = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help="Erase the rows whose keys are in this CSV file. Its header names the columns of the "
        "key, or some of them. Each line below it gives values; a row is erased if it matches all "
        "the values of one line.",
    ),
]
Confirmed = Annotated[
    bool,
    typer.Option(
        "--yes", metavar=NO_TYPE, help="Erase the rows; without it, only show what would be erased."
    ),
]
Digest = Annotated[
    str,
    typer.Option(
        metavar="SHA256",
        help="The SHA-256 of the version's files. Required to judge a version that was not trained "
        "in this environment, such as a copied one; needs VERSION.",
    ),
]
Withdrawn = Annotated[
    int | None,
    typer.Argument(
        metavar="VERSION",
        help="The number of the version to withdraw, which must be the champion. Needed only to "
        "go back one more version: without it, running `rollback` again changes nothing.",
    ),
]
RollbackReason = Annotated[
    str, typer.Option(metavar="TEXT", help="The reason, which the journal records.")
]
PauseReason = Annotated[
    str,
    typer.Argument(
        metavar="REASON",
        help="The reason, shown to anyone who runs a command that the pause stops.",
    ),
]
EveryVersion = Annotated[
    bool,
    typer.Option(
        "--all", metavar=NO_TYPE, help="Show all versions, and not only the ten newest ones."
    ),
]
EntryNumber = Annotated[
    int | None,
    typer.Argument(
        metavar="ENTRY",
        help="Number of the entry to show; without it, the 20 newest are listed.",
    ),
]
EveryEntry = Annotated[
    bool, typer.Option("--all", metavar=NO_TYPE, help="List all entries, not only the 20 newest.")
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        metavar=NO_TYPE,
        help="Also verify the evidence of every verdict and, on a server, the file of every "
        "journal entry, which takes one request per entry. Without this option, only the copies "
        "of a server's entries in the tags of their MLflow runs are verified. In a local store, "
        "the files of the entries are always verified.",
    ),
]
AnchorFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Append an anchor, one line with the number and hash of the newest journal entry, to "
        "this file. Keep the file where people who can write to the store cannot change it.",
    ),
]
AgainstFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Compare the journal with the anchors in this file. It may be a file that --anchor "
        "wrote, or the saved log of a scheduled job, in which each command prints an anchor.",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="The address to listen on; 0.0.0.0 allows connections from other machines.",
    ),
]
Port = Annotated[
    int, typer.Option(metavar="NUMBER", help="The port; 0 picks a free one.", min=0, max=65535)
]

# Variables with which libraries skip checks of values; a command does not let them.
OF_SKIPPED_CHECKS = (
    "PANDERA_VALIDATION_ENABLED",
    "PANDERA_VALIDATION_DEPTH",
    "SKLEARN_ASSUME_FINITE",
)

app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Train, judge, promote, use and monitor the model. The commands are the same in dev, test "
    "and prod.",
    epilog=(
        "Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 rejected by the gate, "
        "4 a person must act, 5 a service is unreachable."
    ),
)


@app.command(
    cls=Command,
    rich_help_panel=FIRST_STEP,
    epilog="Exits with 2 if the target does not fit the project's problem, and with 4 if the "
    "proposed files do not work as they are: correct them first.",
)
def draft(
    table: SourceTable,
    target: TargetColumn,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Read a table of yours, and propose the files that describe it, in build/draft/.

    It proposes schema.py, data.py, features.py and conf/, with the evidence as comments, and
    synthetic.py, which invents rows for machines without the table. It reports missing values,
    constant columns, repeated rows, and columns that give away the target. It changes no file of
    yours.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.draft.draft import draft

        return draft(project, table, target)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=EVERYDAY_WORK)
def train(  # noqa: PLR0913 - options, which the user names
    as_of: AsOf = None,
    tune: Trials = 0,
    changed: Changed = False,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Train a model on the rows of the training window, and register it as a new version.

    It reads and checks the rows, splits them, tries the estimator on a few, and fits a model. The
    new version becomes the challenger.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.train.train import train

        return train(project, as_of, tune, changed=changed)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=EVERYDAY_WORK,
    epilog="Exits with 3 if the version is rejected, and with 4 if it cannot be judged: too few "
    "matured rows of the rarest class, a champion that cannot predict, or, at high risk, "
    "a protected group that is too small.",
)
def gate(
    number: Version = None,
    digest: Digest = "",
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Judge a version on its gate window, which it was not trained on, and record the verdict.

    It is also compared with the champion, if there is one.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.gate.gate import gate

        return gate(project, number, digest)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=EVERYDAY_WORK,
    epilog="Exits with 3 if the gate has rejected the version, and with 4 if a person must "
    "approve it first, or during a pause.",
)
def promote(
    number: Version = None,
    approved_by: Approver = None,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion if it passed the gate.

    After the verdict `insufficient`, a person must approve it.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.promote import promote

        return promote(project, number, approved_by)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=EVERYDAY_WORK,
    epilog="Exits with 4 during a pause.",
)
def score(
    as_of: AsOf = None, env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Score the rows of the last period with the champion and publish the predictions.

    The period is the last one before the reference date. The batch of predictions is checked before
    it is published.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.score.score import score

        return score(project, as_of)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=EVERYDAY_WORK,
    epilog="Exits with 0 for all three decisions.",
)
def monitor(
    as_of: AsOf = None, env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Decide whether the champion is still good: healthy, investigate or retrain.

    It compares the newest scored period and the newest matured rows with the rows of the champion's
    training and gate, and gives its reasons.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.monitor.monitor import monitor

        return monitor(project, as_of)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=AUTOMATION,
    epilog="Exits with 3 if the gate rejects the new version, and with 4 if a person must "
    "approve it, or during a pause; the champion stays in use.",
)
def retrain(
    as_of: AsOf = None,
    hold: Hold = False,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """If `monitor` decides `retrain`: train and gate, then promote or wait for approval.

    If `monitor` has not decided for this reference date yet, it runs first. After any other
    decision, the champion is kept.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.retrain import retrain

        return retrain(project, as_of, hold=hold)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=AUTOMATION,
    epilog="Exits with 4 if it starts during a pause.",
)
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Serve the champion's predictions over HTTP, and switch to each new champion.

    It runs until SIGTERM or SIGINT, and needs the extra `serve`.
    """

    def step(project: "Project") -> "Outcome":
        from .serving.serve import serve

        return serve(project, host, port)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=AUTOMATION,
    epilog="Exits with 4 if it could not search every file.",
)
def erase(  # noqa: PLR0913 - options, which the user names
    expired: Expired = False,
    keys: KeysFile = None,
    confirmed: Confirmed = False,
    as_of: AgesAsOf = None,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Erase rows: those past their retention, or those whose keys are in a file.

    It searches the extracts (copies of the rows that versions were trained and judged on), the
    predictions, and the requests that `serve` has answered. The journal records how many
    rows each file loses, but never the keys. Without --yes, nothing changes.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.erase.erase import erase

        return erase(project, as_of, expired=expired, keys=keys, confirmed=confirmed)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=EMERGENCY)
def rollback(
    number: Withdrawn = None,
    reason: RollbackReason = "not given",
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw the champion and restore the previous one.

    The withdrawn version needs a new verdict before it can be promoted again. Running the command
    again changes nothing.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.rollback import rollback

        return rollback(project, number, reason)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=EMERGENCY)
def pause(
    reason: PauseReason, env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Stop promotion, scoring, serving and `retrain` until `resume`."""

    def step(project: "Project") -> "Outcome":
        from .steps.pause import pause

        return pause(project, reason)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=EMERGENCY)
def resume(env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False) -> None:
    """End a pause."""

    def step(project: "Project") -> "Outcome":
        from .steps.pause import resume

        return resume(project)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=INSPECT,
    epilog="Exits with 1 if the journal was changed after it was written.",
)
def status(  # noqa: PLR0913 - options, which the user names
    every_version: EveryVersion = False,
    verify: Verify = False,
    anchor: AnchorFile = None,
    against: AgainstFile = None,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show versions, verdicts, the champion and the last batch, and verify the journal."""

    def step(project: "Project") -> "Outcome":
        from .steps.status import status

        return status(
            project, every_version=every_version, verify=verify, anchor=anchor, against=against
        )

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=INSPECT)
def journal(
    number: EntryNumber = None,
    every_entry: EveryEntry = False,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened and who did it: the journal's entries, or one with its evidence."""

    def step(project: "Project") -> "Outcome":
        from .steps.journal import journal

        return journal(project, number, every_entry=every_entry)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=INSPECT)
def compare(
    first: FirstVersion = None,
    second: SecondVersion = None,
    env: Env = "dev",
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show how two versions and their predictions differ, and write a page about it."""

    def step(project: "Project") -> "Outcome":
        from .steps.compare.compare import compare

        return compare(project, first, second)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=INSPECT,
    epilog="Exits with 0 if the rebuilt version and its predictions equal the original exactly, "
    "and otherwise with 1.",
)
def reproduce(
    number: RequiredVersion, env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Rebuild a version from its commit, lockfile and rows, and compare it with the original."""

    def step(project: "Project") -> "Outcome":
        from .steps.reproduce import reproduce

        return reproduce(project, number)

    _run(step, env, overrides, as_json)


@app.command(
    cls=Command,
    rich_help_panel=INSPECT,
    epilog="Exits with 1 if a check has failed.",
)
def doctor(env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Find what is wrong on this machine, and say how to fix it."""

    def step(project: "Project") -> "Outcome":
        from .steps.doctor import doctor

        return doctor(project)

    _run(step, env, overrides, as_json)


@app.command(cls=Command, rich_help_panel=INSPECT)
def relocate(env: Env = "dev", overrides: Overrides = None, as_json: AsJson = False) -> None:
    """After the project was moved or copied, correct the file addresses in its local store.

    A local store is a SQLite database such as mlflow.db, with the folder mlartifacts next to it.
    Files that only the former folder has are copied first. Running the command again changes
    nothing.
    """

    def step(project: "Project") -> "Outcome":
        from .steps.relocate import relocate

        return relocate(project)

    _run(step, env, overrides, as_json)


def main() -> None:
    """Run the program in a process that ends with it."""
    try:
        app()
    finally:
        gc.freeze()  # else Python's exit spends a second collecting all that was imported


def _run(
    step: Callable[["Project"], "Outcome"], env: str, overrides: list[str] | None, as_json: bool
) -> None:
    """Run a step in an environment, show its outcome, and end with its exit code."""
    from .base import console
    from .base.project import open_project, refuse_copy

    for variable in OF_SKIPPED_CHECKS:
        os.environ.pop(variable, None)
    console.collect_garbage_rarely()
    console.start_clock()
    try:
        refuse_copy()
        project = open_project(env, tuple(overrides or ()))
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for --json alone
            outcome = step(project)
    except Exception as error:  # noqa: BLE001 - user code can raise anything
        reported = _reported(error, env)
        if reported is None:  # beyond dev its text may quote what not every reader may see
            from .base.errors import full_trace, summarize, trace

            sys.stderr.write(full_trace(error) if env == "dev" else trace(error))
            reported = MlopsError(f"unexpected {summarize(error)}; see the traceback above")
        code = reported.exit_code if isinstance(reported, MlopsError) else 1
        outcome = console.Outcome("failed", str(reported), {"exit_code": code})
        label = "error"
    else:
        code = console.EXIT_CODES[outcome.outcome]
        label = outcome.outcome
    if outcome.rows:
        console.print_table(outcome.columns, outcome.rows)
    console.print_anchor()  # before the result: whoever reads a log takes the last line for that
    console.print_result(label, outcome.full_message)
    if as_json:
        console.print_json(outcome)
    raise typer.Exit(code)


def _reported(error: Exception, env: str) -> Exception | None:
    """Return the error to report in one sentence, None for a defect that needs its traceback."""
    from .base.errors import comes_from_user_code, summarize

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return OSError("the disk is full; free some space for the project and its store")
    if isinstance(error, MlopsError):
        return error
    is_hidden = env != "dev" and comes_from_user_code(error)
    if isinstance(error, OSError):  # its text names file and reason
        return MlopsError(summarize(error)) if is_hidden else error
    if is_hidden:  # also an error of a database that user code reads
        return None
    from .records.tracking import store_error

    return store_error(error)
