"""Module 3: track, register, gate."""

from collections.abc import Iterator
from typing import Any

from ..exercise import Exercise, Module
from ..missing import Missing
from ..place import PROGRAM, Journal, Place
from .champion import check_champion, check_scored
from .own_data import NOTEBOOK, roles
from .repository import refuse_overrides

LEAK = "reminders_sent"
SCHEMA = "src/loan_risk/schema.py"
TOO_GOOD = 0.95  # gate.thresholds.auc.suspicious_above as drafted
TREES = "model.params.max_iter"
RATE = "model.params.learning_rate"


def check_experiments(place: Place) -> Iterator[str]:
    """Two experiments differ in a parameter only, and the better one is judged."""
    journal = place.journal()
    versions = experiments(journal)
    if not versions:
        raise Missing(
            "There is no experiment yet.",
            "You can only say that a parameter is better if you have tried it and something else.",
            f"Run `uv run {PROGRAM} train --set {TREES}=200`.",
        )
    champion = journal.card(journal.champion)
    cards = on_same_rows(journal)
    if not cards:
        raise Missing(
            f"Version {versions[-1]} was trained on other rows than the champion.",
            "If the rows and the parameters differ, nobody can say which of them changed the "
            "figure.",
            f"Train again, and set only {TREES} or {RATE}.",
        )
    several = [version for version, card in cards.items() if _changes(card, champion) > 1]
    cards = {version: card for version, card in cards.items() if version not in several}
    if several and len(cards) < 2:
        raise Missing(
            f"Version {several[-1]} changes {_changes(journal.card(several[-1]), champion)} "
            "parameters at once.",
            "If it is better, nobody can say which of them made it better. One of them may even "
            "have made it worse.",
            f"Set one of them only: `uv run {PROGRAM} train --set {TREES}=200`, and then "
            f"`uv run {PROGRAM} train --set {RATE}=0.5`.",
        )
    versions = list(cards)
    different = {str(sorted(card.model.params.items())) for card in [champion, *cards.values()]}
    if len(different) < 3:
        if any(
            card.model.params == champion.model.params and card.model.seed != champion.model.seed
            for card in cards.values()
        ):
            raise Missing(
                "A version differs from the champion in the seed only.",
                "The seed changes what is random. If you try ten and keep the best, you have "
                "selected luck, and it does not last.",
                f"Change a parameter: `uv run {PROGRAM} train --set {TREES}=200`.",
            )
        raise Missing(
            f"Only version {versions[-1]} tries a parameter.",
            "One experiment answers no question. A second one, which goes the other way, says "
            "whether the parameter matters at all.",
            f"Run `uv run {PROGRAM} train --set {RATE}=0.5`, too.",
        )
    yield f"Versions {' and '.join(versions)} try other parameters on the same rows."
    figures = {version: card.figures["auc"] for version, card in cards.items()}
    best = max(figures, key=lambda version: figures[version])
    listed = ", ".join(f"{figure:.4f} ({version})" for version, figure in figures.items())
    judged = [version for version in versions if journal.verdicts(version)]
    if judged and best not in judged:
        raise Missing(
            f"You let the gate judge version {judged[0]}, and version {best} ranks better.",
            "The gate allows only a few attempts on the same months: with enough attempts, one "
            f"passes by luck. Spend them on the best. AUC by version: {listed}.",
            f"Run `uv run {PROGRAM} gate {best}`.",
        )
    if not judged:
        raise Missing(
            "The gate has not judged the better one.",
            f"The held-out AUC alone decides nothing. AUC by version: {listed}.",
            f"Run `uv run {PROGRAM} compare {versions[0]} {versions[-1]}`, then gate the better.",
        )
    yield f"The gate has judged the better one, version {best}."


def _changes(card: Any, champion: Any) -> int:
    """Return how many parameters of a version differ from the champion's."""
    params, others = card.model.params, champion.model.params
    return sum(params.get(name) != others.get(name) for name in params.keys() | others.keys())


def on_same_rows(journal: Journal) -> dict[str, Any]:
    """Return the cards of the experiments on the champion's rows, by version."""
    champion = journal.card(journal.champion)
    cards = {version: journal.card(version) for version in experiments(journal)}
    return {
        version: card
        for version, card in cards.items()
        if (card.lineage.data, card.windows) == (champion.lineage.data, champion.windows)
    }


def experiments(journal: Journal) -> list[str]:
    """Return the versions that were trained with overridden settings of the model or the time."""
    return [
        entry.subject
        for entry in journal.of("train")
        if any(
            f"--set {part}." in name for name in entry.overrides or () for part in ("model", "time")
        )
    ]


def check_leak(place: Place) -> Iterator[str]:
    """The gate has rejected a version that learned from the leak, and the leak is gone."""
    journal = place.journal()
    limits = place.settings().gate.thresholds.get("auc")
    limit = limits.suspicious_above if limits else None
    if limit is None or limit > TOO_GOOD:
        raise Missing(
            f"gate.thresholds.auc.suspicious_above is {limit} now.",
            "You have switched off the smoke alarm because it rang. The limit is reviewed with "
            "the rest of conf/, so this would be the first question in the review.",
            f"Set it back to {TOO_GOOD}.",
        )
    leaking = {}
    for entry in journal.of("train"):
        seen = {LEAK, "contacts"} & set(journal.card(entry.subject).features)
        if seen:
            leaking[entry.subject] = seen
    with_leak = [version for version, seen in leaking.items() if LEAK in seen]
    if leaking and not with_leak:
        version = list(leaking)[-1]
        verdicts = journal.verdicts(version)
        verdict = verdicts[-1].details.verdict if verdicts else "not judged"
        raise Missing(
            f"Version {version} has learned from contacts (the gate: {verdict}).",
            "contacts leaks, too, but the figures stay below each limit. No gate can find such a "
            "column. Only somebody who knows when it is filled in can: you, in module 2.",
            f"Exclude contacts again, and remove the role of {LEAK} instead.",
        )
    if not with_leak:
        raise Missing(
            f"No version has learned from {LEAK}.",
            "You will trust the gate more after you have seen it say no.",
            f"In schema.py, make {LEAK} a feature: remove its role. Then train and gate.",
        )
    version = with_leak[-1]
    auc = journal.card(version).figures["auc"]
    yield f"Version {version} has learned from {LEAK}. Its AUC is {auc:.4f}."
    verdicts = journal.verdicts(version)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {version}.",
            f"An AUC of {auc:.4f} looks like a success. Somebody has to ask whether it is.",
            f"Run `uv run {PROGRAM} gate`. It ends with exit code 3.",
        )
    if verdicts[-1].details.verdict != "rejected":
        raise Missing(
            f"The gate has not rejected version {version}.",
            "A limit that is overridden on the command line protects nobody.",
            f"Run `uv run {PROGRAM} gate {version}` without --set.",
        )
    if journal.champion in with_leak:
        raise Missing(
            f"Version {journal.champion}, which has learned from {LEAK}, is in use.",
            "For the applicants of tomorrow the column is 0, so it would grant nearly every loan.",
            "Reset this exercise, and do not promote the version.",
        )
    rejected = [c.name for c in journal.checks(verdicts[-1]).values() if c.verdict == "rejected"]
    yield f"The gate has rejected it. Its reasons: {', '.join(rejected)}."
    _refuse_leak_left(place)
    yield f"{LEAK} is no longer a feature, and version {journal.champion} is still the champion."


def _refuse_leak_left(place: Place) -> None:
    if not roles(place, "Inputs").get(LEAK, "not there"):
        undo = "Undo your change: `git restore src/loan_risk/schema.py`."
        if SCHEMA not in place.changed:
            undo = f'You have committed it. Give {LEAK} the role "excluded" again, and commit.'
        raise Missing(
            f"{LEAK} is still a feature in schema.py.",
            "The next person who trains would repeat the mistake.",
            undo,
        )


def check_promotion(place: Place) -> Iterator[str]:
    """The better parameters are in conf/, and the version trained with them is the champion."""
    params = place.settings().model.params
    journal = place.journal()
    if params == NOTEBOOK:
        if journal.champion in experiments(journal):
            overrides = ", ".join(journal.trained(journal.champion).overrides)
            raise Missing(
                f"Version {journal.champion} was trained with {overrides}, and conf/base.yml still "
                f"says {params}.",
                "What you type on the command line is in no file, so nobody reviews it. The next "
                "training run would go back to the old parameter.",
                "Write `params: {max_iter: 200}` below `model:` in conf/base.yml, and commit. Then "
                "train, gate and promote.",
            )
        raise Missing(
            f"model.params in conf/base.yml is still {params}.",
            "The better parameter is only in your terminal's history. The next training run would "
            "go back to the old one.",
            "Write `params: {max_iter: 200}` below `model:`.",
        )
    cards = on_same_rows(journal)
    judged = [version for version in cards if journal.verdicts(version)]
    best = max(judged, key=lambda version: cards[version].figures["auc"], default="")
    if best and params != cards[best].model.params:
        raise Missing(
            f"model.params in conf/base.yml is {params}, and the better experiment, version "
            f"{best}, had {cards[best].model.params}.",
            "You have made experiments so that you need not guess. These parameters lost, or "
            "nobody has tried them.",
            f"Write `params: {cards[best].model.params}` below `model:`.",
        )
    if place.yaml("conf/base.yml").get("model", {}).get("params") != params:
        raise Missing(
            "conf/dev.yml sets model.params, and conf/base.yml does not.",
            "test and prod do not read dev.yml. They would train another model than the one that "
            "you have tried.",
            "Write `params: {max_iter: 200}` below `model:` in conf/base.yml, and remove it from "
            "conf/dev.yml.",
        )
    yield f"The parameters are in conf/base.yml: {params}."
    if place.changed:
        raise Missing(
            f"{place.changed[0]} is not committed.",
            "Without a commit, nobody reviews the change, and the version cannot name it.",
            'Run `git add --all`, then `git commit --message "feat: use more trees"`.',
        )
    yield "The change is committed."
    champion = journal.champion
    trained = journal.trained(champion)
    if champion in experiments(journal):
        refuse_overrides(trained)
    newest = journal.last("train")
    if journal.card(champion).model.params != params:
        if (
            not newest.overrides
            and not newest.details.dirty
            and journal.card(newest.subject).model.params == params
        ):
            check_champion(journal, newest.subject)
        raise Missing(
            f"The champion, version {champion}, was trained with other parameters.",
            "A setting changes nothing that is trained already.",
            f"Run `uv run {PROGRAM} train`, then gate and promote.",
        )
    if trained.details.dirty:
        raise Missing(
            f"Version {champion} was trained before you committed.",
            "Its commit does not contain the parameters that it was trained with.",
            f"Run `uv run {PROGRAM} train` again, then gate and promote.",
        )
    yield f"Version {champion} was trained with them, from a commit, and is the champion."
    yield check_scored(journal)


def check_rollback(place: Place) -> Iterator[str]:
    """The newest champion is withdrawn, with a reason."""
    journal = place.journal()
    withdrawn = journal.of("rollback")
    promoted = journal.last("promote")
    if not withdrawn:
        again = [entry for entry in journal.of("gate") if entry.number > promoted.number]
        if again:
            raise Missing(
                f"You asked the gate about version {again[-1].subject} again.",
                "The gate compares figures on old months, where the champion is better. It cannot "
                "know what the branches see today. In an emergency, a person decides.",
                f'Run `uv run {PROGRAM} rollback --reason "..."`.',
            )
        if journal.of("pause"):
            raise Missing(
                "The model is paused, and the bad version is still the champion.",
                "A pause stops every prediction, also the good ones. It is for the case that no "
                "earlier version is sound.",
                f'Run `uv run {PROGRAM} rollback --reason "..."`, then `resume`.',
            )
        raise Missing(
            "No version is withdrawn.",
            "At three in the morning you need one command that always works, and you need to have "
            "used it before.",
            f'Run `uv run {PROGRAM} rollback --reason "..."`.',
        )
    yield f"Version {withdrawn[0].subject} is withdrawn."
    reason = withdrawn[0].details.reason
    if len(reason.split()) < 3:
        raise Missing(
            f'The reason is "{reason}".',
            "Somebody reads it next week and decides whether the version may come back. Entries "
            "cannot be changed, so this one stays like that.",
            f'Reset this exercise, and run `uv run {PROGRAM} rollback --reason "..."` in words.',
        )
    yield f"The journal says why: {reason}."
    if promoted.number > withdrawn[0].number:
        raise Missing(
            f"Version {journal.champion} was promoted after the rollback.",
            "A withdrawn version needs a new verdict, and a reason why the old one was wrong.",
            "Reset this exercise, and leave it at the rollback.",
        )
    halts = journal.of("pause", "resume")
    if halts and halts[-1].command == "pause":
        raise Missing(
            "The model is still paused.",
            "A pause stops every prediction, also those of the version that works.",
            f"Run `uv run {PROGRAM} resume`.",
        )
    if not any(entry.number > withdrawn[0].number for entry in journal.of("score")):
        raise Missing(
            f"Version {journal.champion} is the champion again, and has predicted nothing since.",
            f"A rollback changes no prediction: the branches still read those of version "
            f"{withdrawn[0].subject}.",
            f"Run `uv run {PROGRAM} score`.",
        )
    yield f"Version {journal.champion} has predicted again, so the branches read its scores."


MODULE = Module(
    3,
    "Track, register, gate",
    "3-track-register-gate.md",
    (
        Exercise(
            "3.1",
            "Compare experiments",
            "Two experiments differ from the champion in one parameter each, and the gate has "
            "judged the better one.",
            (
                "Change one thing at a time: the parameters, and not the rows.",
                f"`--set {TREES}=200` tries more trees, `--set {RATE}=0.5` faster learning.",
                f"`uv run {PROGRAM} compare 2 3` shows both figures. `gate N` judges version N.",
            ),
            check_experiments,
        ),
        Exercise(
            "3.2",
            "A model that is too good",
            "The gate has rejected a version that learned from what happened afterwards.",
            (
                f"A column without a role is a feature. Remove the role of {LEAK} in schema.py.",
                "Train and gate. The gate ends with exit code 3, and its table says why.",
                "Undo the change: `git restore src/loan_risk/schema.py`.",
            ),
            check_leak,
        ),
        Exercise(
            "3.3",
            "Promote the better model",
            "A version trained with the better parameters, from a commit, is the champion.",
            (
                "What is typed with --set is in no file. Write it into conf/base.yml.",
                "Commit, then train, gate, promote and score.",
            ),
            check_promotion,
        ),
        Exercise(
            "3.4",
            "Roll back",
            "The new champion is withdrawn with a reason, and the one before it predicts again.",
            (
                "One command does it, and it needs no version number.",
                f'`uv run {PROGRAM} rollback --reason "..."`: write what you have seen.',
                "The branches read the newest predictions: score again, with the old version.",
            ),
            check_rollback,
        ),
    ),
)
