"""The gate's checks on one version by itself."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ...base.project import PACKAGE, user_module
from ...base.settings import Settings
from ...data.contract import Contract, read_contract
from ...data.fingerprints import hashes
from ...data.labelled_rows import LabelledRows, count_events
from ...figures.decision import interval
from ...figures.metrics import Metrics
from ...records.card import Card
from ...records.journal import Entry
from ...records.registry import LoadedVersion, Version
from ...records.signature import signature


@dataclass(frozen=True)
class Check:
    """One check: `passed`, `rejected`, `insufficient`, or `noted` where it decides nothing."""

    name: str
    verdict: str
    figure: str = ""
    limit: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Case:
    """All that the checks look at."""

    settings: Settings
    entries: list[Entry]
    sample: LabelledRows
    challenger: LoadedVersion
    champion: LoadedVersion | None
    trouble: str  # why the champion cannot be asked

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of today's project, the same for both versions."""
        return Metrics(self.settings, user_module("model"))

    @property
    def contract(self) -> Contract:
        """The contract of the version's own schema."""
        return self.challenger.contract

    @property
    def card(self) -> Card:
        """The version's card."""
        return self.challenger.version.card

    @property
    def truth(self) -> pd.Series:
        """The target of the fresh rows."""
        return self.sample.frame[self.contract.target]

    @cached_property
    def prediction(self) -> pd.DataFrame:
        """The version's prediction of the fresh rows."""
        return self.challenger.predict(self.sample.frame)


def judge(good: object) -> str:
    """Return the verdict of a check that can only pass or reject."""
    return "passed" if good else "rejected"


ALONE = """
import gc, sys; gc.disable()
sys.modules[sys.argv[1]] = None  # importing the project is an error from here on
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[2], suppress_warnings=True)
model.predict(pandas.read_parquet(f"{sys.argv[2]}/artifacts/golden_rows.parquet"))
gc.freeze()  # what was imported is no garbage: to look through it takes as long as to predict
"""


def stands_alone(version: Version) -> Check:
    """Load the version and predict in a clean interpreter that cannot import the project."""
    command = [sys.executable, "-I", "-c", ALONE, PACKAGE, str(version.folder)]
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Check("stands alone", "passed", "yes", "yes")
    return Check("stands alone", "rejected", "no", "yes", done.stderr.strip().split("\n")[-1])


def of_itself(case: Case) -> Iterator[Check]:
    """Run the checks of this module on a version that loads and has its window."""
    yield enough_events(case)
    yield attempts(case)
    yield contract_kept(case)
    yield from known_in_time(case)
    yield from nothing_seen_before(case)
    yield sane_predictions(case)
    yield from thresholds(case)


def enough_events(case: Case) -> Check:
    """Ask for enough matured rows of the rarest class."""
    found, wanted = count_events(case.contract, case.truth), case.settings.gate.min_events
    covered = f"{case.sample.coverage:.0%} of matured rows have a label"
    verdict = "passed" if found >= wanted else "insufficient"
    return Check("events", verdict, str(found), f">= {wanted}", covered)


def attempts(case: Case) -> Check:
    """Count the versions that tried this window: many tries find a lucky one."""
    window, limit = case.card["windows"]["gate"], case.settings.gate.attempts
    gates = [entry for entry in case.entries if entry["command"] == "gate"]
    tried = {entry["subject"] for entry in gates if entry["details"]["window"] == window}
    count = len(tried | {str(case.challenger.version.number)})
    reason = "" if count <= limit else "move --as-of on to a fresh window"
    return Check("attempts", judge(count <= limit), str(count), f"<= {limit}", reason)


def contract_kept(case: Case) -> Check:
    """Compare the signature with the schema, and with what today's schema forbids."""
    from mlflow.models import Model

    logged = Model.load(str(case.challenger.version.folder)).signature
    today, reason = read_contract(user_module("schema"), case.settings.problem), ""
    forbidden = {*today.inputs.types, *today.labels.types} - {*today.features}
    leaking = sorted(forbidden.intersection(logged.inputs.input_names()))
    if leaking:
        reason = f"the model sees {', '.join(leaking)}, which schema.py keeps from it"
    elif logged != signature(case.contract, case.card["classes"]):
        reason = "the signature is not the one that schema.Inputs implies"
    return Check("contract", judge(not reason), "broken" if reason else "kept", "kept", reason)


def known_in_time(case: Case) -> Iterator[Check]:
    """Refuse rows whose values became known after the event."""
    inputs, frame = case.contract.inputs, case.sample.frame
    known_at, event_time = inputs.one("known_at"), inputs.one("event_time")
    if known_at is not None and event_time is not None:
        late = int((frame[known_at] > frame[event_time]).sum())
        reason = f"{known_at} lies after {event_time}" if late else ""
        yield Check("known in time", judge(late == 0), f"{late} late rows", "0", reason)


def nothing_seen_before(case: Case) -> Iterator[Check]:
    """Refuse keys, and groups where the split separates them, that stand on both sides."""
    sides, roles = {"keys": case.contract.keys}, case.contract.inputs.roles
    if "group" in roles and case.card["time"]["split"] != "time":
        sides["groups"] = roles["group"]
    for side, columns in sides.items():
        fresh, seen = hashes(case.sample.frame, columns), {}
        for scorer in filter(None, (case.challenger, case.champion)):
            with np.load(scorer.version.artifact("seen.npz")) as stored:
                seen[str(scorer.version)] = int(np.isin(fresh, stored[side]).sum())
        guilty = " and ".join(name for name, count in seen.items() if count)
        reason = f"{guilty} trained on them" if guilty else ""
        figure = str(max(seen.values()))
        yield Check(f"{side} seen in training", judge(not guilty), figure, "0", reason)


def sane_predictions(case: Case) -> Check:
    """Refuse missing, infinite, impossible or constant predictions."""
    numbers, reason = case.prediction.select_dtypes("float64").to_numpy(), ""
    if not np.isfinite(numbers).all():
        reason = "some are missing or infinite"
    elif case.contract.problem != "regression" and (numbers.min() < 0 or numbers.max() > 1):
        reason = "some probabilities lie outside 0 and 1"
    elif (numbers == numbers[0]).all():
        reason = "all rows get the same"
    return Check("predictions", judge(not reason), "bad" if reason else "sane", "sane", reason)


def thresholds(case: Case) -> Iterator[Check]:
    """Hold each figure against its bounds, and against what is too good to be true."""
    bounds = case.settings.gate.thresholds
    figures = case.metrics.all(case.truth, case.prediction, bounds)
    errors = case.metrics.errors(case.truth, case.prediction, bounds)
    for name, limit in bounds.items():
        value = figures.get(name, float("nan"))
        bound = f">= {limit.min:g}" if limit.min is not None else f"<= {limit.max:g}"
        if not np.isfinite(value):
            yield Check(name, "rejected", "missing", bound, "nothing computes it")
            continue
        reason = interval(value, errors[name])
        yield Check(name, judge(limit.allows(value)), f"{value:.4f}", bound, reason)
        if limit.suspects(value):
            reason = "too good to be true: look for a column that knows the answer"
            yield Check(f"{name} plausible", "rejected", f"{value:.4f}", "", reason)
