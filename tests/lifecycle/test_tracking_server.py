"""A team's tracking server in place of the embedded store: one line of conf/."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from long_journals import write_entries

from lifecycle.conftest import At
from lifecycle.project import AS_OF, Facts, Project, copy_project
from lifecycle.served import batch, serving, wait_until
from lifecycle.tracking_server import hosting

pytestmark = pytest.mark.full

IN_TEST = ("--env", "test")


@dataclass(frozen=True)
class Hosted:
    """A project whose store is on a server, and that server's process and database."""

    project: Project
    address: str
    process: "subprocess.Popen[bytes]"
    database: Path


@pytest.fixture(scope="module")
def hosted(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """All tests use the same server, which the last one stops."""
    folder = tmp_path_factory.mktemp("hosted")
    project = copy_project(shelf("born"), folder / "loan-risk")
    with hosting(folder / "server") as (address, process):
        project.configure(tracking_uri=address)
        yield Hosted(project, address, process, folder / "server/mlflow.db")


def test_the_whole_lifecycle_runs_on_a_server(hosted: Hosted) -> None:
    project = hosted.project
    for words in (
        ("train", "--as-of", AS_OF),
        ("gate",),
        ("promote",),
        ("score", "--as-of", AS_OF),
        ("train", "--as-of", AS_OF),
        ("gate",),
        ("promote",),
        ("rollback",),
        ("pause", "a test"),
        ("resume",),
        ("doctor",),
    ):
        project.run(*words)
    status = project.run("status").facts
    assert project.call(fetch_three_times, 1) == 1
    assert status["champion"] == 1
    assert status["problems"] == []
    found = project.call(on_server, hosted.address)
    assert found == {"aliases": {"champion": "1"}, "entries": 10}
    assert not project.path("mlflow.db").exists()
    assert not project.path("mlartifacts").exists()
    assert not project.path("mlruns").exists()


def test_a_long_journal_on_a_server_is_read_with_few_requests(
    born: Project, hosted: Hosted
) -> None:
    born.configure(tracking_uri=hosted.address)
    born.commit()
    born.run("status", *IN_TEST)
    write_entries(hosted.database, 2500, files=False, model="test.loan-risk")
    first = born.call(count_requests, 2500)
    again = born.call(count_requests, 2500)
    assert first - again == 1 + 3  # the newest runs, and pages of 1,000
    assert again <= 7  # to ask whether the server answers, to open the store, to read the head
    assert born.run("status", *IN_TEST).facts["entries"] == 2500
    assert "entry=2501" in born.run("pause", "a test", *IN_TEST).facts["anchor"]
    assert born.call(count_requests, 2501) - again <= 1


def test_a_champion_answers_while_the_server_is_down(hosted: Hosted) -> None:
    project = hosted.project
    if project.run("status").facts["champion"] is None:  # this test runs alone
        for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
            project.run(*words)
    rows = project.call(batch, 1)["rows"]
    with serving(project, project.warm, "--set", "serving.refresh=0.2") as served:
        before = served.predict(rows)
        hosted.process.terminate()
        hosted.process.wait()
        wait_until(lambda: served.ask("/model")[1]["trouble"], "that it notices")
        assert served.ask("/ready")[0] == 200
        assert served.predict(rows) == before
        assert before[0] == 200
    assert "tracking store" in served.said()


def count_requests(entries: int) -> int:
    """Return how many requests a command needs to open the store and to read this many entries."""
    import requests
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    sent: list[str] = []
    send = requests.Session.send

    def counted(session: Any, request: Any, **options: Any) -> Any:
        sent.append(request.url)
        return send(session, request, **options)

    requests.Session.send = counted  # type: ignore[assignment, method-assign]
    store = open_store(open_project("test"))
    assert len(store.entries) == entries
    assert len(store.entries) == entries
    return len(sent)


def fetch_three_times(number: int) -> int:
    """Fetch a version three times, as `serve` may; return the number of local copies."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    folders = [open_store(open_project("dev")).fetch(number).folder for _ in range(3)]
    assert all(folder.is_dir() for folder in folders)
    return len(set(folders))


def on_server(address: str) -> Facts:
    """Return what the server has stored."""
    from mlflow import MlflowClient

    client = MlflowClient(address, address)
    journal = client.get_experiment_by_name("dev.loan-risk.journal")
    return {
        "aliases": dict(client.get_registered_model("dev.loan-risk").aliases),
        "entries": len(client.search_runs([journal.experiment_id])) if journal else 0,
    }
