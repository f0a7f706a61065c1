"""The gate's real clean interpreter, started without the warm stand-in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle import behind
from lifecycle.project import Project

PROGRAM = "import sys; sys.path.insert(0, 'src'); from loan_risk.mlops.cli import main; main()"


def loads_alone(patience: int) -> None:
    """Print the result of the check of version 1, in a process without the warm stand-in."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.steps.gate import clean_interpreter

    clean_interpreter.PATIENCE = patience
    version = open_store(open_project("dev")).fetch(1)
    print(clean_interpreter.loads_alone(version).model_dump_json())


def checked(project: Project, patience: int = 300) -> dict[str, str]:
    """Return the check of version 1."""
    return dict(project.call(loads_alone, patience))


def append(project: Project, code: str) -> None:
    """Add a line to the code that version 1 carries."""
    [scorer] = project.folder.glob("mlartifacts/**/artifacts/scorer.py")
    scorer.write_text(f"{scorer.read_text('utf-8')}\n{code}\n", encoding="utf-8")
    project.call(behind.vouch, 1)


def test_a_version_loads_and_predicts_without_the_project(trained: Project) -> None:
    assert checked(trained)["verdict"] == "passed"


def test_a_version_that_imports_the_project_is_rejected(trained: Project) -> None:
    append(trained, "import loan_risk")
    check = checked(trained)
    assert check["verdict"] == "rejected"
    assert "loan_risk" in check["reason"]


def test_a_version_that_never_finishes_loading_is_rejected_in_time(trained: Project) -> None:
    append(trained, "import time; time.sleep(600)")
    check = checked(trained, patience=1)
    assert check["verdict"] == "rejected"
    assert "1 seconds" in check["reason"]


@pytest.mark.full
def test_the_command_line_program_gates_in_a_clean_interpreter(trained: Project) -> None:
    command = [sys.executable, "-P", "-c", PROGRAM, "gate", "--json"]
    done = subprocess.run(
        command, cwd=trained.folder, capture_output=True, text=True, check=True, timeout=300
    )
    checks = json.loads(done.stdout)["evidence"]["checks"]
    assert {"name": "stands alone", "verdict": "passed"}.items() <= checks[0].items()
    assert Path(trained.folder, "build/monitor/card-dev-1.html").is_file()
