"""What `erase` has removed, according to the journal."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .details import EraseDetails, ErasedFile, ScoreDetails, ShadowDetails
from .entry import Entry

STAGED = "_erased_"  # readers skip names that begin with `_`


@dataclass(frozen=True)
class Erasure:
    """The newest erasure of a file."""

    entry: Entry
    """The entry that records it."""
    file: ErasedFile
    """What was erased, and what is left."""

    @property
    def date(self) -> str:
        """The day of the erasure, `2026-01-01`."""
        return self.entry.time[:10]


def batch_name(date: str, batch: str) -> str:
    """Return the name of a batch as `ErasedFile.name` has it."""
    return f"date={date}/batch-{batch}"


def last_erasures(entries: Iterable[Entry]) -> dict[str, Erasure]:
    """Return the newest erasure of each file, by its name.

    A batch is absent if its number was used again after the erasure.
    """
    found: dict[str, Erasure] = {}
    for entry in entries:
        details = entry.details
        if isinstance(details, EraseDetails):
            found |= {file.name: Erasure(entry, file) for file in details.files}
        elif isinstance(details, ScoreDetails):
            found.pop(batch_name(details.date, details.batch), None)
        elif isinstance(details, ShadowDetails):
            found.pop(f"_shadow/{batch_name(details.date, details.batch)}", None)
    return found


def staged_path(file: Path) -> Path:
    """Return the path of what is to replace a file; it is there until `erase` has done so."""
    return file.with_name(f"{STAGED}{file.name}")
