"""The whole campaign: each command is stopped at each of its writes, and each file is damaged."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle import kills
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Facts, Project, copy_project

pytestmark = [pytest.mark.full, pytest.mark.wide]

Fresh = Callable[[Project], Project]

OLD = ("--as-of", "2026-09-01", "--set", "monitoring.max_age=1")
SCORE = ("score", "--as-of", AS_OF)
MOST = 2000
# Each command, with the stage of the project in which it is stopped.
COMMANDS: dict[tuple[str, ...], str] = {
    ("train", "--changed", "--as-of", AS_OF): "live",
    ("gate", "2"): "rivals",
    ("promote",): "gated",
    ("promote", "2"): "rivals",
    SCORE: "live",
    ("monitor", "--as-of", AS_OF): "scored",
    ("rollback",): "third",
    ("pause", "a test"): "live",
    ("resume",): "paused",
    ("retrain", *OLD): "live",
    ("retrain", "--as-of", AS_OF): "opened",
}
AT_ONCE = [words for words in COMMANDS if words[0] not in ("promote", "retrain")]


@pytest.fixture(scope="module")
def stage(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Return a project at a stage of this module or of the shelf. Do not edit it."""
    known: dict[str, Project] = {}
    steps: dict[str, tuple[str, list[tuple[str, ...]]]] = {
        "rivals": ("live", [("train", "--as-of", AS_OF), ("gate",)] * 2),
        "third": ("rivals", [("promote", "2"), ("gate", "3"), ("promote", "3")]),
        "paused": ("live", [("pause", "a test")]),
    }

    def take(name: str) -> Project:
        if name not in steps:
            return shelf(name)
        if name not in known:
            before, commands = steps[name]
            known[name] = copy_project(take(before), tmp_path_factory.mktemp(name) / "loan-risk")
            for words in commands:
                known[name].run(*words)
        return known[name]

    return take


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Return copies of a project; each replaces the one before."""
    count = iter(range(10_000))

    def copy(project: Project) -> Project:
        number = next(count)
        shutil.rmtree(tmp_path / f"{number - 2}", ignore_errors=True)
        return copy_project(project, tmp_path / f"{number}/loan-risk")

    return copy


def decisive(left: Facts) -> Facts:
    """Return what decides from now on, whatever was done twice to get there.

    `train`, `gate`, `score` and `monitor` do their work again when they are repeated after their
    entry. A version that was cut before its entry has a number that no entry names.
    """
    entries: list[list[str]] = []
    for entry in left["entries"]:
        if entries[-1:] != [entry]:
            entries.append(entry)
    known = sorted({on for what, _, on in entries if what == "train"}, key=int)
    ranks = {number: f"version {rank}" for rank, number in enumerate(known)}
    return {
        "entries": [[what, how, ranks.get(on, on)] for what, how, on in entries],
        "aliases": {alias: ranks.get(str(on)) for alias, on in left["aliases"].items()},
        "dates": sorted({batch.partition("/")[0] for batch in left["batches"]}),
    }


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_stopped_at_any_write_is_completed_by_repeating_it(
    stage: Callable[[str], Project],
    fresh: Fresh,
    words: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:
    project = stage(COMMANDS[words])
    whole = fresh(project)
    whole.run(*words)
    expected = decisive(whole.call(kills.remains))
    number = 1
    while True:
        stopped = fresh(project)
        code = stopped.call(kills.stop_at, number, "all", list(words))
        if code != kills.KILLED:
            assert code == 0
            break
        answer = stopped.run(*words, code=None)
        assert answer.code == 0 or "no challenger" in answer.said, f"write {number}: {answer.said}"
        assert decisive(stopped.call(kills.remains)) == expected, f"stopped at write {number}"
        assert stopped.run("status").facts["problems"] == []
        number += 1
        assert number < MOST
    record_property(f"{' '.join(words)}: stopped at each of its writes", number - 1)


@pytest.mark.parametrize("words", AT_ONCE, ids=" ".join)
def test_a_command_that_runs_twice_at_once_leaves_a_sound_journal(
    stage: Callable[[str], Project], fresh: Fresh, words: tuple[str, ...]
) -> None:
    project = fresh(stage(COMMANDS[words]))
    codes = project.call(kills.at_once, [list(words), list(words)])
    assert 0 in codes
    assert set(codes) <= {0, 1}
    whole = fresh(stage(COMMANDS[words]))
    whole.run(*words)
    left = decisive(project.call(kills.remains))
    expected = decisive(whole.call(kills.remains))
    assert left["aliases"].keys() == expected["aliases"].keys()
    assert left["dates"] == expected["dates"]
    assert project.run("status").facts["problems"] == []


@pytest.mark.parametrize("how", ["half", "empty", "gone"])
def test_a_damaged_file_is_reported_in_one_sentence(
    stage: Callable[[str], Project],
    fresh: Fresh,
    how: str,
    record_property: Callable[[str, object], None],
) -> None:
    project = stage("rivals")
    kinds: dict[tuple[str, str], str] = {}
    for path in project.call(kills.files_of_store):
        kinds.setdefault((Path(path).name, path.split("/")[1]), path)
    commands = [("status",), ("promote", "2"), SCORE, ("monitor", "--as-of", AS_OF), ("gate", "2")]
    for path in kinds.values():
        for words in commands:
            damaged = fresh(project)
            damaged.call(kills.damage, path, how)
            answer = damaged.run(*words, code=None)  # which refuses a traceback
            assert answer.code in (0, 1, 3), f"{words} with {path} {how}: {answer.said}"
    record_property(f"files that were {how}", len(kinds))


@pytest.mark.parametrize("words", [("rollback",), ("promote", "2"), SCORE], ids=" ".join)
def test_a_lost_last_write_is_noticed_or_made_again(
    stage: Callable[[str], Project], fresh: Fresh, words: tuple[str, ...]
) -> None:
    """The power failed: the database is as it was before its last commit, or a file is empty."""
    project = stage(COMMANDS[words])
    whole = fresh(project)
    whole.run(*words)
    expected = decisive(whole.call(kills.remains))
    number = 1
    while fresh(project).call(kills.stop_at, number, "commits", list(words)) == kills.KILLED:
        number += 1
    before = fresh(project)
    before.call(kills.stop_at, number - 1, "commits", list(words))
    before.run(*words)
    assert decisive(before.call(kills.remains)) == expected
    old = project.call(kills.files_of_store)
    for path in sorted(set(whole.call(kills.files_of_store)).difference(old)):
        lost = fresh(whole)
        lost.call(kills.damage, path, "empty")
        answer = lost.run("status", code=None)
        assert answer.code in (0, 1), answer.said
        assert answer.code == 0 or "restore" in answer.said
