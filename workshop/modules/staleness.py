"""Module 5: it goes stale."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ..exercise import Exercise, Module
from ..missing import Missing
from ..place import HOME, PROGRAM, Journal, Place
from .own_data import deliver

SPRING = ("2026-03-01", "2026-04-01", "2026-05-01")
SUMMER = ("2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01")
NEXT_YEAR = (
    *(f"2026-{month}-01" for month in (10, 11, 12)),
    *(f"2027-{month:02}-01" for month in range(1, 7)),
)
SCHEDULE = "uv run python .workshop/workshop/months.py"
DRIFTED = {"channel", "employment"}
BROUGHT_BY = "broker"
CHANGED_IN = "2026-03"
LEARNED_UNTIL = "2025-11"  # by a version that is trained on the last day of SUMMER
LOAN = "2026-08-0056"
LOAN_DATE = "2026-09-01"  # its month was scored on this date
APPROVER = "Katherine Johnson"
PARAMETERS = re.compile(r"params: \{.*\}")
MORE_TREES = "params: {max_iter: 250}"
COLLEAGUE = "Mary Jackson <mary.jackson@bank.example>"
# As drafted, and as in the template:
MAX_PSI = 0.1
MAX_BRIER = 0.125
HORIZON = 3


def check_drift(place: Place) -> Iterator[str]:
    """Three months are scored and monitored, and the answers say what has drifted."""
    refuse_weaker_rules(place)
    journal = place.journal()
    _refuse_early_training(journal)
    check_months(
        journal, SPRING, f"Run `uv run {PROGRAM} score --as-of DATE`, then `monitor --as-of DATE`."
    )
    yield f"{len(SPRING)} months are scored and monitored, the last on {SPRING[-1]}."
    answers = place.answers("5.1")
    decision = monitored(journal, SPRING[-1]).details.decision
    if not answers.get("decision"):
        raise Missing(
            "Nothing is answered yet.",
            "A report that nobody reads is no monitoring.",
            f"Open the report in build/monitor, and then {HOME}/answers/5.1.toml in your editor.",
        )
    if answers["decision"] != decision:
        raise Missing(
            f"decision is {answers['decision']}: that is not what monitor decided.",
            "What you do next depends on it: nothing, find out why, or a new version.",
            f"Read the last line that monitor printed for {SPRING[-1]}.",
        )
    yield f"monitor asks a person to act: {decision}."
    _check_columns(answers)
    yield "You found which two inputs have drifted, and where the loans come from."
    if answers.get("worse") != "not known yet":
        raise Missing(
            f'worse is "{answers.get("worse")}".',
            "Other customers are not worse customers. Whether the predictions are wrong shows when "
            "the outcomes are known, and these loans have not been reviewed yet.",
            'Read the section Performance of the report: the answer is "not known yet".',
        )
    yield "Whether the model predicts worse is not known yet."


def refuse_weaker_rules(place: Place) -> None:
    """Raise Missing if a rule was changed that is in the way."""
    settings = place.settings()
    if settings.monitoring.max_psi > MAX_PSI:
        raise Missing(
            f"monitoring.max_psi is {settings.monitoring.max_psi} now.",
            "You have switched off the smoke alarm because it rang. The customers are still other "
            "ones, and now nobody will notice.",
            "Remove the setting again: `git restore conf`.",
        )
    brier = settings.gate.thresholds.get("brier")
    limit = brier.max if brier else None
    if limit is None or limit > MAX_BRIER:
        raise Missing(
            f"gate.thresholds.brier.max is {limit} now.",
            "The limit was chosen before anybody knew which version would need it. A limit that "
            "moves with the model says nothing about the model.",
            f"Set it back to {MAX_BRIER}.",
        )
    if settings.time.label_horizon < HORIZON:
        raise Missing(
            f"time.label_horizon is {settings.time.label_horizon} now.",
            "It would bring newer loans into training sooner. But the bank reviews a loan after "
            "three months: of the newer ones, nobody knows the outcome.",
            f"Set it back to {HORIZON}, and wait.",
        )


def _refuse_early_training(journal: Journal) -> None:
    looked = journal.of("monitor")
    trained = [
        entry
        for entry in journal.of("train")
        if looked and entry.number > looked[0].number and entry.as_of <= SPRING[-1]
    ]
    if trained:
        raise Missing(
            f"You have trained version {trained[-1].subject} because something has drifted.",
            "The outcome of a new loan is known after three months. So the version has learned "
            "from the customers of last year, as the one before it.",
            "Reset this exercise, and find out first what has changed.",
        )


def check_months(journal: Journal, dates: Sequence[str], remedy: str) -> None:
    """Raise Missing for the first date on which nothing was scored or monitored."""
    scores = {entry.details.date for entry in journal.of("score")}
    looks = {str(entry.details.as_of) for entry in journal.of("monitor")}
    for date in dates:
        if date not in scores and date not in looks:
            raise Missing(
                f"Nothing was done on {date}.",
                "A model is watched in each month, because only the months in a row show whether "
                "a change lasts.",
                remedy,
            )
        if date not in scores:
            raise Missing(
                f"On {date}, nothing was scored.",
                "Later, predictions are compared with outcomes. A prediction that was never made "
                "cannot be compared.",
                remedy,
            )
        if date not in looks:
            raise Missing(
                f"On {date}, the model predicted, and nobody looked at it.",
                "Predictions look as usual, also when they are wrong.",
                remedy,
            )


def monitored(journal: Journal, date: str) -> Any:
    """Return the newest entry of `monitor` on a date."""
    return next(e for e in reversed(journal.of("monitor")) if str(e.details.as_of) == date)


def _check_columns(answers: dict[str, Any]) -> None:
    drifted = answers.get("drifted")
    if not isinstance(drifted, list) or set(drifted) != DRIFTED:
        raise Missing(
            f"drifted is {drifted}: these are not the inputs that have drifted.",
            "Each input has a figure, its PSI, and a limit. Below the limit, chance explains it.",
            "Look at the table Columns then and now in the report.",
        )
    channel = answers.get("channel")
    if channel != BROUGHT_BY:
        raise Missing(
            f'channel is "{channel}": most loans of April come from elsewhere.',
            "A PSI says that something has moved. The shares say what, and lead you to the person "
            "who knows why.",
            "In the report, compare then and now of channel.",
        )


def check_decay(place: Place) -> Iterator[str]:
    """The decay is found, and why the version that was trained at once must wait."""
    refuse_weaker_rules(place)
    journal = place.journal()
    _refuse_early_champion(journal)
    check_months(journal, SUMMER, f"Run `{SCHEDULE} {SUMMER[0]} {SUMMER[-1]}`.")
    found = monitored(journal, SUMMER[-1]).details
    yield f"On {SUMMER[-1]}, monitor decides: {found.decision}. auc is {found.metrics['auc']:.3f}."
    attempts = [entry for entry in journal.of("retrain") if entry.as_of == SUMMER[-1]]
    if not attempts:
        by_hand = [entry for entry in journal.of("train") if entry.as_of == SUMMER[-1]]
        if by_hand:
            raise Missing(
                f"You have trained version {by_hand[-1].subject} by hand.",
                "A schedule runs `retrain`: it asks monitor, trains, judges, and records why. At "
                "night, nobody is there to type `train`.",
                f"Run `uv run {PROGRAM} retrain --as-of {SUMMER[-1]}`.",
            )
        raise Missing(
            "Nobody has acted on what monitor decided.",
            "From now on, each decision of the model is worse than you have promised.",
            f"Run `uv run {PROGRAM} retrain --as-of {SUMMER[-1]}`.",
        )
    attempt = attempts[0]
    yield f"retrain has made version {attempt.subject}. It is {attempt.outcome}."
    answers = place.answers("5.2")
    changed = str(answers.get("changed_in", ""))
    if not changed:
        raise Missing(
            "Nothing is answered yet.",
            "If you cannot say why a new version is no better, you will try one each day.",
            f"Open {HOME}/answers/5.2.toml in your editor.",
        )
    if changed != CHANGED_IN:
        raise Missing(
            f"changed_in is {changed}: the customers did not change in this month.",
            "Drift shows in the month in which it happens, decay one label horizon later.",
            "Look for the first month that drifted: its loans were scored on the first day of the "
            "next month.",
        )
    yield "You found the month in which the customers changed."
    _check_last_month(str(answers.get("learned_until", "")), attempt)
    yield "You found what the new version has learned from: it has met none of these customers."


def _refuse_early_champion(journal: Journal) -> None:
    looks = journal.of("monitor")
    promoted = [entry for entry in journal.of("promote") if entry.number > looks[0].number]
    if promoted and promoted[-1].as_of < NEXT_YEAR[-1]:
        version = promoted[-1].subject
        trained_on = journal.trained(version).as_of
        if trained_on <= SUMMER[-1]:
            raise Missing(
                f"Version {version}, trained on {trained_on}, is in use.",
                "It is no worse than the one before it, so the gate let it pass. It is no better "
                "either: it has not met the new customers. A person had to know that.",
                "Reset this exercise, and let it wait.",
            )


def _check_last_month(month: str, attempt: Any) -> None:
    if month == LEARNED_UNTIL:
        return
    if month >= CHANGED_IN:
        raise Missing(
            f"learned_until is {month}: version {attempt.subject} has not learned from this month.",
            "The newest three months have no outcome yet. The three before them are kept for the "
            "gate. And three more lie between, so that no outcome is seen twice.",
            f"Open build/monitor/card-dev-{attempt.subject}.html, and look for the table Rows.",
        )
    raise Missing(
        f"learned_until is {month}: this is not the last month of the training window.",
        "The last month decides whether a version can know of a change.",
        f"Open build/monitor/card-dev-{attempt.subject}.html, and look for the table Rows. The end "
        "of a window does not belong to it.",
    )


def check_successor(place: Place) -> Iterator[str]:
    """A version that has learned from the new customers is in use, by somebody's approval."""
    refuse_weaker_rules(place)
    journal = place.journal()
    check_months(journal, NEXT_YEAR, f"Run `{SCHEDULE} {NEXT_YEAR[0]} {NEXT_YEAR[-1]}`.")
    yield f"{len(NEXT_YEAR)} more months are scored and monitored."
    attempts = [entry for entry in journal.of("retrain") if entry.as_of >= NEXT_YEAR[-1]]
    if not attempts:
        raise Missing(
            f"On {NEXT_YEAR[-1]}, nothing was retrained.",
            "By now, loans of the new customers have been reviewed, and a version can learn from "
            "them.",
            f"Run `uv run {PROGRAM} retrain --as-of {NEXT_YEAR[-1]}`.",
        )
    version = attempts[-1].subject
    verdicts = journal.verdicts(version)
    if not verdicts or verdicts[-1].details.verdict != "passed":
        raise Missing(
            f"Version {version} has not passed the gate.",
            "The champion stays as long as nothing better is there.",
            "Read which check has rejected it, reset this exercise, and repeat its commands.",
        )
    yield f"Version {version} has passed the gate."
    if journal.champion != version:
        raise Missing(
            f"Version {version} waits for a person.",
            "retrain does all that a machine can do. Whether the model may decide about people is "
            "asked of a person, as you have set in module 4.",
            f'Read its model card, then run `uv run {PROGRAM} promote --approved-by "{APPROVER}"`.',
        )
    approved_by = journal.last("promote").details.approved_by
    yield f"{approved_by} has approved it: it is the champion."


def decided(journal: Journal) -> tuple[Any, Any]:
    """Return the entries of the batch with the loan, and of its version's promotion."""
    batches = [entry for entry in journal.of("score") if entry.details.date == LOAN_DATE]
    if not batches:
        raise Missing(
            f"dev has no batch of {LOAN_DATE}.",
            "An exercise before this one has left it, and it is gone.",
            "Reset this exercise: `uvx nox -s workshop -- reset`.",
        )
    batch = batches[-1]
    version = str(batch.details.version)
    promotions = [entry for entry in journal.of("promote") if entry.subject == version]
    earlier = [entry for entry in promotions if entry.number < batch.number]
    return batch, earlier[-1]


def check_decision(place: Place) -> Iterator[str]:
    """The answers say which version predicted a loan, and who approved it on which evidence."""
    journal = place.journal()
    answers = place.answers("5.4")
    batch, promotion = decided(journal)
    _check_version(answers.get("version", 0), batch.details.version, journal.champion)
    yield f"Version {batch.details.version} has predicted loan {LOAN}."
    if answers.get("expected_to_default") is not True:
        raise Missing(
            f"expected_to_default is {str(answers.get('expected_to_default')).lower()}.",
            "The column decision is true if what the model predicts is expected: a default. It "
            "does not say that the loan is granted. If you mix that up, you tell the customer the "
            "opposite.",
            "Read the column decision of the prediction.",
        )
    yield "The model expected that the loan would default."
    _check_approver(str(answers.get("approved_by", "")), promotion, journal.last("promote"))
    yield "You found who approved this version."
    _check_evidence(answers.get("evidence_entry", 0), promotion)
    yield "You found the evidence that the approval rests on."


def _check_version(version: object, right: int, champion: str) -> None:
    if not version:
        raise Missing(
            "Nothing is answered yet.",
            "The customer waits, and has a right to an answer.",
            f"Open {HOME}/answers/5.4.toml in your editor. It says where to look.",
        )
    if str(version) == champion and version != right:
        raise Missing(
            f"version is {version}: the champion of today.",
            "When the loan was decided, this version did not exist. Each prediction names the one "
            "that made it.",
            "Look at the column version of the prediction.",
        )
    if version != right:
        raise Missing(
            f"version is {version}: another one has predicted this loan.",
            "Who approved depends on which version it was.",
            "Look at the column version of the prediction.",
        )


def _check_approver(name: str, promotion: Any, newest: Any) -> None:
    right = promotion.details.approved_by
    if name == right:
        return
    if name == newest.details.approved_by:
        raise Missing(
            f"approved_by is {name}: they have approved version {newest.subject}.",
            "The person who approved last is not responsible for what was decided before.",
            f"Look for the promotion of version {promotion.subject} in the journal.",
        )
    if name and name in promotion.actor:
        raise Missing(
            f"approved_by is {name}: that is who typed the command.",
            "The journal keeps two names: who ran `promote`, and whose consent it was.",
            "Read what happened in that entry, not by whom it was written.",
        )
    raise Missing(
        f'approved_by is "{name}": the journal names somebody else.',
        "An auditor compares your answer with the journal, where entries cannot be changed.",
        f"Look for the promotion of version {promotion.subject} in the journal.",
    )


def _check_evidence(entry: object, promotion: Any) -> None:
    if entry == promotion.details.evidence_entry:
        return
    if entry == promotion.number:
        raise Missing(
            f"evidence_entry is {entry}: that is the promotion itself.",
            "Why was the version allowed into use? Because of what the gate measured. The "
            "promotion names the entry of that verdict.",
            f"Run `uv run {PROGRAM} journal {entry}`, and look for evidence_entry.",
        )
    raise Missing(
        f"evidence_entry is {entry}: the approval does not rest on this entry.",
        "A version may be judged more than once, and only one verdict was what the person read.",
        f"Run `uv run {PROGRAM} journal {promotion.number}`, and look for evidence_entry.",
    )


def move_on(place: Place) -> None:
    """Commit a colleague's change, so that the newest commit is not that of the old version."""
    name = "conf/base.yml"
    text = PARAMETERS.sub(MORE_TREES, place.text(name))
    place.path(name).write_text(text, encoding="utf-8")
    message = "--message=feat: use yet more trees"
    place.git("commit", "--no-verify", f"--author={COLLEAGUE}", message, "--", name)


def rebuilt(journal: Journal) -> Any:
    """Return the newest entry about rebuilding the version that decided about the loan."""
    version = str(decided(journal)[0].details.version)
    entries = [entry for entry in journal.of("reproduce") if entry.subject == version]
    if entries:
        return entries[-1]
    others = journal.of("reproduce")
    if others:
        raise Missing(
            f"You have rebuilt version {others[-1].subject}.",
            f"The question was about version {version}, which has decided about the loan.",
            f"Run `uv run {PROGRAM} reproduce {version}`.",
        )
    again = [
        entry for entry in journal.of("train") if entry.number > journal.last("promote").number
    ]
    if again:
        raise Missing(
            f"You have trained version {again[-1].subject}.",
            "It was made with the code and the packages of today. Even if it predicts the same, "
            f"it proves nothing about version {version}.",
            f"Run `uv run {PROGRAM} reproduce {version}`.",
        )
    raise Missing(
        f"Version {version} is not rebuilt.",
        "Anybody can say which code and data a model is from. If it can be made again from them, "
        "nobody has to believe it.",
        f"Run `uv run {PROGRAM} reproduce {version}`.",
    )


def check_reproduction(place: Place) -> Iterator[str]:
    """Last year's version is rebuilt, and the answers say from what."""
    journal = place.journal()
    entry = rebuilt(journal)
    if entry.details.answer != "exact":
        raise Missing(
            f"The answer for version {entry.subject} is: {entry.details.answer}.",
            "Something is not as it was when the version was trained.",
            "See docs/how-to/reproduce-a-version.md, or reset this exercise and try again.",
        )
    yield f"Version {entry.subject} is rebuilt, and predicts the same to the last bit."
    answers = place.answers("5.5")
    _check_rebuilt_commit(place, str(answers.get("commit", "")), entry)
    yield "You found the commit whose code it was fitted with."
    rows = entry.details.rows["train"].source
    if answers.get("rows") != rows:
        raise Missing(
            f'rows is "{answers.get("rows")}": it was fitted on others.',
            "Tables change: rows are corrected, and erased. So train keeps an extract, a copy of "
            "the rows. Only without one, reproduce reads the tables again.",
            f"Run `uv run {PROGRAM} journal {entry.number}`, and look for rows.",
        )
    yield "You found where its rows came from."
    if answers.get("compared") != "predictions":
        raise Missing(
            f'compared is "{answers.get("compared")}".',
            "Two files can differ though the models are the same, and two models with the same "
            "AUC can decide differently about a customer. What counts is what the model says about "
            "each row.",
            'The answer is "predictions": on the golden rows, and on the whole gate window.',
        )
    yield "The predictions were compared, row by row."


def _check_rebuilt_commit(place: Place, commit: str, entry: Any) -> None:
    right = entry.details.commit
    if not commit:
        raise Missing(
            "Nothing is answered yet.",
            "`exact` is a strong word. You can explain it only if you know what was compared.",
            f"Open {HOME}/answers/5.5.toml in your editor. It says where to look.",
        )
    if len(commit) >= 7 and right.startswith(commit):
        return
    if commit in ("HEAD", "main") or place.git("rev-parse", "HEAD").startswith(commit):
        raise Missing(
            f"commit is {commit}: the commit of today.",
            "From this commit, it would be another model. A version is rebuilt with the code, "
            "the packages and the settings that it was made with.",
            f"Run `uv run {PROGRAM} journal {entry.number}`, and look for commit.",
        )
    raise Missing(
        f"commit is {commit}: version {entry.subject} was not rebuilt from this commit.",
        "Of another commit, another model.",
        f"Run `uv run {PROGRAM} journal {entry.number}`, and copy at least 7 characters.",
    )


MODULE = Module(
    5,
    "It goes stale",
    "5-it-goes-stale.md",
    (
        Exercise(
            "5.1",
            "Months pass",
            "Three months are scored and monitored, and you can say what has changed.",
            (
                "On the first day of each month, `score`, then `monitor`, both with --as-of.",
                f"The dates are {', '.join(SPRING)}. A change of one month may be chance.",
                "The report is a page in build/monitor, with a table of columns, then and now.",
            ),
            check_drift,
            partial(deliver, known_on=SPRING[-1]),
        ),
        Exercise(
            "5.2",
            "Labels arrive",
            "The decay is found, and you can say why a version that is trained now is no better.",
            (
                f"`{SCHEDULE} {SUMMER[0]} {SUMMER[-1]}` is the schedule of four months.",
                f"`uv run {PROGRAM} retrain --as-of {SUMMER[-1]}` acts on the decision.",
                "The model card of the new version has its windows, in the table Rows.",
            ),
            check_decay,
            partial(deliver, known_on=SUMMER[-1]),
        ),
        Exercise(
            "5.3",
            "A successor",
            "A version that has learned from the new customers is in use, because a person has "
            "approved it.",
            (
                f"Nine more months: `{SCHEDULE} {NEXT_YEAR[0]} {NEXT_YEAR[-1]}`.",
                f"Then `retrain --as-of {NEXT_YEAR[-1]}`. How does it end?",
                "It waits for a person, as promote did in module 4.",
            ),
            check_successor,
            partial(deliver, known_on=NEXT_YEAR[-1]),
        ),
        Exercise(
            "5.4",
            "Who decided",
            "You can say which version predicted one loan, and who approved it on which evidence.",
            (
                f"Each line of {HOME}/answers/5.4.toml says where to look.",
                "The prediction has a column version. It is not the champion of today.",
                f"`uv run {PROGRAM} journal --all` lists each promotion and its approval.",
            ),
            check_decision,
        ),
        Exercise(
            "5.5",
            "Reproduce last year's model",
            "The version that predicted the loan is rebuilt, though the repository has moved on.",
            (
                f"`uv run {PROGRAM} reproduce N`, with the version of the exercise before.",
                f"`uv run {PROGRAM} journal` shows the entry; `journal N` prints all of it.",
                "It compares what both models say about each row.",
            ),
            check_reproduction,
            move_on,
        ),
    ),
)
