"""What a database or Spark reports is passed on without the values that it quotes."""

import contextlib
import re
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from rendering import platform
from sqlalchemy import make_url
from sqlalchemy.exc import DataError, InternalError, OperationalError, ProgrammingError

errors = platform("base.errors")
sql = platform("data.sql")
spark = platform("data.spark")

IBAN = "DE89370400440532013000"


VALUES = (
    "J\ufffdrgen M\ufffdller",
    'Anna "Annie" Schmidt',
    'Mueller " Anna',
    "Schmidt\nAnna",
    "12345",
)


def reported(monkeypatch: pytest.MonkeyPatch, error: Exception, env: str = "prod") -> Any:
    """Return what a command reports where a database raises an error while it gives rows."""

    def fail(*_: object) -> NoReturn:
        raise error

    url = make_url("sqlite:///loans.db")
    connect = contextlib.nullcontext
    engine = SimpleNamespace(connect=connect, url=url, dialect=url.get_dialect()())
    monkeypatch.setattr(sql, "_engine", lambda *_: engine)
    monkeypatch.setattr(sql, "remember", fail)
    project = SimpleNamespace(env=env)
    request: Any = SimpleNamespace(project=project, name="loans", table=None, window=None)
    with pytest.raises(errors.MlopsError) as caught:
        list(sql.read_pieces(request))
    return caught.value


def words_of(value: str) -> list[str]:
    return re.findall(r"\w{3,}", value)


@pytest.mark.parametrize("env", ["dev", "prod"])
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kind", [DataError, InternalError, OperationalError])
def test_a_value_that_a_database_cannot_convert_is_hidden(
    monkeypatch: pytest.MonkeyPatch, kind: Any, value: str, env: str
) -> None:
    reason = Exception(f'invalid input syntax for type numeric: "{value}"\nLINE 1: SELECT a')
    message = str(reported(monkeypatch, kind("select", {}, reason), env))
    assert not any(word in message for word in words_of(value))
    assert "table loans: the database reports: " in message


def test_beyond_dev_a_value_is_reported_by_type_and_sqlstate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NumericValueOutOfRange(Exception):
        sqlstate = "22003"

    reason = NumericValueOutOfRange("71 is out of range")
    message = str(reported(monkeypatch, DataError("select", {}, reason)))
    assert "the database reports: NumericValueOutOfRange 22003; correct" in message


@pytest.mark.parametrize("value", VALUES)
def test_text_that_is_not_utf_8_is_hidden_and_no_failure_of_the_database(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    reason = Exception(f"Could not decode to UTF-8 column 'customer_id' with text '{value}'")
    error = reported(monkeypatch, OperationalError(None, None, reason))
    assert not any(word in str(error) for word in words_of(value))
    assert type(error) is errors.MlopsError


def test_a_kind_of_database_that_nothing_reads_is_named_without_the_password() -> None:
    table: Any = SimpleNamespace(address=f"snowflake://bank:{IBAN}@host/loans")
    with pytest.raises(errors.Misconfigured) as caught:
        sql._engine("loans", table)
    message = str(caught.value)
    assert message.startswith("table loans: SQLAlchemy does not know databases of the kind snow")
    assert IBAN not in message


def test_a_name_that_a_database_does_not_know_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = Exception('relation "loanz" does not exist')
    message = str(reported(monkeypatch, ProgrammingError("select", {}, reason)))
    assert 'relation "loanz" does not exist' in message


@pytest.mark.parametrize("value", [f"'{value}'" for value in VALUES] + ["12345L"])
def test_a_value_that_spark_cannot_convert_is_hidden(value: str) -> None:
    text = f'[CAST_INVALID_INPUT] The value {value} of "STRING" is odd. SQLSTATE: 22018\nat Row'
    assert spark._reason(Exception(text)) == "[CAST_INVALID_INPUT] 22018"
    text = f"[MALFORMED_RECORD_IN_PARSING] Malformed records: [{value}]"
    assert spark._reason(Exception(text)) == "[MALFORMED_RECORD_IN_PARSING]"


def test_a_name_that_spark_does_not_know_is_shown() -> None:
    text = "[UNRESOLVED_COLUMN] No `amount`; is it `sum`?\n SQLSTATE: 42703; line 1"
    reason = spark._reason(Exception(text))
    assert reason == "[UNRESOLVED_COLUMN] No `amount`; is it `sum`?"
