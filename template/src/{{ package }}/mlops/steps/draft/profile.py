"""What `draft` has found out about a table: one record for each column, and one for the table.

The files of the proposal and its report are written from these records alone.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ...base.settings import Problem, Table
from ...data.contract import ColumnType

Role = Literal[
    "feature", "key", "event_time", "group", "protected", "personal", "excluded", "target"
]
Conversion = Literal["none", "zone", "date"]


@dataclass(frozen=True)
class Category:
    """A value that many rows of a column have."""

    value: str | float | bool
    """The value, with the type that the column has in the frame that was read."""
    share: float
    """The share of the rows with a value that have this one, above 0 and at most 1."""


@dataclass(frozen=True)
class Column:
    """One column of the table, or one that the drafted `data.py` makes."""

    name: str
    """Its name in schema.py: lower case, words joined by underscores."""
    source: str
    """Its name in the table; empty for a column that data.py makes, such as a row number."""
    type: ColumnType
    """Its type in schema.py; whole numbers and flags with missing values are `float64`."""
    role: Role
    """What it is used for; `feature` has no role in schema.py."""
    rows: int
    """How many rows were read."""
    missing: float = 0.0
    """The share of the rows without a value, from 0 to 1."""
    distinct: int = 0
    """How many different values it has."""
    whole: bool = False
    """Whether all of its numbers are whole, or all of its times the beginning of a day."""
    quantiles: tuple[float, ...] = ()
    """Eleven quantiles of its numbers, from the least to the greatest at steps of a tenth; empty
    for other types, and for a key or a personal column."""
    categories: tuple[Category, ...] = ()
    """Its frequent values, the most frequent first, and all classes of a target; empty for numbers
    with many values, and for a key or a personal column."""
    closed: bool = False
    """Whether `categories` are all the values that schema.py allows."""
    first: pd.Timestamp | None = None
    """The earliest time of a column of times that is neither a key nor personal."""
    last: pd.Timestamp | None = None
    """The latest of them."""
    conversion: Conversion = "none"
    """How data.py makes times of it: `zone` removes a time zone, and `date` reads text that is not
    in the form 2026-01-31."""
    date_format: str = ""
    """The form of such text, as in `%d/%m/%Y`."""
    markers: tuple[str, ...] = ()
    """Texts such as `NA` that stand for a missing value; data.py makes them missing."""
    separation: float = 0.0
    """How well this column alone predicts the target on rows that were held out: from 0, as good as
    guessing, to 1, without error."""
    left_out: str = ""
    """Why neither schema.py nor data.py has it; empty for all others."""
    notes: tuple[str, ...] = ()
    """The evidence for type and role, in sentences without a full stop and without a value of a key
    or a personal column."""

    @property
    def nullable(self) -> bool:
        """Whether values are missing."""
        return self.missing > 0

    @property
    def low(self) -> float | None:
        """The least number; None if `quantiles` are empty."""
        return self.quantiles[0] if self.quantiles else None

    @property
    def high(self) -> float | None:
        """The greatest number; None if `quantiles` are empty."""
        return self.quantiles[-1] if self.quantiles else None


@dataclass(frozen=True)
class TableProfile:
    """A table, and the columns that were found in it."""

    name: str
    """The name of the table in conf/."""
    table: Table
    """The settings with which it was read."""
    problem: Problem
    """What the project predicts."""
    rows: int
    """How many rows were read."""
    complete: bool
    """Whether these are all rows of the table."""
    columns: tuple[Column, ...]
    """All columns in the order of the table, with those that data.py makes before them."""
    repeated_rows: int = 0
    """How many rows are equal to an earlier one in all columns."""

    @property
    def target(self) -> Column:
        """The column that the model predicts."""
        return self.of_role("target")[0]

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that the model sees."""
        return self.of_role("feature")

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns of `Inputs` and `Labels`."""
        return tuple(column for column in self.columns if not column.left_out)

    @property
    def event_time(self) -> Column | None:
        """The column that says when the event of a row happened."""
        return next(iter(self.of_role("event_time")), None)

    def of_role(self, role: Role) -> tuple[Column, ...]:
        """Return the columns of a role that are not left out."""
        return tuple(column for column in self.kept if column.role == role)
