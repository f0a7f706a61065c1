"""Who may approve, and which rows are real enough."""

import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
errors = platform("base.errors")
lineage = platform("records.lineage")
promote = platform("steps.promote")

REAL = {"loans": {"kind": "files", "path": "x.csv", "origin": "production"}}


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the model card show what it says."""
    monkeypatch.setattr(promote.model_card, "write_for_approval", lambda *_: "build/card.html")


def become(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the system have this name for the user; return the actor."""
    for variable in lineage.PIPELINES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name=name))
    return str(lineage.current_actor()["actor"])


def version(actor: str, **facts: Any) -> Any:
    """Return version 3, which somebody trained."""
    facts = {"dirty": False, "origin": "production", "actor": actor} | facts
    tables = facts.pop("tables", REAL)
    card = SimpleNamespace(lineage=SimpleNamespace(**facts), tables=tables)
    return SimpleNamespace(number=3, card=card)


def refused(project: Any, trained: Any, approver: str, *entries: Any, verdict: str = "") -> str:
    """Return why an approval is refused, "" if it is accepted."""
    store = SimpleNamespace(project=project, entries=entries)
    given = SimpleNamespace(approved_by=approver, verdict=verdict or "passed")
    try:
        promote._require_approval(store, trained, given)
    except errors.MlopsError as error:
        return f"{error.exit_code}: {error}"
    return ""


def trained_by(actor: str) -> Any:
    """Return the entry of the training of version 3."""
    made = details.TrainDetails(snapshot="s", commit="c", dirty=False)
    return SimpleNamespace(subject="3", details=made, actor=actor)


def judged_by(actor: str) -> Any:
    """Return an entry of the gate on version 3."""
    verdict = details.GateDetails(verdict="passed", window="w", digest="d", evidence_sha256="e")
    return SimpleNamespace(subject="3", details=verdict, actor=actor)


@pytest.fixture
def carols(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A version that carol trained; anna is at the keyboard now."""
    trained = version(become("carol", monkeypatch))
    become("anna", monkeypatch)
    return trained


def test_another_person_approves(tmp_path: Path, carols: Any) -> None:
    prod = make_project(tmp_path, env="prod")
    waiting = refused(prod, carols, "")
    assert waiting.startswith("4: ")
    assert "must read its model card, build/card.html, and run" in waiting
    assert refused(prod, carols, "Anna") == ""


@pytest.mark.parametrize(
    "name", ["carol", "CAROL", "c\u00e1rol", "caro1", "c-a-r-o-l", "carol@bank.example"]
)
def test_no_spelling_lets_the_trainer_approve(tmp_path: Path, carols: Any, name: str) -> None:
    for env in ("dev", "prod"):
        message = refused(make_project(tmp_path, env=env), carols, name)
        assert "another person must approve it" in message


def test_the_trainer_in_the_journal_counts_whatever_the_card_says(
    tmp_path: Path, carols: Any
) -> None:
    entry = trained_by("bob@host")
    prod = make_project(tmp_path, env="prod")
    assert "bob trained" in refused(prod, carols, "bob", entry)
    assert refused(prod, carols, "bob", SimpleNamespace(**{**vars(entry), "subject": "4"})) == ""


@pytest.mark.parametrize("env", ["test", "prod"])
def test_who_vouches_for_a_copy_with_its_digest_does_not_approve_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: str
) -> None:
    """Its card may name anybody as the trainer."""
    actor = become("root", monkeypatch)
    copied = version("svc-training@runner7")
    project = make_project(tmp_path, env=env, promotion="approval")
    assert "4: Root had the gate judge" in refused(project, copied, "Root", judged_by(actor))
    assert "under their own login" in refused(project, copied, "Anna", judged_by(actor))
    become("anna", monkeypatch)
    assert refused(project, copied, "Anna", judged_by(actor)) == ""


def test_who_has_a_version_judged_that_was_trained_here_may_approve_it(
    tmp_path: Path, carols: Any
) -> None:
    entries = (trained_by("carol@host"), judged_by("anna@host"))
    assert refused(make_project(tmp_path, env="prod"), carols, "Anna", *entries) == ""


@pytest.mark.parametrize("env", ["test", "prod"])
def test_a_copy_is_never_promoted_automatically(tmp_path: Path, carols: Any, env: str) -> None:
    project = make_project(tmp_path, env=env, promotion="automatic", risk_tier="low")
    waiting = refused(project, carols, "", judged_by("bob@host"))
    assert f"waits for approval (it was not trained in {env}, so only its own files" in waiting
    assert f"somebody other than {carols.card.lineage.actor} or bob@host must read" in waiting
    assert refused(project, carols, "", trained_by("carol@host"), judged_by("bob@host")) == ""
    dev = make_project(tmp_path, promotion="automatic")
    assert refused(dev, carols, "", judged_by("bob@host")) == "", "dev"


@pytest.mark.parametrize("env", ["test", "prod"])
def test_the_login_that_trained_does_not_pass_on_an_approval(
    tmp_path: Path, carols: Any, monkeypatch: pytest.MonkeyPatch, env: str
) -> None:
    project = make_project(tmp_path, env=env, promotion="approval")
    become("carol", monkeypatch)
    for variable, value in {"LOGNAME": "anna", "USER": "anna", "GITHUB_ACTIONS": "true"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("GITHUB_TRIGGERING_ACTOR", "anna")
    assert "trained" in refused(project, carols, "Anna")
    assert "under their own login" in refused(project, carols, "Anna")
    assert refused(make_project(tmp_path, promotion="approval"), carols, "Anna") == "", "dev"
    become("anna", monkeypatch)
    assert refused(project, carols, "Anna") == ""


def test_the_login_that_trained_is_the_same_on_another_machine(
    tmp_path: Path, carols: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("carol", monkeypatch)
    monkeypatch.setattr(lineage.socket, "gethostname", lambda: "build-host")
    prod = make_project(tmp_path, env="prod")
    assert "under their own login" in refused(prod, carols, "Anna")


@pytest.mark.parametrize(
    ("trainer", "now"),
    [("BANK\\carol", "carol"), ("carol", "BANK\\carol"), ("carol@bank.example", "carol")],
)
def test_the_login_that_trained_is_the_same_without_its_domain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: str, now: str
) -> None:
    trained = version(become(trainer, monkeypatch))
    become(now, monkeypatch)
    prod = make_project(tmp_path, env="prod")
    assert "another person must approve it" in refused(prod, trained, "Carol")
    assert "under their own login" in refused(prod, trained, "Anna")


def become_nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the system have no name for the user; return the actor."""

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    become("carol", monkeypatch)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    return str(lineage.current_actor()["actor"])


def test_a_user_without_a_name_does_not_approve_what_it_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "KUBERNETES", tmp_path / "missing")
    trained = version(become_nobody(monkeypatch))
    prod = make_project(tmp_path, env="prod")
    assert "under their own login" in refused(prod, trained, "Bob")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_TRIGGERING_ACTOR", "bob")
    assert "under their own login" in refused(prod, trained, "Bob")
    become("bob", monkeypatch)
    assert refused(prod, trained, "Bob") == ""


def test_the_user_of_a_container_of_kubernetes_passes_on_what_the_pipeline_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "KUBERNETES", tmp_path)
    trained = version(become_nobody(monkeypatch))
    assert lineage.current_actor()["actor_source"] == "job"
    assert refused(make_project(tmp_path, env="prod"), trained, "Anna") == ""


def test_the_user_of_a_job_at_databricks_does_so_too(
    tmp_path: Path, carols: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod = make_project(tmp_path, env="prod")
    become("carol", monkeypatch)
    assert "under their own login" in refused(prod, carols, "Anna")
    monkeypatch.setattr(lineage, "DATABRICKS", tmp_path)
    assert lineage.current_actor()["actor_source"] == "job"
    assert refused(prod, carols, "Anna") == ""


def test_who_started_the_training_in_a_pipeline_does_not_approve_it(
    tmp_path: Path, carols: Any
) -> None:
    carols.card.lineage.actor = "octocat via GitHub, runner@host"
    prod = make_project(tmp_path, env="prod")
    assert "another person must approve it" in refused(prod, carols, "Octocat")
    assert refused(prod, carols, "Anna") == ""


def test_only_listed_people_approve(tmp_path: Path, carols: Any) -> None:
    people = ["anna@bank.example", "Carol"]
    project = make_project(tmp_path, env="prod", approvers=people)
    assert refused(project, carols, "Anna@Bank.Example") == ""
    assert "4: Bob is not one of the approvers" in refused(project, carols, "Bob")
    assert "another person must approve it" in refused(project, carols, "Carol")


def test_high_risk_needs_the_list_in_prod(tmp_path: Path, carols: Any) -> None:
    high = {"env": "prod", "risk_tier": "high"}
    assert refused(make_project(tmp_path, **high), carols, "Anna").startswith(
        "2: conf/prod.yml has no approvers"
    )
    assert refused(make_project(tmp_path, **high, approvers=["Anna"]), carols, "Anna") == ""
    assert "waits for approval" in refused(make_project(tmp_path, **high), carols, "")


@pytest.mark.parametrize("reason", ["complaints", "not given"])
def test_a_withdrawn_version_needs_a_new_verdict(reason: str) -> None:
    rollback = details.RollbackDetails(back_to=2, reason=reason, batches=())
    withdrawn = SimpleNamespace(subject="3", details=rollback, time="2026-01-01T04:00:00+00:00")
    store = SimpleNamespace(entries=[withdrawn])
    with pytest.raises(errors.MlopsError) as caught:
        promote._newest_verdict(store, version("carol"), "loan-risk gate 3")
    assert f"was withdrawn at 2026-01-01T04:00:00+00:00 (reason: {reason})" in str(caught.value)
    assert "run loan-risk gate 3, then promote it again" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["-", "a", "anna\x1b[2J", "anna\nbob", "a" * 10_000, "\u0430nna", "Anna (2)"]
)
def test_an_approver_has_a_name(name: str) -> None:
    with pytest.raises(errors.Misconfigured, match=r"^--approved-by is not the name of one"):
        promote._read_approver(name)


def test_rows_of_a_synthetic_table_are_never_production(tmp_path: Path) -> None:
    """Not even if an older version recorded that they were."""
    project = make_project(tmp_path, env="prod", tables=REAL)
    promote._refuse_lineage(project, version("carol@host"))
    invented = {"loans": {"kind": "synthetic", "origin": "production"}}
    with pytest.raises(errors.MlopsError, match="was trained on synthetic rows, but the tables of"):
        promote._refuse_lineage(project, version("carol@host", tables=invented))
