"""The contract of a refit: what today's platform asks of the one that trained a version.

`steps.reproduce` writes a job, and `python -m <package>.mlops.refit JOB` in the version's own
commit and lockfile prints an answer. These two small records are all that both versions of the
platform must agree on: the code that trained a version reads everything else from the version's own
folder.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import JsonValue

from ..base.errors import MlopsError
from ..base.record import Record, StoredRecord
from .card import Sides


class RefitJob(StoredRecord):
    """A version to fit again."""

    FORMAT: ClassVar[int] = 1

    root: str  # folder of today's checkout, whose tables are read
    version: str  # folder of the version's files
    kept: Sides[str]  # Parquet file in which the rows of a window may have been kept

    @classmethod
    def read(cls, facts: Mapping[str, JsonValue], where: str) -> Self:
        """Return the job in a JSON object.

        Raises MlopsError for a format that is newer than this platform, which cannot be updated:
        it is the one of the version's commit.
        """
        number = facts.get("format")
        if isinstance(number, int) and number > cls.FORMAT:
            raise MlopsError(
                f"{where} is in format {number}, but the platform's code in this version's commit "
                f"reads only formats up to {cls.FORMAT}; the version can no longer be rebuilt, so "
                "train a new one."
            )
        return super().read(facts, where)


class RefitSide(Record):
    """Where the rows of one window came from."""

    source: Literal["extract", "tables"] | None  # None: the rows of the training are gone
    changed: int | None  # rows of today's tables that differ; None where they cannot be read
    trouble: str  # why today's tables cannot be read; empty where they can


class RefitAnswer(StoredRecord):
    """How the estimator that was fitted again compares with the registered one."""

    FORMAT: ClassVar[int] = 1

    commit: str
    dirty: bool
    template: str  # version of the template
    lock_sha256: str
    configuration: str  # SHA-256 of the settings that shape a model
    rows: Sides[RefitSide]
    difference: float | None  # the largest of all predictions; None without the rows of a window
    differs: tuple[
        str, ...
    ]  # what is not as the card says: lock, configuration, template, snapshot
