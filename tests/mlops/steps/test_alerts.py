"""What an alert contains."""

from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

alerts = platform("steps.alerts")
MonitorDetails = platform("records.details").MonitorDetails


def test_a_message_is_one_line_that_acts_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    def notify(**message: Any) -> bool:
        sent.append(message)
        return True

    monkeypatch.setattr(alerts, "require_addresses", lambda _: SimpleNamespace(notify=notify))
    project = SimpleNamespace(name="dev.loans")
    store = SimpleNamespace(entries=[], project=project, anchor="")
    alerts.send_change(store, MonitorDetails, "retrain", "odd\nall is well \x1b[2J ##vso[task]")
    [message] = sent
    assert message["body"] == r"odd\nall is well \x1b[2J \x23#vso[task]"
