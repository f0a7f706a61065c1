"""The journal: read once, from copies that cannot lie, and compared with what the store holds."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlops.projects import make_project
from mlops.records.journals import Server, changed, copies, open_journal, pauses
from rendering import platform

anchor = platform("records.anchor")
console = platform("base.console")
details = platform("records.details")
entry = platform("records.entry")
errors = platform("base.errors")
journal = platform("records.journal")
journal_runs = platform("records.journal_runs")

ALTERED = "entry 2 was altered after it was written"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server without entries."""
    server = Server()
    for name in ("load_text", "list_artifacts"):
        monkeypatch.setattr(mlflow.artifacts, name, getattr(server, name))
    return server


@pytest.fixture
def opened(server: Server, tmp_path: Path) -> Callable[[], Any]:
    """Open the journal of the server, as each new process does."""
    return lambda: open_journal(server, tmp_path)


# How much is read


def test_ten_thousand_entries_are_read_with_twelve_requests_and_then_with_one(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(10_000)))
    assert [each.number for each in opened().entries()] == list(range(1, 10_001))
    assert server.counted() == {"head": 1, "search": 12 - 1}
    assert len(opened().entries()) == 10_000
    assert server.counted() == {"head": 1}
    server.write(list(pauses(1)))
    assert len(opened().entries()) == 10_001
    assert server.counted() == {"head": 1, "search": 1}


def test_a_process_that_reads_again_only_asks_for_the_head(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    one = opened()
    one.entries()
    one.append(details.PauseDetails(reason="a test"))
    server.counted()
    assert [each.number for each in one.entries()] == [1, 2, 3, 4]
    assert server.counted() == {"head": 1}


def test_an_entry_is_appended_without_reading_the_others(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(2000)))
    written = opened().append(details.PauseDetails(reason="a test"))
    assert written.number == 2001
    assert server.counted() == {"head": 1, "search": 2}  # is it the right experiment; who claims it
    assert opened().entries()[-1] == written


def test_an_entry_has_the_database_that_a_secret_led_to(
    opened: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings name the secret only, and its value comes from a variable or a file."""
    addresses = platform("data.addresses")
    monkeypatch.setattr(addresses, "_read", {})
    assert opened().append(details.PauseDetails(reason="a test")).addresses == {}
    addresses._read["loans"] = ["postgresql+psycopg://warehouse/risk", "sqlite:///x.db"]
    addresses._read["of_another_project"] = ["sqlite:///x.db"]
    opened().append(details.PauseDetails(reason="a test"))
    written = opened().entries()[-1]
    assert written.addresses == {"loans": "postgresql+psycopg://warehouse/risk and sqlite:///x.db"}


def test_the_files_of_an_older_template_are_read_once(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(200)), tagged=False)
    assert len(opened().entries()) == 200
    assert server.counted()["file"] == 200
    server.write(list(pauses(2)))
    assert len(opened().entries()) == 202
    assert "file" not in server.counted()


def test_an_entry_too_long_for_tags_is_read_from_its_file(
    server: Server, opened: Callable[[], Any]
) -> None:
    reason = "é" * 10_000
    server.write([*pauses(1, reason), *pauses(1, "é" * 5000)])
    assert server.entry(1).data.tags == {}
    assert all(len(value) <= 5000 for run in server.runs for value in run.data.tags.values())
    assert opened().entries()[0].details.reason == reason
    assert opened().problems() == []


def test_a_journal_without_entries_is_empty(opened: Callable[[], Any]) -> None:
    assert opened().entries() == []
    assert opened().problems() == []


def test_a_machine_that_cannot_keep_copies_reads_them_each_time(
    server: Server, opened: Callable[[], Any], tmp_path: Path
) -> None:
    (tmp_path / "build").write_text("not a folder")
    server.write(list(pauses(3)))
    for _ in range(2):
        assert len(opened().entries()) == 3
        assert server.counted() == {"head": 1, "search": 1}


def test_nothing_is_appended_in_another_experiment_than_that_of_the_journal(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    head = dict(server.tags)
    server.runs.clear()  # what another experiment holds
    with pytest.raises(errors.MlopsError, match="restore the setting experiments"):
        opened().append(details.PauseDetails(reason="a test"))
    assert server.tags == head
    assert server.runs == []


# What cannot be trusted


def test_an_altered_copy_on_this_machine_is_not_believed(
    server: Server, opened: Callable[[], Any], tmp_path: Path
) -> None:
    server.write(list(pauses(3)))
    before = opened().entries()
    file = copies(tmp_path)
    file.write_text(file.read_text("utf-8").replace("a test", "a lie"), encoding="utf-8")
    assert opened().entries() == before
    assert opened().entries() == before
    assert {each.details.reason for each in before} == {"a test"}


def test_a_copy_that_leads_to_another_address_is_fetched_again(
    server: Server, opened: Callable[[], Any], tmp_path: Path
) -> None:
    server.write(list(pauses(3)))
    before = opened().entries()
    file = copies(tmp_path)
    lines = [line.partition("\t")[0] for line in file.read_text("utf-8").splitlines()]
    address = "http://127.0.0.1:47811/api/2.0/mlflow-artifacts/artifacts/entry"
    file.write_text("".join(f"{line}\t{address}\n" for line in lines), encoding="utf-8")
    server.counted()
    assert [each.run_id for each in opened().entries()] == [each.run_id for each in before]
    assert server.counted()["search"] == 1


def test_a_cut_copy_is_fetched_again(
    server: Server, opened: Callable[[], Any], tmp_path: Path
) -> None:
    server.write(list(pauses(3)))
    before = opened().entries()
    file = copies(tmp_path)
    file.write_bytes(file.read_bytes()[:-40])
    assert opened().entries() == before


def test_altered_tags_are_not_believed_and_are_noticed(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    tags = server.entry(2).data.tags
    tags["mlops_journal_entry_1"] = changed(tags["mlops_journal_entry_1"], actor="somebody")
    with pytest.raises(journal.BrokenJournal, match=rf"{ALTERED}; restore .* backup"):
        opened().entries()
    assert opened().problems() == [ALTERED]


def test_a_store_that_is_altered_later_is_noticed_while_commands_use_the_good_copies(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    before = opened().entries()
    tags = server.entry(2).data.tags
    tags["mlops_journal_entry_1"] = changed(tags["mlops_journal_entry_1"], actor="somebody")
    assert opened().entries() == before
    assert opened().problems() == [ALTERED]


def test_an_altered_file_on_a_server_is_noticed_when_every_file_is_read(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    name = f"{server.entry(2).info.artifact_uri}/entry.json"
    server.files[name] = changed(server.files[name], actor="somebody")
    assert opened().problems() == []
    assert opened().problems(every_file=True) == [ALTERED]
    server.files[name] = "not JSON"
    assert opened().problems(every_file=True) == [ALTERED]
    del server.files[name]
    assert opened().problems(every_file=True) == [ALTERED]


def test_a_server_that_does_not_return_a_file_is_not_an_altered_entry(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    server.broken = True
    with pytest.raises(mlflow.MlflowException, match="cannot be downloaded"):
        opened().problems(every_file=True)


def test_a_deleted_entry_is_noticed_even_if_this_machine_has_a_copy(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    opened().entries()
    server.runs.remove(server.entry(2))
    assert opened().problems() == ["entry 2 is missing"]
    assert len(opened().entries()) == 3


def test_a_deleted_entry_stops_a_machine_without_copies(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    server.runs.remove(server.entry(1))
    with pytest.raises(journal.BrokenJournal, match="entry 1 is missing"):
        opened().entries()


def test_a_shorter_chain_under_a_higher_number_is_refused(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(3)))
    _, _, digest = server.tags[journal.HEAD].partition(":")
    server.tags[journal.HEAD] = f"4:{digest}"
    with pytest.raises(journal.BrokenJournal, match="entry 4 is missing"):
        opened().entries()


def test_a_chain_whose_entries_have_other_numbers_is_refused(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(2)))
    text = changed(server.runs[-1].data.tags["mlops_journal_entry_1"], number=1)
    server.runs[-1].data.tags = journal_runs.entry_tags(text)
    server.tags[journal.HEAD] = f"2:{entry.hash_of_text(text)}"
    with pytest.raises(journal.BrokenJournal, match="entry 1 is forked: 2 entries claim it"):
        opened().entries()


def test_a_run_beyond_the_head_is_forged_unless_its_writer_has_not_finished(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(2)))
    head = server.tags[journal.HEAD]
    server.write(list(pauses(1)))
    server.tags[journal.HEAD] = head
    assert opened().problems() == ["entry 3 is forged: the head is 2"]
    assert len(opened().entries()) == 2
    server.runs[-1].info.status = "RUNNING"
    assert opened().problems() == []


@pytest.mark.parametrize("number", [0, -1])
def test_an_entry_before_the_first_one_is_forged(
    server: Server, opened: Callable[[], Any], number: int
) -> None:
    server.write(list(pauses(2)))
    text = changed(server.entry(2).data.tags["mlops_journal_entry_1"], number=number)
    forged = server.create_run("7", journal_runs.entry_tags(text), f"{number} pause")
    forged.info.status = "FINISHED"
    assert f"entry {number} is forged: the head is 2" in opened().problems()
    assert len(opened().entries()) == 2


def test_a_killed_writer_that_had_claimed_the_number_of_another_is_no_problem(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(2)))
    text = changed(server.entry(2).data.tags["mlops_journal_entry_1"], actor="somebody")
    lost = server.create_run("7", journal_runs.entry_tags(text), "2 pause")
    assert opened().problems() == []
    assert opened().entries()[1].actor == "maria@build-host"
    lost.info.status = "FINISHED"
    assert opened().problems() == ["entry 2 is forked: 2 entries claim it"]


def test_a_head_that_is_no_number_is_reported(server: Server, opened: Callable[[], Any]) -> None:
    server.tags[journal.HEAD] = "the last one"
    with pytest.raises(errors.MlopsError, match=r"mlops_journal_head of dev\.loan-risk"):
        opened().entries()


def test_a_writer_that_appends_during_a_check_is_no_problem(
    server: Server, opened: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.write(list(pauses(2)))
    search = server.search_runs

    def searching(*words: Any, **options: Any) -> Any:
        if len(server.runs) == 2:
            server.write(list(pauses(1)))
        return search(*words, **options)

    monkeypatch.setattr(server, "search_runs", searching)
    assert opened().problems() == []


# Anchors


def test_a_command_publishes_the_head_that_it_read_or_wrote(
    server: Server, opened: Callable[[], Any]
) -> None:
    server.write(list(pauses(2)))
    console.start_clock()
    last = opened().entries()[-1]
    assert console._published.anchor == (
        f"journal-anchor/1 model=dev.loan-risk store=7 entry=2 sha256={last.sha256}"
    )
    written = opened().append(details.PauseDetails(reason="a test"))
    assert console._published.anchor.endswith(f"entry=3 sha256={written.sha256}")
    console.start_clock()
    assert console._published.anchor == ""


def test_a_chain_that_was_written_again_verifies_but_differs_from_its_anchor(
    opened: Callable[[], Any], server: Server
) -> None:
    server.write(list(pauses(3)))
    kept = [opened().anchor(each) for each in opened().entries()]
    forged = Server()
    forged.write([*pauses(1), *pauses(3, "a lie")])
    server.runs, server.files, server.tags = forged.runs, forged.files, forged.tags
    again = opened()
    assert again.problems() == []
    (problem,) = again.against(again.entries(), kept)
    assert problem == "entry 2 is not the one that is anchored: the journal was written again"
    assert again.against(again.entries(), kept[:1]) == []


def test_an_older_state_of_the_store_ends_before_its_anchor(
    opened: Callable[[], Any], server: Server
) -> None:
    server.write(list(pauses(2)))
    runs = list(server.runs)
    tags = dict(server.tags)
    server.write(list(pauses(2)))
    newest = opened().anchor(opened().entries()[-1])
    server.runs, server.tags = runs, tags
    restored = opened()
    assert restored.problems() == []
    (problem,) = restored.against(restored.entries(), [newest])
    assert problem.startswith("the journal ends with entry 2, but entry 4 is anchored: an older")


# How MLflow shows the journal


@pytest.mark.parametrize(
    ("command", "subject", "outcome", "name"),
    [
        ("gate", "3", "ok", "12 gate v3"),
        ("gate", "3", "rejected", "12 gate v3 rejected"),
        ("score", "2026-01-01", "ok", "12 score 2026-01-01"),
        ("pause", "", "ok", "12 pause"),
    ],
)
def test_the_name_of_a_run_says_what_its_entry_is_about(
    command: str, subject: str, outcome: str, name: str
) -> None:
    entry = SimpleNamespace(number=12, command=command, subject=subject, outcome=outcome)
    assert journal_runs.run_name(entry) == name


# The database of a laptop


def test_the_list_of_a_sqlite_database_is_what_mlflow_finds(tmp_path: Path) -> None:
    store = platform("records.store").open_store(make_project(tmp_path))
    for reason in ("a test", "é" * 3000, "é" * 10_000):
        store.record(details.PauseDetails(reason=reason))
    runs = store.journal._runs
    store.registry.client.create_run(runs._experiment, run_name="4 pause")
    store.registry.client.delete_run(runs.all()[1].run_id)
    found, token = runs._search(1000, None)
    assert token is None
    assert runs._listed_by_sqlite() == found
    assert [run.name for run in found] == ["4 pause", "2 pause", "1 pause"]
    assert [len(run.tagged) > 5000 for run in found] == [False, True, False]
    runs._database = None
    assert runs.all() == found
