"""A stored record is read by later versions of the platform, and refused by earlier ones."""

from typing import Any, ClassVar

import pydantic
import pytest
from rendering import platform

record = platform("base.record")
errors = platform("base.errors")


class Drift(record.Record):  # type: ignore[misc,name-defined]
    """A part of a report."""

    column: str
    psi: float | None


class Report(record.StoredRecord):  # type: ignore[misc,name-defined]
    """A record whose format has changed twice."""

    FORMAT: ClassVar[int] = 3
    LIFTS: ClassVar[Any] = {
        1: lambda facts: {"version": int(facts["version"])},  # was a text
        2: lambda facts: facts | {"drift": []},  # was not recorded
    }

    version: int
    drift: tuple[Drift, ...]


NOW = {"format": 3, "version": 7, "drift": [{"column": "amount", "psi": 0.1}]}


def refused(facts: dict[str, Any]) -> str:
    """Return the sentence with which an object is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        Report.read(facts, "report.json of version 7")
    assert str(caught.value).startswith("report.json of version 7 ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read_again() -> None:
    report = Report.read(NOW, "here")
    assert report.drift == (Drift(column="amount", psi=0.1),)
    assert report.to_json() == NOW
    assert Report.read(report.to_json(), "here") == report


@pytest.mark.parametrize(
    "older", [{"version": "7"}, {"format": 1, "version": "7"}, {"format": 2, "version": 7}]
)
def test_an_older_format_is_lifted_step_by_step(older: dict[str, Any]) -> None:
    """An object without a number is from before formats had one."""
    before = dict(older)
    assert Report.read(older, "here") == Report(format=3, version=7, drift=())
    assert older == before


def test_a_newer_format_is_refused_with_the_command_that_helps() -> None:
    message = refused(NOW | {"format": 4})
    assert "is in format 4, but this project reads only formats up to 3" in message
    assert "`uvx nox -s update`" in message


@pytest.mark.parametrize("number", ["3", None, 0, -1, True, 2.0])
def test_a_format_that_is_not_a_number_is_refused(number: object) -> None:
    assert "its field `format` must be a whole number" in refused(NOW | {"format": number})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"format": 3, "version": 7}, "drift: Field required"),
        (NOW | {"version": "seven"}, "version: Input should be a valid integer"),
        (NOW | {"surprise": 1}, "surprise: Extra inputs are not permitted"),
        (NOW | {"drift": [{"column": "amount"}]}, "drift.0.psi: Field required"),
        ({"format": 1}, "'version'"),
    ],
)
def test_a_damaged_object_is_refused_with_what_is_wrong(facts: dict[str, Any], words: str) -> None:
    message = refused(facts)
    assert words in message
    assert "restore it from a backup" in message


def test_a_record_does_not_change() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Drift(column="amount", psi=0.1).psi = 0.2


def test_a_lift_that_meets_a_wrong_value_is_refused_as_damaged() -> None:
    assert "restore it" in refused({"format": 1, "version": [7]})
    assert "restore it" in refused({"format": 1, "version": "seven"})
