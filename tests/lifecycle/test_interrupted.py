"""Commands that stop anywhere, or run at once, end in the state of an uninterrupted run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle import behind, kills
from lifecycle.conftest import At
from lifecycle.kills import KILLED, MODEL
from lifecycle.project import AS_OF, Facts, Project, copy_project

pytestmark = pytest.mark.full

Fresh = Callable[[Project], Project]

MOST = 400  # writes of one command


@pytest.fixture(scope="module")
def rivals(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose version 1 is the champion, and whose versions 2 and 3 passed the gate."""
    project = copy_project(shelf("compared"), tmp_path_factory.mktemp("rivals") / "loan-risk")
    project.run("train", "--as-of", AS_OF)
    project.run("gate")
    return project


@pytest.fixture(scope="module")
def third(rivals: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with three versions that became champion one after the other."""
    project = copy_project(rivals, tmp_path_factory.mktemp("third") / "loan-risk")
    project.run("promote", "2")
    project.run("gate", "3")
    project.run("promote", "3")
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Return copies of a project, each in a folder of its own."""
    count = iter(range(10_000))
    return lambda project: copy_project(project, tmp_path / f"{next(count)}/loan-risk")


def stop_everywhere(project: Project, fresh: Fresh, *words: str) -> int:
    """Stop a command before each of its calls that write, and repeat it; return their number.

    Expect the state of an uninterrupted run after each.
    """
    whole = fresh(project)
    whole.run(*words)
    expected = whole.call(kills.remains)
    for number in range(1, MOST):
        stopped = fresh(project)
        code = stopped.call(kills.stop_at, number, list(words))
        if code != KILLED:
            assert code == 0
            return number - 1
        answer = stopped.run(*words, code=None)
        assert answer.code == 0, f"stopped at write {number}: {answer.said}"
        assert stopped.call(kills.remains) == expected, f"stopped at write {number}"
    pytest.fail(f"{words} has more than {MOST} writes")


def moves(left: Facts) -> list[str]:
    """Return the promotions and rollbacks in a journal: `promote 1`."""
    return [f"{what} {on}" for what, _, on in left["entries"] if what in ("promote", "rollback")]


# Stopped


def test_a_pause_stopped_before_any_of_its_calls_is_completed_by_repeating_it(
    rivals: Project, fresh: Fresh
) -> None:
    """As test_every_write.py does with every command."""
    assert stop_everywhere(rivals, fresh, "pause", "a test") >= 4  # run, file, head, end


@pytest.mark.parametrize("call", range(5, 8))
def test_any_command_finishes_a_promotion_that_stopped_after_its_entry(
    rivals: Project, fresh: Fresh, call: int
) -> None:
    project = fresh(rivals)
    assert project.call(kills.stop_at, call, ["promote", "2"]) == KILLED
    assert project.run("status").facts["champion"] == 2
    left = project.call(kills.remains)
    assert left["aliases"] == {"champion": 2, "challenger": 3}
    assert moves(left) == ["promote 1", "promote 2"]


def test_a_first_promotion_that_stops_before_its_entry_promotes_nothing(
    gated: Project, fresh: Fresh
) -> None:
    for call in range(1, 5):
        project = fresh(gated)
        assert project.call(kills.stop_at, call, ["promote"]) == KILLED
        assert project.call(behind.aliases, MODEL) == {"challenger": 1}


def test_a_rollback_that_stopped_is_repeated_and_not_added_to(third: Project, fresh: Fresh) -> None:
    """Neither by itself nor after another command has finished it."""
    for between in ((), ("status",)):
        project = fresh(third)
        assert project.call(kills.stop_at, 5, ["rollback"]) == KILLED
        if between:
            project.run(*between)
        assert project.run("rollback").facts["version"] == 2
        assert project.run("rollback", "3").facts["version"] == 2
        left = project.call(kills.remains)
        assert left["aliases"]["champion"] == 2
        assert moves(left)[3:] == ["rollback 3"]


# At once


def test_of_two_promotions_at_once_one_is_refused(rivals: Project, fresh: Fresh) -> None:
    project = fresh(rivals)
    assert sorted(project.call(kills.at_once, [["promote", "2"], ["promote", "3"]])) == [0, 1]
    left = project.call(kills.remains)
    champion = left["aliases"]["champion"]
    assert moves(left) == ["promote 1", f"promote {champion}"]
    loser = project.run("promote", str(5 - champion), code=1)
    assert f"judged against version 1, but the champion is {champion}" in loser.said


def test_two_rollbacks_at_once_go_back_once(third: Project, fresh: Fresh) -> None:
    project = fresh(third)
    assert project.call(kills.at_once, [["rollback"], ["rollback"]]) == [0, 0]
    left = project.call(kills.remains)
    assert left["aliases"]["champion"] == 2
    assert moves(left)[3:] == ["rollback 3"]


def test_scoring_during_a_promotion_accuses_nobody(rivals: Project, fresh: Fresh) -> None:
    project = fresh(rivals)
    score = ["score", "--as-of", AS_OF]
    codes = project.call(kills.at_once, [["promote", "2"], score, ["status"], ["status"]])
    assert (codes[0], *codes[2:]) == (0, 0, 0)
    assert "by hand" not in project.path("said").read_text(encoding="utf-8")
    if codes[1]:  # it was published by version 1, which is no longer the champion
        project.run(*score)
    assert len(project.call(kills.remains)["batches"]) == 1


# Locks and damage


def test_reading_needs_no_lock_and_writing_names_who_holds_it(
    rivals: Project, fresh: Fresh
) -> None:
    project = fresh(rivals)
    read = project.call(kills.hold_lock, ["status"], 20, 2)
    assert read["code"] == 0, read["said"]
    for words in (["pause", "a test"], ["rollback"]):
        refused = project.call(kills.hold_lock, words, 20, 0.5)
        if words == ["rollback"]:
            assert "no earlier champion" in refused["said"]
            continue
        assert refused["code"] == 1
        assert f"mlflow.db is locked by another process, {refused['holder']} on" in refused["said"]
        assert "(loan-risk hung, since 2" in refused["said"]


def test_an_emptied_store_next_to_predictions_is_not_a_new_one(live: Project) -> None:
    live.run("score", "--as-of", AS_OF)
    for lost in ("the head", "the model", "the database"):
        if lost == "the head":
            live.call(behind.tag_model, MODEL, behind.HEAD, f"0:{'0' * 64}")
        elif lost == "the model":
            live.call(behind.delete_model, MODEL)
        else:
            live.path("mlflow.db").unlink()
        answer = live.run("train", "--as-of", AS_OF, code=1)
        if lost == "the model":
            assert "the registry has no model dev.loan-risk, but the experiment" in answer.said
        else:
            assert "the store has no journal of dev.loan-risk" in answer.said
        assert "restore the store from its backup" in answer.said
    live.path("predictions/dev").rename(live.path("predictions/old"))
    live.run("status")


def test_a_head_without_a_number_is_reported(live: Project) -> None:
    live.call(behind.tag_model, MODEL, behind.HEAD, "none")
    for words in (("status",), ("pause", "a test"), ("promote", "1")):
        assert "is not a number and a hash" in live.run(*words, code=1).said


def test_a_damaged_database_is_reported(live: Project) -> None:
    file = live.path("mlflow.db")
    content = bytearray(file.read_bytes())
    for start in range(3 * 4096, len(content), 2 * 4096):
        content[start : start + 512] = b"\xff" * 512
    file.write_bytes(content)
    for words in (("status",), ("promote", "1"), ("pause", "a test")):
        answer = live.run(*words, code=1)
        assert "database is damaged" in answer.said
        assert "restore the store from its backup" in answer.said
