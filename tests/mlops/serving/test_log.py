"""Rules of `serving/log.py`: what is kept of the answers, and what is counted as lost."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rendering import platform

log = platform("serving.log")

LOAN = {"amount": 9000.0, "months": 48, "purpose": "car"}
ANSWER = {"score": 0.009, "decision": False}
NOON = datetime.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the log keeps UTC without a zone


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    return log.PredictionLog(tmp_path / "online")


def lost() -> float:
    return float(log.LOST._value.get())


def read(folder: Path) -> pd.DataFrame:
    assert not list(folder.rglob("_*"))
    return pd.read_parquet(folder / "online")


def test_a_part_has_inputs_prediction_version_and_time(
    kept: Any, make_model: Callable[..., Any], tmp_path: Path
) -> None:
    assert kept.add(make_model(3), [LOAN | {"loan_id": "A1"}, LOAN], [ANSWER] * 2, NOON) == NOON
    kept.flush()
    assert len(list((tmp_path / "online").glob("date=2026-03-01/*.parquet"))) == 1
    frame = read(tmp_path)
    columns = ["loan_id", "amount", "months", "purpose", "score", "decision"]
    assert list(frame) == [*columns, "version", "predicted_at", "date"]
    assert frame["loan_id"].tolist()[0] == "A1"
    assert frame["loan_id"].isna().tolist() == [False, True]
    assert set(frame["version"]) == {3}
    assert frame["predicted_at"].tolist() == [pd.Timestamp(NOON)] * 2


def test_each_version_gets_its_own_part(
    kept: Any, make_model: Callable[..., Any], tmp_path: Path
) -> None:
    first, second = make_model(1), make_model(2)
    for model in (first, second, first):
        kept.add(model, [LOAN], [ANSWER], NOON)
    kept.flush()
    assert len(list((tmp_path / "online").rglob("*.parquet"))) == 2
    assert sorted(read(tmp_path)["version"]) == [1, 1, 2]
    kept.flush()
    assert len(list((tmp_path / "online").rglob("*.parquet"))) == 2, "written once"


def test_a_feature_named_like_a_column_of_the_prediction_is_kept_as_input(
    make_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    monkeypatch.setitem(model.contract.inputs.types, "score", "float64")
    monkeypatch.setitem(model.contract.inputs.types, "version", "int64")
    names = log.input_names(model)
    assert names["score"] == "input_score"
    assert names["version"] == "input_version"
    assert names["amount"] == "amount"


def test_rows_beyond_the_limit_are_lost_and_counted(
    kept: Any, make_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(log, "MOST_WAITING", 3)
    model, before = make_model(), lost()
    assert kept.add(model, [LOAN] * 2, [ANSWER] * 2) is not None
    assert kept.add(model, [LOAN] * 2, [ANSWER] * 2) is None
    assert kept.add(model, [LOAN], [ANSWER]) is not None
    assert lost() - before == 2
    kept.flush()
    assert len(read(tmp_path)) == 3


def test_rows_that_cannot_be_written_are_lost_and_the_log_goes_on(
    kept: Any, make_model: Callable[..., Any], tmp_path: Path
) -> None:
    model, before = make_model(), lost()
    kept.add(model, [LOAN | {"months": 2**70}], [ANSWER])
    kept.flush()
    assert lost() - before == 1
    kept.add(model, [LOAN], [ANSWER])
    kept.flush()
    assert len(read(tmp_path)) == 1
