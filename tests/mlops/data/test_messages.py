"""What a database or Spark reports is passed on without the values that it quotes."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from rendering import platform
from sqlalchemy import make_url
from sqlalchemy.exc import DataError, ProgrammingError

errors = platform("base.errors")
sql = platform("data.sql")
spark = platform("data.spark")

IBAN = "DE89370400440532013000"


def reported(monkeypatch: pytest.MonkeyPatch, error: Exception) -> str:
    """Return the message where a database raises an error."""

    def connect() -> NoReturn:
        raise error

    url = make_url("sqlite:///loans.db")
    engine = SimpleNamespace(connect=connect, url=url, dialect=url.get_dialect()())
    monkeypatch.setattr(sql, "_engine", lambda *_: engine)
    project = SimpleNamespace(env="prod")
    request: Any = SimpleNamespace(project=project, name="loans", table=None, window=None)
    with pytest.raises(errors.MlopsError) as caught:
        list(sql.read_pieces(request))
    return str(caught.value)


def test_a_value_that_a_database_cannot_convert_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = Exception(f'invalid input syntax for type numeric: "{IBAN}"')
    message = reported(monkeypatch, DataError("select", {}, reason))
    assert IBAN not in message
    assert "table loans: the database reports: invalid input syntax for type numeric" in message


def test_a_kind_of_database_that_nothing_reads_is_named_without_the_password() -> None:
    table: Any = SimpleNamespace(address=f"snowflake://bank:{IBAN}@host/loans")
    with pytest.raises(errors.Misconfigured) as caught:
        sql._engine("loans", table)
    message = str(caught.value)
    assert message.startswith("table loans: SQLAlchemy does not know databases of the kind snow")
    assert IBAN not in message


def test_a_name_that_a_database_does_not_know_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = Exception('relation "loanz" does not exist')
    message = reported(monkeypatch, ProgrammingError("select", {}, reason))
    assert 'relation "loanz" does not exist' in message


def test_a_value_that_spark_cannot_convert_is_hidden_and_names_are_shown() -> None:
    text = f"[CAST_INVALID_INPUT] The value '{IBAN}' of the type \"STRING\" in `amount` is odd."
    reason = spark._reason(Exception(text))
    assert IBAN not in reason
    assert '"STRING" in `amount`' in reason
