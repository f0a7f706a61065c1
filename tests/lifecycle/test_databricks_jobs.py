"""The jobs of the bundle, executed with its own parameters, identities and conditions."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pipelines.databricks import Bundle, Run, execute, load
from pipelines.databricks_cli import put_on_path
from pipelines.databricks_project import PROMOTER, TEAM, TRAINER, build, configure, settings_of
from pipelines.model_serving import endpoints, model_serving

from lifecycle.conftest import At
from lifecycle.project import AS_OF, Facts, Project, Warm, copy_project
from lifecycle.unity_catalog import serving

pytestmark = pytest.mark.full

LATER = "2026-09-01"
RIGHTS = {PROMOTER: "CREATE MODEL", TRAINER: "CREATE MODEL VERSION,APPLY TAG"}
HERE = {"MLOPS_PREDICTIONS": "predictions", "MLOPS_EXTRACTS": "extracts"}
ENTRY_POINTS = {"loan-risk": "cli", "loan-risk-job": "job"}


@dataclass
class Databricks:
    """A workspace with the jobs of one release, and a registry with Unity Catalog's limits."""

    project: Project
    address: str
    serving: Path  # the state of Model Serving
    variables: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)  # by each task that is a file of Python
    answers: dict[str, str] = field(default_factory=dict)  # the version that answers, to whom
    running: str = ""  # the output and the answer

    def run(self, key: str, name: str = "", **parameters: str) -> Run:
        self.running = name or key
        done = execute(self.bundle, key, self.call, **parameters)
        for endpoint in endpoints(self.serving).values():
            [entity], [rule] = endpoint["config"]["served_entities"], endpoint["permissions"]
            self.answers[self.running] = f"{entity['entity_version']} to {rule['group_name']}"
        return done

    @property
    def bundle(self) -> Bundle:
        return load(build(self.project.folder) / "deploy/test", "test")

    def call(self, who: str, entry_point: str, words: list[str]) -> tuple[int, Facts]:
        variables = HERE | login(who) | {"MLOPS_TRACKING_URI": self.address}
        if entry_point.endswith(".py"):
            return self.call_program(entry_point, words, variables), {}
        answer = self.project.enter(
            ENTRY_POINTS[entry_point], *words, variables=variables, person=who
        )
        print(answer.said)
        lines = answer.printed.splitlines()
        return answer.code, json.loads(lines[-1]) if lines else {}

    def call_program(self, name: str, words: list[str], variables: dict[str, str]) -> int:
        """Run a file next to the bundle, with the wheel installed."""
        file = self.project.folder / "build/release/deploy/test" / name
        answer = self.project.run_file(file, *words, variables=self.variables | variables)
        assert "Traceback" not in answer.said, answer.said
        self.said[self.running] = answer.printed + answer.said
        return answer.code


def login(who: str) -> dict[str, str]:
    """Return the variables with which a program runs as an identity."""
    return {"MLFLOW_TRACKING_USERNAME": who, "MLFLOW_TRACKING_PASSWORD": "secret"}


@pytest.fixture(scope="module")
def databricks(
    shelf: At, warm: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databricks]:
    folder = tmp_path_factory.mktemp("databricks")
    made = shelf("born", compute="databricks", serving="online")
    project = copy_project(made, folder / "loan-risk")
    configure(project.folder, "test", **settings_of("test"), monitoring={"max_age": 1})
    configure(project.folder, "test", deployment={"endpoint": {"callers": "branches"}})
    # A model of half a year is too sure in some bands of its predictions.
    configure(project.folder, "test", gate={"calibration": {"required": False}})
    project.commit()
    with serving(folder / "unity-catalog", **RIGHTS) as address:
        who = login(PROMOTER) | {"MLFLOW_TRACKING_URI": address}
        with model_serving(folder / "serving", **who) as variables:
            yield Databricks(project, address, folder / "serving", variables)


@pytest.fixture(scope="module")
def runs(databricks: Databricks) -> dict[str, Run]:
    """The run of each job, in the order of a model's lifecycle."""
    project, found = databricks.project, {"smoke": databricks.run("smoke")}
    found["train"] = databricks.run("train", "first", as_of=AS_OF)
    found["score"] = databricks.run("score", as_of=AS_OF)
    found["monitor"] = databricks.run("monitor", as_of=AS_OF)
    found["healthy"] = databricks.run("retrain", as_of=AS_OF)
    found["stale"] = databricks.run("retrain", "stale", as_of=LATER)
    found["unchanged"] = databricks.run("train", "unchanged", as_of=LATER)
    configure(project.folder, "test", promotion="approval", model={"seed": 8})
    project.commit()
    found["waits"] = databricks.run("train", as_of=LATER)
    found["by the trainer"] = databricks.run("promote", version="3", approved_by="")
    approval = {"version": "3", "approved_by": "Jane O'Neil"}
    with trouble(databricks, "3.different"):
        found["other figures"] = databricks.run("promote", "other figures", **approval)
    found["approved"] = databricks.run("promote", "approved", **approval)
    with trouble(databricks, "2.broken"):
        found["not ready"] = databricks.run("rollback", "not ready", reason="scores jumped")
    found["mended"] = databricks.run("smoke", "mended")
    found["pause"] = databricks.run("pause", reason="looking into it")
    found["paused"] = databricks.run("score", as_of=LATER)
    found["resume"] = databricks.run("resume")
    project.edit("model.py", "def build(", WORTHLESS)
    project.commit()
    found["rejected"] = databricks.run("train", as_of=LATER)
    return found


@contextlib.contextmanager
def trouble(databricks: Databricks, name: str) -> Iterator[None]:
    """Let Model Serving fail or predict differently for a version."""
    file = databricks.serving / name
    file.touch()
    yield
    file.unlink()


WORTHLESS = '''def build(params: dict) -> object:
    """Return a model that has learned nothing."""
    from sklearn.dummy import DummyClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(DummyClassifier())


def build_well('''


def states(run: Run) -> dict[str, str]:
    return run.all_states()


def test_the_first_smoke_test_creates_the_model_as_the_promoter(runs: dict[str, Run]) -> None:
    done = {"doctor": "success", "endpoint": "success"}
    assert (states(runs["smoke"]), runs["smoke"].told) == (done, [])


def test_train_ends_with_a_champion(runs: dict[str, Run]) -> None:
    run = runs["train"]
    assert run.succeeded
    assert states(run) == {
        "train": "success",
        "trained": "success",
        "gate": "success",
        "passed": "success",
        "promote": "success",
        "promote/promote": "success",
        "promote/promoted": "success",
        "promote/endpoint": "success",
        "promote/tell": "excluded",
        "tell": "excluded",
    }
    assert run.runs["promote"].values["promote"] == {"outcome": "ok", "version": 1}


def test_score_and_monitor_have_one_task_each(runs: dict[str, Run], databricks: Databricks) -> None:
    assert states(runs["score"]) == {"score": "success"}
    assert databricks.project.batches("test")
    assert runs["monitor"].values["monitor"]["decision"] == "healthy"


def test_a_healthy_champion_stays(runs: dict[str, Run]) -> None:
    run = runs["healthy"]
    assert run.values["retrain"] == {"outcome": "ok", "version": 0, "decision": "healthy"}
    excluded = dict.fromkeys(("passed", "promote", "tell"), "excluded")
    assert states(run) == {"retrain": "success", "tried": "success"} | excluded
    assert run.succeeded


def test_a_stale_champion_is_replaced(runs: dict[str, Run]) -> None:
    run = runs["stale"]
    assert run.values["retrain"] == {"outcome": "ok", "version": 2, "decision": "retrain"}
    assert run.runs["promote"].values["promote"] == {"outcome": "ok", "version": 2}
    assert (run.succeeded, run.told) == (True, [])


def test_nothing_is_trained_if_nothing_has_changed(runs: dict[str, Run]) -> None:
    run = runs["unchanged"]
    assert (run.succeeded, run.told) == (True, [])
    assert run.values["train"] == {"outcome": "ok", "version": 0}
    assert states(run)["gate"] == "excluded"


def test_a_version_that_needs_an_approval_waits_and_the_team_is_notified(
    runs: dict[str, Run],
) -> None:
    run = runs["waits"]
    assert run.succeeded
    assert run.runs["promote"].values["promote"]["outcome"] == "waiting"
    assert states(run)["promote/tell"] == "success"
    assert run.told == [TEAM]


def test_only_a_named_person_can_approve(runs: dict[str, Run]) -> None:
    assert not runs["by the trainer"].succeeded, (
        "somebody waits for the champion: a no is a failure"
    )
    assert runs["by the trainer"].values["promote"]["outcome"] == "waiting"
    assert runs["approved"].values["promote"] == {"outcome": "ok", "version": 3}


def test_a_rejected_version_is_not_promoted_and_the_team_is_notified(runs: dict[str, Run]) -> None:
    run = runs["rejected"]
    assert run.succeeded
    assert run.values["gate"]["outcome"] == "rejected"
    assert (states(run)["promote"], states(run)["tell"]) == ("excluded", "success")
    assert run.told == [TEAM]


def test_an_invalid_date_fails_the_job(runs: dict[str, Run], databricks: Databricks) -> None:
    run = databricks.run("train", as_of="yesterday")
    assert states(run)["train"] == "failed"
    assert states(run)["promote"] == "upstream failed"
    assert (run.succeeded, run.told) == (False, [TEAM])


# The endpoint of Model Serving


def test_the_endpoint_follows_the_champion(runs: dict[str, Run], databricks: Databricks) -> None:
    assert runs["approved"].succeeded
    assert "smoke" not in databricks.answers, "there was no champion yet"
    assert "has no champion yet: nothing answers." in databricks.said["smoke"]
    found = [databricks.answers[name] for name in ("first", "stale", "approved")]
    assert found == ["1 to branches", "2 to branches", "3 to branches"]
    assert "answers with version 3 of risk_test.loan_risk" in databricks.said["approved"]


def test_a_version_that_predicts_differently_on_the_endpoint_does_not_serve(
    runs: dict[str, Run], databricks: Databricks
) -> None:
    run = runs["other figures"]
    assert (states(run), run.told) == ({"promote": "success", "endpoint": "failed"}, [TEAM])
    said = databricks.said["other figures"]
    assert (
        "version 3 predicts its golden rows differently in the endpoint, by 0.01; version 2 ans"
        in said
    )
    assert databricks.answers["other figures"] == "2 to branches"


def test_rollback_reaches_the_endpoint_on_a_second_try(
    runs: dict[str, Run], databricks: Databricks
) -> None:
    run = runs["not ready"]
    assert run.values["rollback"] == {"outcome": "ok", "version": 2}
    assert (states(run)["endpoint"], run.told) == ("failed", [TEAM])
    said = databricks.said["not ready"]
    assert "loan-risk-test: version 2 is not ready, " in said
    assert "UPDATE_FAILED" in said
    assert "the previous version still answers" in said
    assert databricks.answers["not ready"] == "3 to branches"
    assert runs["mended"].succeeded
    assert databricks.answers["mended"] == "2 to branches"


def test_resume_ends_a_pause(runs: dict[str, Run]) -> None:
    assert runs["pause"].succeeded
    assert runs["paused"].values["score"]["outcome"] == "waiting"
    assert runs["resume"].succeeded


# The wheel of a release


PROGRAM = """
import os, subprocess, sys
venv, entry, *words = sys.argv[1:]
sys.exit(subprocess.run([os.path.join(venv, "bin", entry), *words]).returncode)
"""


@pytest.mark.wide  # in CI, those of an image run alone, and pandas 2 in the releases to Databricks
def test_the_wheel_of_a_release_runs_with_its_requirements_alone(shelf: At, tmp_path: Path) -> None:
    project = copy_project(shelf("born", compute="databricks"), tmp_path / "loan-risk")
    configure(project.folder, "test", **settings_of("test"))
    configure(project.folder, "prod", **settings_of("prod"))
    subprocess.run(["uv", "lock", "--quiet"], cwd=project.folder, check=True)
    project.commit()
    variables = os.environ | put_on_path(tmp_path / "bin", tmp_path / "place")
    volume = tmp_path / "place/risk-test.azuredatabricks.net/Volumes/risk_test/loan_risk/releases"
    volume.mkdir(parents=True)
    venv, empty = tmp_path / "fresh", tmp_path / "empty"
    empty.mkdir()
    (empty / "run.py").write_text(PROGRAM, encoding="utf-8")
    variables |= {"DATABRICKS_PROGRAM": f"{sys.executable} {empty / 'run.py'} {venv}"} | HERE
    variables |= {"MLOPS_TRACKING_URI": f"sqlite:///{empty}/mlflow.db"}

    def do(*words: str | Path) -> str:
        done = subprocess.run(
            words, cwd=project.folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    plain = {k: v for k, v in variables.items() if not k.startswith("MLOPS_")}
    subprocess.run(
        [sys.executable, "-m", "nox", "-s", "build"], cwd=project.folder, env=plain, check=True
    )
    release = project.folder / "build/release"
    locked = (release / "deploy/test/requirements.txt").read_text("utf-8")
    assert "\npandas==2." in locked
    here = locked.replace("file:///Volumes", f"file://{volume.parents[2]}")
    (empty / "requirements.txt").write_text(here, encoding="utf-8")
    place = volume / "loan-risk" / json.loads((release / "release.json").read_text())["version"]
    shutil.copytree(release, place)
    do("uv", "venv", "--quiet", "--python", sys.executable, venv)
    do("uv", "pip", "install", "--quiet", "--python", venv, "-r", empty / "requirements.txt")
    said = do(sys.executable, "deploy/delivery.py", "test")
    assert "test runs 0.1.0+" in said
    assert '{"doctor": "success"}' in said
