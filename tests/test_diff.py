"""The diff session shows what a project gets when it is updated to another version."""

import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from programs import run_here
from rendering import append, commit, render

from tools import diff as program

SOURCE = "template/src/{{ package }}"


@pytest.fixture(scope="module")
def newer_template(small_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template at v0.2.0, in which files of every owner have changed."""
    folder = shutil.copytree(small_template, tmp_path_factory.mktemp("diff") / "template")
    for name in ("template/noxfile.py", "template/.gitignore", "template/README.md.jinja"):
        append(folder / name, f"\n# newer {Path(name).name}\n")
    (folder / SOURCE / "mlops/new.py").write_text('"""New."""\n', encoding="utf-8")
    (folder / SOURCE / "mlops/base/console.py").unlink()
    (folder / SOURCE / "idea.py").write_text('"""An idea."""\n', encoding="utf-8")
    append(folder / "examples/regression/model.py", "\n# newer regression\n")
    commit(folder, "v0.2.0")
    return folder


def diff(template: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program of the session as in a copy of the template."""
    with patch("tools.diff.TEMPLATE", template):
        return run_here(program.main, template, *arguments)


def test_the_session_starts_the_program(newer_template: Path) -> None:
    command = [sys.executable, "-m", "tools.diff", "v0.1.0", "v7.0.0"]
    done = subprocess.run(command, cwd=newer_template, check=False, capture_output=True, text=True)
    assert (done.returncode, "v7.0.0 is not a version of" in done.stderr) == (1, True)


def test_a_project_gets_the_platforms_and_shared_files(newer_template: Path) -> None:
    done = diff(newer_template, "v0.1.0", "v0.2.0")
    assert done.returncode == 0, done.stderr
    updated, _, new_only = done.stdout.partition("New projects only")
    for line in ("+# newer noxfile.py", "+# newer .gitignore", '+"""New."""', "-_commit: v0.1.0"):
        assert line in updated.splitlines(), line
    assert "deleted file mode" in updated
    assert "src/loan_risk/mlops/base/console.py" in updated
    assert ".mlops/files" not in updated
    assert "README.md" not in updated
    assert "idea.py" not in updated
    assert "src/loan_risk/idea.py" in new_only
    assert "README.md" in new_only
    assert "+# newer README.md.jinja" not in done.stdout
    patch, _, stat = updated.partition("A project of v0.1.0 gets from v0.2.0:\n")
    assert patch.startswith("diff --git")
    assert "5 files changed" in stat


def test_answers_are_taken_from_the_command_line(newer_template: Path) -> None:
    done = diff(newer_template, "v0.1.0", "HEAD", "--data", "problem=regression")
    assert done.returncode == 0, done.stderr
    assert "src/loan_risk/model.py" in done.stdout.partition("New projects only")[2]


def test_answers_are_taken_from_a_project(newer_template: Path, tmp_path: Path) -> None:
    project = render(newer_template, tmp_path / "churn", problem="regression")
    done = diff(newer_template, "v0.1.0", "v0.2.0", "--project", str(project))
    assert done.returncode == 0, done.stderr
    assert "src/churn/mlops/new.py" in done.stdout
    assert "src/churn/model.py" in done.stdout.partition("New projects only")[2]


def test_an_answer_stays_when_the_default_changes(newer_template: Path, tmp_path: Path) -> None:
    template = shutil.copytree(newer_template, tmp_path / "template")
    questions = (template / "copier.yml").read_text(encoding="utf-8")
    assert "default: medium" in questions
    higher = questions.replace("default: medium", "default: high")
    (template / "copier.yml").write_text(higher, encoding="utf-8")
    done = diff(template, "v0.2.0", "HEAD")  # HEAD includes uncommitted changes
    assert done.returncode == 0, done.stderr
    assert "risk_tier: high" not in done.stdout


def test_two_equal_versions_have_no_difference(newer_template: Path) -> None:
    done = diff(newer_template, "v0.2.0", "v0.2.0")
    assert done.stdout == "v0.2.0 -> v0.2.0: no difference.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["v0.1.0", "v7.0.0"],
            "v7.0.0 is not a version of the template; choose one of v0.1.0, v0.2.0, HEAD",
        ),
        (["v0.1.0", "v0.2.0", "--data", "problem"], "--data problem: write KEY=VALUE"),
        (["v0.1.0", "v0.2.0", "--data", "problem=x"], "v0.1.0 does not render with these answers"),
        (["v0.1.0", "v0.2.0", "--project", "docs"], "docs has no .copier-answers.yml"),
    ],
    ids=["version", "answer", "choice", "project"],
)
def test_a_bad_argument_is_refused_with_a_sentence(
    newer_template: Path, arguments: list[str], sentence: str
) -> None:
    done = diff(newer_template, *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
