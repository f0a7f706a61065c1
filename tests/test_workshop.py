"""The engine of the workshop, and its first exercise."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Rendered
from rendering import FENCE, ROOT, contents, git, replace
from wrong_answers import expected, wrong_answers

from workshop import engine, join, place, script, session, start
from workshop.exercise import Exercise, Module
from workshop.missing import Missing
from workshop.modules import MODULES, environments, repository
from workshop.place import Place
from workshop.progress import Progress

EXERCISES = [exercise for module in MODULES for exercise in module.exercises]
FIRST = EXERCISES[0]


@pytest.fixture
def project(rendered: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as Copier leaves it, which has joined the workshop."""
    folder = shutil.copytree(rendered(), tmp_path / "loan-risk")
    join.join(folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    return folder


@pytest.fixture
def imports(project: Path) -> Iterator[Place]:
    """The project, whose modules are forgotten afterwards."""
    yield Place(project)
    for name in [name for name in sys.modules if name.startswith("loan_risk")]:
        del sys.modules[name]
    sys.path.remove(str(project / "src"))


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
    say()
    for wrong in wrong_answers(FIRST):
        script.run(wrong, project, pretend)
        assert expected(wrong) in " ".join(say("check", code=1).split()), wrong.name
        assert "as it was when exercise 1.1 began" in say("reset")
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


@pytest.mark.parametrize("words", [("check", "4.3"), ("solution", "4.3", "--apply")])
def test_an_exercise_waits_for_those_before_it(project: Path, words: tuple[str, ...]) -> None:
    assert say(*words, code=1) == "Solve exercise 1.1 first.\n"


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


@pytest.mark.parametrize("failing", [2, 5], ids=["set-aside", "restored"])
def test_a_reset_that_fails_leaves_the_project_as_it_is(
    failing: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = Place(tmp_path)
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("before", encoding="utf-8")
    start.keep_start(tmp_path)
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("the participant's work", encoding="utf-8")
    work = contents(tmp_path)
    rename = Path.rename
    moves: list[Path] = []

    def locked(self: Path, target: Path) -> Path:
        moves.append(self)
        if len(moves) == failing:
            raise PermissionError(13, "in use by another program", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    assert engine.reset(project, Progress.read(project)) == 1
    assert "Close the program that uses it, and reset again." in capsys.readouterr().out
    own = {name: text for name, text in contents(tmp_path).items() if "/" not in name}
    assert own == {name: text for name, text in work.items() if "/" not in name}
    assert engine.reset(project, Progress.read(project)) == 0
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "before"
    aside = tmp_path / ".workshop/set-aside/a.txt"
    assert aside.read_text(encoding="utf-8") == "the participant's work"


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


@pytest.mark.parametrize("command", ["cp *.py target", "rm -r gone"])
def test_a_script_does_not_go_on_without_a_file(command: str, tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    file.write_text(f"{command}\n", encoding="utf-8")
    with pytest.raises(script.Failed, match="matches no file: reset this exercise, and try again"):
        script.run(file, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        ".copier-answers.yml",
        "src/model.py",
        "build/fleet/cards/conf/base.yml",
        "build/goldsmith/template/noxfile.py",
        "build/release/release.json",
    ],
)
def test_a_change_is_noticed_by_its_time_or_size(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    before = engine.fingerprint(tmp_path)
    (tmp_path / name).touch()
    assert engine.fingerprint(tmp_path) != before


def test_a_file_that_is_saved_during_a_check_is_checked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    checks: list[Any] = []
    pauses: list[float] = []

    def check(command: Any, **_: Any) -> None:
        checks.append(command)
        (tmp_path / "src/features.py").write_text("# saved during the first check\n")
        os.utime(tmp_path / "src/features.py", (1, 1))

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", check)
    monkeypatch.setattr("time.sleep", pause)
    assert engine.watch(Place(tmp_path)) == 0
    assert len(checks) == 2


def test_a_check_does_not_change_what_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.touch()
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    os.utime(file, (1, 1))
    before = (tmp_path / ".git/index").read_bytes()
    assert Place(tmp_path).changed == ["model.py"]
    assert (tmp_path / ".git/index").read_bytes() == before


def test_the_session_uses_the_environment_that_uv_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    (tmp_path / "elsewhere" / program).parent.mkdir(parents=True)
    (tmp_path / "elsewhere" / program).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "elsewhere")
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command)
        return SimpleNamespace(returncode=2)

    def error(message: str) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(RuntimeError, match="ended with exit code 2: read its output above"):
        session.workshop(SimpleNamespace(posargs=["check"], error=error))
    [command] = commands
    assert Path(command[0]) == Path("elsewhere") / program


def test_a_module_that_cannot_be_imported_is_what_is_missing(imports: Place) -> None:
    file = imports.path("src/loan_risk/features.py")
    file.write_text("import nothing_at_all\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"features\.py cannot be imported: ModuleNotFound"):
        imports.module("features")


def test_settings_with_a_wrong_indentation_are_reported_by_the_platform(imports: Place) -> None:
    replace(imports.path("conf/test.yml"), "  train: 6", "train: 6")

    def check_test() -> None:
        list(environments.check_test(imports))

    def check_months() -> None:
        repository._check_months(imports, 6)

    for check in (check_test, check_months):
        with pytest.raises(Exception, match=r"^conf/test\.yml: time must have keys") as raised:
            check()
        assert engine.is_platform_error(raised.value)


def test_settings_that_are_not_names_and_values_are_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "dev.yml").write_text("promotion approval\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"dev\.yml does not consist of lines `name: value`"):
        Place(tmp_path).yaml("dev.yml")


def test_an_emptied_store_is_what_is_missing(tmp_path: Path) -> None:
    journal = Place(tmp_path).journal()
    with pytest.raises(Missing, match="dev has no entry of `train`"):
        journal.last("train")
    with pytest.raises(Missing, match="dev has no champion"):
        journal.card(journal.champion)


def test_an_answer_sheet_that_cannot_be_read_is_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".workshop/answers").mkdir(parents=True)
    (tmp_path / ".workshop/answers/1.3.toml").write_text("commit = 1a2b\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"1\.3\.toml cannot be read"):
        Place(tmp_path).answers("1.3")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_each_exercise_has_help_and_three_tempting_wrong_answers(exercise: Exercise) -> None:
    assert exercise.solution.is_file()
    assert len(exercise.hints) >= 2
    wrong = {file.name: expected(file) for file in wrong_answers(exercise)}
    assert wrong.pop("nothing.txt")
    assert len(wrong) >= 3
    assert len(set(wrong.values())) == len(wrong)


def test_joining_needs_the_name_that_the_checks_expect() -> None:
    assert (join.NAME, join.HOME) == (place.PROGRAM, place.HOME)


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
    typed = {line for line in lines if re.match(r"(uv run|uvx|git|rm) ", line)}
    return {line for line in typed if "/exercises/" not in line}  # those fill in answers


def test_each_module_has_a_picture_and_three_sentences_to_project() -> None:
    slides = (ROOT / "docs/workshop/slides.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in slides.split("\n## ")[1:])
    assert {f"{module.number} {module.title}" for module in MODULES} <= set(sections)
    for title, section in sections.items():
        light, dark, words = section.strip().replace("\n\n", "\n").split("\n")
        assert f"module-{title[0]}-light.svg#only-light" in light
        assert f"module-{title[0]}-dark.svg#only-dark" in dark
        assert len(re.findall(r"[.!?](?: |$)", words)) == 3, title


def test_a_command_in_a_message_is_not_broken_at_a_hyphen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = "git merge --no-ff --no-edit fewer-attempts"
    for length in range(40, 90):
        engine.print_item("", f"{'x' * length} `{command}`")
    assert {"--no-", "--", "-"}.isdisjoint(capsys.readouterr().out.split())
