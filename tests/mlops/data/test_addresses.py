"""Which databases were read, also if a secret or a variable leads elsewhere."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform
from sqlalchemy import make_url

addresses = platform("data.addresses")
errors = platform("base.errors")
request = platform("data.request")
sql = platform("data.sql")

SQL = {"kind": "sql", "origin": "production", "table": "loans", "address": {"secret": "warehouse"}}
POSTGRES = "postgresql+psycopg://svc:hidden@warehouse.bank.example:5432/credit"


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_read", {})


def asked(root: Path, env: str = "dev") -> Any:
    project = make_project(root, env=env, tables={"loans": SQL})
    return request.TableRequest(project, "loans", project.settings.tables["loans"])


def connected(address: str, schemas: tuple[str, ...] = ("public",), **info: Any) -> Any:
    """Return a connection that was made with an address, and what its driver says of it."""
    url = make_url(address)
    driver = SimpleNamespace(info=SimpleNamespace(**info)) if info else SimpleNamespace()
    return SimpleNamespace(
        engine=SimpleNamespace(url=url),
        dialect=url.get_dialect()(),
        connection=SimpleNamespace(driver_connection=driver),
        exec_driver_sql=lambda _: SimpleNamespace(scalar_one=lambda: list(schemas)),
    )


def shown(connection: Any) -> str:
    """Return the address that is remembered of a connection."""
    addresses.remember("loans", connection)
    return str(next(iter(addresses._read.pop("loans"))))


def test_a_table_behind_a_secret_is_known_by_each_database_that_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may exchange the file of a secret while a command runs."""
    places = [f"sqlite:///{tmp_path / name}.db" for name in ("reviewed", "other")]
    for place in (*places, places[0]):
        with closing(sqlite3.connect(place.removeprefix("sqlite:///"))) as database:
            database.execute("CREATE TABLE IF NOT EXISTS loans (amount REAL)")
        monkeypatch.setenv("MLOPS_SECRET_WAREHOUSE", place)
        list(sql.read_pieces(asked(tmp_path)))
    read = addresses.addresses_read(make_project(tmp_path, tables={"loans": SQL}))
    assert read == {"loans": f"{places[0]} and {places[1]}"}


def test_postgresql_is_known_by_what_the_connection_says() -> None:
    """Parameters and variables, such as PGHOSTADDR, change what the address seems to say."""
    info: dict[str, Any] = {"host": "warehouse.bank.example", "hostaddr": "127.0.0.1", "port": 5993}
    connection = connected(POSTGRES, ("fake", "public"), dbname="shadow", options="", **info)
    assert shown(connection) == (
        "postgresql+psycopg://warehouse.bank.example:5993/shadow"
        "?hostaddr=127.0.0.1&schemas=fake%2Cpublic"
    )


def test_postgresql_behind_a_socket_is_known_by_its_folder() -> None:
    info: dict[str, Any] = {
        "host": "/run/fake",
        "hostaddr": "",
        "port": 5432,
        "options": "-ctimezone=UTC",
    }
    assert shown(connected(POSTGRES, dbname="credit", **info)) == (
        "postgresql+psycopg://:5432/credit?host=%2Frun%2Ffake&options=-ctimezone%3DUTC"
        "&schemas=public"
    )


def test_the_older_driver_of_postgresql_says_it_elsewhere() -> None:
    info: dict[str, Any] = {"host": "warehouse", "port": 5432, "dbname": "credit", "options": ""}
    address = POSTGRES.replace("psycopg", "psycopg2")
    connection = connected(address, dsn_parameters={"hostaddr": "127.0.0.1"}, **info)
    assert "warehouse:5432/credit?hostaddr=127.0.0.1&schemas=public" in shown(connection)


REDIRECTED = {
    "postgresql+pg8000://me:hidden@warehouse/risk?host=shadow": "?host=shadow&schemas=public",
    "mysql+pymysql://me:hidden@warehouse/risk?unix_socket=/tmp/s&passwd=hidden": (
        "?passwd=...&unix_socket=%2Ftmp%2Fs"
    ),
    "mysql+pymysql://warehouse/risk?read_default_file=/tmp/my.cnf": (
        "?read_default_file=%2Ftmp%2Fmy.cnf"
    ),
    "oracle+oracledb://me:hidden@warehouse/?service_name=shadow": "?service_name=shadow",
}


@pytest.mark.parametrize(("address", "end"), REDIRECTED.items(), ids=REDIRECTED)
def test_parameters_that_lead_elsewhere_are_shown_and_others_only_named(
    address: str, end: str
) -> None:
    remembered = shown(connected(address))
    assert remembered.endswith(end)
    assert "hidden" not in remembered


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("mssql+pyodbc://me:hidden@warehouse:1433/risk?driver=x", "Server=warehouse,1433"),
        ("mssql+pyodbc://me:hidden@warehouse/risk?driver=x&Server=shadow", ";Server=shadow"),
        ("mssql+pyodbc://me:hidden@source", "dsn=source"),
        (
            "mssql+pyodbc://?odbc_connect=Driver%3Dx%3BServer%3Dshadow%3BUid%3Dme%3BPwd%3Dhidden",
            "//Server=shadow",
        ),
        (
            "mssql+pyodbc://?odbc_connect=FILEDSN%3D/tmp/x%3BPwd%3D{;Server%3Dhidden}",
            "FILEDSN=/tmp/x",
        ),
    ],
)
def test_a_database_behind_odbc_is_known_by_its_connection_string(address: str, end: str) -> None:
    remembered = shown(connected(address))
    assert end in remembered
    assert "hidden" not in remembered


def test_variables_that_lead_a_driver_elsewhere_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TNS_ADMIN", "fake")
    monkeypatch.setenv("ODBCINI", "fake.ini")
    oracle = shown(connected("oracle+oracledb://me:hidden@warehouse"))
    assert oracle == "oracle+oracledb://warehouse?variables=TNS_ADMIN"
    assert shown(connected("mssql+pyodbc://me@source")).endswith("variables=ODBCINI")
    assert shown(connected("sqlite:///x.db")) == "sqlite:///x.db"


@pytest.mark.parametrize("variable", ["PGHOSTADDR", "PGOPTIONS", "PGSERVICE", "PGTZ"])
@pytest.mark.parametrize("env", ["test", "prod"])
def test_beyond_dev_no_variable_leads_postgresql_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, env: str
) -> None:
    monkeypatch.setenv("MLOPS_SECRET_WAREHOUSE", "postgresql+psycopg://me:hidden@127.0.0.1:1/x")
    monkeypatch.setenv(variable, "127.0.0.1")
    message = f"table loans: {variable} is set, and would change which rows {env} reads; unset it"
    with pytest.raises(errors.Misconfigured, match=message):
        list(sql.read_pieces(asked(tmp_path, env)))
    monkeypatch.delenv(variable)
    with pytest.raises(errors.Unreachable):
        list(sql.read_pieces(asked(tmp_path, env)))
    assert addresses._read == {}, "nothing was read"
