"""Anchors: one line each, found in a file of anchors and in the log of a pipeline."""

from pathlib import Path
from typing import Any

import pytest
from rendering import platform

anchors = platform("records.anchor")
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
    ("text", "message"),
    [
        ("", "has no anchor of prod.loan-risk"),
        (f"{make(model='dev.loan-risk')}", "has no anchor of prod.loan-risk"),
        (f"{make()}"[:-1], "has an incomplete anchor"),
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
