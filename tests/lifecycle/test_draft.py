"""From a file to a version that passed the gate, with the files that `draft` proposes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Rendered
from rendering import commit, contents, git

from lifecycle.conftest import prepare
from lifecycle.project import Project, Warm

ROWS = 1_500


@pytest.fixture
def fresh(new_project: Rendered, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of the example, next to a file that it does not know."""
    project = Project(new_project(), warm)
    prepare(project, tmp_path_factory.mktemp("locks"))
    project.path("data").mkdir()
    loans().to_csv(project.path("data/loans.csv"), index=False, sep=";", decimal=",")
    return project


def loans() -> pd.DataFrame:
    """Return loans as a spreadsheet has them: odd names, gaps, dates, people and an answer."""
    random = np.random.default_rng(11)
    income = random.lognormal(8, 0.4, ROWS).round()
    late = random.poisson(0.7, ROWS)
    risk = 1.2 * late - income / 2_000 + random.logistic(size=ROWS)
    bad = risk > np.quantile(risk, 0.75)
    days = np.sort(random.integers(0, 720, ROWS))
    arrived = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")
    text = pd.Series(income.astype("int64").astype("str"))
    return pd.DataFrame(
        {
            "Loan No.": [f"L-{number:05d}" for number in range(ROWS)],
            "Application Date": arrived.strftime("%d.%m.%Y"),
            "E-Mail": [f"anna.{number}@bank.example" for number in range(ROWS)],
            "Gender": random.choice(["f", "m"], ROWS),
            "Income (EUR)": text.mask(random.random(ROWS) < 0.1, "n/a"),
            "late payments": late,
            "housing": random.choice(["rent", "own", "family"], ROWS),
            "rate": random.normal(4, 1, ROWS).round(2),
            "branch": "Utrecht",
            "written off": np.where(bad, 100 * late + 1, 0),
            "result": np.where(bad, "bad", "good"),
        }
    )


@pytest.mark.full
def test_a_file_that_nobody_knew_leads_to_a_version_that_passes_the_gate(
    fresh: Project, mypy_cache: Path
) -> None:
    commit(fresh.folder)
    before = {
        name: text for name, text in contents(fresh.folder).items() if "__pycache__" not in name
    }
    answer = fresh.run("draft", "data/loans.csv", "--target", "result")
    after = contents(fresh.folder)
    assert {name: after[name] for name in before} == before
    made = {name for name in after if name not in before and "__pycache__" not in name}
    assert all(name.startswith("build/draft/") for name in made)
    assert answer.facts["roles"] == {
        "loan_no": "key",
        "application_date": "event_time",
        "e_mail": "personal",
        "gender": "protected",
        "income_eur": "feature",
        "late_payments": "feature",
        "housing": "feature",
        "rate": "feature",
        "written_off": "excluded",
        "result": "target",
    }
    assert answer.facts["left_out"] == {"branch": "it is the same in all rows"}
    written = "".join(after[name].decode() for name in made)
    for private in ("anna.", "L-00"):
        assert private not in written + answer.said + answer.printed

    for command in answer.facts["next"]:
        if command.startswith(("cp", "rm")):
            subprocess.run(["bash", "-c", command], cwd=fresh.folder, check=True)
    user_files = sorted(str(path) for path in fresh.package.glob("*.py"))
    mypy = ["mypy", f"--cache-dir={mypy_cache}"]
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], mypy):
        words = [sys.executable, "-m", *tool, *user_files]
        done = subprocess.run(words, cwd=fresh.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    commit(fresh.folder)
    fresh.run("train")
    assert fresh.run("gate").facts["verdict"] == "passed"
    fresh.run("promote")
    assert fresh.run("score").facts["rows"] > 0
    assert git(fresh.folder, "status", "--porcelain") == ""
