"""The gate's checks of calibration: whether the level of the predictions is right."""

from collections.abc import Iterator

from ...base.settings import Problem
from ...figures.calibration import Calibration, CalibrationTest, furthest, judge_calibration
from ...figures.decision import INTERVAL
from ...figures.predictions import find_fault
from ...records.evidence import Check, CheckVerdict
from .case import Case, check, passed_if


def calibrated(case: Case) -> Iterator[Check]:
    """Compare the truth with the predictions: overall, and in bands of similar predictions."""
    problem = case.contract.problem
    if find_fault(problem, case.prediction):  # another check rejects it
        return
    limits = case.settings.gate.calibration
    group = case.contract.inputs.one("group")
    found = judge_calibration(
        problem,
        case.truth,
        case.prediction,
        (limits.tolerance, limits.band_tolerance),
        case.sample.frame[group] if group else None,
    )
    yield _overall(case, found)
    yield _by_band(case, found)


def _overall(case: Case, found: Calibration) -> Check:
    """Judge all rows, or each class; what may be chance stops a version only at high risk."""
    problem = case.contract.problem
    test = furthest(found.overall)
    verdict: CheckVerdict = "rejected" if test.verdict == "off" else "passed"
    if test.verdict == "unclear":
        verdict = "insufficient" if case.settings.risk_tier == "high" else "noted"
    name = "Student's t test" if problem == "regression" else "Jeffreys test"
    reason = f"{describe(problem, test)} by {name}"
    if problem == "multiclass":
        reason = f"{test.group}, the furthest of {len(found.overall)}: {reason}"
    regression = problem == "regression"
    size = test.deviation
    return check(
        "calibration",
        _if_required(case, verdict),
        f"{size:+.2f} SD" if regression else f"{size:+.0%}",
        f"within {test.tolerance:g} SD" if regression else f"within {test.tolerance:.0%}",
        reason,
        setting="gate.calibration.tolerance",
    )


def _by_band(case: Case, found: Calibration) -> Check:
    """Judge the bands of similar predictions; in a band with few events, much may be chance."""
    problem = case.contract.problem
    off = [each for each in found.bands if each.verdict == "off"]
    test = furthest(off or [each.model_copy(update={"verdict": "ok"}) for each in found.bands])
    beyond = f"{test.tolerance:g} SD" if problem == "regression" else f"{test.tolerance:.0%}"
    reason = f"the furthest is {test.group}: {describe(problem, test, interval=False)} by Holm"
    if found.hosmer_lemeshow is not None:
        reason += f"; Hosmer-Lemeshow test: p {write_p(found.hosmer_lemeshow)}"
    return check(
        "calibration by band",
        _if_required(case, passed_if(not off)),
        f"{len(off)} of {len(found.bands)} bands",
        f"none beyond {beyond}",
        reason,
        setting="gate.calibration.band_tolerance",
    )


def _if_required(case: Case, verdict: CheckVerdict) -> CheckVerdict:
    """Return a verdict, or only note it if the predictions need not have the right level."""
    return verdict if verdict == "passed" or case.settings.gate.calibration.required else "noted"


def describe(problem: Problem, test: CalibrationTest, *, interval: bool = True) -> str:
    """Return the figures of a test in words."""

    def write(figure: float) -> str:
        return f"{figure:.4g}" if problem == "regression" else f"{figure:.1%}"

    around = ""
    if interval and test.low is not None and test.high is not None:
        around = f" ({INTERVAL} {write(test.low)} to {write(test.high)})"
    return (
        f"{write(test.observed)} observed{around}, {write(test.predicted)} predicted; "
        f"p {write_p(test.p_value)}"
    )


def write_p(value: float) -> str:
    """Return a p-value as text."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
