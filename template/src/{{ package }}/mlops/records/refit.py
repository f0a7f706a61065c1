"""The contract of a refit between today's platform and the one that trained a version.

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

    root: str
    """Folder of today's checkout, whose tables are read."""
    version: str
    """Folder of the version's files."""
    kept: Sides[str]
    """Path of the Parquet file that keeps the rows of each window; the file may be missing."""

    @classmethod
    def read(cls, facts: Mapping[str, JsonValue], where: str) -> Self:
        """Return the job in a JSON object.

        Raises MlopsError if the format is newer than this platform. Updating is no remedy here:
        the platform is that of the version's commit.
        """
        number = facts.get("format")
        if isinstance(number, int) and number > cls.FORMAT:
            raise MlopsError(
                "the version is too old to be rebuilt: the code of its commit reads rebuild jobs "
                f"only up to format {cls.FORMAT}, and {where} is in format {number}; train a new "
                "version."
            )
        return super().read(facts, where)


class RefitSide(Record):
    """Where the rows of one window came from."""

    source: Literal["extract", "tables"] | None
    """`extract` for the kept copy, `tables` for today's tables; None if the rows are gone."""
    changed: int | None
    """How many rows of today's tables differ; None if the tables cannot be read."""
    trouble: str
    """Why today's tables cannot be read; empty if they can."""


class RefitAnswer(StoredRecord):
    """How the estimator that was fitted again compares with the registered one."""

    FORMAT: ClassVar[int] = 1

    commit: str
    """Full hash of the commit that was checked out."""
    dirty: bool
    """Whether that checkout had changes that were not committed."""
    template: str
    """Version of the template in that checkout."""
    lock_sha256: str
    """SHA-256 of uv.lock in that checkout."""
    configuration: str
    """SHA-256 of the settings that shape a model, in that checkout."""
    rows: Sides[RefitSide]
    """Where the rows of each window came from."""
    difference: float | None
    """Largest difference of a prediction, as `registry.largest_difference` measures it; None if
    the rows of a window are gone."""
    differs: tuple[str, ...]
    """What differs from the version's card: lock, configuration, template, snapshot."""
