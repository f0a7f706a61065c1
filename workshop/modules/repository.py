"""Module 1: from a notebook to a repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..exercise import Exercise, Module
from ..missing import Missing
from ..place import HOME, PROGRAM, Place
from .champion import check_champion, check_scored

SETUP = "Run `uvx nox -s setup`. It does all of this, and you can run it again at any time."
HOOKS = ("pre-commit", "commit-msg")
SHEET = f"{HOME}/answers/1.3.toml"


def check_setup(place: Place) -> Iterator[str]:
    """The project is a repository with a lock file, an environment and hooks."""
    if not place.path(".git").exists():
        raise Missing(
            "This folder is not a git repository.",
            "Nobody can say later which code trained a model if the code has no versions.",
            SETUP,
        )
    yield "The folder is a git repository."
    if not place.path("uv.lock").is_file():
        raise Missing(
            "There is no uv.lock.",
            "It pins every package. Without it, your colleague installs other versions tomorrow, "
            "and the same code trains another model.",
            SETUP,
        )
    if place.git("check-ignore", "uv.lock"):
        raise Missing(
            "git ignores uv.lock.",
            "A lock file that is not in the history pins your laptop only: CI and your "
            "colleagues never see it.",
            "Remove its line from .gitignore, and commit uv.lock.",
        )
    if not place.git("rev-parse", "--verify", "HEAD"):
        raise Missing("Nothing is committed yet.", "Each model names the commit it is from.", SETUP)
    if not place.git("ls-tree", "--name-only", "HEAD", "uv.lock"):
        raise Missing(
            "uv.lock is not committed.",
            "The commit is what a model can be rebuilt from, so it must contain the lock file.",
            'Run `git add uv.lock`, then `git commit --message "chore: lock the packages"`.',
        )
    yield "uv.lock pins all packages, and is committed."
    if not [*place.programs.glob(f"{PROGRAM}*")]:
        raise Missing(
            f"The environment has no program {PROGRAM}.",
            "The program trains, gates, promotes and scores the model. It must run with the "
            "packages of uv.lock, not with those that happen to be on this machine.",
            SETUP,
        )
    yield f"The environment has the program {PROGRAM}."
    hooks = place.git("config", "core.hooksPath")
    if not hooks and not all("pre-commit" in place.text(f".git/hooks/{name}") for name in HOOKS):
        raise Missing(
            "git runs no checks before a commit.",
            "A mistake costs seconds before the commit, and a day once others build on it.",
            SETUP,
        )
    yield "git checks each commit."


def check_first_run(place: Place) -> Iterator[str]:
    """A version is trained, gated, promoted, and has scored a month."""
    journal = place.journal()
    trained = journal.of("train")
    if not trained:
        elsewhere = [env for env in ("test", "prod") if place.journal(env).of("train")]
        if elsewhere:
            raise Missing(
                f"Nothing is trained in dev; there is a version in {elsewhere[0]}.",
                "Each environment has its own versions and its own journal, so that an experiment "
                "never becomes the model of prod by accident.",
                f"Run `uv run {PROGRAM} train`: without --env, it trains in dev.",
            )
        if place.path("build/demo/mlflow.db").exists():
            raise Missing(
                "Nothing is trained in dev. The demo has its versions in build/demo only.",
                "The demo is a film: it plays two years of a model's life in its own folder, and "
                "leaves yours alone.",
                f"Run `uv run {PROGRAM} train`.",
            )
        raise Missing(
            "Nothing is trained in dev yet.",
            "A notebook forgets how it got its result. `train` records the commit, the packages, "
            "the rows and the figures of each version.",
            f"Run `uv run {PROGRAM} train`.",
        )
    refuse_overrides(trained[-1])
    version = trained[-1].subject
    yield f"Version {version} is trained on what was known on {trained[-1].as_of}."
    verdicts = journal.verdicts(version)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {version}.",
            "The gate tests the version on three months that it was not trained on. Without this, "
            "you know only how well it remembers.",
            f"Run `uv run {PROGRAM} gate`, and read its table.",
        )
    yield f"The gate has judged version {version}: {verdicts[-1].details.verdict}."
    check_champion(journal, version)
    yield f"Version {version} is the champion."
    yield check_scored(journal)


def refuse_overrides(entry: Any) -> None:
    """Raise Missing if settings were overridden for an entry."""
    if entry.overrides:
        raise Missing(
            f"Version {entry.subject} was trained with {', '.join(entry.overrides)}.",
            "What you type on the command line is in no file, so nobody reviews it, and the next "
            "training run does not know it.",
            f"Run `uv run {PROGRAM} train` again, without overrides.",
        )


def check_must_haves(place: Place) -> Iterator[str]:
    """The answer sheet names the evidence of each must-have."""
    answers = place.answers("1.3")
    journal = place.journal()
    trained = journal.last("train")
    verdicts = journal.verdicts(trained.subject)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {trained.subject}.",
            "The answers are about your newest version, and without a verdict it has no AUC.",
            f"Run `uv run {PROGRAM} gate`.",
        )
    _check_commit(str(answers.get("commit", "")), trained)
    yield "Versioning: you found the commit of the version."
    _check_auc(answers.get("auc", 0.0), verdicts[-1].details.figure)
    yield "Experiment tracking: you found its AUC."
    _check_snapshot(str(answers.get("snapshot", "")), trained)
    yield "Artifact tracking: you found the code that the version carries."
    _check_months(place, answers.get("months_in_test", 0))
    yield "Configuration: you know what differs in test."
    if answers.get("coverage") != 90:
        raise Missing(
            f"coverage is {answers.get('coverage')}: that is not what the tests must reach.",
            "A limit that a tool checks holds on every day; a limit in a wiki holds on good days.",
            "Search pyproject.toml for fail_under.",
        )
    yield "Testing: you found the share of your code that tests must run."
    entries = answers.get("journal_entries")
    if entries != len(journal.entries):
        raise Missing(
            f"journal_entries is {entries}, and the journal has {len(journal.entries)}.",
            "The journal records every step of every command, also those that you repeated. This "
            "is what makes automation safe to trust.",
            f"Read the last line of `uv run {PROGRAM} status`.",
        )
    yield "Automation: you know how many steps are recorded."


def _check_commit(commit: str, trained: Any) -> None:
    if not commit:
        raise Missing(
            "Nothing is answered yet.",
            "The six must-haves are useful only if you can find them when somebody asks.",
            f"Open {SHEET} in your editor. It says where to look for each answer.",
        )
    if commit in ("main", "HEAD"):
        raise Missing(
            f"commit is {commit}: a branch, not a commit.",
            "A branch moves with every commit. A model needs the one state that it is from.",
            "Run `git log -1 --format=%h`.",
        )
    if len(commit) < 7 or not trained.details.commit.startswith(commit):
        raise Missing(
            f"commit is {commit}: version {trained.subject} is not from this commit.",
            "If you rebuild a model from another commit, you get another model.",
            "Run `git log --format='%h %s'`, and take the commit that was the newest when you "
            "trained. Write at least 7 characters.",
        )


def _check_auc(answer: Any, figure: float) -> None:
    if not isinstance(answer, (int, float)) or not abs(answer - figure) <= 0.0006:
        raise Missing(
            f"auc is {answer}: this is not the AUC of your version on the gate's rows.",
            "Versions are compared by this figure, so it must be the same for everybody who looks "
            "it up: with the same metric, on the same rows, to at least three places.",
            f"Run `uv run {PROGRAM} status`, and read the column auc.",
        )


def _check_snapshot(snapshot: str, trained: Any) -> None:
    if Path(snapshot).suffix == ".db" or "mlartifacts" in snapshot:
        raise Missing(
            f"snapshot is {snapshot}: that is where versions are kept, not what one carries.",
            "A version carries a copy of your code, so that it still predicts the same after you "
            "have changed features.py.",
            f"Run `uv run {PROGRAM} status --json`, and look for snapshot.",
        )
    if snapshot != trained.details.snapshot:
        raise Missing(
            f'snapshot is "{snapshot}": version {trained.subject} carries other code.',
            "The name of the snapshot ends with a hash of your code: other code has another name.",
            f"Run `uv run {PROGRAM} status --json`, and look for snapshot.",
        )


def _check_months(place: Place, answer: Any) -> None:
    test = place.settings("test").time.train
    base = place.settings().time.train
    if answer == base:
        raise Missing(
            f"months_in_test is {answer}: base.yml says so, and test.yml overrides it.",
            "All environments run the same code. What differs is in conf/<environment>.yml, and "
            "only there, so one short file says how test differs from prod.",
            "Read conf/test.yml.",
        )
    if answer != test:
        raise Missing(
            f"months_in_test is {answer}: test trains on another number of months.",
            "Who cannot say what differs between test and prod cannot say what a test has shown.",
            "Read time.train in conf/test.yml.",
        )


MODULE = Module(
    1,
    "From a notebook to a repository",
    "1-from-a-notebook-to-a-repository.md",
    (
        Exercise(
            "1.1",
            "Set up the repository",
            "The project is a git repository with a lock file, an environment and checks.",
            (
                "A repository needs four things: git, a lock file, an environment and hooks.",
                "nox runs all tasks that concern the repository. `uvx nox -l` lists them.",
                "The session that prepares a repository is `uvx nox -s setup`.",
            ),
            check_setup,
        ),
        Exercise(
            "1.2",
            "The first run",
            "A version is trained, judged, promoted, and has predicted one month.",
            (
                "Each step is one command, and each command ends by naming the next one.",
                f"The program is called {PROGRAM}. `uv run {PROGRAM} --help` lists its commands.",
                "The four steps: train, gate, promote, score.",
            ),
            check_first_run,
        ),
        Exercise(
            "1.3",
            "Where the six must-haves are",
            "You can show the evidence of each must-have for the version that you have trained.",
            (
                f"Each line of {SHEET} says where to look.",
                f"`uv run {PROGRAM} status --json` prints all that is known about each version.",
                "A file in conf/ for an environment contains only what differs from base.yml.",
            ),
            check_must_haves,
        ),
    ),
)
