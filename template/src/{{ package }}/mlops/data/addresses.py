"""The databases from which this process has read tables, which the journal records.

An address may be a secret, whose value comes from a variable or a mounted file. So the settings do
not say where the rows came from.
"""

import re
from typing import TYPE_CHECKING

from ..base.project import Project

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

ODBC = re.compile(
    r"(?:^|;)\s*(?:server|data source|database|initial catalog|dsn)\s*=[^;]*", re.IGNORECASE
)
_read: dict[str, str] = {}


def remember(table: str, url: "URL") -> None:
    """Remember the address of a table, without the user, the password and other parameters."""
    bare = type(url).create(url.drivername, None, None, url.host, url.port, url.database)
    text = bare.render_as_string()
    connect = url.query.get("odbc_connect", "")
    _read[table] = text + "".join(ODBC.findall(connect if isinstance(connect, str) else ""))


def addresses_read(project: Project) -> dict[str, str]:
    """Return the addresses of the project's tables that were read so far, by table."""
    return {name: _read[name] for name in project.settings.tables if name in _read}
