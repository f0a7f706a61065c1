"""Anchors: one line each, found in a file of anchors and in the log of a pipeline."""

import json
from pathlib import Path
from typing import Any

import pytest
from rendering import platform

anchors = platform("records.anchor")
console = platform("base.console")
errors = platform("base.errors")

MODEL = "prod.loan-risk"


def make(entry: int = 3, model: str = MODEL, store: str = "7") -> Any:
    return anchors.Anchor(model=model, store=store, entry=entry, sha256=f"{entry:064x}")


def test_anchors_are_appended_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "kept/anchors"
    anchors.write_anchor(file, make(3))
    anchors.write_anchor(file, make(4))
    anchors.write_anchor(file, make(4))
    assert file.read_text("utf-8") == f"{make(3)}\n{make(4)}\n"
    assert anchors.read_anchors(file, MODEL) == [make(3), make(4)]


def test_anchors_are_found_in_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    other = make(9, model="dev.loan-risk")
    log.write_text(
        f"2026-01-01T04:00:00Z · scoring\n2026-01-01T04:00:09Z · {make(3)}\r\n{other}\nok  done\n"
    )
    assert anchors.read_anchors(log, MODEL) == [make(3)]


@pytest.mark.parametrize("model", ["bank.risk.loan_risk", "prod loans", "größe/a=b"])
def test_any_name_of_a_model_is_read_back(tmp_path: Path, model: str) -> None:
    file = tmp_path / "anchors"
    anchors.write_anchor(file, make(model=model, store="a b"))
    assert anchors.read_anchors(file, model) == [make(model=model, store="a b")]


@pytest.mark.parametrize(
    "line",
    [
        *("ANCHOR", "· ANCHOR", "· ANCHOR\r"),
        "2026-01-01T04:00:09Z · ANCHOR",
        "\ufeff2026-01-01T04:00:09.1234567Z · ANCHOR",
        "2026-01-01T04:00:09.123456Z 01E · ANCHOR",
        "2026-01-01T04:00:09+01:00 · ANCHOR",
        "2026-01-01 04:00:09,123 · ANCHOR",
        "[2026-01-01 04:00:09 UTC] · ANCHOR",
        '{"outcome": "ok", "resources": {"wall_seconds": 1}, "anchor": "ANCHOR", "version": 3}',
        '2026-01-01T04:00:09Z {"anchor": "ANCHOR"}',
    ],
)
def test_an_anchor_is_read_wherever_the_platform_prints_it(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"checkout\n{line.replace('ANCHOR', str(make()))}\nok  done\n", "utf-8")
    assert anchors.read_anchors(log, MODEL) == [make()]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_anchor_is_read_from_what_powershell_writes(tmp_path: Path, encoding: str) -> None:
    """The first line as well, which begins with the mark of the encoding."""
    log = tmp_path / "log"
    log.write_text(f"{make()}\r\n{make(4)}\r\n", encoding)
    assert anchors.read_anchors(log, MODEL) == [make(), make(4)]


def test_an_anchor_is_read_from_a_log_whose_lines_all_begin_with_their_step(tmp_path: Path) -> None:
    log = tmp_path / "log"
    step = "score\tRun it\t2026-01-01T04:00:09.1234567Z"
    log.write_text(f"score\tRun it\t\ufeff2026-01-01T04:00:00.1Z go\n{step} · {make()}\n", "utf-8")
    assert anchors.read_anchors(log, MODEL) == [make()]


@pytest.mark.parametrize(
    "line",
    [
        "· pausing: see journal-anchor/2 in the log of March",
        "· pausing: see journal-anchor/1 in the log of March",
        *("  FALSE", '  "anchor": "FALSE",', "2026-01-01T04:00:09.123456Z 01E+· FALSE"),
        *("· pausing: FALSE", "paused  FALSE", "HEAD is now at 1234567 FALSE", "· · FALSE"),
        "2026-01-01T04:00:09Z HEAD is now at 1234567 x · FALSE",
        "HEAD is now at 1234567 a\tb\t2026-01-01T04:00:09Z · FALSE",
        *("HEAD is now at 1234567 a\r· FALSE", "HEAD is now at 1234567 a\u2028· FALSE"),
        *("FALSE and more", "· FALSE and more", "FALSE0"),
        *("journal-anchor/2 anything", "· journal-anchor/1", f"· journal-anchor/{'9' * 5000} a"),
        json.dumps({"message": "FALSE", "anchor": ""}),
        json.dumps({"message": '"anchor": "FALSE"', "anchor": ""}),
        json.dumps({"facts": {"anchor": "FALSE"}}),
        json.dumps({"anchor": "see FALSE"}),
        json.dumps(['"anchor": "FALSE"']),
        '{"anchor": "FALSE"',
        '{"a":' * 100_000 + '"anchor": "FALSE"',
    ],
    ids=range(26),
)
def test_other_text_of_a_log_is_no_anchor(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"{line.replace('FALSE', str(make(9)))}\n· {make()}\n", "utf-8")
    assert anchors.read_anchors(log, MODEL) == [make()]


def test_json_for_people_is_read(tmp_path: Path) -> None:
    printed = json.dumps({"message": f"see {make(9)}", "anchor": str(make())}, indent=2)
    (tmp_path / "status.json").write_text(f"{printed}\n", "utf-8")
    assert anchors.read_anchors(tmp_path / "status.json", MODEL) == [make()]


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        f"journal-anchor/2 a\n{make()}\n{str(make())[:-1]}\nsee {make()}\njournal-anchor/1", "utf-8"
    )
    with console.screen.capture() as captured:
        assert anchors.read_anchors(log, MODEL) == [make()]
    newer, incomplete, other = captured.get().splitlines()
    assert newer.startswith(f"· {log}: line 1: an anchor in format 2, but this project reads only")
    assert incomplete == f"· {log}: line 3 and 1 more: an incomplete anchor; restore the whole line"
    assert other.startswith(f"· {log}: line 4: an anchor in other text does not count; it must be")


def test_what_a_person_writes_is_no_anchor() -> None:
    """A reason that is an anchor is escaped on the screen, so that a log of it has none."""
    with console.screen.capture() as captured:
        console.print_step(str(make()))
        console.print_result("ok", f"x\n{make()}")
        console.print_table(("reason",), ((str(make()),),))
    assert "journal-anchor/" not in captured.get()
    console.set_anchor(str(make()))
    with console.screen.capture() as captured:
        console.print_anchor()
    assert captured.get() == f"· {make()}\n"
    console.set_anchor("")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"see {make()}", "has no anchor of prod.loan-risk.*line 1: an anchor in other text"),
        ("", "has no anchor of prod.loan-risk"),
        (f"{make(model='dev.loan-risk')}", "has no anchor of prod.loan-risk"),
        (f"{make()}"[:-1], "line 1: an incomplete anchor; restore"),
        ("journal-anchor/2 anything", "in format 2.*up to 1.*nox -s update"),
    ],
)
def test_a_file_without_readable_anchors_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "anchors"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(errors.Misconfigured, match=message):
        anchors.read_anchors(file, MODEL)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"cannot be read.*--anchor FILE"):
        anchors.read_anchors(tmp_path / "none", MODEL)


def test_the_anchor_of_another_store_says_so() -> None:
    (problem,) = anchors.compare([], "8", [make()])
    assert problem.endswith("(the anchor is of experiment 7, this journal is experiment 8)")
