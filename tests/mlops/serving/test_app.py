"""Rules of `serving/app.py`: each status, what its answer contains, and what it never contains."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rendering import platform

LOAN = {"amount": 9000.0, "months": 48, "purpose": "car"}
Client = Callable[..., tuple[int, Any]]


@pytest.fixture
def state(tmp_path: Path) -> Any:
    limits = platform("base.settings").Serving(max_rows=3, max_bytes=1000)
    kept = platform("serving.log").PredictionLog(tmp_path / "online")
    shadow = platform("serving.shadow").Shadow(tmp_path / "shadow")
    return platform("serving.state").ServingState(limits, kept, shadow, shows_texts=True)


@pytest.fixture
def client(make_model: Callable[..., Any], state: Any) -> Client:
    """Ask the application of a model, by default the one of the contract; bytes go in chunks."""

    def ask(path: str, *chunks: bytes, model: Any = None) -> tuple[int, Any]:
        app = platform("serving.app").build_app(model or make_model(max_rows=3), state)
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST" if chunks else "GET",
            "path": path,
            "headers": [(b"content-type", b"application/json")],
            "query_string": b"",
        }
        incoming = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks, 1)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        text = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], json.loads(text)

    return ask


def body(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"rows": rows}).encode()


def test_an_answer_has_the_version_and_each_rows_key_and_prediction(
    client: Client, state: Any, tmp_path: Path
) -> None:
    status, answer = client("/predict", body(LOAN | {"loan_id": "A1"}, LOAN))
    assert status == 200
    prediction = {"score": 0.009, "decision": False}
    assert answer == {"version": 1, "predictions": [{"loan_id": "A1"} | prediction, prediction]}
    state.log.flush()
    assert len(pd.read_parquet(tmp_path / "online")) == 2


def test_a_wrong_row_gets_422_with_its_place_and_without_its_value(client: Client) -> None:
    status, answer = client("/predict", body(LOAN, LOAN | {"amount": "a-secret"}))
    assert status == 422
    assert answer["detail"][0]["loc"] == ["rows", 1, "amount"]
    assert "a-secret" not in json.dumps(answer)


def test_too_many_rows_and_too_many_bytes_get_413(client: Client) -> None:
    assert client("/predict", body(*[LOAN] * 3))[0] == 200
    status, answer = client("/predict", body(*[LOAN] * 4))
    assert status == 413
    assert answer["detail"] == "there are more than 3 rows; send fewer"
    status, answer = client("/predict", b"x" * 600, b"x" * 600)
    assert status == 413
    assert answer["detail"] == "the body is longer than 1,000 bytes; send fewer rows"


def refuse(rows: pd.DataFrame) -> pd.DataFrame:
    raise ValueError("an internal matter\n::error::x ##vso[task.complete]")


def no_number(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"score": [float("nan")] * len(rows)})


@pytest.mark.parametrize(
    ("predict", "error"), [(refuse, "ValueError: an internal matter"), (no_number, "ValueError")]
)
def test_an_error_of_the_model_is_logged_with_an_id_and_the_client_gets_the_id_alone(
    client: Client,
    make_model: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    predict: Callable[[pd.DataFrame], pd.DataFrame],
    error: str,
) -> None:
    row = LOAN | {"loan_id": "a-secret", "purpose": "a-private-purpose", "amount": 31415926.5}
    status, answer = client("/predict", body(row), model=make_model(7, predict))
    assert status == 500
    known = r"version 7 of dev\.loans cannot answer this request; give the team of the model the "
    found = re.fullmatch(rf"{known}error id (\w{{12}})", answer["detail"])
    assert found, answer
    log = capsys.readouterr().err
    assert f"error id {found[1]}" in log
    assert "Traceback (most recent call last)" in log
    assert error in log
    assert "##" not in log
    assert "\n::" not in log
    for value in ("a-secret", "a-private-purpose", "31415926"):
        assert value not in log


def test_beyond_dev_the_log_has_the_traceback_but_not_the_text_of_an_error(
    client: Client,
    make_model: Callable[..., Any],
    state: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The text is the model's own, and may quote a value of the request."""

    def quote(rows: pd.DataFrame) -> pd.DataFrame:
        raise ValueError(f"{rows.purpose[0]} is odd")

    state.shows_texts = False
    row = LOAN | {"purpose": "a-private-purpose"}
    assert client("/predict", body(row), model=make_model(7, quote))[0] == 500
    log = capsys.readouterr().err
    assert "a-private-purpose" not in log
    assert 'raise ValueError(f"{rows.purpose[0]} is odd")' in log


def test_two_errors_have_two_ids(client: Client, make_model: Callable[..., Any]) -> None:
    details = {
        client("/predict", body(LOAN), model=make_model(7, refuse))[1]["detail"] for _ in "ab"
    }
    assert len(details) == 2


def test_nothing_is_kept_of_a_request_without_an_answer(
    client: Client, make_model: Callable[..., Any], state: Any, tmp_path: Path
) -> None:
    client("/predict", body(LOAN), model=make_model(7, refuse))
    client("/predict", body({}))
    state.log.flush()
    assert not (tmp_path / "online").exists()


def test_a_pause_stops_predictions_but_not_the_process(client: Client, state: Any) -> None:
    assert client("/ready") == (200, {"status": "ok"})
    state.pause_reason = "prices look odd"
    assert client("/ready") == (503, {"detail": "paused: prices look odd"})
    assert client("/predict", body(LOAN)) == (503, {"detail": "paused: prices look odd"})
    assert client("/health") == (200, {"status": "ok"})


def test_the_model_is_described_with_what_keeps_another_away(client: Client, state: Any) -> None:
    state.registry_problem = "version 2 does not load here"
    status, facts = client("/model")
    assert status == 200
    assert facts == {
        "name": "dev.loans",
        "version": 1,
        "digest": "d1ce",
        "problem": "binary",
        "features": ["amount", "months", "purpose"],
        "windows": {"train": "2024-01-01..2025-01-01", "gate": "2025-02-01..2025-05-01"},
        "trained_as_of": "2026-01-01",
        "trouble": "version 2 does not load here",
        "shadow": {"version": None, "trouble": ""},
    }
