"""What the checks about updates say, in a small project and a small template."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rendering import ROOT, commit, copy_tree, git, replace

from workshop import newer, start
from workshop.missing import Missing
from workshop.modules import platform_team, updates
from workshop.modules.own_data import PYTEST_CACHE
from workshop.newer import ANSWERS, CLONE, EDITS, SETTINGS, SOURCE, TAG
from workshop.place import Place

READ = (
    "CHANGELOG.md",
    "copier.yml",
    "pyproject.toml",
    "tests/answers/v0.1.0.yml",
    *(name for name, *_ in EDITS),
)
PLATFORM = updates.PLATFORM
RULE = f"{SOURCE}/{SETTINGS}"  # the same file in the template


@dataclass(frozen=True)
class Project(Place):
    """A project whose journal has these entries, each with the template of its version."""

    entries: list[Any] = field(default_factory=list)

    def journal(self, env: str = "dev") -> Any:
        def of(command: str) -> list[Any]:
            return [entry for entry in self.entries if entry.command == command]

        def card(version: str) -> Any:
            [trained] = [entry for entry in of("train") if entry.subject == version]
            return SimpleNamespace(lineage=SimpleNamespace(template=trained.template))

        return SimpleNamespace(
            last=lambda command: of(command)[-1],
            verdicts=lambda version: [entry for entry in of("gate") if entry.subject == version],
            card=card,
            checks=lambda _: {"one column": SimpleNamespace(figure="0.25", limit="<= 0.8")},
        )


def trained(template: str) -> Any:
    return SimpleNamespace(command="train", subject="7", template=template)


JUDGED = SimpleNamespace(command="gate", subject="7", details=SimpleNamespace(verdict="passed"))


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of a template next to it, with a newer version in its clone. Do not edit it."""
    folder = tmp_path_factory.mktemp("delivered")
    for name in READ:
        (folder / "goldsmith" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / "goldsmith" / name)
    commit(folder / "goldsmith")
    place = Place(folder / "loan-risk")
    write(place, ANSWERS, "_commit: v0.1.0\n_src_path: goldsmith\nci: none\n")
    write(place, PLATFORM, (ROOT / RULE).read_text(encoding="utf-8"))
    write(place, "conf/base.yml", "time: 3\n")
    write(place, ".gitignore", "/build/\n")
    commit(place.folder)
    newer.deliver(place)
    return folder


@pytest.fixture
def project(delivered: Path, tmp_path: Path) -> Project:
    """A copy of that project, to edit freely."""
    copy_tree(delivered, tmp_path / "copy")
    return Project(tmp_path / "copy/loan-risk")


def write(place: Place, name: str, text: str) -> None:
    """Write a file of the project."""
    place.path(name).parent.mkdir(parents=True, exist_ok=True)
    place.path(name).write_text(text, encoding="utf-8")


def move(place: Place) -> None:
    """Name the clone as the address of the template."""
    replace(place.path(ANSWERS), "goldsmith", str(place.path(CLONE)))
    commit(place.folder)


def update(place: Place) -> None:
    """Leave what Copier leaves."""
    replace(place.path(ANSWERS), "v0.1.0", TAG)
    shutil.copy2(place.path(f"{CLONE}/{RULE}"), place.path(PLATFORM))


def what_is_missing(place: Place, check: Any = updates.check_update) -> str:
    with pytest.raises(Missing) as missing:
        list(check(place))
    return missing.value.what


def test_the_newer_template_is_released_in_a_clone(project: Project) -> None:
    clone = project.path(CLONE)
    assert git(clone, "cat-file", "-t", TAG) == "tag\n"
    assert "### What to do\n\nGate your next version." in git(
        clone, "for-each-ref", "--format=%(contents)", f"refs/tags/{TAG}"
    )
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "remote") == "", "nothing can be pushed by mistake"
    assert git(project.folder.parent / "goldsmith", "tag") == "", "the template stays as it is"


def test_a_template_that_is_gone_stops_the_workshop_with_a_remedy(project: Project) -> None:
    shutil.rmtree(project.folder.parent / "goldsmith")
    with pytest.raises(SystemExit, match=r"cannot be cloned from goldsmith, which is _src_path in"):
        newer.deliver(project)


def test_an_update_that_was_judged_is_right(project: Project) -> None:
    project.entries.extend([trained(TAG), JUDGED])
    move(project)
    update(project)
    commit(project.folder)
    said = list(updates.check_update(project))
    assert said[-1] == "The new gate has judged it: passed (one column: 0.25, limit <= 0.8)."


def test_what_an_update_still_lacks_is_explained_step_by_step(project: Project) -> None:
    said = what_is_missing(project)
    assert (
        said
        == f"The project is at v0.1.0, and looks for newer versions in {newer.address(project)}."
    )
    move(project)
    assert what_is_missing(project) == f"The project is at v0.1.0; {TAG} is released."
    update(project)
    assert what_is_missing(project) == f"{ANSWERS} is not committed."
    commit(project.folder)
    project.entries.append(trained("v0.1.0"))
    assert what_is_missing(project) == "Version 7 was trained with v0.1.0 of the template."
    project.entries[:] = [trained(TAG)]
    assert what_is_missing(project) == "The gate has not judged version 7."


def test_one_copied_file_is_no_update(project: Project) -> None:
    shutil.copy2(project.path(f"{CLONE}/{RULE}"), project.path(PLATFORM))
    said = what_is_missing(project)
    assert said == f"{SETTINGS} is that of {TAG}, and the project is still at v0.1.0."


def test_a_typed_version_is_no_update(project: Project) -> None:
    replace(project.path(ANSWERS), "v0.1.0", TAG)
    said = what_is_missing(project)
    assert said == f"{ANSWERS} says {TAG}, and the platform's files are older."


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("name", ["conf/base.yml", "tests/model/test_rows.py"])
def test_a_file_of_the_users_that_changed_with_the_version_is_named(
    project: Project, name: str, *, committed: bool
) -> None:
    move(project)
    update(project)
    write(project, name, "# from the template\n")
    if committed:
        commit(project.folder)
    assert what_is_missing(project) == f"{name} has changed together with the template's version."


def test_a_change_of_the_users_after_the_update_is_right(project: Project) -> None:
    project.entries.extend([trained(TAG), JUDGED])
    move(project)
    update(project)
    commit(project.folder)
    write(project, "conf/base.yml", "time: 6\n")
    commit(project.folder)
    assert len(list(updates.check_update(project))) == 5


def test_a_conflict_is_named(project: Project) -> None:
    text = "<<<<<<< before updating\na\n=======\nb\n>>>>>>> after updating\n"
    write(project, PLATFORM, text)
    for check in (updates.check_update, updates.check_delivery):
        assert what_is_missing(project, check) == f"{PLATFORM} is left with a conflict."


def test_a_clone_that_is_gone_is_what_is_missing(project: Project) -> None:
    start.remove(project.path(CLONE))
    assert what_is_missing(project) == f"The template is not in {CLONE}."


def grow(place: Place, vendor: str = "azure-devops") -> None:
    """Add the pipelines of a vendor."""
    replace(place.path(ANSWERS), "ci: none", f"ci: {vendor}")
    write(place, updates.PIPELINES[vendor], "jobs: []\n")


def build(place: Place, *, commit: str = "", dirty: bool = False) -> None:
    """Leave the record of a release."""
    commit = commit or git(place.folder, "rev-parse", "HEAD").strip()
    record = {"version": "0.1.0+20260101", "commit": commit, "dirty": dirty}
    write(place, updates.RECORD, json.dumps(record))


@pytest.mark.parametrize("vendor", updates.PIPELINES)
def test_pipelines_of_each_vendor_are_right(project: Project, vendor: str) -> None:
    grow(project, vendor)
    commit(project.folder)
    build(project)
    assert len(list(updates.check_delivery(project))) == 3


def test_what_delivery_still_lacks_is_explained_step_by_step(project: Project) -> None:
    def missing() -> str:
        return what_is_missing(project, updates.check_delivery)

    assert missing() == f"No pipeline checks a change: {ANSWERS} says `ci: none`."
    write(project, "azure-pipelines.yml", "jobs: []\n")
    assert missing() == f"azure-pipelines.yml is there, and {ANSWERS} says `ci: none`."
    project.path("azure-pipelines.yml").unlink()
    replace(project.path(ANSWERS), "ci: none", "ci: gitlab")
    assert missing() == f"{ANSWERS} says `ci: gitlab`, and .gitlab-ci.yml is not there."
    write(project, ".gitlab-ci.yml", "jobs: []\n")
    assert missing() == f"{ANSWERS} is not committed."
    commit(project.folder)
    assert missing() == "No release is built."
    build(project, dirty=True)
    assert "was built with changes that are in no commit." in missing()
    build(project, commit="1a2b3c4")
    assert "is not of your last commit." in missing()


def test_a_setting_that_changed_with_the_answer_is_named(project: Project) -> None:
    grow(project)
    write(project, "conf/base.yml", "time: 6\n")
    commit(project.folder)
    said = what_is_missing(project, updates.check_delivery)
    assert said == "conf/base.yml has changed together with the answer."


FIELD = "max_age: Periods = Field(default="


@pytest.fixture
def clone(project: Project) -> Place:
    """The clone in which a platform team works."""
    return Place(project.path(CLONE))


def write_test(clone: Place, *, ran: bool = False, failed: bool = False) -> None:
    """Write a test, and what pytest leaves after a run."""
    write(clone, "tests/test_bank.py", "assert Monitoring().max_age == 6\n")
    write(clone, ".git/info/exclude", ".pytest_cache\n")
    if ran:
        write(clone, f"{PYTEST_CACHE}/nodeids", '["tests/test_bank.py::test_a_model_is_old"]')
        write(clone, f"{PYTEST_CACHE}/lastfailed", '{"tests/test_bank.py::test_a": true}' * failed)


def test_what_a_change_of_the_template_still_lacks_is_explained(
    project: Project, clone: Place
) -> None:
    def missing() -> str:
        return what_is_missing(project, platform_team.check_change)

    assert missing() == f"Nothing has changed since {TAG}."
    replace(clone.path(RULE), f"{FIELD}12", f"{FIELD}9")
    assert missing() == "A model still counts as old after 9 months."
    replace(clone.path(RULE), f"{FIELD}9", f"{FIELD}6")
    assert missing() == "No test says so."
    write_test(clone)
    assert missing() == "The test has not run since your last change."
    write_test(clone, ran=True, failed=True)
    assert missing() == "The test fails."
    write_test(clone, ran=True)
    assert missing().endswith(" is not committed.")
    commit(clone.folder)
    assert len(list(platform_team.check_change(project))) == 3


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("template/conf/base.yml.jinja", True),
        ("template/README.md.jinja", True),
        ("template/src/{{ package }}/schema.py", True),
        ("template/tests/model/test_model.py.jinja", True),
        (RULE, False),
        ("template/.gitignore", False),
        ("template/tests/mlops/test_model.py.jinja", False),
        ("copier.yml", False),
    ],
)
def test_a_file_of_the_users_is_known_by_the_list(clone: Place, name: str, *, users: bool) -> None:
    assert platform_team.is_users(clone, name) == users


def test_a_change_of_a_users_file_is_explained(project: Project, clone: Place) -> None:
    replace(clone.path("template/conf/base.yml.jinja"), "scoring:", "monitoring: {}\nscoring:")
    said = what_is_missing(project, platform_team.check_change)
    assert said == "template/conf/base.yml.jinja is a file of the user's."


def test_a_change_in_one_project_is_explained(project: Project) -> None:
    replace(project.path(PLATFORM), f"{FIELD}12", f"{FIELD}6")
    said = what_is_missing(project, platform_team.check_change)
    assert said == "You have changed the platform in this project only."


def write_notes(clone: Place, notes: str) -> None:
    """Write the notes of the next version."""
    heading = "## [Unreleased]\n"
    replace(clone.path("CHANGELOG.md"), heading, f"{heading}\n## [2027.2.0] - 2027-06-07\n{notes}")


def tag(clone: Place, message: str = "v2027.2.0\n\n### What to do\n\nNothing.") -> None:
    """Tag the next version, as the program of a release does."""
    commit(clone.folder)
    options = ("tag", "--force", "--annotate", "--cleanup=verbatim", f"--message={message}")
    git(clone.folder, *options, platform_team.NEXT)


def test_what_a_release_still_lacks_is_explained(project: Project, clone: Place) -> None:
    def missing() -> str:
        return what_is_missing(project, platform_team.check_release)

    assert missing() == "CHANGELOG.md says nothing about 2027.2.0."
    write_notes(clone, "\n- Older.\n")
    assert missing() == "The notes of 2027.2.0 do not say what to do."
    replace(clone.path("CHANGELOG.md"), "- Older.\n", "- Older.\n\n### What to do\n\nNothing.\n")
    assert missing() == "v2027.2.0 is not tagged."
    tag(clone, "v2027.2.0")
    assert missing() == "v2027.2.0 was tagged by hand."
    tag(clone)
    assert missing() == "v2027.2.0 does not contain your change."
    replace(clone.path(RULE), f"{FIELD}12", f"{FIELD}6")
    tag(clone)
    assert len(list(platform_team.check_release(project))) == 3


def test_a_moved_tag_is_explained(project: Project, clone: Place) -> None:
    replace(clone.path(RULE), f"{FIELD}12", f"{FIELD}6")
    commit(clone.folder)
    git(clone.folder, "tag", "--force", TAG)
    assert what_is_missing(project, platform_team.check_release) == f"{TAG} was moved."


def test_a_file_that_is_taken_from_the_user_is_explained(project: Project, clone: Place) -> None:
    lines = clone.text("copier.yml").splitlines(keepends=True)
    kept = "".join(line for line in lines if "/conf{% endif %}" not in line)
    write(clone, "copier.yml", kept)
    said = what_is_missing(project, platform_team.check_release)
    assert said == "copier.yml no longer lists conf as the user's."


@pytest.fixture
def fleet(project: Project, clone: Place) -> dict[str, Place]:
    """The repositories of two teams, behind the newest release."""
    move(project)
    update(project)
    commit(project.folder)
    replace(clone.path(RULE), f"{FIELD}12", f"{FIELD}6")
    tag(clone)
    platform_team.found_fleet(project)
    folder = project.path(platform_team.FLEET)
    return {team: Place(folder / team) for team in platform_team.TEAMS}


def update_again(clone: Place, repository: Place) -> None:
    """Leave what Copier leaves in a team's repository."""
    replace(repository.path(ANSWERS), TAG, platform_team.NEXT)
    shutil.copy2(clone.path(RULE), repository.path(PLATFORM))


def test_what_a_fleet_still_lacks_is_explained(
    project: Project, clone: Place, fleet: dict[str, Place]
) -> None:
    def missing() -> str:
        return what_is_missing(project, platform_team.check_fleet)

    mortgages = fleet["mortgages"]
    assert missing() == f"mortgages is at {TAG}."
    update_again(clone, mortgages)
    replace(mortgages.path(PLATFORM), f"{FIELD}6", f"{FIELD}24")
    assert missing() == f"mortgages has its own {PLATFORM}."
    write(mortgages, PLATFORM, "<<<<<<< before updating\n")
    assert missing() == f"{PLATFORM} of mortgages is left with a conflict."
    shutil.copy2(clone.path(RULE), mortgages.path(PLATFORM))
    assert missing() == f"{ANSWERS} of mortgages is not committed."
    commit(mortgages.folder)
    assert missing() == "The team mortgages has lost its 24 months."
    write(mortgages, "conf/base.yml", "monitoring:\n  max_age: 24\n")
    commit(mortgages.folder)
    assert missing() == f"cards is at {TAG}."
    update_again(clone, fleet["cards"])
    commit(fleet["cards"].folder)
    assert len(list(platform_team.check_fleet(project))) == 3


def test_a_repository_that_is_gone_is_what_is_missing(
    project: Project, fleet: dict[str, Place]
) -> None:
    start.remove(fleet["mortgages"].folder)
    said = what_is_missing(project, platform_team.check_fleet)
    assert said == "The repository of mortgages is not in build/fleet."


@pytest.mark.parametrize("check", ["check_change", "check_release", "check_fleet"])
def test_each_check_of_a_platform_team_needs_the_clone(project: Project, check: str) -> None:
    start.remove(project.path(CLONE))
    said = what_is_missing(project, getattr(platform_team, check))
    assert said == f"The template is not in {CLONE}."
