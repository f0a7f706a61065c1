"""The program starts fast: it imports a heavy library only for a command that uses it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle.project import Project

HEAVY = {
    *("matplotlib", "mlflow", "numpy", "pandas", "pandera", "pyarrow", "pydantic", "scipy"),
    *("skops", "sklearn", "yaml"),
}
TELL = """
import json, sys
from loan_risk.mlops.cli import main
sys.argv[0] = "loan-risk"
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported(project: Project, *words: str) -> set[str]:
    """Return the heavy libraries that a command of a new process has imported at its end."""
    run = subprocess.run(
        [sys.executable, "-c", TELL, *words],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(project.folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    return HEAVY & set(json.loads(run.stdout.splitlines()[-1]))


def test_help_imports_nothing_heavy(born: Project) -> None:
    assert imported(born, "--help") == set()


@pytest.mark.parametrize("words", [["train", "--help"], ["no-such-command"], ["gate", "first"]])
def test_parsing_the_command_line_imports_only_what_typer_needs(
    born: Project, words: list[str]
) -> None:
    assert imported(born, *words) <= {"pydantic"}


def test_a_wrong_setting_is_found_before_anything_heavy_is_imported(born: Project) -> None:
    assert imported(born, "train", "--set", "gate.margn=1") == {"pydantic", "yaml"}


def test_status_imports_only_what_it_uses(live: Project) -> None:
    assert not imported(live, "status") & {"matplotlib", "pandera", "skops", "sklearn"}


@pytest.mark.full
def test_scoring_imports_no_plotting_library(live: Project) -> None:
    assert "matplotlib" not in imported(live, "score", "--as-of", "2026-01-01")


def test_help_shows_every_command_in_its_group(born: Project) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from loan_risk.mlops.cli import main; main()", "--help"],
        cwd=born.folder,
        env=os.environ | {"PYTHONPATH": str(born.folder / "src"), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    groups = ("Everyday work", "Automation", "Emergency", "Inspect")
    places = [run.stdout.index(group) for group in groups]
    assert places == sorted(places)
    every_day, automation, emergency, inspect = (
        run.stdout[start:end] for start, end in zip(places, [*places[1:], None], strict=True)
    )
    assert all(f" {command} " in every_day for command in ("train", "gate", "promote", "score"))
    assert all(f" {command} " in automation for command in ("retrain", "serve"))
    assert all(f" {command} " in emergency for command in ("rollback", "pause", "resume"))
    assert all(f" {command} " in inspect for command in ("status", "reproduce", "doctor"))
    assert not Path(born.folder / "mlflow.db").exists()
