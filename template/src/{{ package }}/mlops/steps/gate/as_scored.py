"""Does `data.py` give rows the same values when scoring as in training? Both are tried."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...base.errors import Unreachable, summarize
from ...base.project import Project
from ...base.windows import Window, periods, plan
from ...records.evidence import Check
from ..pieces import first_rows
from .case import Case, check

NAME = "same when scored"
ROWS = 200  # that are read as `score` reads them


def same_when_scored(project: Project, case: Case) -> Check:
    """Read some rows of the gate as a batch, and compare them with how training reads them."""
    window = _newest_period(case)
    try:
        batch = first_rows(project, case.challenger.contract, window, ROWS)
    except Unreachable:  # it says nothing about the version
        raise
    except Exception as error:  # noqa: BLE001 - data.py can raise anything
        return check(NAME, "rejected", "no answer", "0", summarize(error))
    if batch is None:
        reason = "data.inputs returns rows when training, and none for a batch of the same rows"
        return check(NAME, "rejected", "no rows", "0", reason)
    return compare(case, batch)


def compare(case: Case, batch: pd.DataFrame) -> Check:
    """Compare rows of a batch with the same rows of the gate's sample."""
    keys = case.contract.keys
    trained = case.sample.all_inputs.set_index(keys)
    scored = batch.set_index(keys)
    if not scored.index.is_unique:
        repeated = int(scored.index.duplicated().sum())
        reason = "keys occur twice in a batch; data.inputs must return one row for each key"
        return check(NAME, "rejected", f"{repeated} rows", "0", reason)
    both = scored.index.isin(trained.index)
    if case.card.time.split == "time" and not both.all():
        reason = "data.inputs returns these rows for a batch, but not when training"
        return check(NAME, "rejected", f"{int((~both).sum())} rows", "0", reason)
    scored = scored[both]
    if scored.empty:
        return check(
            NAME, "noted", "no rows", "0", "none of the rows read is held out for the gate"
        )
    trained = trained.loc[scored.index]
    differing = {name: _differ(trained[name], scored[name]) for name in scored}
    counts = {name: int(rows.sum()) for name, rows in differing.items() if rows.any()}
    if not counts:
        reason = f"{len(scored)} rows, read as score reads them, are the same as in training"
        return check(NAME, "passed", "0 rows", "0", reason)
    name = max(counts, key=lambda each: counts[each])
    reason = (
        f"data.inputs gives {name} another value for a batch than when training, in {counts[name]} "
        f"of {len(scored)} rows; let it read other rows than those of the batch, such as history, "
        "under a second table name"
    )
    rows = np.logical_or.reduce(list(differing.values()))
    return check(NAME, "rejected", f"{int(rows.sum())} rows", "0", reason)


def _newest_period(case: Case) -> Window | None:
    """Return the period of the newest row of the sample; None if rows have no time."""
    event_time = case.contract.inputs.one("event_time")
    if event_time is None:
        return None
    time = case.card.time
    newest = case.sample.all_inputs[event_time].max()
    end = plan(pd.Timestamp(time.as_of), time.settings()).gate.end
    while newest < end - periods(1, time.period):
        end -= periods(1, time.period)
    return Window(end - periods(1, time.period), end)


def _differ(trained: pd.Series, scored: pd.Series) -> npt.NDArray[np.bool_]:
    """Return for each row whether two cleaned columns differ by more than rounding."""
    if trained.dtype.kind in "if":
        same = np.isclose(trained, scored, equal_nan=True)
    else:
        same = ((trained == scored) | (trained.isna() & scored.isna())).to_numpy(dtype=bool)
    return ~same
