"""The contract of a refit: its two records, and what happens between two versions of it."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rendering import ROOT, platform

records = platform("records.refit")
MlopsError = platform("base.errors").MlopsError

JOB = {
    "format": 1,
    "root": "/home/ann/loan-risk",
    "version": "/home/ann/loan-risk/mlartifacts/m-1/artifacts",
    "kept": {"train": "extracts/dev/9c30.parquet", "gate": "extracts/dev/2285.parquet"},
}
ANSWER = {
    "format": 1,
    "commit": "6d730e3",
    "dirty": False,
    "template": "v0.1.0",
    "lock_sha256": "69b89b7c",
    "configuration": "386221e5",
    "rows": {
        "train": {"source": "extract", "changed": 3, "trouble": ""},
        "gate": {"source": None, "changed": None, "trouble": "no file at data"},
    },
    "difference": None,
    "differs": ["lock", "snapshot"],
}


@pytest.mark.parametrize(("kind", "facts"), [("RefitJob", JOB), ("RefitAnswer", ANSWER)])
def test_what_is_written_is_read_back(kind: str, facts: dict[str, Any]) -> None:
    record = getattr(records, kind).read(facts, "the file")
    assert json.loads(json.dumps(record.to_json())) == facts


def test_a_job_of_a_newer_format_is_refused_in_a_sentence_that_names_the_commit() -> None:
    with pytest.raises(MlopsError) as caught:
        records.RefitJob.read(JOB | {"format": 2, "new_key": 1}, "the job job.json")
    assert str(caught.value) == (
        "the version is too old to be rebuilt: the code of its commit reads rebuild jobs only up "
        "to format 1, and the job job.json is in format 2; train a new version."
    )


def test_an_answer_of_a_newer_format_asks_for_an_update() -> None:
    with pytest.raises(MlopsError, match=r"the answer is in format 2.*nox -s update"):
        records.RefitAnswer.read(ANSWER | {"format": 2}, "the answer")


@pytest.mark.parametrize("key", [key for key in JOB if key != "format"])
def test_a_job_without_one_of_its_keys_is_refused(key: str) -> None:
    with pytest.raises(MlopsError, match=f"the job cannot be read: {key}"):
        records.RefitJob.read({name: JOB[name] for name in JOB if name != key}, "the job")


def test_an_infinite_difference_survives_the_way_through_json() -> None:
    facts = json.loads(json.dumps(ANSWER | {"difference": float("inf")}))
    record = records.RefitAnswer.read(facts, "the answer")
    assert record.difference == float("inf")
    assert json.loads(json.dumps(record.to_json()))["difference"] == float("inf")


def load_fallback() -> ModuleType:
    """Import the program that refits versions of the flat layout."""
    path = ROOT / "template/.mlops/refit.py"
    spec = importlib.util.spec_from_file_location("refit_of_the_flat_layout", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_fallback_for_the_flat_layout_has_the_format_of_both_records(tmp_path: Path) -> None:
    fallback = load_fallback()
    assert fallback.FORMAT == records.RefitJob.FORMAT == records.RefitAnswer.FORMAT
    file = tmp_path / "job.json"
    file.write_text(json.dumps(JOB | {"format": 2}), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"job\.json has format 2.*reads format 1"):
        fallback.main(file)
