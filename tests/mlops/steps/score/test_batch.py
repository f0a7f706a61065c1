"""A batch is recorded as it was written, not as it is on the disk a moment later."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

batch = platform("steps.score.batch")


def test_what_is_recorded_of_a_batch_is_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write predictions may change the file before it is published."""
    card = SimpleNamespace(profile=SimpleNamespace(predictions={}))
    champion = SimpleNamespace(
        version=SimpleNamespace(
            number=3, card=card, unseen=lambda keys: np.ones(len(keys), dtype=bool)
        ),
        contract=SimpleNamespace(keys=["id"]),
    )
    target = tmp_path / "part.parquet"
    close = batch.HashedFile.close

    def pieces(*_: Any) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        for start in (0, 3):
            rows = pd.DataFrame({"id": range(start, start + 3)})
            yield rows, pd.DataFrame({"score": [0.1, 0.2, 0.3]})

    def close_and_exchange(file: Any) -> None:
        close(file)
        written.append(hashlib.sha256(target.read_bytes()).hexdigest())
        assert len(pd.read_parquet(target)) == 6
        target.write_bytes(b"exchanged")

    written: list[str] = []
    monkeypatch.setattr(batch, "work_on_pieces", pieces)
    monkeypatch.setattr(batch.HashedFile, "close", close_and_exchange)
    made = batch.Batch(make_project(tmp_path), champion, None, "2026-01-01", "0001")
    assert batch.write(made, target, None) == written[0]
