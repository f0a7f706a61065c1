"""Frames as the platform uses them: times in UTC without a zone."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def drop_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without time zones; those that it has must be UTC."""
    zoned = frame.select_dtypes("datetimetz")
    return with_columns(frame, {str(name): zoned[name].dt.tz_localize(None) for name in zoned})


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with these columns added or replaced, by whatever pandas makes a column of.

    It is `frame.assign(**columns)`, which fails for a column with the name `self`.
    """
    changed = frame.copy(deep=False)
    for name, values in columns.items():
        changed[name] = values
    return changed
