"""The evidence of a verdict: older evidence is read, and its text keeps its hash."""

from pathlib import PurePosixPath

import pytest
from kept_records import kept, name_of, read, text_of
from rendering import platform

evidence = platform("records.evidence")

each_evidence = pytest.mark.parametrize("path", kept("evidence"), ids=name_of)


@each_evidence
def test_evidence_of_an_older_version_is_read(path: PurePosixPath) -> None:
    text = text_of(path)
    lifted = evidence.read_evidence(text, "the evidence")
    entry = read(path.parent.parent / "journal" / path.name)
    assert evidence.sha256_of(text) == entry["details"]["evidence_sha256"]
    assert lifted.verdict == entry["details"]["verdict"]
    assert lifted.digest == entry["details"]["digest"]
    assert {check.verdict for check in lifted.checks} <= {
        *("passed", "rejected", "insufficient", "noted"),
    }


@each_evidence
def test_the_text_of_evidence_is_read_back(path: PurePosixPath) -> None:
    lifted = evidence.read_evidence(text_of(path), "the evidence")
    assert evidence.read_evidence(lifted.to_text(), "the evidence") == lifted


def test_a_check_names_its_figure_and_the_setting_that_decides() -> None:
    known = {"name": "auc", "verdict": "rejected", "figure": "0.61", "limit": ">= 0.7"}
    auc = evidence.Check(**known, setting="gate.thresholds.auc.min", reason="95% interval")
    assert str(auc) == "auc (0.61, but gate.thresholds.auc.min requires >= 0.7)"
    assert str(evidence.Check(**known)) == "auc (0.61: >= 0.7 is required)"  # older evidence
    leak = {"name": "contract", "verdict": "rejected", "figure": "broken", "limit": "kept"}
    assert str(evidence.Check(**leak, reason="it sees id")) == "contract (broken: it sees id)"
