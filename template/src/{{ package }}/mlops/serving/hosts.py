"""The hosts that `serve` answers for.

A page in a browser can let its own name point to any address, such as 127.0.0.1, and then read what
the server there answers. The header Host still has that name.
"""

import ipaddress
import re
from collections.abc import Collection

THIS_MACHINE = "localhost"
HOST = re.compile(r"(\[(?P<address>[^\]]+)\]|(?P<name>[^:@\[\]]+))(:\d+)?")


def is_allowed(host: str, listens_on: str, hosts: Collection[str]) -> bool:
    """Return whether a request with this header Host is answered.

    `listens_on` is the address that the server listens on, `hosts` the names that conf allows.
    """
    name = _name(host)
    if _is_address(name) or name == THIS_MACHINE:
        return True
    if hosts:
        return name in {each.lower() for each in hosts}
    return not _is_this_machine(listens_on)


def _name(host: str) -> str:
    """Return a host without its port: `[::1]:8000` becomes `::1`. A malformed one stays."""
    parts = HOST.fullmatch(host)
    if parts is None:
        return host
    return (parts["address"] or parts["name"]).lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_this_machine(listens_on: str) -> bool:
    if _is_address(listens_on):
        return ipaddress.ip_address(listens_on).is_loopback
    return listens_on == THIS_MACHINE
