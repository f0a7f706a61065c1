"""The pages in docs/reference/ say what the code says about settings, commands and records."""

import ast
from pathlib import Path

import pytest

from tools import fields, reference


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_the_code_says(path: Path) -> None:
    text = reference.text_of(path)
    assert reference.page(text) == text, "Run ./nox -s reference."


def test_what_a_person_changes_between_the_comments_is_written_again() -> None:
    text = "Words.\n\n<!-- settings: retraining -->\n\n| mine |\n\n<!-- end -->\n\nMore words.\n"
    written = reference.page(text)
    assert written.startswith("Words.\n\n<!-- settings: retraining -->\n\n| setting, type ")
    assert written.endswith("<br>`MLOPS_RETRAINING__COOLDOWN` |\n\n<!-- end -->\n\nMore words.\n")
    assert reference.page(written) == written


def test_every_setting_is_on_the_page_once() -> None:
    listed = [name for names in reference.listed("settings") for name in names.split()]
    # --env chooses the environment, in no file
    known = {field.name for field in reference.SETTINGS.fields("Settings")} - {"env"}
    assert sorted(listed) == sorted(known)


def test_every_record_is_on_the_page_once_with_all_its_parts() -> None:
    listed = [name for names in reference.listed("records") for name in names.split()]
    known = reference.STORED
    stored = {"Anchor", "BatchFacts", "ShadowFacts", "Stamps"}  # that are no StoredRecord
    for name, described in known.classes.items():
        if described.bases == ("StoredRecord",) or "Details" in described.bases:
            stored.add(name)
    while missing := set().union(*map(known.parts, stored)) - stored:
        stored |= missing
    assert sorted(listed) == sorted(stored)


def test_every_module_with_a_stored_record_is_read() -> None:
    modules = {
        path.relative_to(fields.PLATFORM).with_suffix("").as_posix()
        for path in (fields.PLATFORM / "records").glob("*.py")
        if "(StoredRecord)" in path.read_text(encoding="utf-8")
    }
    # `reproduce` passes the records of refit.py to another process, and keeps none of them
    assert modules - {"records/refit"} <= set(reference.RECORDS)


def test_every_command_is_on_the_page_once() -> None:
    assert reference.listed("command") == list(reference.program().commands)


def test_a_command_is_described_in_the_words_of_its_help() -> None:
    written = reference.command("reproduce")
    assert written.startswith(
        "```\nloan-risk reproduce VERSION\n```\n\nRebuild a version from its "
    )
    assert "| `VERSION` | required | The number of the version. |" in written
    assert written.endswith(
        "Exits with 0 if the rebuilt version and its predictions equal the original exactly, and "
        "otherwise with 1.\n"
    )
    assert "| `--tune N` | `0` | Search for better parameters" in reference.command("train")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("int | None", "whole number"),
        ("tuple[str, ...]", "list of texts"),
        ("tuple[float, float]", "list of 2 numbers"),
        ("dict[str, dict[str, int]]", "mapping of mappings of whole numbers"),
        ("str | SecretName", "text or `{secret: name}`"),
        ("RiskTier", "`low`, `medium` or `high`"),
        ("Literal['one']", "`one`"),
        ("Periods", "whole number"),
    ],
)
def test_a_type_is_said_in_words(kind: str, words: str) -> None:
    assert reference.SETTINGS.in_words(ast.parse(kind, mode="eval").body) == words


def test_a_type_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="the type Color has no words"):
        reference.SETTINGS.in_words(ast.parse("Color", mode="eval").body)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({}, ""),
        ({"ge": 0}, "0 or more"),
        ({"gt": 0, "le": 1}, "above 0, at most 1"),
        ({"min_length": 1, "max_length": 1}, "one character"),
        ({"max_length": 1}, "at most one character"),
        ({"min_length": 1}, "at least one character"),
        ({"min_length": 3, "max_length": 40}, "3 to 40 characters"),
        ({"min_length": 1, "max_length": 40}, "1 to 40 characters"),
        ({"min_length": 3, "max_length": 3}, "3 characters"),
        ({"min_length": 3}, "at least 3 characters"),
        ({"max_length": 40}, "at most 40 characters"),
        ({"ge": -1}, "-1 or more"),
    ],
)
def test_bounds_are_said_in_words(bounds: dict[str, object], words: str) -> None:
    assert fields.bounds_in_words(bounds) == words


def test_a_field_without_a_meaning_is_refused(tmp_path: Path) -> None:
    module = tmp_path / "settings.py"
    module.write_text(
        'class Scoring(Section):\n    table: str = ""\n    rows: int = 1\n    """Rows."""\n'
    )
    with pytest.raises(ValueError, match=r"Scoring\.table has no docstring"):
        fields.read_source([module])


def read_field(folder: Path, value: str) -> fields.Field:
    """Return the field `rows: int = value` as it is read from a module."""
    module = folder / "settings.py"
    module.write_text(f'class Scoring(Section):\n    rows: int = {value}\n    """Rows."""\n')
    [field] = fields.read_source([module]).fields("Scoring")
    return field


def test_a_negative_bound_is_read(tmp_path: Path) -> None:
    assert read_field(tmp_path, "Field(default=0, ge=-1)").bounds == {"ge": -1}


@pytest.mark.parametrize("value", ["Field(5)", "Field(default=5, le=LIMIT)", "Field(**BOUNDS)"])
def test_a_field_that_cannot_be_read_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ValueError, match=r"Scoring\.rows: write default and bounds as plain"):
        read_field(tmp_path, value)
