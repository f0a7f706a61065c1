"""The engine of the workshop, and its first exercise."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from conftest import Rendered
from rendering import FENCE, ROOT, git, replace

from workshop import engine, join, script, start
from workshop.exercise import Exercise, Module
from workshop.missing import Missing
from workshop.modules import MODULES
from workshop.place import Place

EXERCISES = [exercise for module in MODULES for exercise in module.exercises]
FIRST = EXERCISES[0]
WRONG = sorted((FIRST.folder / "wrong").glob("*.txt"))


@pytest.fixture
def project(rendered: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as Copier leaves it, which has joined the workshop."""
    folder = shutil.copytree(rendered(), tmp_path / "loan-risk")
    join.join(folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    return folder


def say(*words: str, code: int = 0) -> str:
    """Run a command of the workshop and return what it prints."""
    with redirect_stdout(io.StringIO()) as printed:
        assert engine.main(words) == code
    return printed.getvalue()


def pretend(words: Sequence[str], folder: Path) -> int:
    """Leave what git, uv and nox leave, without the minute that uv needs."""
    if words[0] == "git":
        git(folder, *words[1:])
    if words[0] != "git":
        (folder / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    if words[0] == "uvx" or words[1] == "sync":
        programs = folder / ".venv" / ("Scripts" if os.name == "nt" else "bin")
        programs.mkdir(parents=True, exist_ok=True)
        (programs / "loan-risk").touch()
    if words[0] == "uvx":
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=chore: start from the template")
        for name in ("pre-commit", "commit-msg"):
            (folder / ".git/hooks").mkdir(exist_ok=True)
            (folder / ".git/hooks" / name).write_text("# pre-commit\n", encoding="utf-8")
    return 0


def test_the_first_exercise_goes_from_its_message_to_the_next_exercise(project: Path) -> None:
    assert FIRST.unsolved in say("check", code=1)
    for wrong in WRONG:
        script.run(wrong, project, pretend)
        assert script.expected(wrong) in " ".join(say("check", code=1).split()), wrong.name
        say("reset")
        assert not (project / "uv.lock").exists()
    script.run(FIRST.solution, project, pretend)
    answer = say("check")
    assert "Exercise 1.1 is solved." in answer
    assert "Exercise 1.2" in answer
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "ls-files", ".workshop", ".mlops/sessions") == ""
    unchanged = [sys.executable, "-I", "-S", ".mlops/platform_files.py"]
    assert subprocess.run(unchanged, check=False).returncode == 0


def test_the_overview_shows_where_the_participant_is(project: Path) -> None:
    shown = say()
    assert f"0 of {len(EXERCISES)} exercises are solved." in shown
    assert "[ ] 1.1 Set up the repository   <-- you are here" in shown
    page = (ROOT / "docs/workshop/index.md").read_text(encoding="utf-8")
    assert shown.strip().partition("Read its steps")[0] in page


def test_each_hint_is_shown_after_the_one_before(project: Path) -> None:
    for count in range(1, len(FIRST.hints) + 2):
        shown = " ".join(say("hint").split())
        assert [hint in shown for hint in FIRST.hints] == [
            number < count for number in range(len(FIRST.hints))
        ]
    assert "That was the last hint." in shown


def test_the_solution_is_shown_but_not_run(project: Path) -> None:
    assert "uvx nox -s setup" in say("solution")
    assert not (project / "uv.lock").exists()


def test_an_unknown_exercise_is_refused(project: Path) -> None:
    with pytest.raises(SystemExit, match=r"no exercise 9\.9; choose one of 1\.1, "):
        say("check", "9.9")


def test_joining_again_keeps_the_progress(project: Path) -> None:
    script.run(FIRST.solution, project, pretend)
    say("check")
    join.join(project)
    assert "1 of" in say()


def test_a_project_with_other_answers_cannot_join(project: Path) -> None:
    replace(project / ".copier-answers.yml", "problem: binary", "problem: regression")
    with pytest.raises(SystemExit, match="a project loan-risk with the default answers"):
        join.main()


def test_a_reset_restores_files_and_sets_aside_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/base.yml").write_text("time: 12\n", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    assert not start.restore_start(tmp_path)
    start.keep_start(tmp_path)
    (tmp_path / "conf/base.yml").write_text("time: 3\n", encoding="utf-8")
    (tmp_path / "new.txt").touch()
    assert start.restore_start(tmp_path)
    assert (tmp_path / "conf/base.yml").read_text(encoding="utf-8") == "time: 12\n"
    assert not (tmp_path / "new.txt").exists()
    assert (tmp_path / ".workshop/set-aside/new.txt").exists()
    assert (tmp_path / ".venv").exists()


def test_a_script_stops_at_the_first_command_that_fails(tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    file.write_text("mkdir made\nfalse # a comment\ntouch made/late\n", encoding="utf-8")
    with pytest.raises(script.Failed, match="`false` ended with 1, not with 0"):
        script.run(file, tmp_path)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_script_says_how_a_command_must_end(tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    file.write_text("gate # exits with 3\n", encoding="utf-8")
    script.run(file, tmp_path, lambda *_: 3)
    with pytest.raises(script.Failed, match="ended with 0, not with 3"):
        script.run(file, tmp_path, lambda *_: 0)


def test_a_change_is_noticed_by_its_time_or_size(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    before = engine.fingerprint(tmp_path)
    (tmp_path / "src/model.py").touch()
    assert engine.fingerprint(tmp_path) != before


def test_a_module_that_cannot_be_imported_is_what_is_missing(project: Path) -> None:
    (project / "src/loan_risk/features.py").write_text("import nothing_at_all\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"features\.py cannot be imported: ModuleNotFound"):
        Place(project).module("features")
    for name in [name for name in sys.modules if name.startswith("loan_risk")]:
        del sys.modules[name]
    sys.path.remove(str(project / "src"))


def test_an_answer_sheet_that_cannot_be_read_is_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".workshop/answers").mkdir(parents=True)
    (tmp_path / ".workshop/answers/1.3.toml").write_text("commit = 1a2b\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"1\.3\.toml cannot be read"):
        Place(tmp_path).answers("1.3")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_each_exercise_has_help_and_three_tempting_wrong_answers(exercise: Exercise) -> None:
    assert exercise.solution.is_file()
    assert len(exercise.hints) >= 2
    wrong = sorted((exercise.folder / "wrong").glob("*.txt"))
    assert len(wrong) >= 3
    assert len({script.expected(file) for file in wrong}) == len(wrong)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.number))
def test_the_page_of_a_module_has_the_commands_of_its_solutions_and_no_other(
    module: Module,
) -> None:
    page = (ROOT / "docs/workshop" / module.page).read_text(encoding="utf-8")
    shown = commands("\n".join(FENCE.findall(page)))
    typed = set()
    for exercise in module.exercises:
        assert f"## {exercise.number} {exercise.title}\n\n**Goal.** {exercise.goal}\n" in page
        typed |= commands(exercise.solution.read_text(encoding="utf-8"))
    assert shown - {"uvx nox -s workshop -- check"} == typed


def commands(text: str) -> set[str]:
    """Return the commands in a text, without options that only shorten what they print."""
    lines = {line.partition(" #")[0].replace(" --quiet", "").strip() for line in text.split("\n")}
    return {line for line in lines if re.match(r"(uv run loan-risk|uvx|git|rm) ", line)}
