"""The request that the module of each kind of table answers."""

from dataclasses import dataclass

from ..base.project import Project
from ..base.settings import Table
from ..base.windows import Window


@dataclass(frozen=True)
class TableRequest:
    """A request for the rows of one table."""

    project: Project
    name: str
    """The name by which `data.py` and the configuration know the table."""
    table: Table
    """The table's settings."""
    window: Window | None = None
    """The window of the rows that are wanted; None for all rows."""
    text: tuple[str, ...] = ()
    """Columns that the schema calls text, which a CSV reader must not turn into numbers."""

    @property
    def batch_rows(self) -> int:
        """The most rows of one frame, the setting `scoring.batch_rows`."""
        return self.project.settings.scoring.batch_rows
