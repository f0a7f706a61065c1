"""Alerts: each change of state is told once, to the addresses that conf names as secrets.

What is known outside stands in the journal, beside what happened; an alert that could not be
delivered is tried again with the next entry.
"""

import logging
from typing import Any

from ..base.console import step
from ..base.errors import Misconfigured
from ..base.project import Project
from ..base.secrets import resolve
from ..records.store import Store

TOLD = "told"  # the detail of an entry that holds the state which is known outside


def tell(store: Store, command: str, state: str, message: str) -> str:
    """Tell the addresses that `command` has found a new state; return what they know now.

    An empty state is the healthy one, and the first: only a return to it is told.
    """
    mine = (entry["details"] for entry in reversed(store.entries) if entry["command"] == command)
    known = str(next((details[TOLD] for details in mine if TOLD in details), ""))
    sender = require_addresses(store.project)
    if state == known or sender is None:
        return state
    if sender.notify(body=message, title=f"{store.project.name}: {command}"):
        return state
    step("an address of alerts did not take its message; it is sent again next time")
    return known


def require_addresses(project: Project) -> Any:
    """Return what sends to all addresses; raises Misconfigured for a secret that holds none."""
    if not project.settings.alerts:
        return None
    from apprise import Apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would print addresses
    sender = Apprise()
    for name in project.settings.alerts:
        told = f"alerts: the secret {name.secret} is no address that apprise knows"
        remedy = "write it as in mailtos://bank.example?user=…&pass=…"
        Misconfigured.when(not sender.add(resolve(name)), f"{told}; {remedy}.")
    return sender
