"""The command `journal`: each kind of entry is described in one sentence."""

from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

journal = platform("steps.journal")
details = platform("records.details")
entries = platform("records.entry")

COMMIT = "0123456789abcdef" * 2
BATCH = {"batch": "0003", "date": "2026-01-01", "version": 2, "rows": 1660}
SENTENCES = {
    "version 1 was trained at commit 01234567: LogisticRegression": details.TrainDetails(
        snapshot="loan_risk_1a2b3c4d", commit=COMMIT, dirty=False, estimator="LogisticRegression"
    ),
    "version 1 was trained at commit 01234567, with changes that were not committed": (
        details.TrainDetails(snapshot="loan_risk_1a2b3c4d", commit=COMMIT, dirty=True)
    ),
    "version 1 was rejected: auc 0.6800": details.GateDetails(
        verdict="rejected",
        window="all rows",
        digest="d",
        evidence_sha256="e",
        metric="auc",
        figure=0.68,
    ),
    "version 1 could not be judged": details.GateDetails(
        verdict="insufficient", window="all rows", digest="d", evidence_sha256="e"
    ),
    "version 1 became the champion, approved by Ada, on the verdict of entry 2": (
        details.PromoteDetails(
            verdict="passed",
            window="all rows",
            digest="d",
            evidence_sha256="e",
            evidence_entry=2,
            approved_by="Ada",
        )
    ),
    "version 1 was withdrawn, and version 0 became the champion again: brokers": (
        details.RollbackDetails(back_to=0, reason="brokers", batches=())
    ),
    "paused: a wrong table": details.PauseDetails(reason="a wrong table"),
    "the pause ended": details.ResumeDetails(),
    "version 2 predicted 1,660 rows in batch 2026-01-01/0003": details.ScoreDetails(
        **BATCH, rows_per_second=1
    ),
    "version 2 predicted 1,660 rows of batch 2026-01-01/0003 in the shadow": (
        details.ShadowDetails(**BATCH)
    ),
    "the challenger predicted nothing in the shadow: it raised ValueError": (
        details.ShadowDetails(missing="it raised ValueError")
    ),
    "monitored version 1, retrain: auc has decayed; input income has drifted": (
        details.MonitorDetails(
            as_of="2026-01-01",
            decision="retrain",
            version=1,
            reasons=("auc has decayed", "input income has drifted"),
        )
    ),
    "version 3 waits for an approval": details.RetrainDetails(
        decision="retrain",
        reasons=("auc has decayed",),
        as_of="2026-01-01",
        message="version 3 waits for an approval",
    ),
    "rebuilding version 1: exact": details.ReproduceDetails(
        version=1,
        answer="exact",
        commit=COMMIT,
        dirty=False,
        template="v1",
        lock_sha256="l",
        configuration="c",
        rows={},
        difference=0.0,
        differs=(),
    ),
    "erased 3 rows of given keys from 2 files": details.EraseDetails(
        reason="keys",
        files=(
            details.ErasedFile(kind="extract", name="a.parquet", rows=1, sha256="s"),
            details.ErasedFile(kind="request", name="online/date=2026-01-01", rows=2, sha256=""),
        ),
        versions=(1,),
    ),
    "erased 1 row that was past its retention from 1 file": details.EraseDetails(
        reason="expired",
        files=(details.ErasedFile(kind="extract", name="a.parquet", rows=1, sha256=""),),
        versions=(),
    ),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_an_entry_is_described_in_a_sentence(sentence: str) -> None:
    assert SENTENCES[sentence].describe("1") == sentence


def test_every_kind_of_entry_is_described() -> None:
    described = {each.COMMAND for each in SENTENCES.values()}
    assert described == set(details.KINDS)


def test_a_value_is_shown_without_the_marks_of_json() -> None:
    assert journal._text({"train": [1, True, None], "note": "", "gate": {"auc": 0.5}}) == (
        "train 1, yes, gate auc 0.5"
    )
    assert journal._text(None) == ""


def test_the_files_of_an_erasure_are_told_apart() -> None:
    files = [
        {"kind": "extract", "name": "a.parquet", "rows": 1, "sha256": "s"},
        {"kind": "request", "name": "online/date=2026-01-01", "rows": 2, "sha256": ""},
    ]
    assert journal._text(files) == (
        "kind extract, name a.parquet, rows 1, sha256 s; "
        "kind request, name online/date=2026-01-01, rows 2"
    )


def entry(number: int, found: Any) -> Any:
    """Return an entry of the journal of dev, for 1 January 2026."""
    return entries.Entry(
        format=entries.Entry.FORMAT,
        environment="dev",
        number=number,
        time="2026-01-02T08:30:00+00:00",
        previous="",
        actor="ada@vm",
        actor_source="login",
        command=found.COMMAND,
        outcome="ok",
        subject="",
        as_of="2026-01-01",
        details=found,
        sha256="of the entry",
    )


def test_no_two_fields_of_an_entry_have_the_same_name() -> None:
    score = details.ScoreDetails(**BATCH, rows_per_second=1, sha256="of the batch")
    monitor = details.MonitorDetails(as_of="2026-01-01", decision="healthy", version=1, reasons=())
    for found in (score, monitor):
        names = [name for name, _ in journal._fields(entry(1, found))]
        assert len(names) == len(set(names)), names
    shown = dict(journal._fields(entry(1, score)))
    assert (shown["sha256"], shown["sha256 of the entry"]) == ("of the batch", "of the entry")


@pytest.mark.parametrize(
    ("count", "entries"),
    [
        (1, "1 entry"),
        (20, "20 entries"),
        (21, "21 entries, of which the newest 20 are shown (--all shows all)"),
    ],
)
def test_the_list_says_how_many_entries_it_shows(count: int, entries: str) -> None:
    project = SimpleNamespace(name="dev.x", command=lambda step: f"`x {step}`")
    written = [entry(number, details.ResumeDetails()) for number in range(1, count + 1)]
    store = SimpleNamespace(project=project, entries=written)
    listed = journal._list(store, every_entry=False)
    assert len(listed.rows) == min(count, 20)
    assert listed.message == (
        f"the journal of dev.x has {entries}; `x journal {count}` shows one with its evidence"
    )
