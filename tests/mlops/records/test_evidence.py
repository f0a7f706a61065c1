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
