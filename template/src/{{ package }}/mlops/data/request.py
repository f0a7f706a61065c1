"""The request that a reader of tables gets."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..base.project import Project
from ..base.settings import Table
from ..base.windows import Window

PLACE = "place"
"""Key of `DataFrame.attrs` with which a reader may say where rows come from, such as a file; the
index is then the row's position there."""


@dataclass(frozen=True)
class TableRequest:
    """A request for the rows of one table."""

    project: Project
    """The project that reads."""
    name: str
    """The name by which `data.py` and the configuration know the table."""
    table: Table
    """The table's settings."""
    window: Window | None = None
    """The window of the rows that are wanted; None for all rows."""
    text: tuple[str, ...] = ()
    """Columns of text in the schema; a CSV reader must not turn them into numbers."""
    times: tuple[str, ...] = ()
    """Columns of times in the schema; a reader of files turns text into times."""

    def are_names(self, first_line: Iterable[str]) -> bool:
        """Return whether the first line of a file names columns: it has one that is known.

        Else it may be a row, whose values no message may quote.
        """
        table = self.table
        known = {*self.text, *self.times, *table.text, *table.columns, table.time}
        return not known.isdisjoint(first_line)

    @property
    def batch_rows(self) -> int:
        """The most rows of one frame, the setting `scoring.batch_rows`."""
        return self.project.settings.scoring.batch_rows
