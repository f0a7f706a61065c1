"""What the checks about updates say, in a small project and a small template."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rendering import ROOT, commit, git, replace

from workshop import newer, start
from workshop.missing import Missing
from workshop.modules import updates
from workshop.newer import ANSWERS, CLONE, EDITS, SETTINGS, SOURCE, TAG
from workshop.place import Place

READ = ("CHANGELOG.md", "pyproject.toml", "tests/answers/v0.1.0.yml", *(name for name, *_ in EDITS))
PLATFORM = updates.PLATFORM


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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of a template next to it, with a newer version in its clone."""
    template = tmp_path / "goldsmith"
    for name in READ:
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, template / name)
    commit(template)
    place = Project(tmp_path / "loan-risk")
    write(place, ANSWERS, "_commit: v0.1.0\n_src_path: goldsmith\nci: none\n")
    write(place, PLATFORM, (ROOT / f"{SOURCE}/{SETTINGS}").read_text(encoding="utf-8"))
    write(place, "conf/base.yml", "time: 3\n")
    write(place, ".gitignore", "/build/\n")
    commit(place.folder)
    newer.deliver(place)
    return place


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
    shutil.copy2(place.path(f"{CLONE}/{SOURCE}/{SETTINGS}"), place.path(PLATFORM))


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
    shutil.copy2(project.path(f"{CLONE}/{SOURCE}/{SETTINGS}"), project.path(PLATFORM))
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
