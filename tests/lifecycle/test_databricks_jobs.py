"""The jobs of the bundle, executed with its own parameters, identities and conditions."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pipelines.databricks import Bundle, Run, execute, load
from pipelines.databricks_cli import put_on_path
from pipelines.databricks_project import PROMOTER, TEAM, TRAINER, build, configure, settings_of

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

    def run(self, key: str, **parameters: str) -> Run:
        return execute(self.bundle, key, self.call, **parameters)

    @property
    def bundle(self) -> Bundle:
        return load(build(self.project.folder) / "deploy/test", "test")

    def call(self, who: str, entry_point: str, words: list[str]) -> tuple[int, Facts]:
        named = {"MLFLOW_TRACKING_USERNAME": who, "MLFLOW_TRACKING_PASSWORD": "secret"}
        variables = HERE | named | {"MLOPS_TRACKING_URI": self.address}
        answer = self.project.enter(ENTRY_POINTS[entry_point], *words, variables=variables)
        print(answer.said)
        lines = answer.printed.splitlines()
        return answer.code, json.loads(lines[-1]) if lines else {}


@pytest.fixture(scope="module")
def databricks(
    shelf: At, warm: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databricks]:
    folder = tmp_path_factory.mktemp("databricks")
    project = copy_project(shelf("born", compute="databricks"), folder / "loan-risk")
    configure(project.folder, "test", **settings_of("test"), monitoring={"max_age": 1})
    project.commit()
    with serving(folder / "unity-catalog", **RIGHTS) as address:
        yield Databricks(project, address)


@pytest.fixture(scope="module")
def runs(databricks: Databricks) -> dict[str, Run]:
    """What became of each job, in the order of a model's life."""
    project, found = databricks.project, {"smoke": databricks.run("smoke")}
    found["train"] = databricks.run("train", as_of=AS_OF)
    found["score"] = databricks.run("score", as_of=AS_OF)
    found["monitor"] = databricks.run("monitor", as_of=AS_OF)
    found["healthy"] = databricks.run("retrain", as_of=AS_OF)
    found["stale"] = databricks.run("retrain", as_of=LATER)
    configure(project.folder, "test", promotion="approval", monitoring={"max_age": 1})
    project.commit()
    found["waits"] = databricks.run("train", as_of=LATER)
    found["by the trainer"] = databricks.run("promote", version="3", approved_by="")
    found["approved"] = databricks.run("promote", version="3", approved_by="Jane O'Neil")
    project.edit("model.py", "def build(", WORTHLESS)
    project.commit()
    found["rejected"] = databricks.run("train", as_of=LATER)
    return found


WORTHLESS = '''def build(params: dict) -> object:
    """Return a model that has learned nothing."""
    from sklearn.dummy import DummyClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(DummyClassifier())


def build_well('''


def states(run: Run) -> dict[str, str]:
    return run.all_states()


def test_the_first_smoke_makes_the_model_of_the_promoter(runs: dict[str, Run]) -> None:
    assert (states(runs["smoke"]), runs["smoke"].told) == ({"doctor": "success"}, [])


def test_train_ends_with_a_champion(runs: dict[str, Run]) -> None:
    run = runs["train"]
    assert run.succeeded
    assert states(run) == {
        "train": "success",
        "gate": "success",
        "passed": "success",
        "promote": "success",
        "promote/promote": "success",
        "promote/promoted": "success",
        "promote/tell": "excluded",
        "tell": "excluded",
    }
    assert run.runs["promote"].values["promote"] == {"outcome": "ok", "version": 1}


def test_score_and_monitor_have_one_task(runs: dict[str, Run], databricks: Databricks) -> None:
    assert states(runs["score"]) == {"score": "success"}
    assert databricks.project.batches("test")
    assert runs["monitor"].values["monitor"]["decision"] == "healthy"


def test_a_healthy_champion_stays(runs: dict[str, Run]) -> None:
    run = runs["healthy"]
    assert run.values["retrain"] == {"outcome": "ok", "version": 0, "decision": "healthy"}
    excluded = dict.fromkeys(("passed", "promote", "tell"), "excluded")
    assert states(run) == {"retrain": "success", "tried": "success"} | excluded
    assert run.succeeded


def test_a_stale_champion_gives_way(runs: dict[str, Run]) -> None:
    run = runs["stale"]
    assert run.values["retrain"] == {"outcome": "ok", "version": 2, "decision": "retrain"}
    assert run.runs["promote"].values["promote"] == {"outcome": "ok", "version": 2}
    assert (run.succeeded, run.told) == (True, [])


def test_a_version_that_needs_an_approval_waits_and_somebody_is_told(runs: dict[str, Run]) -> None:
    run = runs["waits"]
    assert run.succeeded
    assert run.runs["promote"].values["promote"]["outcome"] == "waiting"
    assert states(run)["promote/tell"] == "success"
    assert run.told == [TEAM]


def test_only_a_named_person_approves(runs: dict[str, Run]) -> None:
    assert not runs["by the trainer"].succeeded, (
        "somebody waits for the champion: a no is a failure"
    )
    assert runs["by the trainer"].values["promote"]["outcome"] == "waiting"
    assert runs["approved"].values["promote"] == {"outcome": "ok", "version": 3}


def test_a_rejected_version_is_not_promoted_and_somebody_is_told(runs: dict[str, Run]) -> None:
    run = runs["rejected"]
    assert run.succeeded
    assert run.values["gate"]["outcome"] == "rejected"
    assert (states(run)["promote"], states(run)["tell"]) == ("excluded", "success")
    assert run.told == [TEAM]


def test_a_date_that_is_none_fails_the_job(runs: dict[str, Run], databricks: Databricks) -> None:
    run = databricks.run("train", as_of="yesterday")
    assert states(run)["train"] == "failed"
    assert states(run)["promote"] == "upstream failed"
    assert (run.succeeded, run.told) == (False, [TEAM])


# The wheel of a release


PROGRAM = """
import os, subprocess, sys
venv, entry, *words = sys.argv[1:]
sys.exit(subprocess.run([os.path.join(venv, "bin", entry), *words]).returncode)
"""


def test_the_wheel_of_a_release_runs_where_only_its_requirements_are(
    shelf: At, tmp_path: Path
) -> None:
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
