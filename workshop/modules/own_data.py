"""Module 2: make it mine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..exercise import Exercise, Module
from ..missing import Missing
from ..place import PACKAGE, PROGRAM, Place
from .champion import check_champion, check_scored
from .repository import refuse_overrides

KNOWN_ON = "2026-01-01"
AFTERWARDS = ("contacts", "reminders_sent")
FEATURES = {
    "purpose": "It is part of the application",
    "employment": "The customer states it in the application",
    "housing": "The customer states it in the application",
    "channel": "It is where the customer applies",
    "amount": "It is part of the application",
    "term_months": "It is part of the application",
    "income": "The customer states it in the application",
    "other_debts": "The bank looks them up on the day of the application",
    "years_employed": "The customer states it in the application",
    "late_payments": "They are those on earlier loans, counted on the day of the application",
    "has_account": "The bank knows it on the day of the application",
}
"""What the model may learn from, and why."""
DRAFT = f"uv run {PROGRAM} draft data/loans.csv --target defaulted"
CUTOFF = 0.2
NOTEBOOK = {"max_iter": 50}
PYTEST_CACHE = ".pytest_cache/v/cache"
MISTAKES = Path(__file__).parents[1] / "mistakes.py"


def deliver(place: Place, known_on: str = KNOWN_ON) -> None:
    """Put the extract of a date into the project."""
    delivery = str(Path(__file__).parents[1] / "delivery.py")
    subprocess.run([sys.executable, delivery, known_on], cwd=place.folder, check=True)


def check_schema(place: Place) -> Iterator[str]:
    """The project reads the extract, and its columns have the right roles."""
    if not place.path("build/draft/schema.py").is_file():
        raise Missing(
            "There is no draft yet.",
            "`draft` reads your table and writes down what it sees. You correct a proposal "
            "instead of starting with an empty file.",
            f"Run `{DRAFT}`.",
        )
    yield "draft has read the table."
    tables = place.settings().tables
    if "data/loans.csv" not in [table.path for table in tables.values()]:
        raise Missing(
            "conf/base.yml does not name data/loans.csv.",
            "draft only proposes, and changes no file of yours. Until you copy the proposal, the "
            "model learns from the invented rows of the example.",
            "Run `cp build/draft/*.py src/loan_risk/` and `cp build/draft/conf/*.yml conf/`.",
        )
    yield "conf/base.yml names your table."
    inputs = roles(place, "Inputs")
    labels = roles(place, "Labels")
    if "phone" not in inputs and not any(column in inputs for column in AFTERWARDS):
        raise Missing(
            "src/loan_risk/schema.py still describes the rows of the example.",
            "The schema says which columns the model may learn from, so it must list yours.",
            "Run `cp build/draft/*.py src/loan_risk/`.",
        )
    _check_features(inputs)
    yield "The model may learn from all that is known when it predicts."
    _check_afterwards(inputs)
    yield "No feature is from after the decision."
    _check_review(inputs, labels)
    yield "Labels says when each outcome became known."
    _check_labels(place)
    yield "Only a loan that was reviewed has an outcome."
    _check_people(inputs)
    yield "The model does not see phone numbers or ages; the gate sees the ages."
    _check_horizon(place)
    yield "A loan counts as good or bad only after its review."
    _check_old_tests(place)
    yield "No test is about the columns of the example."


def roles(place: Place, model: str) -> dict[str, str]:
    """Return the role of each column of a class in schema.py; empty for a feature."""
    columns = place.call(place.own("schema", model).to_schema).columns.items()
    return {name: (column.metadata or {}).get("role") or "" for name, column in columns}


def _check_features(inputs: dict[str, str]) -> None:
    for column, why in FEATURES.items():
        if column not in inputs:
            raise Missing(
                f"Inputs in schema.py has no column {column} any more.",
                f"{why}, so the model may learn from it. Without it, the model is worse for no "
                "reason.",
                "Copy its line from build/draft/schema.py.",
            )
        if inputs[column]:
            raise Missing(
                f"{column} is not a feature any more.",
                f"{why}, so the model may learn from it. Without it, the model is worse for no "
                "reason.",
                f"In schema.py, remove the role of {column}.",
            )


def _check_afterwards(inputs: dict[str, str]) -> None:
    if inputs.get("reminders_sent") == "":
        raise Missing(
            "reminders_sent is a feature.",
            "It is known only after the loan was granted. The model would look excellent on old "
            "loans, and know nothing about the applicant in front of you.",
            'In schema.py, give reminders_sent the role "excluded", as draft has proposed.',
        )
    if inputs.get("contacts") == "":
        raise Missing(
            "One feature is from after the decision.",
            "It is known only after the loan was granted. The model would look better on old loans "
            "than it is, and miss something about the applicant in front of you.",
            "Read the table on the page: which column was still being counted on the day of the "
            "extract? Give it the role excluded.",
        )
    for column in AFTERWARDS:
        if column not in inputs:
            raise Missing(
                f"Inputs in schema.py has no column {column} any more.",
                "The table still has it. The next person who reads the table would wonder why the "
                "model does not learn from it, and the gate does not know that it must not.",
                'Copy its line from build/draft/schema.py, with the role "excluded".',
            )
        if inputs[column] != "excluded":
            raise Missing(
                f"{column} has the role {inputs[column]}.",
                "The model does not see it, and that is right. But the role also says why: this "
                "column is from after the decision.",
                f'In schema.py, give {column} the role "excluded".',
            )


def _check_review(inputs: dict[str, str], labels: dict[str, str]) -> None:
    if inputs.get("reviewed_on") == "":
        raise Missing(
            "reviewed_on is a feature.",
            "It is filled in at the review, three months after the decision. Whether it is filled "
            "in tells the model which loans are old.",
            "Move the line to Labels, with the role label_time.",
        )
    if labels.get("reviewed_on") != "label_time":
        raise Missing(
            "Labels does not say when an outcome became known.",
            "With this date, training uses only what was known on the reference date, and you can "
            "ask later what the model could have known.",
            "Move reviewed_on from Inputs to Labels, and give it the role label_time.",
        )


def _check_labels(place: Place) -> None:
    import pandas as pd

    names = [*roles(place, "Inputs"), *roles(place, "Labels")]
    days = pd.Series([pd.Timestamp("2025-04-01"), pd.NaT, pd.NaT])
    loans = pd.DataFrame({name: ["a", "b", "c"] for name in names})
    loans = loans.assign(reviewed_on=days, defaulted=[1.0, 1.0, float("nan")])
    labels = place.call(place.own("data", "labels"), OneTable(loans), None)
    if not isinstance(labels, pd.DataFrame) or "reviewed_on" not in labels:
        raise Missing(
            "data.labels does not return a frame with the column reviewed_on.",
            "The platform needs all columns of Labels.",
            "End the function with: return reviewed[list(Labels.to_schema().columns)]",
        )
    if labels["reviewed_on"].isna().any():
        raise Missing(
            "data.labels returns a loan without a review.",
            "The extract has no such loan today, but nothing forbids one, and synthetic.py invents "
            "them. An outcome that nobody has reviewed is a guess.",
            'In labels, keep rows[target.notna() & rows["reviewed_on"].notna()].',
        )
    if len(labels) != 1:
        raise Missing(
            "data.labels leaves out a loan that was reviewed.",
            "Its outcome is known. If it depends on the outcome which loans are left out, the "
            "model learns a wrong share of defaults.",
            'In labels, keep rows[target.notna() & rows["reviewed_on"].notna()].',
        )


class OneTable:
    """Stands in for the platform's tables."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def read(self, name: str, window: object = None) -> Any:
        """Return the rows, whatever the name."""
        return self._rows.copy()


def _check_people(inputs: dict[str, str]) -> None:
    if inputs.get("phone") in ("", "key", "group"):
        raise Missing(
            "phone is read as data about the loan.",
            "It identifies a person and says nothing about the risk. What is not needed must not "
            "be used.",
            'Give phone the role "personal".',
        )
    if inputs.get("customer_id") != "group":
        raise Missing(
            "customer_id has lost its role group.",
            "A customer may have several loans. If one is trained on and another one is judged, "
            "the model looks better than it is: it has met the customer before.",
            'Give customer_id the role "group".',
        )
    if inputs.get("age_band") != "protected":
        raise Missing(
            "age_band has lost its role protected.",
            "Now either the model decides by age, or nobody checks whether it is worse for one "
            "age than for another.",
            'Give age_band the role "protected".',
        )


def _check_horizon(place: Place) -> None:
    horizon = place.settings().time.label_horizon
    if horizon < 3:
        raise Missing(
            f"time.label_horizon is {horizon}.",
            "The bank reviews a loan three months after granting it. With a shorter horizon, loans "
            "that have not been reviewed yet count as known, and the newest of them are missing.",
            "Set time.label_horizon to 3 in conf/base.yml.",
        )


def _check_old_tests(place: Place) -> None:
    left = sorted(
        name
        for name in place.git("ls-files", "tests/model/*.py").splitlines()
        if place.path(name).is_file() and name not in place.changed
    )
    if left:
        raise Missing(
            f"{left[0]} is still a test of the example.",
            "It is about columns that your table does not have, so it would fail, and hide the "
            "failures that matter.",
            "Run `rm tests/model/*.py`.",
        )


def check_feature(place: Place) -> Iterator[str]:
    """The project computes a feature, and tests it."""
    features = place.module("features")
    add_burden = getattr(features, "add_burden", None)
    if add_burden is None:
        raise Missing(
            "features.py has no function add_burden.",
            "An instalment of 300 is little for one customer and a lot for another. The model can "
            "learn that better if you compute it.",
            "Write add_burden(frame) in src/loan_risk/features.py, as the page shows.",
        )
    _check_burden(add_burden)
    yield "add_burden computes what you would compute by hand."
    pipeline = place.call(place.own("features", "prepare"))
    if "add_burden" not in _functions(pipeline):
        raise Missing(
            "prepare() does not use add_burden.",
            "A function that no step calls changes nothing. As a step, it is also part of each "
            "version of the model, and computes the same when scoring.",
            'Add ("burden", FunctionTransformer(add_burden)) to the Pipeline in prepare().',
        )
    _check_order(pipeline)
    yield "Training and scoring use it, as a step of the pipeline."
    _check_tests(place)
    yield "A test keeps it right, and passes."


def _check_burden(add_burden: Any) -> None:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {
            "amount": [12_000.0, 6_000.0, 9_000.0],
            "term_months": [12, 60, 36],
            "income": [4_000.0, np.nan, 0.0],
        },
        index=[7, 8, 9],
    )
    given = frame.copy()
    result = Place.call(add_burden, given)
    if not given.equals(frame):
        raise Missing(
            "add_burden changes the frame that it is given.",
            "Whoever passes the rows on would see a column that they did not make, depending on "
            "the order of calls.",
            "Return frame.assign(instalment_to_income=...), which makes a new frame.",
        )
    if not isinstance(result, pd.DataFrame) or "instalment_to_income" not in result:
        raise Missing(
            "add_burden does not return a frame with the column instalment_to_income.",
            "Each step of the pipeline gets rows and returns rows.",
            "End the function with: return frame.assign(instalment_to_income=...)",
        )
    if list(result.index) != list(frame.index):
        raise Missing(
            "add_burden does not return one row for each that it is given.",
            "An applicant whose row is gone gets no score, also if it is gone because the income "
            "is missing.",
            "Return frame.assign(instalment_to_income=...), which keeps all rows in their order.",
        )
    values = pd.to_numeric(result["instalment_to_income"], errors="coerce")
    if np.isinf(values).any():
        raise Missing(
            "For an income of 0, instalment_to_income is infinite.",
            "Infinity is not a large number: many estimators refuse it, and others split on it.",
            'Use frame["income"].where(frame["income"] > 0), which makes 0 missing.',
        )
    if not abs(values.iloc[0] - 0.25) <= 1e-9:
        raise Missing(
            f"For 12,000 over 12 months and an income of 4,000, you get {values.iloc[0]:g}.",
            "The instalment is 12,000 / 12 = 1,000, and 1,000 / 4,000 = 0.25. A feature that is "
            "wrong still trains without an error.",
            "Divide the amount by term_months first, then by the income.",
        )
    if values.iloc[1:].notna().any():
        raise Missing(
            "A missing income gets a value.",
            "The value comes from the other rows of the same table. When scoring, those are other "
            "rows, so the same applicant would get another score.",
            "Leave it missing: the trees can learn from that, too. What must be learned from other "
            "rows belongs in a transformer.",
        )


def _functions(pipeline: Any) -> set[str]:
    """Return the names of the functions that a pipeline calls."""
    names: set[str] = set()
    for _, step in getattr(pipeline, "steps", ()):
        names |= _functions(step)
        if hasattr(step, "func"):
            names.add(getattr(step.func, "__name__", ""))
    return names


def _check_order(pipeline: Any) -> None:
    before: set[str] = set()
    for name, step in getattr(pipeline, "steps", ()):
        if hasattr(step, "transformers") and "add_burden" not in before:
            raise Missing(
                f"prepare() calls add_burden after the step {name}.",
                f"{name} returns numbers without names, so add_burden would not find the income.",
                f"In prepare(), put the step of add_burden before {name}.",
            )
        before |= _functions(SimpleNamespace(steps=[(name, step)]))


def _check_tests(place: Place) -> None:
    files = [
        file
        for file in sorted(place.path("tests/model").glob("test_*.py"))
        if "add_burden" in file.read_text(encoding="utf-8")
    ]
    if not files:
        raise Missing(
            "No test in tests/model calls add_burden.",
            "You know today that it is right. The test knows it in a year, after someone has "
            "changed it.",
            "Write tests/model/test_features.py with values that you worked out by hand.",
        )
    run = "Run `uvx nox -s tests -- tests/model`."
    cache = place.path(PYTEST_CACHE)
    ran = cache / "nodeids"
    changed = max(f.stat().st_mtime for f in [*files, place.path("src/loan_risk/features.py")])
    names = [f"tests/model/{file.name}" for file in files]
    text = ran.read_text(encoding="utf-8") if ran.is_file() else ""
    if not any(name in text for name in names) or last_run(place) < changed:
        raise Missing(
            "The tests have not run since your last change.",
            "A test that nobody runs finds nothing.",
            run,
        )
    failed = cache / "lastfailed"
    if failed.is_file() and any(name in failed.read_text(encoding="utf-8") for name in names):
        raise Missing(
            "A test of add_burden fails.",
            "Either the function is wrong or the test is. Find out which before you change one.",
            f"{run} Read what it says after `E`.",
        )
    _check_notices(place, [f"tests/model/{file.name}" for file in files])


def _check_notices(place: Place, names: list[str]) -> None:
    """Run the tests with wrong functions instead of add_burden; nothing is written."""
    command = [sys.executable, str(MISTAKES), PACKAGE, *names]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    passed = done.stdout.splitlines()[-1].split()
    if "term" in passed:
        raise Missing(
            "The test also passes if add_burden does not divide by term_months.",
            "The check has tried it. Somebody will change the function in a year, and such a test "
            "would not notice that the result is wrong.",
            "Compare the column with a value: 12,000 over 12 months with an income of 4,000 is "
            "0.25.",
        )
    if "income" in passed:
        raise Missing(
            "The test also passes if add_burden gives infinity for an income of 0.",
            "The check has tried it. The usual loan is right in most wrong functions, too; "
            "mistakes are made at the edge.",
            "Add a loan with an income of 0 to the test, whose result is missing.",
        )


def last_run(place: Place) -> float:
    """Return when pytest last wrote its cache."""
    files = [place.path(f"{PYTEST_CACHE}/{name}") for name in ("nodeids", "lastfailed", "stepwise")]
    return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def check_own_model(place: Place) -> Iterator[str]:
    """A version that was trained on the extract, from a commit, is in use."""
    if place.git("ls-files", "data"):
        raise Missing(
            "data/ is in git.",
            "A history forgets nothing, and everybody with the repository has it. Rows about "
            "people must not get there, and large files make each clone slow.",
            "Run `git rm -r --cached data`, and commit. Ask your security team before you push.",
        )
    cutoff = place.settings().model.cutoff
    if cutoff != CUTOFF:
        raise Missing(
            f"model.cutoff is {cutoff}.",
            "The cutoff turns a probability into a decision. A default costs about four times what "
            "a good loan earns, so a chance of one in five is already too high.",
            f"Set model.cutoff to {CUTOFF} in conf/base.yml, and write the reason next to it.",
        )
    params = place.settings().model.params
    if params != NOTEBOOK:
        raise Missing(
            f"model.params is {params}, not {NOTEBOOK}.",
            "The first version should be the model that you know. If data, code and parameters all "
            "change at once, nobody can say why a figure differs from the notebook's.",
            "Write `params: {max_iter: 50}` below `model:` in conf/base.yml.",
        )
    base = place.yaml("conf/base.yml").get("model") or {}
    if (base.get("cutoff"), base.get("params")) != (cutoff, params):
        raise Missing(
            "conf/dev.yml sets the model, and conf/base.yml does not.",
            "test and prod do not read dev.yml. They would train another model than the one that "
            "you have tried.",
            f"Write `cutoff: {CUTOFF}` and `params: {{max_iter: 50}}` below `model:` in "
            "conf/base.yml, and remove them from conf/dev.yml.",
        )
    yield "The parameters are those of the notebook."
    yield f"From {CUTOFF} on, the decision is: will default. That follows from the costs."
    if place.changed:
        raise Missing(
            f"{place.changed[0]} is not committed.",
            "A version names the commit that it is from. If that commit lacks your changes, nobody "
            "can rebuild the version.",
            'Run `git add --all`, then `git commit --message "feat: train on our loans"`.',
        )
    yield "Everything is committed, and the data is not in git."
    journal = place.journal()
    trained = journal.of("train")
    for entry in trained:
        has_loans = "loans.csv" in place.git("show", f"{entry.details.commit}:conf/base.yml")
        if not has_loans and not entry.details.dirty:
            raise Missing(
                "The store still has versions of the example.",
                "Their figures are about other loans. Compared with them, yours mean nothing.",
                "Run `rm mlflow.db` and `rm -r mlartifacts extracts predictions`.",
            )
    if not trained:
        raise Missing(
            "No version is trained on your loans yet.",
            "The figures of the first module were about invented loans of the example.",
            f"Run `uv run {PROGRAM} train`.",
        )
    version = trained[-1].subject
    if trained[-1].details.dirty:
        raise Missing(
            f"Version {version} was trained before you committed.",
            "Its commit is not its code. dev allows this for experiments; test and prod refuse it.",
            f"Run `uv run {PROGRAM} train` again, now that everything is committed.",
        )
    refuse_overrides(trained[-1])
    yield f"Version {version} is trained from a commit that contains all of its code."
    check_champion(journal, version)
    yield f"Version {version} has passed the gate and is the champion."
    yield check_scored(journal)


MODULE = Module(
    2,
    "Make it mine",
    "2-make-it-mine.md",
    (
        Exercise(
            "2.1",
            "Read your own table",
            "The project reads the bank's extract, and the role of each column is right.",
            (
                f"`{DRAFT}` proposes all files in build/draft. Read build/draft/report.md.",
                "Copy the proposal, and read each column. contacts was counted until the extract.",
                "contacts is excluded, reviewed_on moves to Labels, labels() keeps reviewed loans.",
            ),
            check_schema,
            deliver,
        ),
        Exercise(
            "2.2",
            "A feature and its test",
            "The model learns from the share of income that an instalment takes, and a test keeps "
            "that right.",
            (
                "The example had such a function: `git show HEAD:src/loan_risk/features.py`.",
                "An income of 0 or a missing one has no share: make it missing with .where().",
                'prepare() needs one more step: ("burden", FunctionTransformer(add_burden)).',
                "A test needs three rows whose result you can work out in your head.",
            ),
            check_feature,
        ),
        Exercise(
            "2.3",
            "Train on your loans",
            "A version that was trained on your loans, from a commit, is the champion.",
            (
                "Settings first, then the commit, then train: a version names its commit.",
                "The store has versions of the example: mlflow.db, mlartifacts, extracts.",
                "git add, git commit, then train, gate, promote and score.",
            ),
            check_own_model,
        ),
    ),
)
