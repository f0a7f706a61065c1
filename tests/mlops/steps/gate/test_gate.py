"""What the journal keeps of a verdict."""

import warnings

import pytest
from rendering import platform

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    gate = platform("steps.gate.gate")
Check = platform("records.evidence").Check


@pytest.mark.parametrize(
    ("figure", "interval", "kept"),
    [
        ("0.7694", "0.7369 to 0.8019", (0.7694, (0.7369, 0.8019))),
        ("-0.1000", "-0.3000 to 0.1000", (-0.1, (-0.3, 0.1))),
        ("0.7694", "", (0.7694, None)),
        ("missing", "", (None, None)),
    ],
)
def test_the_figure_of_a_verdict_is_that_of_its_check(
    figure: str, interval: str, kept: object
) -> None:
    events = Check(name="events", verdict="passed", figure="140")
    auc = Check(name="auc", verdict="passed", figure=figure, interval=interval)
    assert gate.measured("auc", (events, auc)) == kept
    assert gate.measured("auc", (events,)) == (None, None)
