"""Alerts: each change of state is sent once, to the addresses in the secrets that conf lists.

The journal's entry of each run keeps the state that the addresses know. An alert that could not be
delivered is sent again by the next run.
"""

import logging
from typing import TYPE_CHECKING

from ..base.console import print_step
from ..base.errors import Misconfigured
from ..base.project import Project
from ..base.secrets import resolve
from ..base.text import plain
from ..records.details import MonitorDetails, RetrainDetails
from ..records.entry import last_details
from ..records.store import Store

if TYPE_CHECKING:
    from apprise import Apprise


def send_change(
    store: Store, kind: type[MonitorDetails | RetrainDetails], state: str, message: str
) -> str:
    """Send `message` if `state` is new to the addresses; return the state that they know now.

    The empty state is the healthy one, with which a model starts: only a return to it is sent.
    """
    last = last_details(store.entries, kind)
    known = last.alerted if last else ""
    sender = require_addresses(store.project)
    if state == known or sender is None:
        return state
    body = plain(message)
    if store.anchor:
        body = f"{body}\n{store.anchor}"
    if sender.notify(body=body, title=f"{store.project.name}: {kind.COMMAND}"):
        return state
    print_step("an address in alerts did not take its message; it is sent again next time")
    return known


def require_addresses(project: Project) -> "Apprise | None":
    """Return a sender to all addresses, or None if there are none.

    Raises Misconfigured for a secret that is not an address.
    """
    if not project.settings.alerts:
        return None
    from apprise import Apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log contains addresses
    sender = Apprise()
    for name in project.settings.alerts:
        if not sender.add(resolve(name)):
            raise Misconfigured(
                f"alerts: the secret {name.secret} does not contain a URL that Apprise, the "
                "notification library, accepts; store one in the secret, such as "
                "mailtos://bank.example?user=…&pass=…"
            )
    return sender
