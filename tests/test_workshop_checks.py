"""What the checks of the workshop say about single mistakes, without training a model."""

import runpy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import ROOT, contents, git

from workshop.exercise import FILES
from workshop.missing import Missing
from workshop.modules import environments, gate, own_data, repository, staleness
from workshop.place import Journal, Place

Frame = pd.DataFrame


def burden(frame: Frame) -> Frame:
    income = frame["income"].where(frame["income"] > 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)


def in_place(frame: Frame) -> Frame:
    frame["instalment_to_income"] = burden(frame)["instalment_to_income"]
    return frame


def infinite(frame: Frame) -> Frame:
    share = frame["amount"] / frame["term_months"] / frame["income"]
    return frame.assign(instalment_to_income=share)


def of_the_whole_loan(frame: Frame) -> Frame:
    return frame.assign(instalment_to_income=frame["amount"] / frame["income"].replace(0, np.nan))


def filled(frame: Frame) -> Frame:
    return burden(frame.assign(income=frame["income"].fillna(frame["income"].median())))


def of_nobody(frame: Frame) -> Frame:
    income = frame["income"].where(frame["income"] < 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)


def without_gaps(frame: Frame) -> Frame:
    return burden(frame[frame["income"] > 0])


def misspelt(frame: Frame) -> Frame:
    return burden(frame.rename(columns={"amount": "amuont"}))


def test_a_right_feature_passes() -> None:
    own_data._check_burden(burden)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (in_place, "add_burden changes the frame that it is given"),
        (infinite, "For an income of 0, instalment_to_income is infinite"),
        (of_the_whole_loan, "you get 3"),
        (filled, "A missing income gets a value"),
        (of_nobody, "you get nan"),
        (without_gaps, "add_burden does not return one row for each that it is given"),
        (misspelt, "misspelt fails: KeyError: 'amount'"),
        (lambda _: None, "does not return a frame with the column"),
        (lambda frame: frame["income"], "does not return a frame with the column"),
    ],
)
def test_a_wrong_feature_is_explained(function: Callable[[Frame], Any], message: str) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_burden(function)


def columns(**role: str) -> Any:
    """A model of a schema, with the role of each column."""
    described = {name: SimpleNamespace(metadata={"role": role[name]}) for name in role}
    return SimpleNamespace(to_schema=lambda: SimpleNamespace(columns=described))


@dataclass(frozen=True)
class Pretended(Place):
    """A project with these modules and settings, which are in no file."""

    modules: dict[str, Any] = field(default_factory=dict)
    given: Any = None

    def module(self, name: str) -> Any:
        return SimpleNamespace(**self.modules[name])

    def settings(self, env: str = "dev") -> Any:
        return self.given


INPUTS = columns(application_id="key", phone="personal", amount="")
LABELS = columns(application_id="key", reviewed_on="label_time", defaulted="target")


def labelled(select: Callable[[Frame], Any]) -> Place:
    """A project whose data.labels selects these rows."""
    return Pretended(
        Path(),
        {
            "schema": {"Inputs": INPUTS, "Labels": LABELS},
            "data": {"labels": lambda tables, window: select(tables.read("loans", window))},
        },
    )


def reviewed(rows: Frame) -> Frame:
    return rows[rows["defaulted"].notna() & rows["reviewed_on"].notna()]


def test_labels_of_reviewed_loans_pass() -> None:
    own_data._check_labels(labelled(reviewed))


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (lambda rows: rows[rows["defaulted"].notna()], "returns a loan without a review"),
        (lambda rows: rows[rows["reviewed_on"].isna()], "returns a loan without a review"),
        (lambda rows: rows[rows["reviewed_on"].isna()].head(1), "returns a loan without a review"),
        (lambda rows: reviewed(rows).head(0), "leaves out a loan that was reviewed"),
        (lambda rows: rows["defaulted"], "does not return a frame with the column reviewed_on"),
        (lambda rows: rows["reveiwed_on"], "fails: KeyError: 'reveiwed_on'"),
    ],
)
def test_wrong_labels_are_explained(select: Callable[[Frame], Any], message: str) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_labels(labelled(select))


def test_the_schema_of_the_example_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "build/draft").mkdir(parents=True)
    (tmp_path / "build/draft/schema.py").touch()
    settings = SimpleNamespace(tables={"loans": SimpleNamespace(path="data/loans.csv")})
    example = {"Inputs": columns(application_id="key", amount=""), "Labels": LABELS}
    project = Pretended(tmp_path, {"schema": example}, settings)
    message = "src/loan_risk/schema.py still describes the rows of the example."
    assert what_is_missing(own_data.check_schema, project) == message


ROLES = {
    "application_id": "key",
    "applied_on": "event_time",
    "customer_id": "group",
    "age_band": "protected",
    "phone": "personal",
    "reminders_sent": "excluded",
    "contacts": "excluded",
} | dict.fromkeys(
    (
        *("purpose", "employment", "housing", "channel", "amount", "term_months", "income"),
        *("other_debts", "years_employed", "late_payments", "has_account"),
    ),
    "",
)


def described(folder: Path, changed: dict[str, str | None]) -> Place:
    """A project whose schema has the right roles, but for these; None: without the column."""
    (folder / "build/draft").mkdir(parents=True)
    (folder / "build/draft/schema.py").touch()
    given = {name: role for name, role in (ROLES | changed).items() if role is not None}
    modules = {
        "schema": {"Inputs": columns(**given), "Labels": LABELS},
        "data": {"labels": lambda tables, window: reviewed(tables.read("loans", window))},
    }
    loans = SimpleNamespace(path="data/loans.csv")
    time = SimpleNamespace(label_horizon=3)
    return Pretended(folder, modules, SimpleNamespace(tables={"loans": loans}, time=time))


def test_right_roles_pass(tmp_path: Path) -> None:
    assert len(list(own_data.check_schema(described(tmp_path, {})))) == 9


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"late_payments": "excluded"}, "late_payments is not a feature any more."),
        ({"income": "protected"}, "income is not a feature any more."),
        ({"channel": None}, "Inputs in schema.py has no column channel any more."),
        ({"contacts": ""}, "One feature is from after the decision."),
        ({"reminders_sent": ""}, "reminders_sent is a feature."),
        ({"contacts": "personal"}, "contacts has the role personal."),
        ({"reminders_sent": None}, "Inputs in schema.py has no column reminders_sent any more."),
        ({"customer_id": ""}, "customer_id has lost its role group."),
    ],
)
def test_a_wrong_role_is_explained(
    changed: dict[str, str | None], message: str, tmp_path: Path
) -> None:
    assert what_is_missing(own_data.check_schema, described(tmp_path, changed)) == message


def test_tests_of_the_example_that_are_left_are_explained(tmp_path: Path) -> None:
    (tmp_path / "tests/model").mkdir(parents=True)
    (tmp_path / "tests/model/test_data.py").touch()
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=chore: start from the template")
    message = "tests/model/test_data.py is still a test of the example."
    assert what_is_missing(own_data.check_schema, described(tmp_path, {})) == message


FEATURE = """
def add_burden(frame):
    income = frame["income"].where(frame["income"] > 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)
"""
EXISTS = (FILES / "2.2/existence.py").read_text(encoding="utf-8")
ONE_LOAN = """
import pandas as pd
from loan_risk.features import add_burden

def test_a_loan():
    loan = pd.DataFrame({"amount": [12_000.0], "term_months": [12], "income": [4_000.0]})
    assert list(add_burden(loan)["instalment_to_income"]) == [0.25]
"""


def with_test(folder: Path, test: str) -> Place:
    """A project in which a test of add_burden has passed."""
    for name, text in {
        "src/loan_risk/__init__.py": "",
        "src/loan_risk/features.py": FEATURE,
        "tests/model/test_features.py": test,
        ".pytest_cache/v/cache/nodeids": "tests/model/test_features.py::test_it",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Place(folder)


def test_a_test_that_notices_mistakes_passes_and_nothing_is_written(tmp_path: Path) -> None:
    project = with_test(tmp_path, (FILES / "2.2/test_features.py").read_text(encoding="utf-8"))
    before = contents(tmp_path)
    own_data._check_tests(project)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (EXISTS, "also passes if add_burden does not divide by term_months"),
        (ONE_LOAN, "also passes if add_burden gives infinity for an income of 0"),
    ],
)
def test_a_test_that_notices_no_mistake_is_explained(
    test: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_tests(with_test(tmp_path, test))


def test_a_step_after_the_one_that_drops_the_names_is_explained() -> None:
    def add_burden(frame: Frame) -> Frame:
        return burden(frame)

    codes = ("codes", SimpleNamespace(transformers=[]))
    steps = [codes, ("burden", SimpleNamespace(func=add_burden))]
    features = {"add_burden": add_burden, "prepare": lambda: SimpleNamespace(steps=steps)}
    message = "prepare() calls add_burden after the step codes."
    assert what_is_missing(own_data.check_feature, Pretended(Path(), {"features": features})) == (
        message
    )


def test_a_part_that_is_not_there_is_what_is_missing() -> None:
    with pytest.raises(Missing, match=r"src/loan_risk/data\.py defines no labels\."):
        Pretended(Path(), {"data": {}}).own("data", "labels")


def test_a_pipeline_that_is_not_returned_calls_no_function() -> None:
    assert own_data._functions(None) == set()


@pytest.mark.parametrize("answer", [float("nan"), 0.7, "0.7694"])
def test_a_wrong_auc_is_explained(answer: object) -> None:
    with pytest.raises(Missing, match="this is not the AUC of your version"):
        repository._check_auc(answer, 0.7694)


def test_answers_are_about_a_version_that_is_judged() -> None:
    sheet = recorded(entry(1, "train", "1"), entry(2, "gate", "1"), entry(3, "train", "2"))
    sheet.answers = lambda _: {}
    message = "The gate has not judged version 2."
    assert what_is_missing(repository.check_must_haves, sheet) == message


def entry(number: int, command: str, subject: str = "1", **details: Any) -> Any:
    return SimpleNamespace(
        number=number,
        command=command,
        subject=subject,
        overrides=details.pop("overrides", ()),
        details=SimpleNamespace(**details),
    )


GATED = (entry(1, "train", "1"), entry(2, "gate", "1", verdict="passed"))
SCORED = entry(4, "score", "2026-01-01", version=1, rows=660)


def test_a_first_run_is_right() -> None:
    run = recorded(*GATED, entry(3, "promote", "1"), SCORED)
    for trained in run.journal().of("train"):
        trained.as_of = "2026-01-01"
    assert list(repository.check_first_run(run))[-1] == "Version 1 has predicted 660 applications."


@pytest.mark.parametrize(
    ("later", "champion", "message"),
    [
        ((GATED[0], entry(2, "gate", "1", verdict="rejected")), "", "The gate has rejected"),
        (GATED, "", "Version 1 is not the champion; the next step is promote."),
        (GATED, "1", "Version 1 has predicted nothing yet."),
        (
            (*GATED, SCORED, entry(5, "train", "2"), entry(6, "gate", "2", verdict="passed")),
            "1",
            "Version 2 is not the champion; the next step is promote.",
        ),
    ],
)
def test_an_unfinished_first_run_is_explained(later: Any, champion: str, message: str) -> None:
    run = recorded(*later, champion=champion)
    for trained in run.journal().of("train"):
        trained.as_of = "2026-01-01"
    assert what_is_missing(repository.check_first_run, run).startswith(message)


@pytest.mark.parametrize(
    ("in_base", "overrides", "message"),
    [
        ({}, (), "conf/dev.yml sets the model, and conf/base.yml does not."),
        ({"cutoff": 0.5}, (), "conf/dev.yml sets the model, and conf/base.yml does not."),
        (None, ("--set time.train",), "Version 1 was trained with --set time.train."),
        (None, (), "Version 1 is not the champion; the next step is promote."),
    ],
)
def test_a_model_that_is_not_for_every_environment_is_explained(
    in_base: Any, overrides: Any, message: str
) -> None:
    model = {"cutoff": 0.2, "params": {"max_iter": 50}}
    trained = entry(1, "train", "1", commit="1a2b3c4", dirty=False, overrides=overrides)
    project = recorded(trained, GATED[1], champion="")
    project.settings = lambda: SimpleNamespace(model=SimpleNamespace(**model))
    project.yaml = lambda _: {"model": model if in_base is None else in_base}
    project.git = lambda command, *_: "path: data/loans.csv" if command == "show" else ""
    project.changed = []
    assert what_is_missing(own_data.check_own_model, project) == message


def recorded(*entries: Any, champion: str = "1", **cards: Any) -> Any:
    """A project whose store has these entries, and these cards: `v1`, `v2`."""
    journal = Journal(Place(Path()), "dev")
    journal.__dict__["_store"] = SimpleNamespace(
        entries=entries,
        recorded_champion=champion,
        fetch=lambda number: SimpleNamespace(card=cards[f"v{number}"]),
    )
    return SimpleNamespace(journal=lambda: journal)


def what_is_missing(check: Callable[[Any], Iterator[str]], place: Any) -> str:
    with pytest.raises(Missing) as missing:
        list(check(place))
    return missing.value.what


PROMOTED = (entry(1, "promote", "1"), entry(2, "promote", "5"))
WITHDRAWN = entry(3, "rollback", "5", reason="branches report odd scores")


def test_a_rollback_with_a_reason_is_right() -> None:
    scored = entry(4, "score", "2026-01-01", version=1, rows=610)
    assert len(list(gate.check_rollback(recorded(*PROMOTED, WITHDRAWN, scored)))) == 3


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ([], "No version is withdrawn."),
        ([entry(3, "gate", "1")], "You asked the gate about version 1 again."),
        (
            [entry(3, "pause", "")],
            "The model is paused, and the bad version is still the champion.",
        ),
        ([entry(3, "rollback", "5", reason="not given")], 'The reason is "not given".'),
        ([WITHDRAWN, entry(4, "promote", "5")], "Version 1 was promoted after the rollback."),
        ([WITHDRAWN], "Version 1 is the champion again, and has predicted nothing since."),
        ([entry(2, "pause", ""), WITHDRAWN], "The model is still paused."),
    ],
)
def test_a_wrong_rollback_is_explained(later: list[Any], message: str) -> None:
    assert what_is_missing(gate.check_rollback, recorded(*PROMOTED, *later)) == message


def card(
    trees: int = 50, seed: int = 0, auc: float = 0.8, rows: str = "all", leak: str = "", **more: Any
) -> Any:
    return SimpleNamespace(
        model=SimpleNamespace(params={"max_iter": trees} | more, seed=seed),
        figures={"auc": auc},
        lineage=SimpleNamespace(data=rows),
        windows=rows,
        features=("amount", leak),
    )


def typed(version: str, setting: str = "model.params.max_iter") -> Any:
    return entry(int(version), "train", version, overrides=(f"--set {setting}",))


FIRST = entry(1, "train", "1")


def test_an_experiment_on_other_rows_does_not_count() -> None:
    tried = (FIRST, typed("2"), typed("3"), typed("4"), entry(5, "gate", "4"))
    cards = {"v1": card(), "v2": card(5, rows="few"), "v3": card(10), "v4": card(200, auc=0.9)}
    assert list(gate.check_experiments(recorded(*tried, **cards))) == [
        "Versions 3 and 4 try other parameters on the same rows.",
        "The gate has judged the better one, version 4.",
    ]


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"v2": card(5, rows="few")}, "Version 2 was trained on other rows than the champion."),
        (
            {"v2": card(200), "v3": card(seed=1)},
            "A version differs from the champion in the seed only.",
        ),
        ({"v2": card(200, seed=1)}, "Only version 2 tries a parameter."),
        (
            {"v2": card(200), "v3": card(200, learning_rate=0.5)},
            "Version 3 changes 2 parameters at once.",
        ),
    ],
)
def test_wrong_experiments_are_explained(cards: dict[str, Any], message: str) -> None:
    tried = recorded(FIRST, *(typed(name[1:]) for name in cards), v1=card(), **cards)
    assert what_is_missing(gate.check_experiments, tried) == message


TRIED = (
    *(FIRST, typed("2"), typed("3"), entry(4, "gate", "2", verdict="passed")),
    entry(5, "train", "4", dirty=False),
)
TRIED_CARDS = {
    "v1": card(),
    "v2": card(200, auc=0.9),
    "v3": card(learning_rate=0.5),
    "v4": card(200, auc=0.9),
}


@pytest.mark.parametrize(
    ("champion", "params", "in_base", "message"),
    [
        (
            "2",
            {"max_iter": 50},
            {"max_iter": 50},
            "Version 2 was trained with --set model.params.max_iter, and conf/base.yml still says",
        ),
        (
            "1",
            {"max_iter": 50, "learning_rate": 0.5},
            {"max_iter": 50, "learning_rate": 0.5},
            "model.params in conf/base.yml is {'max_iter': 50, 'learning_rate': 0.5}, and the",
        ),
        (
            "1",
            {"max_iter": 200},
            {"max_iter": 50},
            "conf/dev.yml sets model.params, and conf/base.yml does not.",
        ),
        ("1", {"max_iter": 200}, {"max_iter": 200}, "The gate has not judged version 4."),
        ("4", {"max_iter": 200}, {"max_iter": 200}, "Version 4 has predicted nothing yet."),
    ],
)
def test_a_better_model_that_is_not_in_use_is_explained(
    champion: str, params: Any, in_base: Any, message: str
) -> None:
    project = recorded(*TRIED, champion=champion, **TRIED_CARDS)
    project.settings = lambda: SimpleNamespace(model=SimpleNamespace(params=params))
    project.yaml = lambda _: {"model": {"params": in_base}}
    project.changed = []
    assert what_is_missing(gate.check_promotion, project).startswith(message)


def test_experiments_need_a_champion() -> None:
    tried = recorded(typed("1"), champion="", v1=card(200))
    assert what_is_missing(gate.check_experiments, tried) == "dev has no champion."


@pytest.mark.parametrize(
    ("limit", "champion", "verdict", "message"),
    [
        (0.999, "1", "rejected", "gate.thresholds.auc.suspicious_above is 0.999 now."),
        (0.95, "1", "passed", "The gate has not rejected version 2."),
        (0.95, "2", "rejected", "Version 2, which has learned from reminders_sent, is in use."),
    ],
)
def test_a_leak_that_is_let_through_is_explained(
    limit: float, champion: str, verdict: str, message: str
) -> None:
    judged = (FIRST, entry(2, "train", "2"), entry(3, "gate", "2", verdict=verdict))
    leaking = card(auc=0.99, leak="reminders_sent")
    project = recorded(*judged, champion=champion, v1=card(), v2=leaking)
    auc = SimpleNamespace(suspicious_above=limit)
    settings = SimpleNamespace(gate=SimpleNamespace(thresholds={"auc": auc}))
    project.settings = lambda: settings
    assert what_is_missing(gate.check_leak, project) == message


@pytest.mark.parametrize(
    ("changed", "remedy"), [(["src/loan_risk/schema.py"], "git restore"), ([], "and commit.")]
)
def test_a_leak_that_is_committed_is_undone_in_another_way(changed: Any, remedy: str) -> None:
    judged = (FIRST, entry(2, "train", "2"), entry(3, "gate", "2", verdict="rejected"))
    project = recorded(*judged, v1=card(), v2=card(auc=0.99, leak="reminders_sent"))
    project.journal().__dict__["checks"] = lambda _: {}
    auc = SimpleNamespace(suspicious_above=0.95)
    project.settings = lambda: SimpleNamespace(gate=SimpleNamespace(thresholds={"auc": auc}))
    project.own = lambda *_: columns(reminders_sent="")
    project.call = Place.call
    project.changed = changed
    with pytest.raises(Missing) as missing:
        list(gate.check_leak(project))
    assert missing.value.what == "reminders_sent is still a feature in schema.py."
    assert remedy in missing.value.hint


TRAINED_IN_TEST = (
    entry(1, "train", "1", commit="before"),
    entry(2, "gate", "1", verdict="passed"),
)


def test_a_version_of_test_from_before_the_change_is_explained() -> None:
    project = recorded(*TRAINED_IN_TEST)
    journal = project.journal()
    project.journal = lambda _: journal
    project.settings = lambda *_: SimpleNamespace(time=SimpleNamespace(train=15))
    project.yaml = lambda name: {"time": {"train": 6}} if "test" in name else {}
    project.git = lambda *_: "promotion: automatic"
    project.changed = []
    message = "Version 1 of test was trained before the change."
    assert what_is_missing(environments.check_test, project) == message


def test_a_champion_that_nobody_has_approved_is_explained() -> None:
    project = recorded(*TRAINED_IN_TEST, entry(3, "promote", "1", approved_by=""))
    project.yaml = lambda _: {"promotion": "approval"}
    project.git = lambda *_: "promotion: approval"
    project.changed = []
    message = "Version 1 is the champion, and nobody has approved it."
    assert what_is_missing(environments.check_approval, project) == message


@pytest.fixture
def branched(tmp_path: Path) -> Path:
    """A repository in which a branch of two commits changes the rule."""
    (tmp_path / "conf").mkdir()
    base = tmp_path / "conf/base.yml"
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for branch, text in {
        "main": "gate:\n  attempts: 10\n",
        "fewer-attempts": "gate:\n  attempts: 8\n",
        "": "gate:\n  attempts: 8  # agreed\n",
    }.items():
        if branch == "fewer-attempts":
            git(tmp_path, "switch", "--quiet", "--create", branch)
        base.write_text(text, encoding="utf-8")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message=feat: change a rule")
    git(tmp_path, "switch", "--quiet", "main")
    return tmp_path


def test_a_merge_that_only_moves_main_forward_is_explained(branched: Path) -> None:
    git(branched, "merge", "--quiet", "fewer-attempts")
    with pytest.raises(Missing) as missing:
        list(environments.check_change(Place(branched)))
    assert missing.value.what == (
        "main was moved forward to fewer-attempts, without a merge commit."
    )
    for command in missing.value.hint.split("`")[1::2]:
        git(branched, *command.split()[1:])
    message = "The change was not rehearsed."
    assert what_is_missing(environments.check_change, Place(branched)) == message


def test_a_merge_of_something_else_is_not_that_of_the_change(branched: Path) -> None:
    git(branched, "switch", "--quiet", "fewer-attempts")
    base = branched / "conf/base.yml"
    for branch, attempts in {"fewer-attempts": 80, "main": 8}.items():
        git(branched, "switch", "--quiet", branch)
        if branch == "main":
            git(branched, "merge", "--quiet", "--no-ff", "--no-edit", "fewer-attempts")
        base.write_text(f"gate:\n  attempts: {attempts}\n", encoding="utf-8")
        git(branched, "commit", "--quiet", "--all", "--message=feat: change the rule")
    message = "The change went to main without a merge."
    assert what_is_missing(environments.check_change, Place(branched)) == message


def test_another_number_of_attempts_is_not_the_change(branched: Path) -> None:
    git(branched, "switch", "--quiet", "fewer-attempts")
    (branched / "conf/base.yml").write_text("gate:\n  attempts: 80\n", encoding="utf-8")
    git(branched, "commit", "--quiet", "--all", "--message=feat: allow more")
    message = "No commit on the branch sets gate.attempts to 8."
    assert what_is_missing(environments.check_change, Place(branched)) == message


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        ("", "Nothing is answered yet."),
        ("main", "commit is main: a branch, not a commit."),
        ("1a2b", "commit is 1a2b: version 1 is not from this commit."),
        ("9999999", "commit is 9999999: version 1 is not from this commit."),
    ],
)
def test_a_wrong_commit_is_explained(commit: str, message: str) -> None:
    with pytest.raises(Missing) as missing:
        repository._check_commit(commit, entry(1, "train", commit="1a2b3c4d5e"))
    assert missing.value.what == message


def test_a_commit_of_seven_characters_is_enough() -> None:
    repository._check_commit("1a2b3c4", entry(1, "train", commit="1a2b3c4d5e"))


def test_the_customers_of_the_extract_change_in_march_2026_and_not_before(tmp_path: Path) -> None:
    shutil.copy(ROOT / "template/src/{{ package }}/synthetic.py", tmp_path / "bank.py")
    shutil.copy(ROOT / "workshop/delivery.py", tmp_path)
    delivery = runpy.run_path(str(tmp_path / "delivery.py"))
    example = runpy.run_path(str(tmp_path / "bank.py"))
    assert all(name in example for name in delivery["CHANGES"])
    invented = delivery["bank"]()
    february, march = pd.Timestamp("2026-02-01"), pd.Timestamp("2026-03-01")
    before = invented(february, 11)["applications"]
    assert before.equals(example["rows"](february, 11)["applications"])
    brought = (invented(march, 11)["applications"]["channel"] == staleness.BROUGHT_BY).mean()
    assert brought > 2 * (before["channel"] == staleness.BROUGHT_BY).mean()


def rules(max_psi: float = 0.1, brier: float | None = 0.125, horizon: int = 3) -> Any:
    thresholds = {} if brier is None else {"brier": SimpleNamespace(max=brier)}
    return SimpleNamespace(
        monitoring=SimpleNamespace(max_psi=max_psi),
        gate=SimpleNamespace(thresholds=thresholds),
        time=SimpleNamespace(label_horizon=horizon),
    )


def over_time(*entries: Any, champion: str = "6", given: Any = None, **answers: Any) -> Any:
    """A project with these entries, in which an exercise is answered like this."""
    project = recorded(*entries, champion=champion)
    project.answers = lambda _: answers
    project.settings = lambda: given or rules()
    project.git = lambda *_: "9999999999"
    return project


def of(date: str, one: Any) -> Any:
    one.as_of = date
    return one


def month(number: int, date: str, decision: str = "healthy", auc: float = 0.8) -> tuple[Any, Any]:
    """The entries of a month that is scored and monitored."""
    return (
        entry(number, "score", date, date=date, version=6),
        entry(number + 1, "monitor", "6", as_of=date, decision=decision, metrics={"auc": auc}),
    )


SPRING = (
    *month(1, "2026-03-01"),
    *month(3, "2026-04-01"),
    *month(5, "2026-05-01", "investigate"),
)
READ: dict[str, Any] = {
    "decision": "investigate",
    "drifted": ["employment", "channel"],
    "channel": "broker",
    "worse": "not known yet",
}


def test_a_drift_that_is_read_from_the_report_is_right() -> None:
    assert len(list(staleness.check_drift(over_time(*SPRING, **READ)))) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"decision": ""}, "Nothing is answered yet."),
        ({"decision": "retrain"}, "decision is retrain: that is not what monitor decided."),
        (
            {"drifted": ["channel", "income"]},
            "drifted is ['channel', 'income']: these are not the inputs that have drifted.",
        ),
        ({"drifted": "channel"}, "drifted is channel: these are not the inputs that have drifted."),
        ({"channel": "online"}, 'channel is "online": most loans of April come from elsewhere.'),
        ({"worse": "no"}, 'worse is "no".'),
    ],
)
def test_a_misread_report_is_explained(answer: dict[str, Any], message: str) -> None:
    project = over_time(*SPRING, **(READ | answer))
    assert what_is_missing(staleness.check_drift, project) == message


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (SPRING[:0], "Nothing was done on 2026-03-01."),
        (SPRING[1:], "On 2026-03-01, nothing was scored."),
        (SPRING[:3], "On 2026-04-01, the model predicted, and nobody looked at it."),
        (
            (*SPRING, of("2026-01-01", entry(7, "train", "7"))),
            "You have trained version 7 because something has drifted.",
        ),
    ],
)
def test_months_that_were_not_watched_are_explained(entries: Any, message: str) -> None:
    assert what_is_missing(staleness.check_drift, over_time(*entries, **READ)) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (rules(max_psi=5), "monitoring.max_psi is 5 now."),
        (rules(brier=0.2), "gate.thresholds.brier.max is 0.2 now."),
        (rules(brier=None), "gate.thresholds.brier.max is None now."),
        (rules(horizon=1), "time.label_horizon is 1 now."),
    ],
)
def test_a_rule_that_is_weakened_is_explained(given: Any, message: str) -> None:
    for check in (staleness.check_drift, staleness.check_decay, staleness.check_successor):
        assert what_is_missing(check, over_time(*SPRING, given=given)) == message


SUMMER = (
    *SPRING,
    *month(7, "2026-06-01"),
    *month(9, "2026-07-01"),
    *month(11, "2026-08-01"),
    *month(13, "2026-09-01", "retrain", 0.7),
)
TRAINED = of("2026-09-01", entry(15, "train", "7"))
WAITING = of("2026-09-01", entry(16, "retrain", "7"))
WAITING.outcome = "waiting"
UNDERSTOOD = {"changed_in": "2026-03", "learned_until": "2025-11"}


def test_a_decay_that_is_understood_is_right() -> None:
    project = over_time(*SUMMER, TRAINED, WAITING, **UNDERSTOOD)
    assert list(staleness.check_decay(project))[1] == "retrain has made version 7. It is waiting."


@pytest.mark.parametrize(
    ("later", "answer", "message"),
    [
        ((), {}, "Nobody has acted on what monitor decided."),
        ((TRAINED,), {}, "You have trained version 7 by hand."),
        ((TRAINED, WAITING), {"changed_in": ""}, "Nothing is answered yet."),
        (
            (TRAINED, WAITING),
            {"changed_in": "2026-04"},
            "changed_in is 2026-04: the customers did not change in this month.",
        ),
        (
            (TRAINED, WAITING),
            {"learned_until": "2026-08"},
            "learned_until is 2026-08: version 7 has not learned from this month.",
        ),
        (
            (TRAINED, WAITING),
            {"learned_until": "2025-12"},
            "learned_until is 2025-12: this is not the last month of the training window.",
        ),
        (
            (TRAINED, of("2026-08-01", entry(16, "promote", "7"))),
            {},
            "Version 7, trained on 2026-09-01, is in use.",
        ),
    ],
)
def test_a_decay_that_is_not_understood_is_explained(
    later: Any, answer: dict[str, Any], message: str
) -> None:
    project = over_time(*SUMMER, *later, **(UNDERSTOOD | answer))
    assert what_is_missing(staleness.check_decay, project) == message


NEXT_YEAR = tuple(
    one
    for number, date in enumerate(staleness.NEXT_YEAR)
    for one in month(20 + 2 * number, date, "retrain")
)
RETRAINED = of("2027-06-01", entry(50, "retrain", "8"))


@pytest.mark.parametrize(
    ("later", "champion", "message"),
    [
        ((), "6", "On 2027-06-01, nothing was retrained."),
        ((RETRAINED,), "6", "Version 8 has not passed the gate."),
        (
            (RETRAINED, entry(51, "gate", "8", verdict="rejected")),
            "6",
            "Version 8 has not passed the gate.",
        ),
        (
            (RETRAINED, entry(51, "gate", "8", verdict="passed")),
            "6",
            "Version 8 waits for a person.",
        ),
    ],
)
def test_a_successor_that_is_not_in_use_is_explained(
    later: Any, champion: str, message: str
) -> None:
    project = over_time(*SUMMER, *NEXT_YEAR, *later, champion=champion)
    assert what_is_missing(staleness.check_successor, project) == message


def promotion(number: int, version: str, approved_by: str) -> Any:
    one = entry(number, "promote", version, approved_by=approved_by, evidence_entry=number - 1)
    one.actor = "ada@laptop"
    return one


OLD = promotion(3, "6", "Grace Hopper")
NEW = promotion(9, "8", "Katherine Johnson")
LOAN = entry(5, "score", "2026-09-01", date="2026-09-01", version=6)
FOUND = {
    "version": 6,
    "expected_to_default": True,
    "approved_by": "Grace Hopper",
    "evidence_entry": 2,
}


def test_who_decided_is_right() -> None:
    project = over_time(OLD, LOAN, NEW, champion="8", **FOUND)
    assert len(list(staleness.check_decision(project))) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"version": 0}, "Nothing is answered yet."),
        ({"version": 8}, "version is 8: the champion of today."),
        ({"version": 7}, "version is 7: another one has predicted this loan."),
        ({"expected_to_default": False}, "expected_to_default is false."),
        (
            {"approved_by": "Katherine Johnson"},
            "approved_by is Katherine Johnson: they have approved version 8.",
        ),
        ({"approved_by": "ada"}, "approved_by is ada: that is who typed the command."),
        ({"approved_by": ""}, 'approved_by is "": the journal names somebody else.'),
        ({"evidence_entry": 3}, "evidence_entry is 3: that is the promotion itself."),
        (
            {"evidence_entry": 8},
            "evidence_entry is 8: the approval does not rest on this entry.",
        ),
    ],
)
def test_a_wrong_answer_about_who_decided_is_explained(
    answer: dict[str, Any], message: str
) -> None:
    project = over_time(OLD, LOAN, NEW, champion="8", **(FOUND | answer))
    assert what_is_missing(staleness.check_decision, project) == message


REBUILT = entry(
    10,
    "reproduce",
    "6",
    answer="exact",
    commit="1a2b3c4d5e",
    rows={"train": SimpleNamespace(source="extract")},
)
KNOWN = {"commit": "1a2b3c4", "rows": "extract", "compared": "predictions"}


def test_a_reproduction_that_is_understood_is_right() -> None:
    project = over_time(OLD, LOAN, NEW, REBUILT, **KNOWN)
    assert len(list(staleness.check_reproduction(project))) == 4


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ((), "Version 6 is not rebuilt."),
        ((entry(10, "reproduce", "8"),), "You have rebuilt version 8."),
        ((entry(10, "train", "9"),), "You have trained version 9."),
        (
            (entry(10, "reproduce", "6", answer="data gone"),),
            "The answer for version 6 is: data gone.",
        ),
    ],
)
def test_a_version_that_is_not_rebuilt_is_explained(later: Any, message: str) -> None:
    project = over_time(OLD, LOAN, NEW, *later, **KNOWN)
    assert what_is_missing(staleness.check_reproduction, project) == message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"commit": ""}, "Nothing is answered yet."),
        ({"commit": "9999999"}, "commit is 9999999: the commit of today."),
        ({"commit": "1a2b"}, "commit is 1a2b: version 6 was not rebuilt from this commit."),
        ({"rows": "tables"}, 'rows is "tables": it was fitted on others.'),
        ({"compared": "files"}, 'compared is "files".'),
    ],
)
def test_a_misread_reproduction_is_explained(answer: dict[str, Any], message: str) -> None:
    project = over_time(OLD, LOAN, NEW, REBUILT, **(KNOWN | answer))
    assert what_is_missing(staleness.check_reproduction, project) == message
