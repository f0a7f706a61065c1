"""A change of state is reported once, to addresses that stay secret."""

import pytest

from lifecycle import kills
from lifecycle.alerts import ALERTS, SECRET, Channel
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Answer, Project

OLD = ("--as-of", "2026-09-01", "--set", "monitoring.max_age=1")


def run(project: Project, channel: Channel, *words: str, code: int = 0) -> Answer:
    answer = project.run(*words, *ALERTS, variables=channel.secret, code=code)
    assert SECRET not in answer.said + answer.printed
    return answer


def test_each_change_of_state_is_reported_once(scored: Project, channel: Channel) -> None:
    """That of a champion which retraining replaces is in test_retraining.py."""
    run(scored, channel, "monitor", "--as-of", AS_OF)
    assert channel.messages == []  # a healthy model needs no message

    for _ in range(2):
        run(scored, channel, "monitor", *OLD)
    [alert] = channel.messages
    assert alert["title"] == "dev.loan-risk: monitor"
    assert "the champion's age is 8 months, more than 7" in alert["message"]


@pytest.mark.full
def test_a_recovery_is_reported_too(scored: Project, channel: Channel) -> None:
    words = ("monitor", "--as-of", AS_OF)
    run(scored, channel, *words, "--set", "monitoring.max_psi=0.0001")  # chance has its own limit
    run(scored, channel, "monitor", *OLD)
    run(scored, channel, *words)
    assert ["healthy" in message["message"] for message in channel.messages] == [False, True]


@pytest.mark.full
def test_two_concurrent_monitorings_send_one_message(
    live: Project, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in channel.secret.items():
        monkeypatch.setenv(name, value)
    assert live.call(kills.at_once, [["monitor", *OLD, *ALERTS]] * 2) == [0, 0]
    assert len(channel.messages) == 1


@pytest.mark.full
def test_an_undelivered_message_is_sent_by_the_next_run(live: Project, channel: Channel) -> None:
    channel.open = False
    answer = run(live, channel, "monitor", *OLD)
    assert "did not take its message" in answer.said
    channel.open = True
    run(live, channel, "monitor", *OLD)
    run(live, channel, "monitor", *OLD)
    assert len(channel.messages) == 1


@pytest.mark.full
def test_a_pending_approval_is_reported_with_its_command(live: Project, channel: Channel) -> None:
    live.configure("dev", promotion="approval")
    for _ in range(2):
        run(live, channel, "retrain", *OLD, code=4)
    titles = [message["title"] for message in channel.messages]
    assert titles == ["dev.loan-risk: monitor", "dev.loan-risk: retrain"]
    assert "loan-risk promote 2 --approved-by NAME" in channel.messages[1]["message"]


@pytest.mark.parametrize("command", ["monitor", "retrain"])
def test_a_missing_or_invalid_address_stops_the_command_before_it_starts(
    at: At, command: str
) -> None:
    live = at("live")
    before = live.run("status").facts["entries"]
    variables = {"MLOPS_SECRET_TEAM_CHANNEL": SECRET}
    wrong = live.run(command, *OLD, *ALERTS, variables=variables, code=2)
    assert "the secret team-channel does not contain a URL that Apprise" in wrong.said
    assert SECRET not in wrong.said
    missing = live.run(command, *OLD, *ALERTS, code=2)
    assert "secret team-channel is missing" in missing.said
    assert live.run("status").facts["entries"] == before
