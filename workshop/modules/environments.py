"""Module 4: through dev, test and prod."""

from collections.abc import Iterator
from typing import Any

from ..exercise import Exercise, Module
from ..missing import Missing
from ..place import PROGRAM, Place
from .champion import check_champion

MONTHS = 6
ATTEMPTS = 8
AS_OF = "2026-01-01"
SUMMARY = "build/summary/rehearse.md"
APPROVER = "Grace Hopper"


def check_test(place: Place) -> Iterator[str]:
    """conf/test.yml shortens the training, and a version was trained with it in test."""
    place.settings("test")  # reports what is wrong in the files
    months = place.settings().time.train
    base = place.yaml("conf/base.yml")
    test = place.yaml("conf/test.yml")
    if months == MONTHS:
        raise Missing(
            f"conf/base.yml trains on {MONTHS} months, in every environment.",
            "base.yml applies to dev and prod, too. Your users would get a model that has never "
            "seen half of the year.",
            "Undo the change: `git restore conf/base.yml`. Write it into conf/test.yml.",
        )
    repeated = sorted(key for key, value in test.items() if base.get(key) == value)
    if repeated:
        raise Missing(
            f"conf/test.yml repeats what base.yml says: {', '.join(repeated)}.",
            "What is written twice differs one day, and nobody knows which one is meant. A short "
            "test.yml is the answer to the question: what is different in test?",
            "Keep only what differs: promotion, and time.train.",
        )
    time = test.get("time") or {}
    if "train" not in time:
        raise Missing(
            "conf/test.yml says nothing about time.train.",
            "test rehearses prod. It should find problems fast, and half a year is enough for it.",
            f"Add to conf/test.yml: `time:`, and below it, indented, `train: {MONTHS}`.",
        )
    if time["train"] != MONTHS:
        raise Missing(
            f"In test, a version trains on {time['train']} months.",
            f"The team has agreed on {MONTHS}.",
            f"Set time.train to {MONTHS} in conf/test.yml.",
        )
    yield f"test trains on {MONTHS} months, dev and prod on {months}."
    if place.changed:
        raise Missing(
            f"{place.changed[0]} is not committed.",
            "test and prod refuse code that is not committed: nobody could have reviewed it.",
            'Run `git add --all`, then `git commit --message "feat: train on less in test"`.',
        )
    yield "The change is committed."
    journal = place.journal("test")
    trained = journal.of("train")
    if not trained:
        raise Missing(
            "Nothing is trained in test.",
            "The model that test judges is not a copy of dev's. Test trains its own, from the same "
            "code and with its own settings. That is what makes it a test.",
            f"Run `uv run {PROGRAM} train --env test --as-of {AS_OF}`.",
        )
    version = trained[-1].subject
    then = committed(place, trained[-1].details.commit, "conf/test.yml").get("time") or {}
    if then.get("train") != MONTHS:
        raise Missing(
            f"Version {version} of test was trained before the change.",
            "A setting changes nothing that is trained already: the version has seen more months.",
            f"Run `uv run {PROGRAM} train --env test --as-of {AS_OF}` again.",
        )
    card = journal.card(version)
    yield f"Version {version} of test is trained on {card.rows.train:,} rows."
    check_champion(journal, version)
    yield f"Version {version} is the champion of test; dev has its own."


def committed(place: Place, commit: str, name: str) -> dict[str, Any]:
    """Return the content of a file in conf/ as it is in a commit; empty if there is none."""
    import yaml  # not there before the first exercise

    try:
        content = yaml.safe_load(place.git("show", f"{commit}:{name}"))
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _attempts(place: Place, commit: str) -> Any:
    """Return gate.attempts as conf/base.yml sets it in a commit."""
    return (committed(place, commit, "conf/base.yml").get("gate") or {}).get("attempts")


def check_change(place: Place) -> Iterator[str]:
    """A rule was changed on a branch, rehearsed as in a pipeline, and merged."""
    branches = place.git("branch", "--sort=-committerdate", "--format=%(refname:short)").split()
    on_branch = [name for name in branches if name != "main"]
    changed = _attempts(place, "main") == ATTEMPTS
    merges = [
        merge
        for merge in place.git("log", "main", "--merges", "--format=%h").split()
        if _attempts(place, merge) == ATTEMPTS and _attempts(place, f"{merge}^1") != ATTEMPTS
    ]
    if changed and not merges:
        _explain_fast_forward(place, on_branch)
        raise Missing(
            "The change went to main without a merge.",
            "On main it counts for everybody at once. On a branch, a pipeline and a person look "
            "at it first. Servers for git can refuse what you have just done.",
            "Reset this exercise, and begin with `git switch --create fewer-attempts`.",
        )
    if not changed and not on_branch:
        raise Missing(
            "There is no branch besides main.",
            "A rule of the gate is about to change. Others must be able to see the change, and to "
            "say no, before it counts.",
            "Run `git switch --create fewer-attempts`.",
        )
    yield "The change was made on a branch."
    tip = f"{merges[0]}^2" if changed else on_branch[0]
    if _attempts(place, tip) != ATTEMPTS:
        raise Missing(
            f"No commit on the branch sets gate.attempts to {ATTEMPTS}.",
            "Only what is committed is in a pull request.",
            f"Set `attempts: {ATTEMPTS}` in conf/base.yml, and commit.",
        )
    yield f"The branch allows {ATTEMPTS} attempts on the same months."
    summary = place.path(SUMMARY)
    when = int(place.git("log", "-1", "--format=%ct", tip) or 0)
    if not summary.is_file() or summary.stat().st_mtime < when:
        raise Missing(
            "The change was not rehearsed.",
            "A pipeline would run a whole lifecycle with the settings of test before anybody may "
            "merge: a typing error in conf/ shows up there, and not at night in prod.",
            "Run `uvx nox -s rehearse` on the branch.",
        )
    if "**Champion.**" not in summary.read_text(encoding="utf-8"):
        raise Missing(
            "The rehearsal has ended without a champion.",
            "With this change, every pipeline of the team would stop.",
            "Read build/summary/rehearse.md, correct the change on the branch, and rehearse again.",
        )
    yield "A whole lifecycle was rehearsed with it."
    if not changed:
        raise Missing(
            "The branch is not merged.",
            "A change that waits on a branch helps nobody, and grows away from main.",
            f"Run `git switch main`, then `git merge --no-ff --no-edit {on_branch[0]}`.",
        )
    yield "main has the change, and its history says by which merge."


def _explain_fast_forward(place: Place, on_branch: list[str]) -> None:
    """Raise Missing if main was moved to the tip of a branch, where there is no merge."""
    for branch in on_branch:
        ahead = place.git("rev-list", "--count", f"main..{branch}")
        if ahead != "0" or _attempts(place, branch) != ATTEMPTS:
            continue
        back = 1
        while _attempts(place, f"main~{back}") == ATTEMPTS:
            back += 1
        raise Missing(
            f"main was moved forward to {branch}, without a merge commit.",
            "The history does not say when the change was accepted, and by whom.",
            f"Run `git switch main`, `git reset --keep HEAD~{back}`, and then "
            f"`git merge --no-ff --no-edit {branch}`.",
        )


def check_approval(place: Place) -> Iterator[str]:
    """A person other than the one who trained has approved a version."""
    journal = place.journal()
    promoted = journal.of("promote")
    newest = journal.last("train")
    setting = place.yaml("conf/dev.yml").get("promotion")
    ours = [entry for entry in promoted if entry.subject == newest.subject]
    if setting != "approval":
        if ours and ours[-1].details.approved_by:
            raise Missing(
                f"{ours[-1].details.approved_by} has approved, but dev does not require it.",
                "An approval that nobody requires is forgotten by the first person in a hurry. A "
                "rule in conf/ is not.",
                "Set `promotion: approval` in conf/dev.yml, commit, and train again.",
            )
        raise Missing(
            "conf/dev.yml does not ask for an approval.",
            "Whoever builds a model wants it to go live. So somebody else decides: four eyes see "
            "what two overlook.",
            "Set `promotion: approval` in conf/dev.yml.",
        )
    yield "dev asks for a person before a version becomes the champion."
    if place.changed:
        raise Missing(
            f"{place.changed[0]} is not committed.",
            "Who may promote is a rule. Rules are changed in commits, where a person reviews them.",
            'Run `git add --all`, then `git commit --message "feat: require an approval in dev"`.',
        )
    _check_trained(place, newest)
    yield f"Version {newest.subject} was trained under this rule."
    verdicts = journal.verdicts(newest.subject)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {newest.subject}.",
            "The person who approves reads the gate's evidence, so there must be some.",
            f"Run `uv run {PROGRAM} gate`.",
        )
    if verdicts[-1].details.verdict == "rejected":
        check_champion(journal, newest.subject)
    if not ours:
        raise Missing(
            f"Version {newest.subject} waits for a person.",
            "`promote` ended with exit code 4: not an error, but a question to somebody else. Your "
            "own name does not count, because you trained it.",
            f"Let your neighbour read the model card build/monitor/card-dev-{newest.subject}.html, "
            f'then run `uv run {PROGRAM} promote --approved-by "{APPROVER}"` with their name.',
        )
    entry = ours[-1]
    if not entry.details.approved_by:
        raise Missing(
            f"Version {newest.subject} is the champion, and nobody has approved it.",
            "A rule that one person can switch off on the command line is no rule. test and prod "
            "refuse this.",
            f"Run `uv run {PROGRAM} train` and `gate` again, and promote without --set.",
        )
    yield f"{entry.details.approved_by} has approved version {newest.subject}."
    yield f"Entry {entry.number} of the journal names the evidence."


def _check_trained(place: Place, newest: Any) -> None:
    then = committed(place, newest.details.commit, "conf/dev.yml")
    if then.get("promotion") != "approval":
        raise Missing(
            f"Version {newest.subject} was trained before the rule.",
            "It was made when nobody had to look at it. Start with one that was made knowingly.",
            f"Run `uv run {PROGRAM} train`, then gate it.",
        )


MODULE = Module(
    4,
    "Through dev, test and prod",
    "4-through-dev-test-and-prod.md",
    (
        Exercise(
            "4.1",
            "The settings of test",
            "test trains on half a year, and has a champion of its own.",
            (
                "A file in conf/ for an environment contains only what differs from base.yml.",
                "test refuses what is not committed, and has no fixed date: give it with --as-of.",
                f"`train --env test --as-of {AS_OF}`, then gate and promote with --env test.",
            ),
            check_test,
        ),
        Exercise(
            "4.2",
            "A change, as a pull request",
            "A rule of the gate was changed on a branch, rehearsed, and merged into main.",
            (
                "git switch --create makes a branch. Change one line, and commit.",
                "`uvx nox -s rehearse` plays a lifecycle with the settings of test.",
                "`git merge --no-ff` makes a merge commit, as a pull request does.",
            ),
            check_change,
        ),
        Exercise(
            "4.3",
            "Another person approves",
            "A version is in use because a person other than its author has approved it.",
            (
                "The setting is `promotion`. In prod it is `approval` unless the risk is low.",
                "Commit, train, gate, promote. What does the last one say, and how does it end?",
                "--approved-by takes the name of the person who has read the model card.",
            ),
            check_approval,
        ),
    ),
)
