"""The bench prints ratios, and shows that no command imports what it does not use."""

import subprocess
import sys
from pathlib import Path

import pytest
from histories.checks import Finding
from histories.history import Outcome
from rendering import ROOT

from bench import __main__ as main
from bench import update

Table = dict[str, dict[str, str]]  # row -> column -> cell


def bench(*arguments: str) -> list[Table]:
    """Run benches and return their tables."""
    command = [sys.executable, "-m", "bench", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [read(text) for text in done.stdout.split("\n\n")]


def read(table: str) -> Table:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    header, _, *rows = lines
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


@pytest.mark.full
@pytest.mark.wide
def test_a_bench_prints_the_ratio_to_its_floor() -> None:
    (table,) = bench("help", "--repeat", "1")
    assert table["`--help`"]["floor"] == "`import typer`"
    assert float(table["`--help`"]["ratio"].strip("*")) > 0


@pytest.mark.full
@pytest.mark.wide
def test_a_copy_and_an_update_are_compared_with_importing_copier() -> None:
    (table,) = bench("copy", "--repeat", "1")
    assert {row["floor"] for row in table.values()} == {"`import copier`"}
    for row in table.values():
        assert float(row["more, s"]) > 0


def test_a_section_is_added_with_its_heading_and_then_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "PAGE", page := tmp_path / "bench.md")
    page.write_text("# Bench\n\n## First\n\nold\n", encoding="utf-8")
    main.write("## Second", "two\n")
    main.write("## First", "one\n")
    assert page.read_text("utf-8") == "# Bench\n\n## First\n\none\n\n## Second\n\ntwo\n"


def test_updates_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Finding("lost", "an edit is gone")
    outcomes = [Outcome(8, 1.0, 3, 1), Outcome(9, 2.0, 4, 0, [lost])]
    played: list[int] = []

    def play_all(numbers: range) -> list[Outcome]:
        played.extend(numbers)
        return outcomes

    monkeypatch.setattr(update, "play_all", play_all)
    monkeypatch.setattr(sys, "argv", ["bench", "update", "--histories", "2", "--seed", "8"])
    main.main()
    screen = capsys.readouterr()
    (row,) = read(screen.out).values()
    assert played == [8, 9]
    assert (row["histories"], row["updates"], row["edits refused"]) == ("2", "7", "1")
    assert (row["lost edits"], row["conflicts"], row["s a history"]) == ("**1**", "**0**", "1.5")
    assert "an edit is gone" in screen.err


@pytest.mark.full
@pytest.mark.wide
def test_a_played_history_does_no_harm() -> None:
    (table,) = bench("update", "--histories", "1", "--seed", "8")
    (row,) = table.values()
    assert row["histories"] == "1"
    assert int(row["updates"]) > 0
    assert row["conflicts"] == row["lost edits"] == "**0**"


@pytest.mark.full
@pytest.mark.wide
def test_the_steps_are_compared_with_their_bare_computation() -> None:
    (ratios,) = bench("lifecycle", "--repeat", "1")
    assert list(ratios)[-1] == "all four in one process"
    assert float(ratios["all four"]["more, s"]) > float(ratios["`train`"]["more, s"]) > 0


@pytest.mark.full
@pytest.mark.wide
def test_no_command_imports_what_it_does_not_use() -> None:
    (imports,) = bench("imports", "--repeat", "1")
    loaded = {
        command: {library for library, mark in row.items() if mark == "yes"}
        for command, row in imports.items()
    }
    assert loaded["`--help`"] == {"typer"}
    assert loaded["`status`"] <= loaded["`import mlflow`"] | {"typer"}
    assert [command for command in loaded if "matplotlib" in loaded[command]] == ["`train`"]


@pytest.mark.full
@pytest.mark.wide
def test_a_long_journal_takes_little_more_than_a_short_one() -> None:
    (table,) = bench("journal", "--repeat", "1")
    assert list(table) == ["1", "1,000", "10,000"]
    assert float(table["10,000"]["next process, s"]) < 1
    assert float(table["10,000"]["comparison with the store, s"]) < 1
    assert float(table["10,000"]["second reading, s"]) < 0.1


@pytest.mark.full
@pytest.mark.wide
def test_the_server_answers_concurrent_clients_faster_than_mlflow() -> None:
    (table,) = bench("serve", "--repeat", "1", "--requests", "50")
    row = table["`serve`, a bare estimator, clients at once: 4"]
    assert row["floor"] == "`mlflow models serve`"
    assert float(row["ratio"].strip("*")) > 1


@pytest.mark.full
@pytest.mark.wide
def test_monitoring_rarely_raises_false_alarms_and_soon_notices_changes() -> None:
    quiet, calm, changed, recovered = bench("monitoring", "--months", "400", "--lives", "3")
    assert {life.partition(",")[0] for life in quiet} == {
        f"labels after {horizon} months" for horizon in (0, 3, 12)
    }
    for row in quiet.values():
        assert float(row["`investigate`"].rstrip("%")) <= 2
    for row in (*quiet.values(), *calm.values()):
        assert float(row["`retrain` in 10 years"]) <= 1
    moved = changed["one input moves by 1 of its deviation, 2,000 rows a month"]
    forgotten = changed["scores say nothing on 40% of the rows, 2,000 rows a month"]
    assert float(moved["months to notice"]) == 2  # the first window in which drift can persist
    assert float(forgotten["months to notice"]) <= 2
    for life, row in recovered.items():
        horizon = int(life.split()[0])
        assert float(row["noticed"]) <= horizon + 3  # the gate window
        # by then a year of rows from after the change has reached the training window
        assert float(row["first successor"]) <= 2 * horizon + 3 + 12
        train = int(life.split()[-2])
        # by then the train window holds nothing from before the change; a successor may be at work
        whole = horizon + 3 + horizon + train
        assert float(row["recovered"]) <= whole + 3
        assert float(row["AUC left"]) < 0.6


@pytest.mark.full
@pytest.mark.wide
def test_time_and_memory_are_measured_for_large_batches() -> None:
    scored, watched = bench("score", "monitor", "--repeat", "1", "--rows", "30000")
    assert int(scored["`score`, 30,000 rows"]["peak, MB"].replace(",", "")) < 1000
    for row in watched.values():
        assert float(row["times faster"].strip("*")) > 1
        assert row["same verdicts"] == "yes"
        assert float(row["PSI apart, same bins"]) < 0.02
