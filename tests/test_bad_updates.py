"""Updates that cannot be made: the user reads why, and nothing is lost.

Copier prints its own messages before it reads copier.yml, so the template cannot improve them. The
last line names the cause, and each remedy is tried here as docs/how-to describes it.
"""

import os
import shutil
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import chdir, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from copier._cli import CopierApp
from rendering import append, commit, contents, git, render, replace

ANSWERS = ".copier-answers.yml"
AS_USER = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")  # root may write everywhere


@dataclass(frozen=True)
class Place:
    """The template at its second release, and a committed project of the first."""

    template: Path
    project: Path

    def answers(self, old: str, new: str) -> None:
        """Replace a text of the stored answers, and commit."""
        replace(self.project / ANSWERS, old, new)
        commit(self.project)

    def update(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Update as a user does."""
        command = [*before, sys.executable, "-m", "copier", "update", "--defaults", *words]
        env = os.environ | {"PYTHONWARNINGS": "default"}
        return subprocess.run(
            command, cwd=self.project, env=env, check=False, capture_output=True, text=True
        )

    def update_here(self, *words: str) -> tuple[int, str]:
        """Do the same without a new process, from Copier's caches; return its code and stderr."""
        with chdir(self.project), redirect_stderr(StringIO()) as stderr, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                _, code = CopierApp.run(["copier", "update", "--defaults", *words], exit=False)
            except Exception:  # noqa: BLE001 - as the interpreter does
                traceback.print_exc()
                code = 1
        return code, stderr.getvalue()


@pytest.fixture(scope="module")
def shelf(small_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A template and a project, to copy."""
    folder = tmp_path_factory.mktemp("bad")
    copy = shutil.copytree(small_template, folder / "template")
    project = render(copy, folder / "loan-risk")
    commit(project)
    for name in ("template/noxfile.py", "template/README.md.jinja"):
        append(copy / name, "\n# v0.2.0\n")
    commit(copy, "v0.2.0")
    return Place(copy, project)


@pytest.fixture
def place(shelf: Place, tmp_path: Path) -> Place:
    """A copy of both, to edit freely."""
    return copy_of(shelf, tmp_path)


def copy_of(shelf: Place, folder: Path) -> Place:
    """Copy the template and the project into a folder."""
    template = shutil.copytree(shelf.template, folder / "template")
    place = Place(template, shutil.copytree(shelf.project, folder / "loan-risk"))
    place.answers(str(shelf.template), str(template))
    return place


def assert_updated(place: Place) -> None:
    code, stderr = place.update_here()
    assert code == 0, stderr
    assert_new(place)


def assert_new(place: Place) -> None:
    assert git(place.project, "ls-files", "--unmerged") == ""
    assert "_commit: v0.2.0" in (place.project / ANSWERS).read_text(encoding="utf-8")
    assert (place.project / "noxfile.py").read_text(encoding="utf-8").endswith("# v0.2.0\n")
    assert "v0.2.0" not in (place.project / "README.md").read_text(encoding="utf-8")


def restore_answers(place: Place) -> None:
    git(place.project, "restore", "--source=HEAD~1", "--staged", "--worktree", ANSWERS)
    commit(place.project)


@dataclass(frozen=True)
class Case:
    """What goes wrong, Copier's last line, and the remedy."""

    goes_wrong: Callable[[Place], object]
    words: str
    remedy: Callable[[Place], object] = restore_answers


def move_template(place: Place) -> None:
    place.template.rename(place.template.with_name("moved"))


def name_new_place(place: Place) -> None:
    place.answers(str(place.template), str(place.template.with_name("moved")))


def delete_tags(place: Place) -> None:
    git(place.template, "tag", "--delete", "v0.1.0", "v0.2.0")


def bring_tags(place: Place) -> None:
    git(place.template, "tag", "v0.2.0", "HEAD")
    git(place.template, "tag", "v0.1.0", "HEAD~1")


def delete_answers(place: Place) -> None:
    (place.project / ANSWERS).unlink()
    commit(place.project)


def garble_answers(place: Place) -> None:
    (place.project / ANSWERS).write_text("}{", encoding="utf-8")
    commit(place.project)


def make_template_shallow(place: Place) -> None:
    shallow = place.template.with_name("shallow")
    clone = ["git", "clone", "--quiet", "--depth=1", place.template.as_uri(), str(shallow)]
    subprocess.run(clone, check=True)
    place.answers(str(place.template), str(shallow))


def make_template_whole(place: Place) -> None:
    git(place.template.with_name("shallow"), "fetch", "--quiet", "--unshallow", "--tags")


def edit(old: str, new: str) -> Callable[[Place], None]:
    """Return a mistake in the stored answers."""
    return lambda place: place.answers(old, new)


CASES = {
    "the template is gone": Case(move_template, "Local template must be a dir", name_new_place),
    "the template is unreachable": Case(
        lambda place: place.answers(str(place.template), "https://localhost:1/goldsmith.git"),
        "fatal: unable to access 'https://localhost:1/goldsmith.git/'",
    ),
    "no tags": Case(delete_tags, "Unknown revision: 'v0.1.0'", bring_tags),
    "no answers file": Case(delete_answers, "Template not found"),
    "no address": Case(edit("_src_path: ", "src_path: "), "Template not found"),
    "no version": Case(edit("_commit: ", "commit: "), "cannot obtain old template references"),
    "no YAML": Case(garble_answers, "expected the node content, but found '}'"),
    "a choice that does not exist": Case(
        edit("risk_tier: medium", "risk_tier: extreme"),
        "Invalid choice for 'risk_tier': 'extreme' is not in ['low', 'medium', 'high']",
    ),
    "a wrong type": Case(
        edit("team: ", "team: [a, b] # "), "Could not convert ['a', 'b'] to string"
    ),
    "a value that the validator refuses": Case(
        edit("team: ", "team: nobody # "), "question 'team': Write a name"
    ),
    "another name": Case(
        edit("project_name: loan-risk", "project_name: json"),
        "question 'project_name': Python or a package in use has this name",
    ),
    "a shallow template": Case(
        make_template_shallow, "Unknown revision: 'v0.1.0'", make_template_whole
    ),
}

# Each remedy once; most of the mistakes have the same one, the answers of the commit before.
EACH_REMEDY = ("the template is gone", "no tags", "no answers file", "a shallow template")


@pytest.mark.parametrize("name", CASES)
def test_an_update_that_cannot_be_made_writes_nothing(place: Place, name: str) -> None:
    case = CASES[name]
    case.goes_wrong(place)
    before = contents(place.project)
    head = git(place.project, "rev-parse", "HEAD")
    code, stderr = place.update_here()
    assert code == 1
    assert case.words in "\n".join(stderr.splitlines()[-4:])
    assert contents(place.project) == before
    assert git(place.project, "rev-parse", "HEAD") == head
    assert git(place.project, "status", "--porcelain") == ""


@pytest.mark.full
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in EACH_REMEDY else pytest.mark.wide) for name in CASES],
)
def test_the_remedy_makes_the_update_work(place: Place, name: str) -> None:
    case = CASES[name]
    case.goes_wrong(place)
    case.remedy(place)
    assert_updated(place)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("project_name=credit-risk", "The name cannot change: keep loan-risk, or create"),
        ("problem=regression", "The problem cannot change: keep binary, or create"),
        ("package=other", "The package is named after the project; leave it out of --data."),
        ("risk_tier=extreme", "Invalid choice for 'risk_tier'"),
    ],
)
def test_an_answer_that_may_not_change_is_refused(place: Place, answer: str, sentence: str) -> None:
    before = contents(place.project)
    code, stderr = place.update_here("--data", answer)
    assert code == 1
    assert sentence in stderr.splitlines()[-1]
    assert contents(place.project) == before


def test_an_unfinished_update_is_not_updated_again(place: Place) -> None:
    noxfile = place.project / "noxfile.py"
    noxfile.write_text(f"{noxfile.read_text(encoding='utf-8')}\n# ours\n", encoding="utf-8")
    commit(place.project)
    assert place.update_here()[0] == 0  # Copier exits with 0 despite conflicts
    assert git(place.project, "diff", "--name-only", "--diff-filter=U") == "noxfile.py\n"
    before = contents(place.project)
    code, stderr = place.update_here()
    assert code == 1
    assert "Please commit or stash your local changes and retry." in stderr
    assert contents(place.project) == before


def test_committed_conflict_markers_are_found_and_lose_nothing(place: Place) -> None:
    """Copier does not stop, but the pre-commit hook names the file."""
    markers = "<<<<<<< before updating\nOURS = 1\n=======\nTHEIRS = 1\n>>>>>>> after updating\n"
    mine = place.project / "src/loan_risk/features.py"
    mine.write_text(f"{mine.read_text(encoding='utf-8')}{markers}", encoding="utf-8")
    commit(place.project)
    before = mine.read_bytes()
    assert place.update_here()[0] == 0
    assert mine.read_bytes() == before
    hook = [sys.executable, "-m", "pre_commit_hooks.check_merge_conflict", "--assume-in-merge"]
    found = subprocess.run(
        [*hook, str(mine)], cwd=place.project, check=False, capture_output=True, text=True
    )
    assert found.returncode == 1
    assert "features.py" in found.stdout


def detached(place: Place, _: Path) -> Place:
    git(place.project, "checkout", "--quiet", "--detach")
    return place


def shallow(place: Place, folder: Path) -> Place:
    commit(place.project)
    clone = ["git", "clone", "--quiet", "--depth=1", place.project.as_uri(), str(folder / "one")]
    subprocess.run(clone, check=True)
    return Place(place.template, folder / "one")


def submodule(place: Place, folder: Path) -> Place:
    (folder / "above").mkdir()
    commit(folder / "above")
    allowed = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(folder / "above", *allowed, str(place.project), "models/one")
    return Place(place.template, folder / "above/models/one")


def another_name(place: Place, folder: Path) -> Place:
    (folder / "für Müller & 保険 [1]").mkdir()
    return copy_of(place, folder / "für Müller & 保険 [1]")


@pytest.mark.full
@pytest.mark.parametrize("kind", [detached, shallow, submodule, another_name])
def test_a_project_in_an_unusual_place_updates_like_any_other(
    place: Place, tmp_path: Path, kind: Callable[[Place, Path], Place]
) -> None:
    assert_updated(kind(place, tmp_path))


def test_a_read_only_file_stops_the_update_and_one_command_undoes_it(place: Place) -> None:
    before = contents(place.project)
    (place.project / "noxfile.py").chmod(0o444)
    done = place.update(before=AS_USER if os.getuid() == 0 else ())
    assert done.returncode == 1
    assert "Permission denied" in done.stderr.splitlines()[-1]
    assert "noxfile.py" in done.stderr.splitlines()[-1]
    git(place.project, "reset", "--quiet", "--hard")
    git(place.project, "clean", "--force", "--quiet", "-d")
    assert contents(place.project) == before
    (place.project / "noxfile.py").chmod(0o644)
    code, stderr = place.update_here()
    assert code == 0, stderr
    assert_new(place)
