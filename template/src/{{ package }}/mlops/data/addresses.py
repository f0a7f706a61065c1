"""The databases from which this process has read tables, which the journal records.

An address may be a secret, whose value comes from a variable or a mounted file, and parameters,
variables and files of a driver can lead elsewhere. So the settings do not say where the rows came
from.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..base.errors import Misconfigured
from .request import TableRequest

if TYPE_CHECKING:
    import sqlalchemy as sa

    from ..base.project import Project

ODBC_PART = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
ODBC_SHOWN = {  # parts of a connection string that say which database is read
    "addr",
    "address",
    "attachdbfilename",
    "data source",
    "database",
    "dbq",
    "dsn",
    "failover_partner",
    "filedsn",
    "initial catalog",
    "network address",
    "server",
    "servername",
}
SHOWN = {  # parameters of an address that say which rows are read, and are not secret
    "catalog",
    "database",
    "dbname",
    "host",
    "hostaddr",
    "http_path",
    "options",
    "port",
    "read_default_file",
    "read_default_group",
    "schema",
    "server",
    "service",
    "service_name",
    "sid",
    "unix_socket",
}
POSTGRESQL_VARIABLES = (
    "PGDATABASE",
    "PGHOST",
    "PGHOSTADDR",
    "PGLOADBALANCEHOSTS",
    "PGOPTIONS",
    "PGPORT",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGTARGETSESSIONATTRS",
    "PGTZ",
)
FREETDS = ("FREETDS", "FREETDSCONF", "TDSHOST", "TDSPORT")
ORACLE = ("LOCAL", "ORACLE_SID", "TNS_ADMIN", "TWO_TASK")
VARIABLES = {  # by driver: variables that lead it elsewhere, or to a file that does
    "cx_oracle": ORACLE,
    "mysqldb": ("MYSQL_HOME", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT"),
    "oracledb": ORACLE,
    "pymssql": FREETDS,
    "pyodbc": ("ODBCINI", "ODBCSYSINI", *FREETDS),
}
_read: dict[str, list[str]] = {}


def refuse_variables(request: TableRequest, dialect: "sa.Dialect") -> None:
    """Raise Misconfigured if, beyond dev, a variable would lead to other rows of PostgreSQL."""
    env = request.project.env
    if env == "dev" or not dialect.driver.startswith("psycopg"):
        return
    for name in _list_set(POSTGRESQL_VARIABLES):
        raise Misconfigured(
            f"table {request.name}: {name} is set, and would change which rows {env} reads; unset "
            f"it, and write what it says into tables.{request.name}.address or its secret."
        )


def remember(table: str, connection: "sa.Connection") -> None:
    """Remember the database behind a connection, without the user, the password and other secrets.

    Of PostgreSQL, the connection itself says it.
    """
    address = _describe(connection)
    known = _read.setdefault(table, [])
    if address not in known:
        known.append(address)


def addresses_read(project: "Project") -> dict[str, str]:
    """Return the addresses of the project's tables that were read so far, by table."""
    return {name: " and ".join(_read[name]) for name in project.settings.tables if name in _read}


def _describe(connection: "sa.Connection") -> str:
    url = connection.engine.url
    dialect = connection.dialect
    variables = ",".join(_list_set(VARIABLES.get(dialect.driver, ())))
    if dialect.driver == "pyodbc":
        parts = _list_odbc_parts(str(dialect.create_connect_args(url)[0][0]))
        if variables:
            parts.append(f"variables={variables}")
        return f"{url.drivername}://{';'.join(parts)}"
    info = getattr(connection.connection.driver_connection, "info", None)
    if dialect.driver.startswith("psycopg") and info is not None:
        place, query = _describe_postgresql(info)
    else:
        place = {"host": url.host, "port": url.port, "database": url.database}
        query = {name: value if name in SHOWN else "..." for name, value in url.query.items()}
    if dialect.name == "postgresql":
        schemas = connection.exec_driver_sql("SELECT current_schemas(false)").scalar_one()
        query["schemas"] = ",".join(schemas)
    if variables:
        query["variables"] = variables
    return type(url).create(url.drivername, query=query, **place).render_as_string()


def _describe_postgresql(info: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the place and the parameters that `connection.info` of psycopg 2 or 3 has."""
    place = {"host": info.host, "port": info.port, "database": info.dbname}
    parameters: Mapping[str, str] = getattr(info, "dsn_parameters", {})  # psycopg 2
    query = {"hostaddr": getattr(info, "hostaddr", parameters.get("hostaddr"))}
    query["options"] = info.options
    if (info.host or "").startswith(("/", "@")):  # a socket on this machine
        query["host"] = place.pop("host")
    return place, {name: value for name, value in query.items() if value}


def _list_odbc_parts(text: str) -> list[str]:
    """Return the parts of a connection string that say which database is read."""
    parts = ODBC_PART.finditer(text)
    return [part[0].strip() for part in parts if part[1].lower() in ODBC_SHOWN]


def _list_set(variables: Iterable[str]) -> list[str]:
    return [name for name in variables if os.environ.get(name)]
