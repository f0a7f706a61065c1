"""What a release owes each earlier one. Each rule is a function that yields what breaks it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import yaml

from . import team
from .ownership import owners, users_list
from .questionnaire import Answers, Questionnaire
from .readiness import ANSWERS
from .update import Outcome, changed, failure, update
from .versions import HERE, Refused, git, render

RANK = ("the platform's", "shared", "yours")  # ownership moves to the right only


@dataclass(frozen=True)
class Kept:
    """An earlier release and the new one, both tagged in a clone of the template."""

    template: Path
    old: str
    new: str
    folder: Path

    @cached_property
    def answers(self) -> list[Answers]:
        """The answers that the old release keeps for its successors, a project each."""
        try:
            text = git(self.template, "show", f"{self.old}:{(ANSWERS / self.old).as_posix()}.yml")
        except Refused:
            return [{}]
        return [answers for answers in yaml.safe_load_all(text) if answers] or [{}]

    @cached_property
    def projects(self) -> list[Path]:
        """Projects of the old release in which a team has worked."""
        yours = users_list(self.template, self.old)
        born = [self.render(self.old, n, answers) for n, answers in enumerate(self.answers)]
        for project in born:
            team.work(project, yours)
        return born

    @cached_property
    def outcomes(self) -> dict[Path, Outcome]:
        """What the update to the new release leaves in each project."""
        return {project: update(project, self.new) for project in self.projects}

    def questionnaire(self, version: str) -> Questionnaire:
        """Return the questions of one of the two."""
        return Questionnaire(self.template, version, self.folder / f"questions-{version}")

    def render(self, version: str, number: int, answers: Answers) -> Path:
        """Render a project of one of the two."""
        name = str(answers.get("project_name", "loan-risk"))
        return render(self.template, version, self.folder / f"{version}-{number}" / name, answers)


def every_answer_is_taken_as_it_is(kept: Kept) -> Iterator[str]:
    before, after = kept.questionnaire(kept.old), kept.questionnaire(kept.new)
    told: set[str] = set()
    for answers in [*kept.answers, *before.choices()]:
        try:
            stored = before.store(answers)
        except Refused:
            continue  # the old release did not take these together
        for problem in refusals(after, stored):
            if problem not in told:
                yield problem
            told.add(problem)


def refusals(after: Questionnaire, stored: Answers) -> Iterator[str]:
    """Yield what the new questions do to stored answers; a renamed one may go, if it is read."""
    try:
        now = after.store(stored)
    except Refused as refusal:
        yield f"{after.version} refuses what was taken before: {refusal}"
        return
    for name in changed(stored, now):
        if name in now or name not in after.text:
            yield f"{after.version} makes {now.get(name)!r} of {name}={stored[name]!r}"


def ownership_moves_towards_the_user_only(kept: Kept) -> Iterator[str]:
    was = owners(kept.render(kept.old, 99, {}), users_list(kept.template, kept.old))
    project = kept.render(kept.new, 99, {})
    yours = users_list(kept.template, kept.new)
    now = owners(project, yours)
    for path, owner in was.items():
        heir = "yours" if yours.match_file(path) else now.get(path, "")
        if owner == "yours" and not heir:
            yield f"{path} is the user's, and the update would delete it: keep it in copier.yml"
        elif heir in RANK and RANK.index(heir) < RANK.index(owner):
            yield f"{path} was {owner} and becomes {heir}: leave it as it was"
    for path in sorted(now.keys() - was.keys()):
        if now[path] != "yours" and not lies_in_a_folder_of(path, was):
            yield f"{path} is new and not in a folder of the platform's: put it into one"


def lies_in_a_folder_of(path: str, owner: dict[str, str]) -> bool:
    """Tell whether a path lies in a folder that holds nothing but the platform's files."""
    for folder in PurePosixPath(path).parents[:-1]:
        inside = {owner[name] for name in owner if folder in PurePosixPath(name).parents}
        if inside == {"the platform's"}:
            return True
    return False


def a_project_with_work_in_it_updates_without_conflict(kept: Kept) -> Iterator[str]:
    yours = users_list(kept.template, kept.new)
    for project in kept.projects:
        mine = {file: file.read_bytes() for file in team.files(project, yours)}
        outcome = kept.outcomes[project]
        for path in outcome.conflicts:
            yield f"{path} is left with a conflict in a project of {project.name}"
        for name in outcome.answers:
            yield f"the answer {name} is another"
        if {file: file.read_bytes() for file in team.files(project, yours)} != mine:
            yield "files of the user's are others"
        for path in team.lost(project):
            yield f"{path} has lost the user's line"


def no_file_of_the_user_is_newly_needed(kept: Kept) -> Iterator[str]:
    project = next(iter(kept.outcomes))
    if said := failure([sys.executable, "-m", "uv", "lock", "--quiet"], project):
        yield f"uv lock fails in the updated project: {said}"
        return
    team.commit(project, "updated")
    for tool in (["mypy"], ["pytest", "-q", "tests/mlops"]):
        done = subprocess.run(
            [sys.executable, "-m", *tool],
            cwd=project,
            env=project_environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            last = "\n".join(done.stdout.strip().splitlines()[-12:])
            yield f"{' '.join(tool)} fails in a project of {kept.old} after the update:\n{last}"


def project_environment() -> dict[str, str]:
    """Return the variables as a project's own session has them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLOPS_")}
    cache = {"MYPY_CACHE_DIR": str(HERE / "build/mypy")}  # that of `./nox -s types`
    return cache | kept | {"PYTHONPATH": "src"}


STAGES = (  # a later one is not begun when an earlier one is refused
    (every_answer_is_taken_as_it_is, ownership_moves_towards_the_user_only),
    (a_project_with_work_in_it_updates_without_conflict,),
    (no_file_of_the_user_is_newly_needed,),
)
