"""People read stderr, programs read one JSON object on stdout."""

import json
import time

import pandas as pd
import pytest
from rendering import platform

console = platform("base.console")


def test_every_result_has_an_exit_code_and_a_color() -> None:
    assert set(console.EXIT_CODES) == set(console.Result.__args__)
    assert set(console.EXIT_CODES) <= set(console.LABEL_COLORS)


def test_an_outcome_is_one_line_of_json_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"version": 3, "when": pd.Timestamp("2026-01-01"), "note": "Häuser\nund mehr"}
    console.print_json(console.Outcome("ok", "trained", facts))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    found = json.loads(printed)
    assert found["outcome"] == "ok"
    assert found["message"] == "trained"
    assert found["version"] == 3
    assert found["when"] == "2026-01-01 00:00:00"
    assert found["note"] == facts["note"]
    assert {"wall_seconds", "cpu_seconds"} <= set(found["resources"])


def test_the_next_command_follows_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = console.Outcome("ok", "version 2 passed the gate", next_command="`x promote`")
    console.print_json(outcome)
    assert json.loads(capsys.readouterr().out)["message"] == outcome.full_message
    assert outcome.full_message == "version 2 passed the gate; next: `x promote`"
    assert console.Outcome("ok", "nothing to do").full_message == "nothing to do"


def test_resources_that_a_command_measured_itself_win(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json(console.Outcome("ok", "scored", {"resources": {"rows_per_second": 7}}))
    assert json.loads(capsys.readouterr().out)["resources"] == {"rows_per_second": 7}


def test_text_with_brackets_is_printed_as_it_is() -> None:
    """Rich would take [numpy] for a style; a recording of the screen shows the result."""
    with console.screen.capture() as captured:
        console.print_step("fitting [numpy] models")
        console.print_result("failed", "no column [amount]")
        console.print_table(("check", "verdict"), (("[a]", "passed"), ("b", "[red]")))
    printed = captured.get()
    for text in ("fitting [numpy] models", "failed  no column [amount]", "[a]", "[red]"):
        assert text in printed


@pytest.mark.parametrize(("width", "lines"), [(60, 3), (30, 7)])
def test_a_table_that_does_not_fit_becomes_a_list_for_each_row(
    monkeypatch: pytest.MonkeyPatch, width: int, lines: int
) -> None:
    monkeypatch.setattr(console.screen, "_width", width)
    columns = ("version", "verdict", "estimator")
    rows = (("2", "passed", "HistGradientBoosting"), ("1", "", "LogisticRegression"))
    with console.screen.capture() as captured:
        console.print_table(columns, rows)
    printed = captured.get().rstrip().split("\n")
    assert len(printed) == lines
    assert all(len(line.rstrip()) <= width for line in printed)
    text = "".join(line.strip() for line in printed)
    for cell in (cell for row in rows for cell in row if cell):
        assert cell in text


def test_a_long_message_stays_on_one_line() -> None:
    with console.screen.capture() as captured:
        console.print_result("ok", "word " * 100)
    assert captured.get().strip().count("\n") == 0


def test_the_clock_counts_from_its_start() -> None:
    console.start_clock()
    time.sleep(0.2)
    used = console.resources(rows=100)
    assert 0.2 <= used["wall_seconds"] < 5
    assert used["cpu_seconds"] < used["wall_seconds"] + 1
    assert used["rows_per_second"] == pytest.approx(100 / used["wall_seconds"], rel=0.1)
    console.start_clock()
    assert console.resources()["wall_seconds"] < 0.2
    assert "rows_per_second" not in console.resources()


def test_the_peak_of_memory_is_in_mebibytes() -> None:
    """This process has imported pandas, which takes tens of them."""
    assert 20 < console.resources()["peak_memory_mb"] < 20_000
