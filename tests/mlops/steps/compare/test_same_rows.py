"""Which rows two versions predict: those of the newer gate window, as they were if possible."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    same_rows = platform("steps.compare.same_rows")
fingerprint = platform("data.fingerprints").fingerprint
extract_path = platform("records.lineage").extract_path

ROWS = pd.DataFrame({"key": ["a", "b"], "income": [1.0, 2.0], "target": [0, 1]})
CHANGED = ROWS.assign(income=3.0)


def loaded(*columns: str, as_of: str = "2026-01-01", number: int = 1) -> Any:
    """Return a loaded version whose schema has these columns."""
    lineage = SimpleNamespace(environment="dev", data=SimpleNamespace(gate=fingerprint(ROWS)))
    time = SimpleNamespace(as_of=as_of, settings=lambda: None)
    card = SimpleNamespace(lineage=lineage, time=time)
    return SimpleNamespace(
        version=SimpleNamespace(card=card, number=number),
        contract=SimpleNamespace(inputs=SimpleNamespace(types=dict.fromkeys(columns, "float64"))),
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a project whose tables have changed since the extract was kept."""
    rows = SimpleNamespace(raw=CHANGED, frame=CHANGED, fingerprint=fingerprint(CHANGED))
    monkeypatch.setattr(same_rows, "read_split", lambda *_: rows)
    monkeypatch.setattr(same_rows, "user_module", lambda _: None)
    made = make_project(tmp_path)
    extract = extract_path(made, "dev", fingerprint(ROWS))
    extract.parent.mkdir(parents=True)
    ROWS.to_parquet(extract)
    return made


def test_the_rows_are_those_that_were_kept(project: Any) -> None:
    known = same_rows.read_rows(project, loaded("key", "income"), loaded("income"))
    assert known.from_extract
    assert not known.changed
    assert known.frame.equals(ROWS)


def test_an_extract_with_other_rows_is_not_used(project: Any) -> None:
    CHANGED.to_parquet(extract_path(project, "dev", fingerprint(ROWS)))
    known = same_rows.read_rows(project, loaded("income"), loaded("income"))
    assert not known.from_extract
    assert known.changed


@pytest.mark.parametrize("left", [b"", b"PAR1 not quite"])
def test_a_damaged_extract_is_not_used(project: Any, left: bytes) -> None:
    extract_path(project, "dev", fingerprint(ROWS)).write_bytes(left)
    assert not same_rows.read_rows(project, loaded("income"), loaded("income")).from_extract


def test_the_tables_are_read_if_the_other_version_needs_a_column_more(project: Any) -> None:
    assert not same_rows.read_rows(project, loaded("income"), loaded("debts")).from_extract


def test_the_newer_version_is_that_with_the_later_reference_date() -> None:
    early = loaded(as_of="2025-12-01", number=9).version
    late = loaded(as_of="2026-01-01", number=3).version
    again = loaded(as_of="2026-01-01", number=4).version
    assert same_rows.newer_of(early, late) is late
    assert same_rows.newer_of(again, late) is again
