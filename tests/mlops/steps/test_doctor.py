"""`doctor` runs the functions of data.py on the last period, and compares them with schema.py."""

import errno
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from mlops.projects import make_project
from rendering import platform

errors = platform("base.errors")
files = platform("data.files")

pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint")  # MLflow's, of the scorer

AS_OF = "2026-01-01"
Run = Callable[..., tuple[str, str]]


class Inputs(pa.DataFrameModel):
    """Loans."""

    loan: str = pa.Field(metadata={"role": "key"})
    day: datetime = pa.Field(metadata={"role": "event_time"})
    amount: float = pa.Field(gt=0)


class Labels(pa.DataFrameModel):
    """Their outcomes."""

    loan: str = pa.Field(metadata={"role": "key"})
    defaulted: int = pa.Field(isin=[0, 1], metadata={"role": "target"})


LOANS = pd.DataFrame(
    {
        "loan": [f"A{number}" for number in range(4)],
        "day": pd.to_datetime(["2025-11-30", "2025-12-01", "2025-12-02", "2025-12-31"]),
        "amount": [-1.0, 1.5, 2.0, 3.0],  # the first one is wrong, but not of the last period
        "defaulted": [0, 1, 0, 1],
    }
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a check of doctor on loans, and returns verdict and finding."""
    doctor = platform("steps.doctor")
    pieces = platform("steps.pieces")

    def run_check(name: str, loans: pd.DataFrame = LOANS, **settings: Any) -> tuple[str, str]:
        loans.to_parquet(tmp_path / "loans.parquet")
        table = {"kind": "files", "origin": "masked", "path": "loans.parquet", "time": "day"}
        columns = list(Inputs.to_schema().columns)
        modules = {
            "schema": SimpleNamespace(Inputs=Inputs, Labels=Labels),
            "data": SimpleNamespace(
                inputs=lambda tables, window: tables.read("loans", window)[columns],
                labels=lambda tables, window: tables.read("loans", window)[["loan", "defaulted"]],
            ),
        }
        for module in (doctor, pieces):
            monkeypatch.setattr(module, "user_module", lambda each: modules[each])
        project = make_project(tmp_path, tables={"loans": table}, as_of=AS_OF, **settings)
        examine = {"inputs": doctor._inputs, "labels": doctor._labels, "tables": doctor._tables}
        found = doctor._run(doctor.Opened(project), name, examine[name])
        return found.verdict, found.finding

    return run_check


def test_the_rows_of_the_last_period_alone_are_compared(run: Run) -> None:
    where = "3 rows of 2025-12-01..2026-01-01 are as schema.Inputs says"
    assert run("inputs") == ("ok", where)
    assert run("inputs", scoring={"batch_rows": 1})[0] == "ok"
    assert run("labels") == ("ok", "3 labels of 2025-12-01..2026-01-01 are as schema.Labels says")


def test_the_labels_are_those_that_are_due(run: Run) -> None:
    _, found = run("labels", time={"label_horizon": 1})
    assert found == "1 labels of 2025-11-01..2025-12-01 are as schema.Labels says"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("inputs", {"amount": 0.0}, "column amount fails the check greater_than(0) of schema.In"),
        ("inputs", {"loan": "A1"}, "inputs of 2025-12-01..2026-01-01: 2 rows repeat the key"),
        ("labels", {"defaulted": 2}, "column defaulted fails the check isin([0, 1]) of schema.La"),
        ("labels", {"loan": "A1"}, "labels of the window 2025-12-01..2026-01-01: 2 rows repeat"),
    ],
)
def test_what_does_not_fit_the_schema_is_found(
    run: Run, name: str, changes: dict[str, Any], words: str
) -> None:
    verdict, found = run(name, LOANS.assign(**changes))
    assert verdict == "failed"
    assert words in found


def test_a_column_that_data_py_does_not_find_is_found(run: Run) -> None:
    assert run("inputs", LOANS.drop(columns="amount"))[0] == "failed"
    assert run("labels", LOANS.drop(columns="defaulted"))[0] == "failed"


def test_a_period_without_rows_is_noted(run: Run) -> None:
    """A table of last year is no fault of this machine."""
    verdict, found = run("inputs", LOANS.head(1))
    assert verdict == "noted"
    assert (
        "data.inputs returns no rows of 2025-12-01..2026-01-01; check whether table loans" in found
    )
    verdict, found = run("labels", LOANS.head(1))
    assert verdict == "noted"
    assert "no label of 2025-12-01..2026-01-01 is known" in found


def test_a_table_that_this_user_may_not_read_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container without the rights; the functions of data.py are not tried then."""

    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "loans.parquet")

    monkeypatch.setattr(files, "read_file", denied)
    verdict, found = run("tables")
    assert verdict == "failed"
    assert found.startswith("table loans: loans.parquet cannot be read ([Errno 13] Permission deni")
    doctor = platform("steps.doctor")
    failed = {"tables": doctor.Finding("tables", "failed", found)}
    failed["user modules"] = doctor.Finding("user modules", "ok", "")
    for name in ("inputs", "labels"):
        skipped = doctor._not_tried(name, failed)
        assert (skipped.verdict, skipped.finding) == ("noted", "not tried before tables is fixed")


@pytest.mark.parametrize(
    ("schema", "finding"),
    [
        ("import no_such_library", "ModuleNotFoundError"),
        ("1 +", "SyntaxError"),
        ("int('x')", "ValueError"),
    ],
)
def test_the_module_that_is_at_fault_is_named_and_not_the_one_that_imports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: str, finding: str
) -> None:
    doctor = platform("steps.doctor")
    snapshot = tmp_path / f"loans_{finding.lower()}"
    snapshot.mkdir()
    (snapshot / "__init__.py").touch()
    (snapshot / "data.py").write_text("from . import schema\n", encoding="utf-8")
    (snapshot / "schema.py").write_text(schema, encoding="utf-8")
    monkeypatch.setattr(doctor, "take_snapshot", lambda: snapshot)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(errors.MlopsError, match=rf"^src/.*/schema.py cannot be .*: {finding}"):
        doctor._modules(SimpleNamespace())


@pytest.mark.parametrize(
    ("page", "finding"),
    [
        (None, "docs/model-card.md is not on this machine"),
        ("**Use.** Prices.\n", "docs/model-card.md leaves no question open"),
        (
            "**Use.** Prices.\n\n**Users.**\n\n| approver in prod | |\n",
            "docs/model-card.md leaves 2 questions open; the card of each version names them",
        ),
    ],
)
def test_open_questions_of_the_model_card_are_counted(
    tmp_path: Path, page: str | None, finding: str
) -> None:
    doctor = platform("steps.doctor")
    if page is not None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs/model-card.md").write_text(page, encoding="utf-8")
    found = doctor._run(doctor.Opened(make_project(tmp_path)), "model card", doctor._model_card)
    assert (found.verdict, found.finding) == ("ok", finding)
