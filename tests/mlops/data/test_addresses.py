"""Which databases were read, also if a secret names them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlops.projects import make_project
from rendering import platform
from sqlalchemy import make_url

addresses = platform("data.addresses")
request = platform("data.request")
sql = platform("data.sql")


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_read", {})


def test_a_table_behind_a_secret_is_known_by_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"kind": "sql", "origin": "production", "table": "loans"}
    table["address"] = {"secret": "warehouse"}  # type: ignore[assignment]
    project = make_project(tmp_path, tables={"loans": table})
    asked = request.TableRequest(project, "loans", project.settings.tables["loans"])
    for name in ("reviewed", "other"):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database:
            database.execute("CREATE TABLE loans (amount REAL)")
        address = f"sqlite:///{tmp_path / name}.db"
        monkeypatch.setenv("MLOPS_SECRET_WAREHOUSE", address)
        list(sql.read_pieces(asked))
        assert addresses.addresses_read(project) == {"loans": address}


def test_an_address_is_known_without_what_is_secret() -> None:
    connect = "Driver=x;Server=warehouse,1433;Database=risk;Uid=me;Pwd=hidden"
    url = make_url("mssql+pyodbc://").update_query_dict({"odbc_connect": connect})
    addresses.remember("loans", url)
    addresses.remember(
        "more", make_url("postgresql://me:hidden@warehouse:5432/risk?password=hidden")
    )
    read = addresses._read
    assert read["loans"] == "mssql+pyodbc://;Server=warehouse,1433;Database=risk"
    assert read["more"] == "postgresql://warehouse:5432/risk"
