"""Reports of monitorings are typed, and those of landed versions are lifted."""

from pathlib import PurePosixPath

import pytest
from kept_records import kept, name_of, read
from monitorings import EXAMPLES
from rendering import platform

monitoring = platform("records.monitoring")
details = platform("records.details")
errors = platform("base.errors")

each_report = pytest.mark.parametrize("path", kept("monitor"), ids=name_of)


@each_report
def test_a_report_of_an_older_version_is_read(path: PurePosixPath) -> None:
    facts = read(path)
    report = monitoring.MonitoringReport.read(facts, path.name)
    written = report.to_json()
    history = facts.pop("history")
    assert contains(written, facts)
    for summary, entry in zip(written["history"], history, strict=True):
        shared = summary.keys() & entry.keys()
        assert shared >= {"as_of", "decision", "version", "max_psi", "metrics", "bounds"}
        assert all(summary[name] == entry[name] for name in shared)


def contains(larger: object, smaller: object) -> bool:
    """Say whether an object has everything that another one has, at every depth."""
    if isinstance(smaller, dict):
        return isinstance(larger, dict) and all(
            name in larger and contains(larger[name], part) for name, part in smaller.items()
        )
    if isinstance(smaller, list):
        return (
            isinstance(larger, list)
            and len(larger) == len(smaller)
            and all(map(contains, larger, smaller))
        )
    return larger == smaller


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"hostile"}))  # its half characters
def test_what_is_written_today_is_read_back(name: str) -> None:
    report = monitoring.MonitoringReport.read(EXAMPLES[name](), name)
    assert monitoring.MonitoringReport.read(report.to_json(), name) == report


def test_a_report_of_a_newer_version_is_refused() -> None:
    facts = EXAMPLES["healthy"]() | {"format": 9}
    with pytest.raises(errors.MlopsError, match=r"monitor\.json is in format 9.* nox -s update"):
        monitoring.MonitoringReport.read(facts, "monitor.json")


@pytest.mark.parametrize("broken", [{"rows": {}}, {"decision": "fine"}, {"history": None}])
def test_a_broken_report_is_refused_with_its_name(broken: dict[str, object]) -> None:
    facts = EXAMPLES["healthy"]() | broken
    del facts["format"]  # as of format 1, which is lifted first
    with pytest.raises(errors.MlopsError, match=r"monitor\.json cannot be read"):
        monitoring.MonitoringReport.read(facts, "monitor.json")


def test_the_first_monitorings_did_not_note_reasons_and_decays() -> None:
    first = {
        "as_of": "2026-01-01",
        "decision": "healthy",
        "version": 1,
        "max_psi": 0.05,
        "psi_limit": 0.1,
        "metrics": {"auc": 0.78},
        "bounds": {"auc": 0.7},
    }
    summary = details.MonitorDetails.model_validate(first).summary()
    assert type(summary) is monitoring.MonitoringSummary
    assert (summary.reasons, summary.decayed, summary.drifted) == ((), {}, ())
