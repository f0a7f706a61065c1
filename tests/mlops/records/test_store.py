"""Commands that decide at once on a server without locks: one of them decides first."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlops.projects import make_project
from mlops.records.interleaving import Client, Server, every_order, run_interleaved
from rendering import platform

details = platform("records.details")
entry = platform("records.entry")
journal = platform("records.journal")
registry = platform("records.registry")
store = platform("records.store")
errors = platform("base.errors")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not sleep: the schedule decides who is next."""
    monkeypatch.setattr(journal.time, "sleep", lambda _: None)
    monkeypatch.setattr(journal.time, "time", lambda: 1_000.0)


class Journal(journal.Journal):  # type: ignore[misc,name-defined]
    """A journal whose entries are read from the server in memory."""

    def __init__(self, client: Client, project: Any, server: Server) -> None:
        super().__init__(client, project)
        self._server = server

    def entries(self) -> list[Any]:
        """Return all entries up to the head."""
        last = self.head
        return [
            entry.Entry.stored(facts, "")
            for facts in self._server.entries()
            if facts["number"] <= last
        ]


def opened(server: Server, project: Any, client: Client) -> Any:
    """Return a store."""
    return store.Store(
        project, registry.Registry(client, project), Journal(client, project, server)
    )


def promotion(version: int) -> tuple[Any, str]:
    return (
        details.PromoteDetails(
            verdict="passed",
            window="",
            digest="",
            evidence_sha256="",
            evidence_entry=1,
            approved_by="",
        ),
        str(version),
    )


def withdrawal(version: int, back: int) -> tuple[Any, str]:
    return details.RollbackDetails(back_to=back, reason="", batches=()), str(version)


def promote(
    version: int, judged_against: int | None, server: Server, project: Any, client: Client
) -> str:
    """Promote a version if the champion is still the one that it was compared with."""
    opens = opened(server, project, client)

    def decide() -> str:
        if opens.recorded_champion != judged_against:
            raise errors.MlopsError("judged against another champion")
        what, subject = promotion(version)
        opens.record(what, subject=subject)
        return "promoted"

    return str(opens.decide(decide))


def roll_back(version: int, server: Server, project: Any, client: Client) -> str:
    """Withdraw a version if it is still the champion."""
    opens = opened(server, project, client)

    def decide() -> str:
        if opens.champions[-1:] != [version]:
            return "withdrawn already"
        what, subject = withdrawal(version, opens.champions[-2])
        opens.record(what, subject=subject)
        return "withdrawn"

    return str(opens.decide(decide))


def append(server: Server, project: Any, client: Client) -> int:
    """Append an entry that rests on no other."""
    written = Journal(client, project, server).append(details.PauseDetails(reason="x"))
    return int(written.number)


def check_chain(server: Server) -> list[tuple[str, str]]:
    """Expect a sound chain and aliases that follow it; return commands and subjects."""
    found = server.entries()
    assert [facts["number"] for facts in found] == list(range(1, len(found) + 1))
    digests = ["0" * 64, *(entry.hash_of(facts) for facts in found)]
    assert [facts["previous"] for facts in found] == digests[:-1]
    assert server.tags["mlops_journal_head"] == f"{len(found)}:{digests[-1]}"
    assert {run.info.status for run in server.runs.values()} <= {"FINISHED"}
    champions = store._stack(entry.Entry.stored(facts, "") for facts in found)
    assert server.aliases.get("champion") == (str(champions[-1]) if champions else None)
    return [(facts["command"], facts["subject"]) for facts in found]


def with_champions(project: Any, *versions: int) -> Server:
    """Return a server on which versions were promoted one after the other."""
    server = Server()
    judged_against = None
    for version in versions:
        work = partial(promote, version, judged_against, server, project)
        assert run_interleaved((), server, [work]) == ["promoted"]
        judged_against = version
    return server


@pytest.fixture
def project(tmp_path: Path) -> Any:
    return make_project(tmp_path, tracking_uri="http://mlflow.bank.example")


def some_orders(count: int) -> Iterator[list[int]]:
    """Yield random orders of many steps of two commands."""
    draw = random.Random(16)  # noqa: S311 - no secret
    for _ in range(count):
        yield [draw.randrange(2) for _ in range(80)]


def test_two_writers_get_two_numbers_in_every_order_of_their_requests(project: Any) -> None:
    for order in every_order(5):
        server = Server()
        results = run_interleaved(order, server, [partial(append, server, project)] * 2)
        assert sorted(results) == [1, 2], order
        check_chain(server)


def test_of_two_promotions_at_once_one_is_refused(project: Any) -> None:
    for order in some_orders(100):
        server = with_champions(project, 1)
        works = [partial(promote, version, 1, server, project) for version in (2, 3)]
        results = [str(result) for result in run_interleaved(order, server, works)]
        assert sorted(results) == ["judged against another champion", "promoted"], order
        champion = str(2 + results.index("promoted"))
        assert check_chain(server) == [("promote", "1"), ("promote", champion)]


def test_two_rollbacks_of_one_version_at_once_go_back_once(project: Any) -> None:
    for order in some_orders(100):
        server = with_champions(project, 1, 2, 3)
        works = [partial(roll_back, 3, server, project)] * 2
        results = run_interleaved(order, server, works)
        assert sorted(results) == ["withdrawn", "withdrawn already"], order
        assert check_chain(server)[3:] == [("rollback", "3")]


def test_a_promotion_and_a_rollback_at_once_leave_the_alias_of_the_last(project: Any) -> None:
    for order in some_orders(100):
        server = with_champions(project, 1, 2)
        works = [
            partial(promote, 3, 2, server, project),
            partial(roll_back, 2, server, project),
        ]
        results = [str(result) for result in run_interleaved(order, server, works)]
        assert results in (
            ["promoted", "withdrawn already"],
            ["judged against another champion", "withdrawn"],
        )
        check_chain(server)


def test_a_slow_promotion_does_not_undo_the_rollback_that_follows_it(project: Any) -> None:
    """The rollback runs while the promotion has written its entry, but not moved the alias."""
    withdrawn = 0
    for steps in range(40):
        server = with_champions(project, 1)
        works = [partial(promote, 2, 1, server, project), partial(roll_back, 2, server, project)]
        order = [0] * steps + [1] * 60
        results = [str(result) for result in run_interleaved(order, server, works)]
        assert results[0] == "promoted"
        withdrawn += results[1] == "withdrawn"
        check_chain(server)
    assert withdrawn > 5


def test_a_claim_of_a_killed_writer_is_deleted_when_it_is_old(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    Client(server, lambda: None).create_run("", "1 pause")
    monkeypatch.setattr(journal.time, "time", lambda: 1_001.0 + journal.CLAIM_SECONDS)
    assert append(server, project, Client(server, lambda: None)) == 1
    check_chain(server)


def test_a_writer_waits_for_a_claim_that_may_be_alive_and_then_gives_up(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    Client(server, lambda: None).create_run("", "1 pause")
    monkeypatch.setattr(journal, "CLAIM_SECONDS", 0.5)
    with pytest.raises(journal.EntryTaken, match="run this command again"):
        append(server, project, Client(server, lambda: None))
    assert server.entries() == []


def test_an_alias_that_its_entry_has_not_moved_yet_was_not_moved_by_hand(project: Any) -> None:
    """A command that was killed in between, or that is at work in another process."""
    server = with_champions(project, 1, 2)
    server.aliases["champion"] = "1"
    server.tags["mlops_aliases_moved"] = "1"
    assert opened(server, project, Client(server, lambda: None)).champion() == 2
    assert server.aliases == {"champion": "2"}
    assert server.tags["mlops_aliases_moved"] == "2"


def test_a_reader_whose_entries_are_old_accuses_nobody(project: Any) -> None:
    server = with_champions(project, 1)
    reader = opened(server, project, Client(server, lambda: None))
    assert len(reader.entries) == 1
    assert run_interleaved((), server, [partial(promote, 2, 1, server, project)]) == ["promoted"]
    assert reader.champion() == 2


@pytest.mark.parametrize("elsewhere", ["1", "7", None])
def test_an_alias_that_was_moved_by_hand_is_named(project: Any, elsewhere: str | None) -> None:
    server = with_champions(project, 1, 2)
    if elsewhere is None:
        del server.aliases["champion"]
    else:
        server.aliases["champion"] = elsewhere
    with pytest.raises(errors.MlopsError, match="moved by hand") as caught:
        opened(server, project, Client(server, lambda: None)).champion()
    named = f"version {elsewhere}" if elsewhere else "no version"
    assert not isinstance(caught.value, store.ChampionDeleted)
    message = f"points to {named}, but according to the journal the champion is version 2"
    assert message in str(caught.value)


def test_a_store_of_an_older_template_finishes_its_last_promotion(project: Any) -> None:
    server = with_champions(project, 1, 2)
    server.aliases["champion"] = "1"
    del server.tags["mlops_aliases_moved"]
    client = Client(server, lambda: None)
    assert opened(server, project, client).champion() == 2
    server.aliases["champion"] = "7"
    del server.tags["mlops_aliases_moved"]
    with pytest.raises(errors.MlopsError, match="moved by hand"):
        opened(server, project, client).champion()


def test_a_rollback_that_an_older_template_wrote_twice_goes_back_once(project: Any) -> None:
    server = with_champions(project, 1, 2, 3)
    opens = opened(server, project, Client(server, lambda: None))
    for _ in range(2):
        what, subject = withdrawal(3, 2)
        opens.record(what, subject=subject)
    assert opens.champions == [1, 2]


@pytest.mark.parametrize("head", ["", "one:two", "²:x", "-1:x"])
def test_a_head_that_is_not_one_is_reported(project: Any, head: str) -> None:
    server = Server()
    server.tags["mlops_journal_head"] = head
    with pytest.raises(errors.MlopsError, match="restore the tracking store from its backup"):
        Journal(Client(server, lambda: None), project, server).head  # noqa: B018 - it is read


def test_an_entry_alone_promotes_nothing_where_a_person_must_approve(tmp_path: Path) -> None:
    places = {"tracking_uri": "http://mlflow.bank.example", "env": "test"}
    project = make_project(tmp_path, promotion="approval", **places)
    server = with_champions(project, 1)
    client = Client(server, lambda: None)
    what, subject = promotion(2)
    Journal(client, project, server).append(what, subject=subject)  # by who may not move aliases
    opens = opened(server, project, client)
    opens.settle()
    assert server.aliases["champion"] == "1"
    with pytest.raises(errors.MlopsError, match=r"entry 2 .* promotes version 2, .*--approved-by"):
        opens.champion()
    opens.finish()  # what `promote` does once it has checked the rules
    assert server.aliases["champion"] == "2"
    assert opens.champion() == 2


def test_without_an_approval_any_command_completes_a_promotion(project: Any) -> None:
    server = with_champions(project, 1)
    client = Client(server, lambda: None)
    what, subject = promotion(2)
    Journal(client, project, server).append(what, subject=subject)
    opens = opened(server, project, client)
    opens.settle()
    assert (server.aliases["champion"], opens.champion()) == ("2", 2)


# A store that was emptied


def require_model(project: Any, monkeypatch: pytest.MonkeyPatch, *, is_new: bool = True) -> None:
    """Open the registered model of a store without a journal; it is missing if `is_new`."""
    monkeypatch.setattr(store, "_has_entries", lambda *_: False)
    client = mock.MagicMock()
    if is_new:
        missing = MlflowException("gone", RESOURCE_DOES_NOT_EXIST)
        client.get_registered_model.side_effect = missing
    else:
        client.get_registered_model.return_value.tags = {}
    store._require_model(client, project)


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "date=2026-01-01/batch-0001/_SUCCESS",
        "_shadow/date=2026-01-01/batch-0001/part.parquet",
        "_shadow/online/date=2026-01-01/a.parquet",
        "online/date=2026-01-01/a.parquet",
    ],
)
def test_a_store_without_a_journal_next_to_predictions_is_not_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, is_new: bool
) -> None:
    left = tmp_path / "predictions/test" / name
    left.parent.mkdir(parents=True)
    left.touch()
    with pytest.raises(errors.MlopsError, match=r"the store has no journal of .* move predictions"):
        require_model(make_project(tmp_path, env="test"), monkeypatch, is_new=is_new)
    left.unlink()
    require_model(make_project(tmp_path, env="test"), monkeypatch, is_new=is_new)


def test_beyond_dev_a_store_without_a_model_next_to_extracts_is_not_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first training writes extracts before its entry, and may be killed in between."""
    for env in ("dev", "test"):
        (tmp_path / "extracts" / env).mkdir(parents=True)
        (tmp_path / "extracts" / env / "1a2b3c4d5e6f7a8b.parquet").touch()
    require_model(make_project(tmp_path), monkeypatch)
    project = make_project(tmp_path, env="test")
    require_model(project, monkeypatch, is_new=False)
    with pytest.raises(errors.MlopsError, match=r"the store has no model .* move extracts/test"):
        require_model(project, monkeypatch)
