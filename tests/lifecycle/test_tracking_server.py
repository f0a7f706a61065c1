"""A team's tracking server in place of the embedded store: one line of conf/."""

import subprocess

import pytest

from lifecycle.project import AS_OF, Facts, Project
from lifecycle.served import batch, serving, wait_until

pytestmark = pytest.mark.full


def test_the_whole_lifecycle_runs_on_a_server(born: Project, server: str) -> None:
    born.configure(tracking_uri=server)
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
        born.run(*words)
    status = born.run("status").facts
    assert born.call(fetch_three_times, 1) == 1
    assert status["champion"] == 1
    assert status["problems"] == []
    assert born.call(on_server, server) == {"aliases": {"champion": "1"}, "entries": 10}
    assert not born.path("mlflow.db").exists()
    assert not born.path("mlartifacts").exists()
    assert not born.path("mlruns").exists()


def test_a_champion_answers_while_the_server_is_down(
    born: Project, running: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    address, process = running
    born.configure(tracking_uri=address)
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        born.run(*words)
    rows = born.call(batch, 1)["rows"]
    with serving(born, born.warm, "--set", "serving.refresh=0.2") as served:
        before = served.predict(rows)
        process.terminate()
        process.wait()
        wait_until(lambda: served.ask("/model")[1]["trouble"], "that it notices")
        assert served.ask("/ready")[0] == 200
        assert served.predict(rows) == before
        assert before[0] == 200
    assert "tracking store" in served.said()


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
