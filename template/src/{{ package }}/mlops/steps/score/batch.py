"""A batch of predictions, written piece by piece, with what the checks need of its rows."""

import contextlib
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...base.console import row_progress
from ...base.errors import MlopsError
from ...base.project import Project
from ...base.windows import Window
from ...data.fingerprints import hashes
from ...figures.profile import Floats, count
from ...records.integrity import HashedFile
from ...records.predictions import Stamps
from ...records.registry import LoadedVersion
from ..pieces import work_on_pieces

KeysAndPrediction = tuple[pd.DataFrame, pd.DataFrame]
Work = Callable[[LoadedVersion, pd.DataFrame], KeysAndPrediction]


@dataclass
class Batch:
    """What is scored and by which version, and what the checks need of each row."""

    project: Project
    """The project in one environment."""
    champion: LoadedVersion
    """The version that predicts."""
    window: Window | None
    """The events to score; None for all rows."""
    date: str
    """The scoring date, `2026-01-01`."""
    number: str
    """Number within the date, four digits: `0003`."""
    keys: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    """The hash of each key, 8 bytes, in one array per piece."""
    undated: dict[str, int] = field(default_factory=dict)
    """How many rows were left out because their time is missing, as in `LabelledRows.undated`."""
    counts: dict[str, Floats] = field(default_factory=dict)
    """Number of rows in each bin of a prediction's profile, by column."""
    unseen: dict[str, Floats] = field(default_factory=dict)
    """The same of the rows that the version was not trained on."""

    @property
    def rows(self) -> int:
        """The number of rows scored so far."""
        return sum(map(len, self.keys))

    def add(self, rows: pd.DataFrame, prediction: pd.DataFrame) -> None:
        """Keep what the checks need of a piece.

        Raises MlopsError if a number of the prediction is missing or infinite.
        """
        profile = self.champion.version.card.profile.predictions
        keys = hashes(rows, self.champion.contract.keys)
        self.keys.append(keys)
        unseen = self.champion.version.unseen(keys)
        for name in map(str, prediction.select_dtypes("float64")):
            bad = int((~np.isfinite(prediction[name])).sum())
            if bad:
                values = "1 value is" if bad == 1 else f"{bad} values are"
                self.refuse(
                    f"{values} missing or infinite in column {name}; correct model.py, then train "
                    "a new version"
                )
            if name in profile:  # a version of the oldest templates has none
                now = count(profile[name], prediction[name])
                self.counts[name] = self.counts.get(name, 0) + now
                if not unseen.all():
                    now = count(profile[name], prediction.loc[unseen, name])
                self.unseen[name] = self.unseen.get(name, 0) + now

    def refuse(self, reason: str) -> NoReturn:
        """Raise MlopsError, so that the batch is not published."""
        raise MlopsError(f"the batch of {self.champion.version} was not published: {reason}.")


def write(batch: Batch, target: Path, work: Work) -> str:
    """Stream the results of `work` for all rows into one Parquet file; return its SHA-256."""
    stamps: Stamps = {
        "batch": batch.number,
        "version": batch.champion.version.number,
        "scoring_date": pd.Timestamp(batch.date),
        "predicted_at": datetime.datetime.now(datetime.UTC).replace(tzinfo=None),
    }
    stamped: dict[str, Any] = {**stamps}  # pandas' stubs take no mapping of different types
    writer: pq.ParquetWriter | None = None
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(HashedFile(target))
        progress = stack.enter_context(row_progress())
        task = progress.add_task("", total=None)
        pieces = work_on_pieces(batch.project, batch.champion, batch.window, work, batch.undated)
        for rows, prediction in pieces:
            batch.add(rows, prediction)
            frame = pd.concat([rows, prediction], axis=1).assign(**stamped)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(file, table.schema))
            writer.write_table(table.cast(writer.schema))
            progress.advance(task, len(frame))
    return file.sha256.hexdigest()


def predict(champion: LoadedVersion, rows: pd.DataFrame) -> KeysAndPrediction:
    """Return the keys of the rows, and their predictions."""
    return rows[champion.contract.keys], champion.predict(rows)
