"""Data Factory: what is deployed, what its pipelines do, and repeated deployments."""

import copy
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
import yaml
from conftest import Rendered
from pipelines import az
from pipelines.data_factory import FACTORY, Unknown, check_template
from pipelines.databricks_project import build, configure, settings_of
from pipelines.databricks_workspace import Workspace, version
from programs import write_python
from rendering import ROOT

Json = dict[str, Any]

SCORE = {"every": "month", "day": 2, "at": "06:00", "zone": "Europe/Berlin"}
MONITOR = {"every": "week", "day": "monday", "at": "07:30", "zone": "UTC"}
RETRAIN = {"every": "day", "at": "08:00", "zone": "Asia/Tokyo"}
SCHEDULES = {"score": SCORE, "monitor": MONITOR, "retrain": RETRAIN}
COMMANDS = ["score", "monitor", "retrain", "train"]
IDS = {command: str(number) for number, command in enumerate(COMMANDS, start=4_000_000_000)}
SUMMARY = {"resources": {"jobs": {name: {"id": number} for name, number in IDS.items()}}}


@pytest.fixture(scope="module")
def factory(rendered: Rendered) -> Iterator[ModuleType]:
    """The module `factory` of a project."""
    project = rendered(compute="databricks", orchestrator="data-factory")
    places = [str(project / name) for name in ("deploy/data-factory", "deploy", ".mlops")]
    sys.path[:0] = places
    yield importlib.import_module("factory")
    for place in places:
        sys.path.remove(place)
    for name in ("factory", "arm", "triggers", "schedules", "section", "commands"):
        sys.modules.pop(name, None)


class Azure:
    """A release for prod, and a data factory in a file."""

    def __init__(self, factory: ModuleType, folder: Path) -> None:
        self.factory = factory
        self.folder = folder
        self.release = folder / "release"
        self._state = folder / "azure.json"
        self.state: Json = {"triggers": {}, "resources": {}, "calls": [], "broken": False}
        self.keep()

    def keep(self) -> None:
        """Set the state of the factory."""
        self._state.write_text(json.dumps(self.state), encoding="utf-8")

    def render(self, schedules: Json = SCHEDULES, **changes: Any) -> str:
        """Render a release; return the reason where it is refused."""
        section = {key: value for key, value in (FACTORY | changes).items() if value is not None}
        deployment = {"data_factory": section}
        settings = SimpleNamespace(env="prod", schedules=schedules, deployment=deployment)
        shutil.rmtree(self.release, ignore_errors=True)
        try:
            self.factory.render(settings, "loan-risk", self.release / "deploy/prod")
        except self.factory.Refusal as reason:
            return str(reason)
        return ""

    def deploy(self, summary: Json = SUMMARY) -> str:
        """Deploy it; return the reason where it is refused."""
        try:
            self.factory.deploy(self.release, "prod", json.dumps(summary))
        except self.factory.Refusal as reason:
            return str(reason)
        finally:
            self.look()
        return ""

    def look(self) -> None:
        """Read the current state of the factory."""
        self.state = json.loads(self._state.read_text(encoding="utf-8"))

    @property
    def template(self) -> Json:
        """What Azure would be given."""
        file = self.release / "deploy/prod/data-factory/template.json"
        return cast("Json", json.loads(file.read_text(encoding="utf-8")))

    def verbs(self) -> list[str]:
        """The calls of `az`, in order, since the last look."""
        done = [
            " ".join([*(w for w in call if w[0] != "-" and "=" not in w), *_name(call)])
            for call in self.state["calls"]
        ]
        self.state["calls"] = []
        self.keep()
        return done


def _name(call: list[str]) -> list[str]:
    return [word.partition("=")[2] for word in call if word.startswith("--name=")]


@pytest.fixture
def azure(factory: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Azure:
    program = write_python(tmp_path / "bin/az", Path(az.__file__).read_text(encoding="utf-8"))
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("AZ_STATE", str(tmp_path / "azure.json"))
    return Azure(factory, tmp_path)


@pytest.fixture
def arm(azure: Azure) -> Json:
    assert azure.render() == ""
    return azure.template


# What is deployed


def test_microsofts_models_accept_the_template(azure: Azure) -> None:
    assert azure.render() == ""
    check_template(azure.template)
    assert azure.render({}, storage=None, arrival=None) == ""
    check_template(azure.template)


JOB = ("pipelines/loan_risk_prod_score", "properties", "activities", 1)
START = ("triggers/loan_risk_prod_monitor", "properties")
TIMES = (*START, "typeProperties", "recurrence")


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ((*JOB, "typeProperties"), {"jobid": "1"}),
        ((*JOB, "typeProperties"), {}),
        ((*JOB, "typeProperties", "jobId"), "[parameters('scores')]"),
        ((*JOB, "type"), "DatabricksJobs"),
        ((*JOB, "dependsOn", 0, "activity"), "Wait"),
        ((*JOB, "dependsOn", 0, "dependencyConditions"), ["Success"]),
        ((*JOB, "dependsOn", 0, "dependencyConditions"), ["Failed", "Skipped"]),
        ((*JOB[:2], "concurrency"), "1"),
        ((*JOB[:3], 0, "typeProperties", "dataset", "type"), "Dataset"),
        ((*START, "pipelines", 0, "pipelineReference", "referenceName"), "another"),
        ((*TIMES, "frequency"), "week"),
        ((*TIMES, "schedule", "weekDays"), ["Mon"]),
        ((START[0], "dependsOn"), []),
        ((START[0], "name"), "adf-risk-prod/a?b"),
        ((START[0], "apiVersion"), "2017-09-01"),
    ],
)
def test_the_check_of_the_template_finds_a_mistake(
    arm: Json, path: tuple[Any, ...], wrong: Any
) -> None:
    kind, _, name = path[0].partition("/")
    [place] = [
        one
        for one in arm["resources"]
        if one["type"].endswith(kind) and one["name"].endswith(f"/{name}")
    ]
    for key in path[1:-1]:
        place = place[key]
    assert place[path[-1]] != wrong
    place[path[-1]] = wrong
    with pytest.raises(Unknown):
        check_template(arm)


def test_each_job_has_a_pipeline_and_each_schedule_a_trigger(arm: Json) -> None:
    names = [
        (one["type"].rpartition("/")[2], one["name"].partition("/loan_risk_prod_")[2])
        for one in arm["resources"]
    ]
    pipelines = [name for kind, name in names if kind == "pipelines"]
    assert pipelines == ["alert", *COMMANDS], "a person may start what has no schedule"
    assert [name for kind, name in names if kind == "triggers"] == list(SCHEDULES)


@pytest.mark.parametrize(
    ("command", "zone", "frequency", "schedule"),
    [
        ("score", "W. Europe Standard Time", "Month", {"hours": [6], "monthDays": [2]}),
        ("monitor", "UTC", "Week", {"hours": [7], "minutes": [30], "weekDays": ["Monday"]}),
        ("retrain", "Tokyo Standard Time", "Day", {"hours": [8]}),
    ],
)
def test_a_schedule_becomes_a_recurrence(
    arm: Json, command: str, zone: str, frequency: str, schedule: Json
) -> None:
    [properties] = [
        one["properties"]
        for one in arm["resources"]
        if one["type"].endswith("triggers") and one["name"].endswith(f"_{command}")
    ]
    recurrence = properties["typeProperties"]["recurrence"]
    start = recurrence.pop("startTime")
    assert start == ("2026-01-01T00:00:00Z" if zone == "UTC" else "2026-01-01T00:00:00")
    assert recurrence == {
        "frequency": frequency,
        "interval": 1,
        "timeZone": zone,
        "schedule": {"minutes": [0]} | schedule,
    }


def test_the_names_of_time_zones_are_those_of_unicode(rendered: Rendered) -> None:
    """The table of a project is made from the one in the library tzlocal."""
    from tzlocal.windows_tz import tz_win

    project = rendered(compute="databricks", orchestrator="data-factory")
    text = (project / "deploy/data-factory/zones.yml").read_text(encoding="utf-8")
    found = {place: name for name, places in yaml.safe_load(text).items() for place in places}
    assert found == {place: name for place, name in tz_win.items() if place}


def test_the_example_in_the_docs_is_deployed(azure: Azure) -> None:
    page = (ROOT / "docs/how-to/schedule-with-data-factory.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(deployment:.+?)```", page, re.DOTALL | re.MULTILINE)
    shown = yaml.safe_load(block)["deployment"]["data_factory"]
    assert shown == FACTORY | {"max_wait": 12}
    assert azure.render(**shown) == ""


# What is refused


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"factory": None}, ".factory: it is missing; write 3 to 63 letters"),
        ({"factory": "adf_risk"}, ".factory: write 3 to 63 letters"),
        ({"identity": "adf"}, ".identity: write the application id of the factory's managed id"),
        ({"databricks": None}, ".databricks: it is missing."),
        ({"databrick": "x"}, ".databrick: it is unknown; did you mean databricks?"),
        ({"alert": None}, ".alert: it is missing; write vault, such as https://kv-risk-prod.vault"),
        (
            {"alert": {"vault": "kv", "secret": "a"}},
            ".alert.vault: write vault, such as https://kv-risk-prod",
        ),
        (
            {"alert": FACTORY["alert"] | {"secrt": 1}},
            ".alert.secrt: it is unknown; did you mean al",
        ),
        ({"arrival": {"scor": "a/b/c"}}, ".arrival.scor: write container/folder/file for score"),
        ({"arrival": {"score": "a.ctl"}}, ".arrival.score: write container/folder/file"),
        ({"storage": None}, ".storage: name the linked service where the files arrive."),
        ({"max_wait": 0}, ".max_wait: write 1 to 168 hours."),
    ],
)
def test_a_mistake_in_conf_is_named(azure: Azure, change: Json, sentence: str) -> None:
    assert azure.render(**change).startswith(f"conf/prod.yml: deployment.data_factory{sentence}")
    assert not (azure.release / "deploy").exists(), "nothing is half written"


def test_a_zone_that_windows_lacks_is_refused(azure: Azure) -> None:
    message = azure.render({"score": SCORE | {"zone": "Antarctica/Troll"}})
    assert message.startswith("schedules.score.zone: Data Factory does not know Antarctica/Troll")


def test_a_wrong_schedule_is_refused(azure: Azure) -> None:
    assert "is not a time zone" in azure.render({"score": SCORE | {"zone": "Berlin"}})


# What a pipeline does


class Run(NamedTuple):
    """The activities of a run, and whether it failed."""

    failed: bool
    activities: Json


@pytest.fixture(scope="module")
def runner() -> Iterator["subprocess.Popen[str]"]:
    """The program that runs pipelines."""
    with subprocess.Popen(
        [sys.executable, ROOT / "tests/pipelines/factory_runs.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def run(arm: Json, runner: "subprocess.Popen[str]") -> Callable[..., Run]:
    """Run a pipeline in which some activities fail."""

    def one(pipeline: str, *fails: str, **parameters: str) -> Run:
        name = f"loan_risk_prod_{pipeline}"
        job = {"template": arm, "pipeline": name, "fails": fails, "parameters": parameters}
        assert runner.stdin is not None
        assert runner.stdout is not None
        print(json.dumps(job), file=runner.stdin, flush=True)
        return Run(**json.loads(runner.stdout.readline()))

    return one


@pytest.mark.full
def test_score_waits_for_its_file_and_starts_the_job(run: Callable[..., Run]) -> None:
    done = run("score")
    assert not done.failed
    assert list(done.activities) == ["Wait for the data", "Run the job"]
    assert done.activities["Wait for the data"]["dataset"]["parameters"] == {
        "container": "landing",
        "folder": "applications",
        "file": "applications-2026-11.ctl",
    }
    assert done.activities["Run the job"]["jobParameters"] == {"as_of": ""}


@pytest.mark.full
def test_a_person_may_pass_a_date(run: Callable[..., Run]) -> None:
    done = run("score", as_of="2026-11-01")
    assert done.activities["Run the job"]["jobParameters"] == {"as_of": "2026-11-01"}


@pytest.mark.full
def test_a_command_without_a_file_starts_at_once(run: Callable[..., Run]) -> None:
    assert list(run("monitor").activities) == ["Run the job"]


@pytest.mark.full
@pytest.mark.parametrize(
    ("fails", "failure"),
    [
        ("Wait for the data", "no data arrived for score"),
        ("Run the job", "score failed in Databricks"),
    ],
)
def test_the_team_is_alerted_to_a_failure_and_the_run_still_fails(
    run: Callable[..., Run], fails: str, failure: str
) -> None:
    done = run("score", fails)
    assert done.failed
    assert ("Run the job" in done.activities) == (fails == "Run the job")
    vault = "https://kv-risk-prod.vault.azure.net/secrets/team-channel?api-version=7.4"
    assert done.activities["Read the webhook address"]["url"] == vault
    sent = done.activities["Alert the team"]
    message = (
        f"loan-risk in prod: {failure}; see run run-7 of loan_risk_prod_score in adf-risk-prod"
    )
    assert sent["url"] == "https://hook/s3cret"
    assert json.loads(sent["body"]) == {"text": message}
    assert done.activities["Fail"]["message"] == message


@pytest.mark.full
@pytest.mark.parametrize("then", ["Read the webhook address", "Alert the team"])
def test_the_run_still_fails_if_the_alert_cannot_be_sent(
    run: Callable[..., Run], then: str
) -> None:
    assert run("score", "Run the job", then).failed


def test_the_webhook_address_appears_in_no_log(arm: Json) -> None:
    [alert] = [one for one in arm["resources"] if one["name"].endswith("_alert")]
    read, send, _ = alert["properties"]["activities"]
    assert read["policy"]["secureOutput"]
    assert send["policy"]["secureInput"]


# Deploying


OURS = ["loan_risk_prod_score", "loan_risk_prod_monitor", "loan_risk_prod_retrain"]


def test_a_release_is_deployed_and_its_triggers_start(azure: Azure) -> None:
    azure.render()
    assert azure.deploy() == ""
    assert azure.state["triggers"] == dict.fromkeys(OURS, "Started")
    pipeline = azure.state["resources"]["pipelines/loan_risk_prod_score"]
    assert pipeline["properties"]["activities"][1]["typeProperties"]["jobId"] == IDS["score"]


def test_deploying_twice_changes_nothing(azure: Azure) -> None:
    azure.render()
    azure.deploy()
    first = copy.deepcopy({key: azure.state[key] for key in ("triggers", "resources")})
    azure.verbs()
    assert azure.deploy() == ""
    assert {key: azure.state[key] for key in ("triggers", "resources")} == first
    assert azure.verbs() == [
        "datafactory trigger list",
        *(f"datafactory trigger stop {name}" for name in OURS),
        "deployment group create loan_risk_prod_jobs",
        *(f"datafactory trigger start {name}" for name in OURS),
    ]


def test_a_removed_schedule_no_longer_starts_anything(azure: Azure) -> None:
    azure.render()
    azure.deploy()
    azure.render({"monitor": MONITOR})
    assert azure.deploy() == ""
    assert azure.state["triggers"] == {"loan_risk_prod_monitor": "Started"}


def test_resources_of_others_in_the_factory_are_left_alone(azure: Azure) -> None:
    others = {"loan_risk_test_score": "Started", "loan_risk_prod_score_2": "Started"}
    azure.state["triggers"] = dict(others)
    azure.keep()
    azure.render()
    assert azure.deploy() == ""
    assert azure.state["triggers"].items() >= others.items()
    assert not [verb for verb in azure.verbs() if verb.rpartition(" ")[2] in others]


def test_a_failed_deployment_is_reported_and_starts_nothing(azure: Azure) -> None:
    azure.render()
    azure.deploy()
    azure.state["broken"] = True
    azure.keep()
    assert azure.deploy() == "az says: ERROR: The linked service databricks_prod does not exist."
    assert set(azure.state["triggers"].values()) == {"Stopped"}
    azure.state["broken"] = False
    azure.keep()
    assert azure.deploy() == "", "the previous or a fixed release starts them again"
    assert set(azure.state["triggers"].values()) == {"Started"}


def test_a_job_missing_in_the_bundle_is_named_before_anything_changes(azure: Azure) -> None:
    azure.render()
    message = azure.deploy({"resources": {"jobs": {"score": {"id": "1"}}}})
    assert message == "The bundle has no job monitor: run `databricks bundle deploy` before."
    assert azure.state["calls"] == []


@pytest.mark.full
def test_a_release_is_deployed_to_and_withdrawn_from_both_services(
    azure: Azure, rendered: Rendered, tmp_path: Path
) -> None:
    """The bundle is deployed first, for its job ids; a failed smoke test withdraws both."""
    source = rendered(compute="databricks", orchestrator="data-factory")
    project = shutil.copytree(source, tmp_path / "loan-risk")
    configure(project, "prod", **settings_of("prod"), schedules=SCHEDULES)
    configure(project, "prod", deployment={"data_factory": FACTORY})
    workspace = Workspace(project, tmp_path / "databricks", "prod")
    build(project, 1, envs=("prod",))
    assert "prod runs" in workspace.deploy("prod")
    azure.look()
    assert azure.state["triggers"] == dict.fromkeys(OURS, "Started")
    pipeline = azure.state["resources"]["pipelines/loan_risk_prod_score"]
    assert pipeline["properties"]["activities"][1]["typeProperties"]["jobId"].isdigit()
    configure(project, "prod", schedules={"score": None, "retrain": None})
    build(project, 2, envs=("prod",))
    (workspace.place / "fails").write_text(version(2), encoding="utf-8")
    assert "again, as before" in workspace.deploy("prod", code=1)
    azure.look()
    assert azure.state["triggers"] == dict.fromkeys(OURS, "Started")


def test_without_az_the_error_says_how_to_install_it(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.render()
    monkeypatch.setenv("PATH", "")
    assert (
        azure.deploy()
        == "az is not on PATH: install it, see https://learn.microsoft.com/cli/azure."
    )
