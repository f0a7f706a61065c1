"""What a model card is written from, without a store: kept records, with or without new fields."""

import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from kept_records import inside, read, text_of
from mlops.projects import make_project
from rendering import platform

diagnostics = platform("figures.diagnostics")
evidence = platform("records.evidence")

DIGEST = "0123456789abcdef" * 4
NEWEST = "c1308a1"
COLUMNS = {
    "application_id": "key",
    "age_band": "protected",
    "applied_on": "event_time",
    "defaulted": "target",
}
ESTIMATOR = {
    "name": "GradientBoostingClassifier",
    "package": "sklearn",
    "steps": ["Typical", "ColumnTransformer"],
    "params": {"learning_rate": "0.05", "loss": "log_loss"},
}


def stored(place: PurePosixPath, root: Path) -> tuple[Any, Any]:
    """Return a store with the journal of a kept store, and its first version."""
    entries = [
        platform("records.entry").Entry.stored(read(p), "") for p in inside(place / "journal")
    ]
    texts = {evidence.sha256_of(text_of(p)): text_of(p) for p in inside(place / "evidence")}
    facts = read(place / "cards/version-1.json")
    return make(facts, entries, texts, root)


def recorded(problem: str, root: Path, costs: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """Return a store and a version as today's `train` and `gate` record them."""
    place = PurePosixPath(f"{NEWEST}/{problem}")
    facts = read(place / "cards/version-1.json")
    entries = [
        platform("records.entry").Entry.stored(read(p), "") for p in inside(place / "journal")[:2]
    ]
    judged = json.loads(text_of(inside(place / "evidence")[0]))
    truth, prediction = judge(problem, tuple(facts["classes"]))
    figures = facts["figures"]
    found = diagnostics.diagnose(problem, truth, prediction, figures)
    judged["diagnostics"] = found.to_json()
    if costs:
        judged["costs"] = {"false_positive": costs[0], "false_negative": costs[1]}
    names = [*facts["features"], *COLUMNS]
    facts |= {
        "train_figures": {name: value * 1.05 for name, value in figures.items()},
        "train_figures_rows": 5_000,
        "target": {"train": found.target.to_json(), "gate": found.target.to_json()},
        "columns": [
            {"name": name, "role": COLUMNS.get(name, "feature"), "type": "str", "nullable": True}
            for name in names
        ],
        "estimator": ESTIMATOR,
        "importance_errors": {
            name: 0.2 * abs(fall) for name, fall in list(facts["importance"].items())[1:]
        },
    }
    return make(facts, entries, {entries[1].details.evidence_sha256: json.dumps(judged)}, root)


def judge(problem: str, classes: tuple[str, ...]) -> tuple[pd.Series, pd.DataFrame]:
    """Return a truth and a prediction with some skill."""
    random = np.random.default_rng(4)
    if problem == "regression":
        value = random.gamma(2, 5_000, 900)
        return pd.Series(value * random.normal(1, 0.3, 900)), pd.DataFrame({"value": value})
    if problem == "binary":
        score = random.beta(1, 5, 900)
        truth = pd.Series((random.random(900) < score).astype("int64"))
        return truth, pd.DataFrame({"score": score, "decision": score >= 0.5})
    scores = pd.DataFrame(random.dirichlet(np.ones(len(classes)), 900), columns=list(classes))
    drawn = [random.choice(classes, p=row) for row in scores.to_numpy()]
    return pd.Series(drawn), scores.assign(label=scores.idxmax(axis=1))


def make(
    facts: dict[str, Any], entries: list[Any], texts: dict[str, str], root: Path
) -> tuple[Any, Any]:
    """Return a store with these entries and evidence, and a version with this card."""
    card = platform("records.card").VersionCard.read(facts, "the card")
    limit = {"auc": {"min": 0.7}, "accuracy": {"min": 0.5}, "r2": {"min": 0.1}}
    project = make_project(
        root,
        problem=card.problem,
        description="Predicts <defaults> | of loans.",
        gate={"thresholds": limit},
    )
    store = SimpleNamespace(
        project=project,
        entries=entries,
        recorded_champion=None,
        journal=SimpleNamespace(evidence=lambda _, sha256: texts[sha256]),
    )
    return store, SimpleNamespace(name="dev.loan-risk", number=1, card=card, digest=DIGEST)
