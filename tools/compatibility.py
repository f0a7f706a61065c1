"""What a release owes to the projects of earlier releases.

Each rule is a function: its name says what must hold, and it yields what breaks it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import yaml

from . import team
from .ownership import owners, user_patterns
from .questionnaire import Answers, Questionnaire
from .readiness import SAMPLE_ANSWERS
from .update import Outcome, changed, run_unattended, update
from .versions import TEMPLATE, Refused, git, render

OWNERS = ("the platform's", "shared", "yours")  # ownership may only move to the right


@dataclass(frozen=True)
class Upgrade:
    """The step from an earlier release to the new one, both tagged in a clone of the template."""

    template: Path
    old: str
    new: str
    folder: Path
    """Where projects are rendered."""

    @cached_property
    def sample_answers(self) -> list[Answers]:
        """The answers that the old release keeps for this purpose, one set per project."""
        file = (SAMPLE_ANSWERS / f"{self.old}.yml").as_posix()
        try:
            text = git(self.template, "show", f"{self.old}:{file}")
        except Refused:
            return [{}]
        return [answers for answers in yaml.safe_load_all(text) if answers] or [{}]

    @cached_property
    def projects(self) -> list[Path]:
        """Projects of the old release, edited by a team."""
        yours = user_patterns(self.template, self.old)
        projects = [
            self.render(self.old, number, answers)
            for number, answers in enumerate(self.sample_answers)
        ]
        for project in projects:
            team.edit_as_team(project, yours)
        return projects

    @cached_property
    def outcomes(self) -> dict[Path, Outcome]:
        """What updating each project to the new release leaves to do by hand."""
        return {project: update(project, self.new) for project in self.projects}

    def questionnaire(self, version: str) -> Questionnaire:
        """Return the questions of one of the two versions."""
        return Questionnaire(self.template, version, self.folder / f"questions-{version}")

    def render(self, version: str, number: int, answers: Answers) -> Path:
        """Render a project of one of the two versions."""
        name = str(answers.get("project_name", "loan-risk"))
        return render(self.template, version, self.folder / f"{version}-{number}" / name, answers)

    def render_default(self, version: str) -> Path:
        """Render the project that takes every default."""
        return render(self.template, version, self.folder / f"{version}-default/loan-risk", {})


def every_answer_is_still_accepted(upgrade: Upgrade) -> Iterator[str]:
    before = upgrade.questionnaire(upgrade.old)
    after = upgrade.questionnaire(upgrade.new)
    reported: set[str] = set()
    for answers in [*upgrade.sample_answers, *before.choice_pairs()]:
        try:
            stored = before.store(answers)
        except Refused:
            continue  # the old release did not accept this combination either
        for problem in rejected_answers(after, stored):
            if problem not in reported:
                yield problem
            reported.add(problem)


def rejected_answers(after: Questionnaire, stored: Answers) -> Iterator[str]:
    """Yield the stored answers that the new questions refuse or change.

    A renamed question may disappear, provided that the default of the new one reads it.
    """
    try:
        now = after.store(stored)
    except Refused as refusal:
        yield f"{after.version} refuses an answer that was accepted before: {refusal}"
        return
    for name in changed(stored, now):
        if name in now or name not in after.text:
            yield f"{after.version} changes {name}={stored[name]!r} to {now.get(name)!r}"


def ownership_moves_only_towards_the_user(upgrade: Upgrade) -> Iterator[str]:
    old_project = upgrade.render_default(upgrade.old)
    old_owners = owners(old_project, user_patterns(upgrade.template, upgrade.old))
    yours = user_patterns(upgrade.template, upgrade.new)
    new_owners = owners(upgrade.render_default(upgrade.new), yours)
    for path, owner in old_owners.items():
        new_owner = "yours" if yours.match_file(path) else new_owners.get(path, "")
        if owner == "yours" and not new_owner:
            yield f"{path} is the user's, and the update would delete it: keep it in copier.yml"
        elif new_owner in OWNERS and OWNERS.index(new_owner) < OWNERS.index(owner):
            yield f"{path} was {owner} and becomes {new_owner}: leave it as it was"
    for path in sorted(new_owners.keys() - old_owners.keys()):
        if new_owners[path] != "yours" and not in_platform_folder(path, old_owners):
            yield f"{path} is new and not in a folder of the platform's: move it into one"


def in_platform_folder(path: str, owner: dict[str, str]) -> bool:
    """Return whether a folder above the path contains nothing but platform files."""
    for folder in PurePosixPath(path).parents[:-1]:
        owners_inside = {owner[name] for name in owner if folder in PurePosixPath(name).parents}
        if owners_inside == {"the platform's"}:
            return True
    return False


def an_edited_project_updates_without_conflict(upgrade: Upgrade) -> Iterator[str]:
    yours = user_patterns(upgrade.template, upgrade.new)
    for project in upgrade.projects:
        before = {file: file.read_bytes() for file in team.team_files(project, yours)}
        outcome = upgrade.outcomes[project]
        after = {file: file.read_bytes() for file in team.team_files(project, yours)}
        for path in outcome.conflicts:
            yield f"{path} is left with a conflict in a project of {project.name}"
        for name in outcome.answers:
            yield f"the answer {name} changes"
        if after != before:
            yield "the update changes files of the user's"
        for path in team.files_without_team_line(project):
            yield f"{path} has lost the user's line"


def the_platform_needs_no_new_file_of_the_user(upgrade: Upgrade) -> Iterator[str]:
    project = next(iter(upgrade.outcomes))
    error = run_unattended([sys.executable, "-m", "uv", "lock", "--quiet"], project)
    if error:
        yield f"uv lock fails in the updated project: {error}"
        return
    team.commit(project, "update the template")
    for tool in (["mypy"], ["pytest", "-q", "tests/mlops"]):
        run = subprocess.run(
            [sys.executable, "-m", *tool],
            cwd=project,
            env=project_environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if run.returncode != 0:
            tail = "\n".join(run.stdout.strip().splitlines()[-12:])
            yield f"{' '.join(tool)} fails in a project of {upgrade.old} after the update:\n{tail}"


def project_environment() -> dict[str, str]:
    """Return the environment variables of a session in a project."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLOPS_")}
    shared = TEMPLATE / "build/mypy-projects"  # with `./nox -s types`
    cache = {"MYPY_CACHE_DIR": str(shared)}
    return cache | inherited | {"PYTHONPATH": "src"}


STAGES = (  # a stage starts only when the one before has passed
    (every_answer_is_still_accepted, ownership_moves_only_towards_the_user),
    (an_edited_project_updates_without_conflict,),
    (the_platform_needs_no_new_file_of_the_user,),
)
