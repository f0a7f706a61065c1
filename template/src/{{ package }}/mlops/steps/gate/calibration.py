"""The gate's checks of calibration: whether the level of the predictions is right."""

from collections.abc import Iterator

from ...figures.calibration import (
    CalibrationResult,
    Tolerances,
    describe,
    furthest,
    judge_calibration,
    write_p,
    write_tolerance,
)
from ...figures.predictions import find_fault
from ...records.evidence import Check, CheckVerdict
from .case import Case, check, passed_if


def calibrated(case: Case) -> Iterator[Check]:
    """Compare the truth with the predictions: overall, and in bands of similar predictions."""
    problem = case.contract.problem
    if find_fault(problem, case.prediction):  # another check rejects it
        return
    limits = case.settings.gate.calibration
    found = judge_calibration(
        problem,
        case.truth,
        case.prediction,
        Tolerances(limits.tolerance, limits.band_tolerance),
        case.clusters,
    )
    yield _overall(case, found)
    yield _by_band(case, found)


def _overall(case: Case, found: CalibrationResult) -> Check:
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
    size = test.deviation
    return check(
        "calibration",
        _if_required(case, verdict),
        f"{size:+.2f} SD" if problem == "regression" else f"{size:+.0%}",
        write_tolerance(problem, test.tolerance),
        reason,
        setting="gate.calibration.tolerance",
    )


def _by_band(case: Case, found: CalibrationResult) -> Check:
    """Judge the bands of similar predictions; in a band with few events, much may be chance."""
    problem = case.contract.problem
    off = [each for each in found.bands if each.verdict == "off"]
    test = furthest(off or [each.model_copy(update={"verdict": "ok"}) for each in found.bands])
    reason = f"the furthest is {test.group}: {describe(problem, test, interval=False)} by Holm"
    if found.hosmer_lemeshow is not None:
        reason += f"; Hosmer-Lemeshow test: p {write_p(found.hosmer_lemeshow)}"
    return check(
        "calibration by band",
        _if_required(case, passed_if(not off)),
        f"{len(off)} of {len(found.bands)} off",
        f"all {write_tolerance(problem, test.tolerance)}",
        reason,
        setting="gate.calibration.band_tolerance",
    )


def _if_required(case: Case, verdict: CheckVerdict) -> CheckVerdict:
    """Return a verdict, or only note it if the predictions need not have the right level."""
    return verdict if verdict == "passed" or case.settings.gate.calibration.required else "noted"
