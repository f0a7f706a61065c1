"""What is missing, not writable or no longer loads is reported soon and in one sentence."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lifecycle import behind
from lifecycle.mistakes import TRAIN, Change, Mistake, conf, expect, gone, nothing
from lifecycle.project import AS_OF, Project

MODEL = "dev.loan-risk"
SCORE = ("score", "--as-of", AS_OF)


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("score", nothing, ("no champion", "loan-risk train"), command=SCORE),
        Mistake("gate", nothing, ("no challenger", "loan-risk train"), command=("gate",)),
        Mistake("promote", nothing, ("no challenger", "loan-risk train"), command=("promote",)),
        Mistake(
            "rollback",
            nothing,
            ("no champion, so there is nothing to roll back", "loan-risk promote"),
            command=("rollback",),
        ),
    ],
    ids=str,
)
def test_a_command_run_too_early_is_refused(opened: Project, mistake: Mistake) -> None:
    expect(opened, mistake)


@pytest.mark.parametrize("command", ["gate", "promote"])
def test_a_version_that_does_not_exist_is_refused(trained: Project, command: str) -> None:
    words = (f"{MODEL} has no version 9", "its only version is 1")
    expect(trained, Mistake("", nothing, words, command=(command, "9")))


def test_a_project_without_build_facts_or_git_is_refused(born: Project) -> None:
    shutil.rmtree(born.path(".git"))
    words = ("there is no git commit", "nox -s setup", "nox -s build")
    expect(born, Mistake("", nothing, words))


def test_a_missing_lock_file_is_reported(born: Project) -> None:
    expect(born, Mistake("", gone("uv.lock"), ("uv.lock is missing", "uv lock")))


def test_a_missing_uv_is_reported(
    opened: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for program in ("git", "cat"):  # joblib counts the cores with cat
        (tmp_path / "bin" / program).symlink_to(shutil.which(program) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("UV", raising=False)
    expect(opened, Mistake("", nothing, ("uv is not on PATH",)))


def occupied(project: Project) -> None:
    """Create a folder with the name of the database."""
    project.path("mlflow.db").mkdir()


@pytest.mark.parametrize("change", [occupied, conf(tracking_uri="sqlite:///README.md/mlflow.db")])
def test_a_store_that_cannot_be_written_is_reported_before_training(
    born: Project, change: Change
) -> None:
    change(born)
    for command in (TRAIN, ("status",)):
        answer = born.run(*command, code=1)
        assert "cannot write to the MLflow database" in answer.said
        assert "mlflow.db (" in answer.said
        assert "tracking_uri" in answer.said
        assert "fitting" not in answer.said, "hours may be spent on it"


def test_a_file_that_is_not_a_store_is_refused(born: Project) -> None:
    born.write("mlflow.db", "Once upon a time there was a table. " * 1000)
    answer = born.run("status", code=1)
    assert f"{born.folder.name}/mlflow.db is not a SQLite database" in answer.said
    assert "tracking_uri" in answer.said


@pytest.fixture
def closed_port() -> str:
    """An address at which nothing listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A server that accepts a connection and never answers."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class Failing(BaseHTTPRequestHandler):
    """Reports that it is healthy, and then fails."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/health" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Answer."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Dying(Failing):
    """Reports that it is healthy, and then closes the connection."""

    def do_GET(self) -> None:
        """Answer once."""
        if self.path == "/health":
            super().do_GET()


@pytest.fixture(params=[Failing, Dying])
def failing_port(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that passes its health check and then fails."""
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("server", ["closed_port", "silent_port"])
def test_a_server_that_does_not_answer_is_reported(
    born: Project, server: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(server)
    words = (address, "not answer", "tracking_uri")
    expect(born, Mistake("", conf(tracking_uri=address), words, code=5, command=("status",)))


def test_a_server_that_fails_after_its_health_check_is_reported(
    born: Project, failing_port: str
) -> None:
    words = (failing_port, "not answer", "tracking_uri")
    born.configure(tracking_uri=failing_port)
    expect(born, Mistake("", nothing, words, code=5, command=("status",)))


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("postgresql+psycopg://ann:s3cret@127.0.0.1:9/mlflow", "psycopg"),  # nothing listens there
        ("mysql+pymysql://ann:s3cret@db.bank.example/mlflow", "pymysql"),  # its driver is missing
    ],
)
def test_an_unreachable_database_is_reported_without_its_password(
    born: Project, address: str, word: str
) -> None:
    """Neither a server that is down nor a missing driver reveals it."""
    born.configure(tracking_uri=address)
    answer = born.run("status", code=5)
    assert word in answer.said
    assert "tracking_uri" in answer.said
    assert "s3cret" not in answer.said


def test_a_store_in_a_folder_with_a_percent_sign_is_refused(born: Project) -> None:
    born.configure(tracking_uri="sqlite:///100%/mlflow.db")
    answer = born.run("status", code=2)
    assert "100%/mlflow.db must not contain %" in answer.said


@pytest.mark.full
def test_concurrent_commands_create_one_store(born: Project) -> None:
    born.call(open_at_once, 3)
    assert born.run("status").facts["problems"] == []


def open_at_once(commands: int) -> None:
    """Run `status` in several processes at the same time."""
    program = "import sys; sys.argv = ['loan-risk', 'status']; from loan_risk.mlops.cli import main"
    command = [sys.executable, "-c", f"{program}; main()"]
    path = os.environ | {"PYTHONPATH": "src"}
    asked = [subprocess.Popen(command, env=path) for _ in range(commands)]
    assert [process.wait() for process in asked] == [0] * commands


def test_a_version_that_no_longer_loads_is_reported(live: Project) -> None:
    folder = live.call(behind.files, MODEL, 1)
    live.write(f"{folder}/artifacts/model.skops", "written by packages of another time")
    live.call(behind.vouch, 1)
    commit = live.call(behind.tags, MODEL, 1)["mlops_commit"][:12]
    words = ("version 1", "does not load", f"git checkout {commit} uv.lock", "uv sync")
    expect(live, Mistake("", nothing, words, command=SCORE))


@pytest.mark.full
def test_a_deleted_champion_is_named_and_can_be_replaced(live: Project) -> None:
    """MLflow's page deletes a version with its alias; no message may lead in a circle."""
    live.call(behind.delete, MODEL, 1)
    for words in (SCORE, ("promote", "1"), ("status",), ("monitor", "--as-of", AS_OF)):
        said = live.run(*words, code=1).said
        assert "the champion of dev.loan-risk, version 1, was deleted in MLflow" in said
        assert "make a new version with `uv run loan-risk train`, then gate and promote it" in said
        assert "rollback" not in said, "there is nothing to go back to"
    live.run("train", "--as-of", AS_OF)
    assert live.run("gate", code=4).named("insufficient") == {"against champion"}
    assert "must run" not in live.run("promote", "--approved-by", "A. Nother").said
    assert live.run(*SCORE).facts["version"] == 2
    live.call(behind.delete, MODEL, 2)
    said = live.run("rollback", "--reason", "x", code=1).said
    assert "version 1 of dev.loan-risk is in the journal, but was deleted in MLflow" in said


@pytest.mark.parametrize("command", ["gate", "promote"])
def test_a_version_that_train_did_not_make_is_refused(trained: Project, command: str) -> None:
    Path(trained.call(behind.files, MODEL, 1), "artifacts/card.json").unlink()
    expect(
        trained, Mistake("", nothing, ("version 1", "card.json", "train"), command=(command, "1"))
    )
