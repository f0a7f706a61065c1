"""Today's commands on the stores of landed versions: each works, or says in a sentence what to do.

A project is born at a landed version, lives for a while and is then updated to today's template.
Its store has champions, batches and a journal that other versions of the platform wrote.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Rendered
from lifecycle import kept_stores
from lifecycle.project import Answer, Facts, Project, Warm

FIRST = "29a5253"  # it kept neither profiles nor the settings of tables
RETRAINED = ("ff14497", "64a68b1", "7b7d5b2", "8e372f4", "679ec3f", "c1308a1")
IN_CI = (FIRST, "c1308a1")  # the oldest and the newest; fast tests read the records of all

NO_PROFILE = (
    "version 1 cannot be monitored: it was trained with an older template, which kept no profile"
)
NO_ROWS = "version 1 cannot be rebuilt: it was trained with an older template, which did not keep"
# These projects limit the Brier score to 0.125, which leaves no room for chance.
BY_LUCK = "cannot be judged by: brier (0.1172: chance may explain it"
NO_PREDECESSOR = "dev.loan-risk has no earlier champion to go back to"


@dataclass(frozen=True)
class Expected:
    """How a command ends on a store: its exit code, and a part of its message."""

    code: int
    message: str


def works(message: str) -> Expected:
    """Return that a command succeeds."""
    return Expected(0, message)


def waits(message: str) -> Expected:
    """Return that a person must approve."""
    return Expected(4, message)


def rejects(message: str) -> Expected:
    """Return that the gate rejects the version, or has rejected it."""
    return Expected(3, message)


def refuses(message: str) -> Expected:
    """Return that a command changes nothing and says what to do."""
    return Expected(1, message)


Table = dict[str, Expected]  # how each command ends, in the order in which they run

# The life of each store ended in September 2027 (binary) or June 2026 (the others).
QUICK: dict[str, Table] = {
    FIRST: {
        "status": works("champion is 1; last batch 2027-09-01"),
        "compare 1 2": works("differ in settings and rows; on the same 1,773 rows, 4.2% of the"),
        "doctor": works("read what is noted at score and monitor"),
        "score --as-of 2027-10-01": works("600 predictions"),
        "monitor --as-of 2027-10-01": refuses(NO_PROFILE),
        "rollback --reason brokers": works("version 2 of dev.loan-risk was withdrawn already"),
        "rollback 1 --reason brokers": refuses(NO_PREDECESSOR),
    },
    **{
        version: {
            "status": works("champion is 3; last batch 2027-09-01"),
            "compare 1 2": works("versions 1 and 2 differ in "),
            "doctor": works("everything that a command needs is here"),
            "score --as-of 2027-10-01": works("600 predictions"),
            "monitor --as-of 2027-10-01": works("version 3: healthy"),
            "rollback --reason brokers": works("version 3 is withdrawn, version 1 is the champion"),
        }
        for version in RETRAINED
    },
}
SLOW: dict[str, Table] = {
    FIRST: {
        "gate 2": works("version 2 passed the gate"),
        "promote 2": works("version 2 is the champion"),
        "rollback --reason brokers": works("version 2 is withdrawn, version 1 is the champion"),
        "retrain --as-of 2027-10-01": refuses(NO_PROFILE),
        "reproduce 1": refuses(NO_ROWS),
        "train --as-of 2027-10-01": works(
            "version 3 of dev.loan-risk is the challenger"
        ),  # as asked
        "gate": waits(f"version 3 {BY_LUCK}"),
        "promote --approved-by anna": works("version 3 is the champion"),
        "doctor": works("everything that a command needs is here"),
        "monitor --as-of 2027-10-01": works("version 3: "),
    },
    **{
        version: {
            "gate 2": rejects("version 2 is rejected by: keys seen in training ("),
            "promote 2": rejects("version 2 was rejected by the gate"),
            "rollback --reason brokers": works("version 3 is withdrawn, version 1 is the champion"),
            "retrain --as-of 2027-10-01": waits(f"version 4 {BY_LUCK}"),
            "reproduce 1": works("version 1 of dev.loan-risk: exact"),
        }
        for version in RETRAINED
    },
}
OTHER_PROBLEMS: dict[str, Table] = {
    FIRST: {
        "status": works("champion is 1; last batch 2026-03-01"),
        "doctor": works("read what is noted at score and monitor"),
        "score --as-of 2026-07-01": works("predictions"),
        "monitor --as-of 2026-07-01": refuses(NO_PROFILE),
        "gate 1": works("version 1 passed the gate"),
        "rollback --reason brokers": refuses(NO_PREDECESSOR),
        "retrain --as-of 2027-08-01": refuses(NO_PROFILE),
        "reproduce 1": refuses(NO_ROWS),
    },
    "c1308a1": {
        "status": works("champion is 1; last batch 2026-03-01"),
        "doctor": works("everything that a command needs is here"),
        "score --as-of 2026-07-01": works("predictions"),
        "monitor --as-of 2026-07-01": works("version 1: "),
        "gate 1": works("version 1 passed the gate"),
        "rollback --reason brokers": refuses(NO_PREDECESSOR),
        "retrain --as-of 2027-08-01": works("version 2 is the champion"),
        "reproduce 1": works("version 1 of dev.loan-risk: exact"),
    },
}

Open = Callable[[str], Project]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The kept stores, unpacked, by their names."""
    return kept_stores.unpack(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def updated(
    kept: dict[str, Path], rendered: Rendered, lock: bytes, warm: Warm, tmp_path: Path
) -> Open:
    """Return a project with a kept store, brought to today's template: `updated(STORE)`."""

    def open_kept(store: str) -> Project:
        today = rendered(**kept_stores.answers_of(kept[store]))
        return Project(kept_stores.update(kept[store], today, lock, tmp_path / "loan-risk"), warm)

    return open_kept


def run(project: Project, command: str) -> Answer:
    """Run a command; a rebuild installs nothing, since the tests have the packages."""
    variables = {}
    if command.startswith("reproduce"):
        variables["UV"] = str(kept_stores.write_uv(project.folder.with_name("uv")))
    return project.run(*command.split(), code=None, variables=variables)


def problems(project: Project, table: Table) -> Iterator[str]:
    """Run the commands of a table, one after the other; yield each that ends otherwise."""
    before = state(project)
    for command, expected in table.items():
        try:
            answer = run(project, command)
            message = answer.facts["message"]
            after = state(project)
        except AssertionError as error:  # noise, such as a traceback
            yield f"{command}: {error}"
            continue
        if answer.code != expected.code or expected.message not in message:
            yield f"{command} ended with {answer.code}: {message}"
        if after["problems"]:
            yield f"{command} left behind: {after['problems']}"
        if expected.code == 1:
            if not re.fullmatch(r"[^\n]+[;:] [^\n]+\.", message):
                yield f"{command} refused without a remedy: {message}"
            if after != before:
                yield f"{command} refused, but changed {before} to {after}"
        before = after


def state(project: Project) -> Facts:
    """Return what `status` knows: aliases, journal and last batch."""
    facts = project.run("status", code=None).facts
    return {name: facts[name] for name in ("champion", "challenger", "entries", "problems")}


@pytest.mark.full
@pytest.mark.parametrize(
    "version",
    [pytest.param(v, marks=() if v in IN_CI else pytest.mark.wide) for v in QUICK],
)
def test_a_store_of_each_landed_version_is_read(updated: Open, version: str) -> None:
    assert "\n".join(problems(updated(f"{version}/binary"), QUICK[version])) == ""


@pytest.mark.full
@pytest.mark.parametrize(
    "version",
    [pytest.param(v, marks=() if v in IN_CI else pytest.mark.wide) for v in SLOW],
)
def test_a_store_of_each_landed_version_is_gated_retrained_and_reproduced(
    updated: Open, version: str
) -> None:
    assert "\n".join(problems(updated(f"{version}/binary"), SLOW[version])) == ""


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.parametrize("version", OTHER_PROBLEMS)
def test_a_store_of_another_problem_is_used(updated: Open, version: str, problem: str) -> None:
    assert "\n".join(problems(updated(f"{version}/{problem}"), OTHER_PROBLEMS[version])) == ""


@pytest.mark.full
def test_every_kept_store_is_in_a_table(kept: dict[str, Path]) -> None:
    binary = {f"{version}/binary" for version in QUICK.keys() & SLOW.keys()}
    others = {
        f"{version}/{problem}"
        for version in OTHER_PROBLEMS
        for problem in ("multiclass", "regression")
    }
    assert set(kept) == binary | others
