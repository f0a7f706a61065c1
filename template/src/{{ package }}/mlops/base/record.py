"""Versioned JSON records, and how older formats are upgraded.

A record is immutable and typed. A stored record states the number of its format. Objects of older
formats are lifted from format to format when they are read.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, ValidationError

from .errors import MlopsError
from .text import plain

Facts = dict[str, JsonValue]  # a JSON object, not validated
Lift = Callable[[Facts], Facts]
PlainText = Annotated[str, AfterValidator(plain)]  # what a person or a program has written


class Record(BaseModel):
    """An immutable value with documented fields; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_json(self) -> Facts:
        """Return the record as a JSON object."""
        return self.model_dump(mode="json")


class StoredRecord(Record):
    """A record that outlives the version of the platform that wrote it.

    `FORMAT` is the number that is written today. `LIFTS` has, for each older number, the function
    that turns an object of that format into one of the next. What was written before formats had
    numbers counts as format 1.
    """

    FORMAT: ClassVar[int]
    LIFTS: ClassVar[Mapping[int, Lift]] = {}

    format: int
    """Number of the format: always `FORMAT` once it has been read."""

    @classmethod
    def read_text(cls, text: str, where: str) -> Self:
        """Return the record in a JSON text; raises MlopsError as `read` does."""
        try:
            facts = json.loads(text)
        except ValueError as error:
            raise MlopsError(
                f"{where} is not valid JSON ({error}); restore it from a backup."
            ) from None
        if not isinstance(facts, dict):
            raise MlopsError(f"{where} is not a JSON object; restore it from a backup.")
        return cls.read(facts, where)

    @classmethod
    def read(cls, facts: Mapping[str, JsonValue], where: str) -> Self:
        """Return the record of a JSON object; `where` names the file or entry in errors.

        Raises MlopsError for a format that is newer than this platform, and for an object that is
        not such a record.
        """
        lifted = dict(facts)
        number = lifted.pop("format", 1)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise MlopsError(
                f"{where} cannot be read: its field `format` must be a whole number, 1 or more; "
                "restore it from a backup."
            )
        if number > cls.FORMAT:
            raise MlopsError(
                f"{where} is in format {number}, but this project reads only formats up to "
                f"{cls.FORMAT}; bring the project up to date with `uvx nox -s update`."
            )
        try:
            for older in range(number, cls.FORMAT):
                lifted = cls.LIFTS[older](lifted)
            return cls.model_validate(lifted | {"format": cls.FORMAT})
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            key = ".".join(map(str, problem["loc"]))
            raise MlopsError(
                f"{where} cannot be read: {key or 'the record'}: {problem['msg']}; restore it from "
                "a backup."
            ) from None
        except (LookupError, TypeError, ValueError, AttributeError) as error:  # raised by a lift
            raise MlopsError(
                f"{where} cannot be read: it is not a valid record of format {number} "
                f"({type(error).__name__}: {error}); restore it from a backup."
            ) from None
