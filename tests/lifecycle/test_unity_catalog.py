"""The registry of Databricks has its own limits, and the whole lifecycle respects them."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lifecycle.project import AS_OF, Answer, Facts, Project
from lifecycle.unity_catalog import serving

pytestmark = pytest.mark.full

MODEL = "risk_test.loan_risk.loan_risk"
LATER = "2026-09-01"
RIGHTS = {"promoter": "CREATE MODEL", "trainer": "CREATE MODEL VERSION,APPLY TAG"}


class Team:
    """A project with Unity Catalog, whose commands run as one of two identities."""

    def __init__(self, project: Project, address: str) -> None:
        self.project = project
        project.configure("test", tracking_uri=address, registered_model=MODEL)
        project.configure("test", experiments="/Shared/loan-risk")
        project.commit()

    def run(self, who: str, *words: str, code: int = 0) -> Answer:
        """Run a command in test."""
        return self.project.run(*words, "--env", "test", code=code, variables=named(who))


def named(who: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_USERNAME": who, "MLFLOW_TRACKING_PASSWORD": "secret"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "unity-catalog", **RIGHTS) as address:
        yield address


@pytest.fixture
def team(born: Project, address: str) -> Team:
    return Team(born, address)


@pytest.fixture
def begun(team: Team) -> Team:
    """The promoter has promoted a version of the trainer, who may not do so."""
    assert team.run("promoter", "doctor").code == 0  # the first command makes the model
    for who, may in (("promoter", "lets"), ("trainer", "does not let")):
        findings = team.run(who, "doctor").facts["findings"]
        [rights] = [each["finding"] for each in findings if each["check"] == "rights"]
        assert rights == f"the store {may} this identity move the alias champion"
    version = team.run("trainer", "train", "--as-of", AS_OF).facts["version"]
    team.run("trainer", "gate", str(version))
    refused = team.run("trainer", "promote", str(version), code=5)
    assert "does not have ownership" in refused.said
    assert team.run("promoter", "status").facts["champion"] is None
    team.run("promoter", "promote", str(version))
    return team


def test_the_trainer_trains_and_scores_and_the_promoter_promotes(begun: Team) -> None:
    assert begun.run("trainer", "score", "--as-of", AS_OF).facts["version"] == 1
    status = begun.run("trainer", "status").facts
    assert (status["champion"], status["problems"]) == (1, [])


@pytest.mark.wide  # test_databricks_jobs.py does the same in CI, job by job
def test_two_identities_share_the_whole_lifecycle(begun: Team) -> None:
    team = begun
    team.run("trainer", "score", "--as-of", AS_OF)
    assert team.run("trainer", "monitor", "--as-of", AS_OF).facts["decision"] == "healthy"
    team.project.configure("test", monitoring={"max_age": 1})
    team.project.commit()
    old = ("--as-of", LATER)
    held = team.run("trainer", "retrain", "--hold", *old).facts
    assert (held["decision"], held["version"]) == ("retrain", 2)
    assert team.run("trainer", "status").facts["champion"] == 1
    again = team.run("trainer", "retrain", "--hold", *old)
    assert "the next one is due" in again.said
    team.run("promoter", "promote", "2")
    team.run("promoter", "rollback")
    status = team.run("trainer", "status").facts
    assert (status["champion"], status["problems"]) == (1, [])


@pytest.mark.wide
def test_a_trainer_who_forges_a_promotion_promotes_nothing(team: Team, address: str) -> None:
    team.project.configure("test", promotion="approval")
    team.project.commit()
    team.run("promoter", "doctor")
    team.run("trainer", "train", "--as-of", AS_OF)
    team.run("trainer", "gate", "1")
    team.project.call(forge_promotion)
    for who, command in (("trainer", ("score", "--as-of", AS_OF)), ("promoter", ("status",))):
        assert "entry 3 of the journal promotes version 1" in team.run(who, *command, code=1).said
    assert "waits for approval" in team.run("promoter", "promote", "1", code=4).said
    assert "champion" not in team.project.call(behind_aliases, address)


def forge_promotion() -> None:
    """Write the entry of a promotion as the trainer, past the commands."""
    os.environ |= named("trainer")
    open_project = import_module("loan_risk.mlops.base.project").open_project
    details = import_module("loan_risk.mlops.records.details")
    store = import_module("loan_risk.mlops.records.store").open_store(open_project("test"))
    gate = store.entries[-1].details
    taken = {name: getattr(gate, name) for name in ("verdict", "window", "digest")}
    forged = details.PromoteDetails(
        **taken, evidence_sha256=gate.evidence_sha256, evidence_entry=2, approved_by="Ann Bell"
    )
    with contextlib.redirect_stdout(sys.stderr):
        store.journal.append(forged, subject="1")


def behind_aliases(address: str) -> dict[str, str]:
    """Return the aliases of the model."""
    import mlflow

    os.environ |= named("promoter")
    return dict(mlflow.MlflowClient(address, address).get_registered_model(MODEL).aliases)


REFUSED: dict[str, str] = {
    "a name of one level": "all three levels",
    "a key with a dot": "holds one of",
    "a long value": "longer than 1000",
    "too many tags": "More than 50 tags",
    "a search of models": "unsupported",
    "a search by tag": "one condition",
    "a stage": "unsupported",
    "an alias of another's model": "does not have ownership",
    "a model of one who may not": "does not have CREATE MODEL",
    "a version without signature": "needs a signature",
    "an experiment in no folder": "no absolute path",
}


def test_the_double_refuses_what_unity_catalog_refuses(team: Team, address: str) -> None:
    answers = team.project.call(ask, address)
    assert {what: words in answers[what] for what, words in REFUSED.items()} == dict.fromkeys(
        REFUSED, True
    ), answers


def ask(address: str) -> Facts:
    """Return the registry's answer to each request that it must refuse."""
    with contextlib.redirect_stdout(sys.stderr):  # MLflow talks
        return _ask(address)


def _ask(address: str) -> Facts:
    import mlflow
    from mlflow.exceptions import MlflowException

    os.environ |= named("promoter")
    mlflow.set_tracking_uri(address)
    client, answers = mlflow.MlflowClient(address, address), {}
    client.create_registered_model(MODEL)
    for number in range(50):
        client.set_registered_model_tag(MODEL, f"key{number}", "x" * 1000)
    run = client.create_run(client.create_experiment("/Shared/loan-risk"))

    def as_trainer(function: str, *arguments: str) -> None:
        os.environ |= named("trainer")
        try:
            getattr(client, function)(*arguments)
        finally:
            os.environ |= named("promoter")

    tries: dict[str, Callable[[], object]] = {
        "a name of one level": lambda: client.create_registered_model("loan_risk"),
        "a key with a dot": lambda: client.set_registered_model_tag(MODEL, "a.b", "x"),
        "a long value": lambda: client.set_registered_model_tag(MODEL, "key1", "x" * 1001),
        "too many tags": lambda: client.set_registered_model_tag(MODEL, "one_more", "x"),
        "a search of models": lambda: client.search_registered_models(f"name = '{MODEL}'"),
        "a search by tag": lambda: client.search_model_versions("tag.x = 'y'"),
        "a stage": lambda: client.get_latest_versions(MODEL, ["Production"]),
        "an alias of another's model": lambda: as_trainer(
            "set_registered_model_alias", MODEL, "champion", "1"
        ),
        "a model of one who may not": lambda: as_trainer("create_registered_model", "a.b.c"),
        "a version without signature": lambda: client.create_model_version(
            MODEL, "models:/m-unsigned", run.info.run_id
        ),
        "an experiment in no folder": lambda: client.create_experiment("loan-risk"),
    }
    for what, function in tries.items():
        answers[what] = "it was done"
        try:
            function()
        except MlflowException as error:
            answers[what] = str(error)
    return answers
