"""The whole campaign: each command is stopped at each of its writes, runs twice, and meets damage.

Every case prints what it went through. The state before each write is copied while the command runs
once; a command that is killed there leaves just that.
"""

import json
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import behind, kills
from lifecycle.conftest import At
from lifecycle.project import (
    AS_OF,
    NOISE,
    Answer,
    Facts,
    Project,
    copy_project,
    move_addresses,
)
from lifecycle.served import batch

pytestmark = [pytest.mark.full, pytest.mark.wide]

Stage = Callable[[str], Project]
Record = Callable[[str, object], None]

OLD = ("--as-of", "2026-09-01", "--set", "monitoring.max_age=1")
SCORE = ("score", "--as-of", AS_OF)
ANCHORS = "build/anchors"
REBUILT = """import json
from pathlib import Path

print(Path("build/answer.json").read_text(encoding="utf-8"))
"""
SIDE = {"source": "extract", "changed": 0, "trouble": ""}
ANSWER = {
    "format": 1,
    "commit": "0" * 40,
    "dirty": False,
    "template": "v0.1.0",
    "lock_sha256": "0" * 64,
    "configuration": "0" * 64,
    "rows": {"train": SIDE, "gate": SIDE},
    "difference": 0.0,
    "differs": [],
}
# Each command, with the stage of the project in which it runs. `serve` gets a port and requests.
COMMANDS: dict[tuple[str, ...], str] = {
    ("train", "--changed", "--as-of", "2025-12-01"): "live",
    ("gate", "2"): "rivals",
    ("promote",): "gated",
    ("promote", "2"): "rivals",
    SCORE: "live",
    (*SCORE, "--set", "scoring.shadow=true"): "rivals",
    ("monitor", "--as-of", AS_OF): "scored",
    ("retrain", *OLD): "live",
    ("retrain", "--as-of", AS_OF): "opened",
    ("rollback",): "third",
    ("pause", "a test"): "live",
    ("resume",): "paused",
    ("erase", "--expired", "--as-of", "2026-10-01", "--yes"): "retaining",
    ("erase", "--keys", "build/persons.csv", "--yes"): "retaining",
    ("reproduce", "1"): "rebuilt",
    ("serve",): "live",
    ("doctor",): "scored",
    ("relocate",): "moved",
    ("status",): "born",
    ("compare", "2"): "rivals",
    ("status", "--anchor", ANCHORS): "live",
}
# commands that the journal does not record
NO_ENTRY = ("serve", "doctor", "relocate", "status", "journal", "compare")


@pytest.fixture(scope="module")
def stage(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Return a project at a stage of this module or of the shelf. Do not edit it."""
    known: dict[str, Project] = {}
    steps: dict[str, tuple[str, Callable[[Project], object]]] = {
        "rivals": ("live", challenge),
        "third": ("rivals", succeed),
        "paused": ("live", lambda it: it.run("pause", "a test")),
        "retaining": ("scored", retain),
        "rebuilt": ("live", let_rebuild),
        "moved": ("scored", leave_files),
    }

    def take(name: str) -> Project:
        if name not in steps:
            return shelf(name)
        if name not in known:
            before, prepare = steps[name]
            known[name] = copy_project(take(before), tmp_path_factory.mktemp(name) / "loan-risk")
            prepare(known[name])
        return known[name]

    return take


def challenge(project: Project) -> None:
    """Train and gate two more versions."""
    for _ in range(2):
        project.run("train", "--as-of", AS_OF)
        project.run("gate")


def succeed(project: Project) -> None:
    """Let versions 2 and 3 become champion, one after the other."""
    project.run("promote", "2")
    project.run("gate", "3")
    project.run("promote", "3")


def retain(project: Project) -> None:
    """Keep rows for a limited time, and list some people."""
    project.configure(retention={"extracts": 6, "predictions": 10})
    project.commit()
    parts = [max(project.path("extracts").rglob("*.parquet")), *project.folder.glob(PARTS)]
    persons = [pd.read_parquet(part)["application_id"].iloc[5] for part in parts]
    project.write("build/persons.csv", "\n".join(["application_id", *persons]))


PARTS = f"{kills.BATCHES}/part.parquet"


def let_rebuild(project: Project) -> None:
    """Let a rebuild end at once; tests of `reproduce` run a real one."""
    project.write(".mlops/rebuild.py", REBUILT)
    project.write("build/answer.json", json.dumps(ANSWER))


def leave_files(project: Project) -> None:
    """Have the files of the store in another folder, as if the project had been moved without."""
    former = project.folder.with_name("former")
    former.mkdir()
    project.path("mlartifacts").rename(former / "mlartifacts")
    move_addresses(project.path("mlflow.db"), str(project.folder), str(former))


@dataclass(frozen=True)
class Arena:
    """A project in which one command runs again and again, each time from a known state."""

    project: Project
    words: tuple[str, ...]
    states: Path
    requests: list[Facts]
    entries: int
    """Number of entries in the journal before the command."""

    def path(self, state: str) -> str:
        """Return the folder of a state: `before` the command, or at one of its writes."""
        return str(self.states / state)

    def save(self, state: str) -> None:
        """Keep the present state."""
        self.project.call(kills.save, self.path(state))

    def restore(self, state: str, *names: str) -> None:
        """Go back to a state; with names, only for these."""
        self.project.call(kills.restore, self.path(state), *names)

    def run(self) -> Answer:
        """Run the command and return its answer; its exit code may be any."""
        if self.words[0] != "serve":
            return self.project.run(*self.words, code=None)
        [code] = self.at_once(1)
        return Answer(code, self.project.path("said").read_text("utf-8"), "")

    def at_once(self, count: int) -> list[int]:
        """Run the command several times at the same time; return the exit codes."""
        every = [self.with_port() for _ in range(count)]
        codes: list[int] = self.project.call(kills.at_once, every, self.requests)
        return codes

    def with_port(self) -> list[str]:
        """Return the command, with a free port if it is `serve`."""
        if self.words[0] != "serve":
            return list(self.words)
        with socket.create_server(("127.0.0.1", 0)) as free:
            return [*self.words, "--port", str(free.getsockname()[1])]

    def left(self) -> Facts:
        """Return what decides from now on, and what `status` finds wrong."""
        return self.decisive(self.project.call(kills.left))

    def decisive(self, left: Facts) -> Facts:
        """Return what decides from now on, whatever was done twice to get there.

        `train`, `gate`, `score` and `monitor` do their work again when they are repeated after
        their entry, and `retrain` monitors the new champion. A version that was cut before its
        entry has a number that no entry names.
        """
        entries = left["entries"]
        known = sorted({on for what, _, on in entries if what == "train"}, key=int)
        ranks = {number: f"version {rank}" for rank, number in enumerate(known)}
        named = [(what, how, ranks.get(on, on)) for what, how, on in entries]
        whats = [what for what, _, _ in named]
        if "retrain" in whats[self.entries :]:
            end = whats.index("retrain", self.entries) + 1
            named = [*named[:end], *(each for each in named[end:] if each[0] != "monitor")]
        return {
            "entries": [*named[: self.entries], *dict.fromkeys(named[self.entries :])],
            "aliases": {alias: ranks.get(str(on)) for alias, on in left["aliases"].items()},
            "dates": sorted({each.partition("/")[0] for each in left["batches"]}),
            "rows": left["kept"],
            "answered": bool(left["answered"]),
            "problems": left["problems"],
        }


@pytest.fixture(params=COMMANDS, ids=" ".join)
def arena(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Arena:
    """An arena for each command."""
    words = request.param
    return prepare(stage(COMMANDS[words]), words, tmp_path)


def prepare(source: Project, words: tuple[str, ...], folder: Path) -> Arena:
    """Return the arena of a command, which has not run yet."""
    project = copy_project(source, folder / "loan-risk")
    requests = project.call(batch, 1)["rows"][:3] if words[0] == "serve" else []
    count = len(project.call(behind.entries)) if project.path("mlflow.db").exists() else 0
    arena = Arena(project, words, folder / "states", requests, count)
    arena.save("before")
    return arena


def test_a_command_stopped_at_any_write_is_completed_by_repeating_it(
    arena: Arena, record_property: Record
) -> None:
    options = (arena.path("at"), arena.with_port(), arena.requests)
    code = arena.project.call(kills.keep_states, *options)
    assert code == 0, arena.project.path("said").read_text("utf-8")
    expected = arena.left()
    assert expected["problems"] == []
    tried = arena.project.call(kills.try_states, *options)
    for run in tried:
        place = f"stopped at write {run['state']}: {run['said']}"
        assert run["code"] == 0 or "no challenger" in run["said"], place
        assert not NOISE.search(run["said"]), place
        assert arena.decisive(run) == expected, place
    assert len(tried) > 1
    places = len(list(Path(arena.path("at")).iterdir()))
    outcomes = Counter("completed" if not run["code"] else "found complete" for run in tried)
    outcomes["as the place before"] = places - len(tried)
    record_property(f"{' '.join(arena.words)}: stopped at {places} places", dict(outcomes))


def test_a_command_that_runs_twice_at_once_ends_as_if_it_had_run_once(
    arena: Arena, record_property: Record
) -> None:
    assert arena.run().code == 0
    expected = arena.left()
    arena.restore("before")
    codes = sorted(arena.at_once(2))
    assert codes in ([0, 0], [0, 1]), arena.project.path("said").read_text("utf-8")
    left = arena.left()
    if arena.words[0] == "train":  # both trained
        assert left["aliases"].keys() == expected["aliases"].keys()
        assert left["rows"] == expected["rows"]
        assert left["problems"] == []
    else:
        assert left == expected
    record_property(f"{' '.join(arena.words)}: exit codes of two at once", codes)


@pytest.mark.parametrize("part", ["the store", "the database"])
def test_an_older_store_next_to_newer_files_is_noticed_and_the_command_runs_again(
    arena: Arena, part: str, record_property: Record
) -> None:
    """As after a backup was restored, or after the power failed before the last commits."""
    assert arena.run().code == 0
    expected = arena.left()
    if arena.words[0] != "status":
        arena.project.run("status", "--anchor", ANCHORS)
    arena.restore("before", *["mlflow.db*", "mlartifacts"][: 2 if part == "the store" else 1])
    outcomes = []
    if arena.words[0] not in NO_ENTRY:
        noticed = arena.project.run("status", "--against", ANCHORS, code=1)
        assert "an older state of the store was restored" in noticed.said
        outcomes.append("noticed by the anchor")
    answer = arena.run()
    assert answer.code == 0, answer.said
    left = arena.left()
    problems = left["problems"]
    assert all("restore" in problem for problem in problems)
    assert problems or left == expected
    outcomes.append("a sentence says what to restore" if problems else "completed")
    record_property(f"{' '.join(arena.words)}: next to an older state of {part}", outcomes)


@pytest.mark.parametrize("how", ["half", "empty", "gone"])
def test_a_damaged_file_is_reported_in_one_sentence(
    stage: Stage, tmp_path: Path, how: str, record_property: Record
) -> None:
    """As after a failing disk, or a file that the system had not written when the power failed."""
    source = stage("third")
    arena = prepare(source, ("status",), tmp_path)
    arena.project.run(*SCORE)
    arena.save("scored")
    kinds: dict[tuple[str, str], str] = {}
    for path in arena.project.call(kills.files_of_store):
        kinds.setdefault((Path(path).name, path.split("/")[1]), path)
    commands = [
        ("status",),
        ("promote", "3"),
        SCORE,
        ("monitor", "--as-of", AS_OF),
        ("gate", "2"),
        ("rollback",),
    ]
    outcomes: Counter[str] = Counter()
    for path in kinds.values():
        for words in commands:
            arena.restore("scored")
            arena.project.call(kills.damage, path, how)
            answer = arena.project.run(*words, code=None)  # which refuses a traceback
            place = f"{words} with {path} {how}: {answer.said}"
            # 4 is the verdict of a gate that cannot compare with the champion.
            assert answer.code in (0, 1, 3, 4), place
            if words == ("status",):
                assert answer.code == 0 or "restore" in answer.said, place
            outcomes[f"exit code {answer.code}"] += 1
    record_property(f"{len(kinds)} files that were {how}, {len(commands)} commands", dict(outcomes))
