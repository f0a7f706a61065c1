"""Frames as the platform uses them: moments in UTC without a zone."""

import pandas as pd


def drop_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose moments with a zone, which must be UTC, have none."""
    zoned = frame.select_dtypes("datetimetz")
    return frame.assign(**{str(name): zoned[name].dt.tz_localize(None) for name in zoned})
