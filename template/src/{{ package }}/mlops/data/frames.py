"""Frames as the platform uses them: times in UTC without a zone."""

import pandas as pd


def drop_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without time zones; those that it has must be UTC."""
    zoned = frame.select_dtypes("datetimetz")
    return frame.assign(**{str(name): zoned[name].dt.tz_localize(None) for name in zoned})
