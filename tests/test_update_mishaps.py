"""Changed answers, and refused or killed updates: the team's work is never lost."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from unittest.mock import patch

import copier
import pytest
import yaml
from histories.changes import Draft, a_new_module
from histories.questions import a_new_row
from rendering import ROOT, UPPER_LAYERS, commit, contents, copy_template, git, update

QUESTION = "store_1"  # the first invented question; its answers render .cloud-1 or .cluster-1
IGNORED = {".env": b"TOKEN=ours\n", "data/rows.csv": b"1,2\n", "mlflow.db": b"runs\n"}


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template: its second version adds a question, the third a module. Do not edit it."""
    template = copy_template(tmp_path_factory.mktemp("template"), left_out=UPPER_LAYERS)
    draft = Draft(template, Random(0))  # noqa: S311 - a game
    a_new_row(draft)
    commit(template, "v0.2.0")
    a_new_module(draft)
    commit(template, "v0.3.0")
    return template


@pytest.fixture
def behind(moved: Path, tmp_path: Path) -> Path:
    """A project one version behind, with tracked and ignored work."""
    folder = tmp_path / "loan-risk"
    copier.run_copy(str(moved), folder, defaults=True, quiet=True, vcs_ref="v0.2.0")
    (folder / "src/loan_risk/data.py").write_text("# ours\n", encoding="utf-8")
    (folder / "src/loan_risk/ours.py").write_text("# ours\n", encoding="utf-8")
    for name, content in IGNORED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    commit(folder)
    return folder


def answer(folder: Path, **answers: str) -> None:
    """Change answers without changing the version, and commit."""
    update(folder, data=answers, vcs_ref=copier.VcsRef.CURRENT)
    commit(folder)


def test_changing_an_answer_swaps_its_files_and_back(behind: Path) -> None:
    answer(behind, **{QUESTION: "cloud"})
    first = contents(behind)
    assert ".cloud-1/run.yml" in first
    answer(behind, **{QUESTION: "cluster"})
    second = contents(behind)
    assert ".cluster-1/run.yml" in second
    assert ".cloud-1/run.yml" not in second
    assert not (behind / ".cloud-1").exists()
    answer(behind, **{QUESTION: "cloud"})
    assert contents(behind) == first


SHOW_GATE = """
from loan_risk.mlops.base.project import open_project
settings = open_project("prod").settings
print(settings.slice_gap, settings.needs_approval)
"""


def gate(folder: Path) -> str:
    """Return prod's limit for the gap of a group, and whether a person must approve."""
    run = subprocess.run(
        [sys.executable, "-c", SHOW_GATE],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_the_risk_tier_changes_the_gate_through_the_answers(behind: Path) -> None:
    assert gate(behind) == "0.1 True"
    answer(behind, risk_tier="high")
    assert gate(behind) == "0.05 True"
    answer(behind, risk_tier="low")
    assert gate(behind) == "None False"


def test_a_downgrade_is_refused(behind: Path) -> None:
    before = contents(behind)
    with pytest.raises(copier.errors.UserMessageError, match="Downgrades are not supported"):
        update(behind, vcs_ref="v0.1.0")
    assert contents(behind) == before


@pytest.mark.parametrize("name", ["src/loan_risk/data.py", "new.py", "pyproject.toml"])
def test_uncommitted_work_is_refused(behind: Path, name: str) -> None:
    (behind / name).write_text("# not committed\n", encoding="utf-8")
    before = contents(behind)
    with pytest.raises(copier.errors.UserMessageError, match="commit or stash your local changes"):
        update(behind)
    assert contents(behind) == before


def printed_remedy() -> str:
    """Return the command that an update prints before it starts."""
    documents = yaml.safe_load_all((ROOT / "copier.yml").read_text(encoding="utf-8"))
    [message] = [
        each["_message_before_update"] for each in documents if "_message_before_update" in each
    ]
    [command] = re.findall(r"`(git .*?)`", message)
    return str(command)


def assert_taken_back(folder: Path, before: dict[str, bytes]) -> None:
    """Run the printed command: everything is as before, and the update works."""
    (folder / ".git/index.lock").unlink(missing_ok=True)  # as git advises if it was killed as well
    subprocess.run(printed_remedy(), shell=True, cwd=folder, check=True, capture_output=True)  # noqa: S602
    assert contents(folder) == before
    assert git(folder, "status", "--porcelain") == ""


def test_the_printed_command_undoes_an_update_that_stops_midway(behind: Path) -> None:
    before = contents(behind)
    with (
        patch("copier._main._remove_old_files", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        update(behind)
    assert contents(behind) != before
    assert_taken_back(behind, before)
    update(behind)
    assert (behind / "src/loan_risk/mlops/new_2.py").exists()
    assert contents(behind).items() >= IGNORED.items()


@pytest.mark.full
@pytest.mark.parametrize("kills", [2, pytest.param(6, marks=pytest.mark.wide)])
def test_the_printed_command_undoes_a_killed_update(behind: Path, kills: int) -> None:
    before = contents(behind)
    rng = Random(0)  # noqa: S311
    brought = behind / "src/loan_risk/mlops/new_2.py"
    for kill in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-m", "copier", "update", "--defaults"],
            cwd=behind,
            start_new_session=True,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        if kill % 2:
            wait_for(brought, process)
        time.sleep(rng.uniform(0, 0.5 if kill % 2 else 3))
        os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        if kill % 2:
            assert printed_remedy() in said.decode()
        assert_taken_back(behind, before)
    update(behind)
    assert brought.exists()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the update has written a file."""
    while not path.exists():
        assert process.poll() is None, "the update ended without the file"
        time.sleep(0.01)


def test_a_file_of_the_teams_in_place_of_a_new_platform_file_conflicts(project: Path) -> None:
    """Both write the same path, so a person decides; nothing is lost, and git reports it."""
    (project / "Dockerfile").write_text("FROM ours\n", encoding="utf-8")
    commit(project)
    update(project, vcs_ref="v0.1.0", data={"ci": "github"})
    assert git(project, "diff", "--name-only", "--diff-filter=U").split() == ["Dockerfile"]
    assert "FROM ours\n" in (project / "Dockerfile").read_text(encoding="utf-8")
