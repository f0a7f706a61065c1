"""Rules of `mlops/cli.py`: its commands, and how an outcome or an error ends one."""

import errno
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rendering import platform

cli = platform("cli")
errors = platform("base.errors")
Outcome = platform("base.console").Outcome

COMMANDS = {
    "First step": ["draft"],
    "Everyday work": ["train", "gate", "promote", "score", "monitor"],
    "Automation": ["retrain", "serve", "erase"],
    "Emergency": ["rollback", "pause", "resume"],
    "Inspect": ["status", "journal", "compare", "reproduce", "doctor", "relocate"],
}
OWN = {
    "draft": ["table", "--target"],
    "train": ["--as-of", "--tune", "--changed"],
    "gate": ["number", "--digest"],
    "promote": ["number", "--approved-by"],
    "score": ["--as-of"],
    "monitor": ["--as-of"],
    "retrain": ["--as-of", "--hold"],
    "serve": ["--host", "--port"],
    "erase": ["--expired", "--keys", "--yes", "--as-of"],
    "rollback": ["number", "--reason"],
    "pause": ["reason"],
    "resume": [],
    "status": ["--all", "--verify", "--anchor", "--against"],
    "journal": ["number", "--all"],
    "compare": ["first", "second"],
    "reproduce": ["number"],
    "doctor": [],
    "relocate": [],
}
SHARED = ["--env", "--set", "--json"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a function as the step of a command, without a project; return the exit code."""
    monkeypatch.setattr(platform("base.project"), "open_project", lambda *given: given)

    def ending(
        step: Callable[[Any], Any], *overrides: str, env: str = "test", as_json: bool = False
    ) -> int:
        with pytest.raises(typer.Exit) as end:
            cli._run(step, env, list(overrides) or None, as_json)
        return end.value.exit_code

    return ending


def test_every_command_is_in_its_panel_and_takes_the_shared_options_last() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert list(commands) == [name for panel in COMMANDS.values() for name in panel]
    for panel, names in COMMANDS.items():
        for name in names:
            assert commands[name].rich_help_panel == panel, name
            taken = [parameter.opts[0] for parameter in commands[name].params]
            assert taken == [*OWN[name], *SHARED], name


def test_every_command_and_parameter_has_a_help_text() -> None:
    for name, command in typer.main.get_command(cli.app).commands.items():  # type: ignore[attr-defined]
        assert command.help.endswith("."), name
        assert all(parameter.help.endswith(".") for parameter in command.params), name


def test_the_help_shows_no_type_for_a_flag() -> None:
    program = typer.main.get_command(cli.app)
    context = program.make_context("loan-risk", ["doctor"])
    for command in (program, *program.commands.values()):  # type: ignore[attr-defined]
        flags = [each for each in command.get_params(context) if getattr(each, "is_flag", False)]
        assert "--help" in [flag.opts[0] for flag in flags], command.name
        assert {flag.metavar for flag in flags} == {""}, command.name


@pytest.mark.parametrize(
    ("outcome", "code"), [("ok", 0), ("failed", 1), ("rejected", 3), ("waiting", 4)]
)
def test_an_outcome_decides_the_exit_code(run: Callable[..., int], outcome: str, code: int) -> None:
    assert run(lambda _: Outcome(outcome, "a message")) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("MlopsError", 1),
        ("Misconfigured", 2),
        ("Rejected", 3),
        ("PersonNeeded", 4),
        ("Unreachable", 5),
    ],
)
def test_an_error_decides_the_exit_code_and_is_reported_in_one_line(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], error: str, code: int
) -> None:
    def step(_: Any) -> Any:
        raise getattr(errors, error)("conf/base.yml: a whole sentence.")

    assert run(step, as_json=True) == code
    printed = json.loads(capsys.readouterr().out)
    assert printed["outcome"] == "failed"
    assert printed["message"] == "conf/base.yml: a whole sentence."
    assert printed["exit_code"] == code


def test_a_full_disk_and_a_missing_file_are_reported(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for number, message in ((errno.ENOSPC, "the disk is full"), (errno.ENOENT, "rows.csv")):

        def step(_: Any, number: int = number) -> Any:
            raise OSError(number, "No such file", "rows.csv")

        assert run(step, as_json=True) == 1
        assert message in json.loads(capsys.readouterr().out)["message"]


def test_a_defect_keeps_its_traceback_in_dev(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """Its text may come from a file or a table, so it acts on no pipeline."""

    def step(_: Any) -> Any:
        raise ValueError("unable to parse '##vso[task.setvariable variable=CHAMPION]7'\n::error::x")

    assert run(step, env="dev") == 1
    printed = capfd.readouterr().err
    assert "Traceback (most recent call last)" in printed
    assert r"ValueError: unable to parse '\x23#vso[task.setvariable variable=CHAMPION]7'" in printed
    assert r"\x3a:error::x" in printed.splitlines()
    assert "unexpected ValueError in test_cli.py, line " in printed


COMMAND = "##vso[task.setvariable variable=x]jumped"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pause", "scores", COMMAND], "unexpected extra argument"),
        (["gate", COMMAND], "valid int"),
        ([COMMAND], "No such command"),
        (["gate", f"--{COMMAND}"], "No such option"),
        (["gate", "a\n::error::b"], "valid int"),
        (["gate", "a\x1b[2J"], "valid int"),
    ],
)
def test_a_wrong_argument_acts_on_no_pipeline(
    capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.app(arguments)
    assert end.value.code == 2
    printed = capfd.readouterr().err
    joined = " ".join(printed.replace("│", " ").split())
    assert message in joined
    assert "Usage: " in printed
    assert "--help" in printed
    assert "##" not in printed
    assert "\x1b[2J" not in printed
    assert not any(line.lstrip(" │").startswith("::") for line in printed.splitlines())


@pytest.mark.parametrize("arguments", [["pause", "scores", COMMAND], ["gate", COMMAND]])
def test_a_wrong_argument_of_a_job_acts_on_no_pipeline(arguments: list[str]) -> None:
    """A job ends without Typer's own screen, so Python prints the error."""
    with pytest.raises(Exception, match=r"extra argument|valid int") as caught:
        cli.app(arguments, standalone_mode=False)
    assert "##" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "variable",
    ["PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH", "SKLEARN_ASSUME_FINITE"],
)
def test_no_variable_lets_a_library_skip_its_checks(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "SCHEMA_ONLY")
    seen = []

    def step(_: Any) -> Any:
        seen.append(os.environ.get(variable))
        return Outcome("ok", "done")

    run(step)
    assert seen == [None]


def test_beyond_dev_a_defect_is_located_and_its_text_is_not_shown(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """The text of an error of user code may quote a customer."""

    def step(_: Any) -> Any:
        customer = f"DE{89}37040044"
        try:
            float(customer)
        except ValueError as error:
            raise RuntimeError(f"customer {customer} is odd") from error

    assert run(step) == 1
    printed = capfd.readouterr().err
    assert "DE89" not in printed
    assert "float(customer)" in printed
    assert "ValueError" in printed
    assert "unexpected RuntimeError in test_cli.py, line " in printed


def test_beyond_dev_a_file_that_user_code_does_not_find_is_not_named(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """The name of the file may be made of a customer's number."""
    customer = f"C{31}156"
    assert run(lambda _: Path("/archive/" + customer).read_text()) == 1
    printed = capfd.readouterr().err
    assert customer not in printed
    assert "FileNotFoundError: No such file or directory in test_cli.py, line " in printed


def test_beyond_dev_an_error_of_a_database_that_user_code_reads_is_not_quoted(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """It is also no error of the tracking store, whose errors come from the same library."""
    from sqlalchemy.exc import DataError

    def step(_: Any) -> Any:
        raise DataError("select", {}, Exception(f"no number: Anna {42}"))

    assert run(step) == 1
    printed = capfd.readouterr().err
    assert "Anna 42" not in printed
    assert "tracking store" not in printed
    assert "unexpected DataError in test_cli.py, line " in printed


def test_a_step_gets_the_project_of_the_environment_with_its_overrides(
    run: Callable[..., int],
) -> None:
    opened = []

    def step(project: Any) -> Any:
        opened.append(project)
        return Outcome("ok", "done")

    run(step)
    run(step, "gate.margin=0.02", "seed=3")
    assert opened == [("test", ()), ("test", ("gate.margin=0.02", "seed=3"))]


def test_what_a_step_prints_never_mixes_with_the_json(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def step(_: Any) -> Any:
        print("a library talks")
        return Outcome("ok", "done", {"version": 3})

    run(step, as_json=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["version"] == 3
    assert "a library talks" in captured.err
    run(step)
    assert capsys.readouterr().out == ""
