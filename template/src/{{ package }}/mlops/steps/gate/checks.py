"""The gate's checks on the version alone."""

from collections.abc import Iterator

import numpy as np

from ...base.project import user_module
from ...base.settings import Limit, Settings, Time
from ...data.contract import read_contract
from ...data.fingerprints import hashes
from ...data.labelled_rows import count_events
from ...figures.decision import INTERVAL, interval_text
from ...figures.predictions import find_fault
from ...figures.resampling import ONE_SIDED
from ...records.card import VersionCard
from ...records.details import GateDetails, TrainDetails
from ...records.entry import with_details
from ...records.evidence import Check, CheckVerdict
from ...records.registry import signature
from .calibration import calibrated
from .case import Case, check, passed_if


def on_its_own(case: Case) -> Iterator[Check]:
    """Run the checks of this module on a version that loads and whose window can be read."""
    yield enough_events(case)
    yield attempts(case)
    yield from settings_of_a_copy(case)
    yield contract_kept(case)
    yield from known_in_time(case)
    yield from not_seen_in_training(case)
    yield sane_predictions(case)
    yield from thresholds(case)
    yield from calibrated(case)


def enough_events(case: Case) -> Check:
    """Require enough matured rows of the rarest class."""
    count = count_events(case.contract, case.truth)
    wanted = case.settings.gate.min_events
    counted = "rows" if case.contract.problem == "regression" else "rows of the rarest class"
    reason = f"{counted}; {case.sample.coverage:.0%} of the rows that are due have a label"
    verdict: CheckVerdict = "passed" if count >= wanted else "insufficient"
    return check("events", verdict, f"{count:,}", f">= {wanted}", reason, setting="gate.min_events")


def attempts(case: Case) -> Check:
    """Limit how many versions are judged on a window: among many, one passes by luck."""
    window = case.card.windows.gate
    limit = case.settings.gate.attempts
    verdicts = with_details(case.entries, GateDetails)
    tried = {entry.subject for entry, details in verdicts if details.window == window}
    count = len(tried | {str(case.challenger.version.number)})
    reason = "versions judged on this gate window; of many, one passes by luck"
    if count > limit:
        reason += "; train a new version with a later --as-of"
    verdict = passed_if(count <= limit)
    return check("attempts", verdict, str(count), f"<= {limit}", reason, setting="gate.attempts")


def settings_of_a_copy(case: Case) -> Iterator[Check]:
    """Require of a version that was not trained here the windows and the cutoff of this conf/.

    Both are taken from its card, which was written elsewhere.
    """
    trained_here = {entry.subject for entry, _ in with_details(case.entries, TrainDetails)}
    if str(case.challenger.version.number) in trained_here:
        return
    differences = settings_that_differ(case.card, case.settings)
    reason = "it was trained elsewhere; its windows and cutoff are those of conf/"
    if differences:
        reason = f"it was trained elsewhere with other settings: {'; '.join(differences)}"
    figure = f"{len(differences)} differ"
    yield check("settings of a copy", passed_if(not differences), figure, "0", reason)


def settings_that_differ(card: VersionCard, settings: Settings) -> list[str]:
    """Return each setting that decides how a version is judged, and differs from its card."""
    on_card = _judged_by(card.time.settings())
    in_conf = _judged_by(settings.time)
    if settings.problem == "binary":
        on_card["model.cutoff"] = card.cutoff
        in_conf["model.cutoff"] = settings.model.cutoff
    return [
        f"{key} is {on_card[key]} on its card and {in_conf[key]} in conf/"
        for key in in_conf
        if on_card[key] != in_conf[key]
    ]


def _judged_by(time: Time) -> dict[str, object]:
    """Return the settings that place the gate window; how long training looks back is free."""
    return {
        "time.split": time.split,
        "time.period": time.period,
        "time.gate": time.gate,
        "time.label_horizon": time.label_horizon,
        "time.embargo": time.label_horizon if time.embargo is None else time.embargo,
    }


def contract_kept(case: Case) -> Check:
    """Compare the signature with the version's schema, and with what today's schema forbids."""
    from mlflow.models import Model

    logged = Model.load(str(case.challenger.version.folder)).signature
    today = read_contract(user_module("schema"), case.settings.problem)
    forbidden = {*today.inputs.types, *today.labels.types} - {*today.features}
    leaking = sorted(forbidden.intersection(logged.inputs.input_names()))
    if leaking:
        reason = f"the model sees {', '.join(leaking)}, which schema.py keeps from it"
        return check("contract", "rejected", "differs", "matches", reason)
    if logged != signature(case.contract, list(case.card.classes)):
        reason = "the signature is not the one that schema.Inputs implies"
        return check("contract", "rejected", "differs", "matches", reason)
    reason = "the model sees exactly the features that schema.py declares"
    return check("contract", "passed", "matches", "matches", reason)


def known_in_time(case: Case) -> Iterator[Check]:
    """Refuse rows whose values became known after the event."""
    frame = case.sample.frame
    known_at = case.contract.inputs.one("known_at")
    event_time = case.contract.inputs.one("event_time")
    if known_at is not None and event_time is not None:
        late = int((frame[known_at] > frame[event_time]).sum())
        reason = f"rows where {known_at} is later than {event_time}, so not yet known then"
        yield check("known in time", passed_if(late == 0), f"{late} late rows", "0", reason)


def not_seen_in_training(case: Case) -> Iterator[Check]:
    """Refuse keys that a version trained on, and groups if the split separates them."""
    roles = case.contract.inputs.roles
    kinds = {"keys": case.contract.keys}
    if "group" in roles and case.card.time.split != "time":
        kinds["groups"] = roles["group"]
    for kind, columns in kinds.items():
        fresh = hashes(case.sample.frame, columns)
        seen = {}
        for loaded in filter(None, (case.challenger, case.champion)):
            with np.load(loaded.version.artifact("seen.npz")) as stored:
                seen[str(loaded.version)] = int(np.isin(fresh, stored[kind]).sum())
        trained = " and ".join(version for version, count in seen.items() if count)
        reason = f"{kind} of these rows that it or the champion was trained on"
        if trained:
            reason = f"{trained} trained on them"
        count = max(seen.values())
        yield check(f"{kind} seen in training", passed_if(not trained), str(count), "0", reason)


def sane_predictions(case: Case) -> Check:
    """Refuse missing, infinite, impossible or constant predictions."""
    fault = _find_fault(case)
    if fault:
        return check("predictions", "rejected", "invalid", "valid", fault)
    kind = "number" if case.contract.problem == "regression" else "probability"
    reason = f"each row has a {kind}, and not all rows have the same"
    return check("predictions", "passed", "valid", "valid", reason)


def _find_fault(case: Case) -> str:
    """Return what is wrong with the predictions; empty if nothing is."""
    if fault := find_fault(case.contract.problem, case.prediction):
        return fault
    numbers = case.prediction.select_dtypes("float64").to_numpy()
    if (numbers == numbers[0]).all():
        return "all rows get the same"
    return ""


def thresholds(case: Case) -> Iterator[Check]:
    """Compare each figure with its bounds, and with what is too good to be true."""
    limits = case.settings.gate.thresholds
    figures = case.metrics.all(case.truth, case.prediction, limits)
    errors = case.metrics.errors(case.truth, case.prediction, limits, case.clusters)
    for name, limit in limits.items():
        value = figures.get(name, float("nan"))
        if not np.isfinite(value):
            reason = f"nothing computes {name}, of which gate.thresholds.{name} has a bound"
            yield check(name, "rejected", "missing", _bound(limit), reason)
            continue
        yield judge_figure(name, value, errors[name], limit)
        if limit.suspects(value):
            yield _plausible(name, value, limit)


def judge_figure(name: str, value: float, error: float, limit: Limit) -> Check:
    """Judge a figure by its bound: with one that is allowed by luck, a person must decide.

    `error` is its standard error.
    """
    around = interval_text(value, error)
    worst = value - limit.sign * ONE_SIDED * error
    verdict: CheckVerdict = passed_if(limit.allows(value))
    reason = _explain_metric(limit, around)
    setting = f"gate.thresholds.{name}.{'max' if limit.min is None else 'min'}"
    if limit.allows(value) and np.isfinite(worst) and not limit.allows(worst):
        verdict = "insufficient"
        reason = f"chance may explain it, since its 95% bound is {worst:.4f}; {reason}"
        setting = ""  # the figure itself is within that limit
    return Check(
        name=name,
        verdict=verdict,
        figure=f"{value:.4f}",
        limit=_bound(limit),
        reason=reason,
        interval=around,
        setting=setting,
    )


def _explain_metric(limit: Limit, around: str) -> str:
    """Return which values of a metric are better, and its interval if that is known."""
    better = "higher" if limit.sign > 0 else "lower"
    interval = f"; {INTERVAL} {around}" if around else ""
    return f"{better} is better{interval}"


def _plausible(name: str, value: float, limit: Limit) -> Check:
    """Return the check of a figure that is too good to be true."""
    key = "suspicious_above"
    bound = f"<= {limit.suspicious_above:g}"
    if value < limit.suspicious_below:
        key = "suspicious_below"
        bound = f">= {limit.suspicious_below:g}"
    return check(
        f"{name} plausible",
        "rejected",
        f"{value:.4f}",
        bound,
        "too good to be true: look for a column that reveals the label",
        setting=f"gate.thresholds.{name}.{key}",
    )


def _bound(limit: Limit) -> str:
    return f">= {limit.min:g}" if limit.min is not None else f"<= {limit.max:g}"
