"""Databricks: the bundle from conf/, what is refused, and how releases are deployed."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import Rendered
from pipelines.data_factory import FACTORY
from pipelines.databricks import MODES, Bundle, Wrong, execute, load, problems
from pipelines.databricks_project import (
    PROMOTER,
    TEAM,
    TRAINER,
    build,
    configure,
    opened,
    settings_of,
)
from pipelines.databricks_workspace import Workspace, version
from rendering import replace

PROMOTING = {"promote", "promote_by_rule", "rollback", "pause", "resume", "smoke"}
JOBS = PROMOTING | {"train", "score", "monitor", "retrain"}
ENVS = ("dev", "test", "prod")
ENTRY_POINTS = {"loan-risk", "loan-risk-job"}


@pytest.fixture
def team(rendered: Rendered, tmp_path: Path) -> Path:
    """A team's project with three environments in Databricks."""
    return founded(shutil.copytree(rendered(compute="databricks"), tmp_path / "loan-risk"))


@pytest.fixture
def online(rendered: Rendered, tmp_path: Path) -> Path:
    """The same project with an endpoint."""
    project = rendered(compute="databricks", serving="online")
    return founded(shutil.copytree(project, tmp_path / "loan-risk"))


def founded(project: Path) -> Path:
    """Write the team's settings into conf/."""
    for env in ENVS:
        configure(project, env, **settings_of(env))
    configure(project, "dev", deployment={"trainer": "", "promoter": ""})
    return project


def bundle(team: Path, env: str = "test") -> Bundle:
    return load(build(team, envs=(env,)) / "deploy" / env, env)


# The bundle


@pytest.mark.parametrize("env", ENVS)
def test_a_bundle_is_complete_and_its_jobs_can_run(team: Path, env: str) -> None:
    found = bundle(team, env)
    assert (set(found.jobs), found.mode) == (JOBS, MODES[env])
    assert problems(found, ENTRY_POINTS) == []
    assert found.host == f"https://risk-{env}.azuredatabricks.net"


def test_the_entry_points_are_those_of_the_project(team: Path) -> None:
    project = tomllib.loads((team / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["scripts"]) == ENTRY_POINTS


def test_locked_packages_and_the_wheel_are_pinned_by_hash(team: Path) -> None:
    found = bundle(team)
    [environment] = found.jobs["score"]["environments"]
    assert environment["spec"]["environment_version"] == "4"
    release = team / "build/release"
    [wheel] = release.glob("*.whl")
    place = f"/Volumes/risk_test/loan_risk/releases/loan-risk/{wheel.name.split('-')[1]}"
    [line] = environment["spec"]["dependencies"]
    assert line == f"-r {place}/deploy/test/requirements.txt"
    pinned = (release / "deploy/test/requirements.txt").read_text("utf-8").splitlines()
    assert all("--hash=sha256:" in each or each.endswith("\\") for each in pinned)
    assert pinned[-1].startswith(f"loan-risk @ file://{place}/{wheel.name} --hash=sha256:")


def test_trainer_and_promoter_are_two_identities(team: Path) -> None:
    jobs = bundle(team, "prod").jobs
    people = {key: job["run_as"]["service_principal_name"] for key, job in jobs.items()}
    assert people == {key: PROMOTER if key in PROMOTING else TRAINER for key in JOBS}
    started = {key for key, job in jobs.items() if job["permissions"]}
    assert started == {"promote_by_rule"}, "the trainer may not start what takes an approver's name"


def test_dev_jobs_run_as_the_person_who_deploys(team: Path) -> None:
    assert all("run_as" not in job for job in bundle(team, "dev").jobs.values())


def test_schedules_come_from_conf(team: Path) -> None:
    daily = {"every": "day", "at": "08:00", "zone": "Europe/Berlin"}
    monday = {"every": "week", "day": "monday", "at": "07:00", "zone": "UTC"}
    configure(team, "test", schedules={"score": daily, "retrain": monday})
    found = {key: job["schedule"] for key, job in bundle(team).jobs.items() if "schedule" in job}
    assert found == {
        "score": {
            "quartz_cron_expression": "0 0 8 * * ?",
            "timezone_id": "Europe/Berlin",
            "pause_status": "UNPAUSED",
        },
        "retrain": {
            "quartz_cron_expression": "0 0 7 ? * MON",
            "timezone_id": "UTC",
            "pause_status": "UNPAUSED",
        },
    }


def test_there_is_one_scheduler(new_project: Rendered) -> None:
    team = new_project(compute="databricks", orchestrator="data-factory")
    schedules = {"score": {"every": "day", "at": "08:00", "zone": "UTC"}}
    for env in ("dev", "test"):
        configure(team, env, **settings_of(env), schedules=schedules)
        configure(team, env, deployment={"data_factory": FACTORY} if env == "test" else {})
        jobs = bundle(team, env).jobs
        assert not any("schedule" in job for job in jobs.values())
    identity = {"service_principal_name": FACTORY["identity"], "level": "CAN_MANAGE_RUN"}
    started = {key for key, job in jobs.items() if identity in job["permissions"]}
    assert started == {"train", "score", "monitor", "retrain"}, "and never promote"


def test_without_data_factory_its_section_is_unknown(team: Path) -> None:
    configure(team, "test", deployment={"data_factory": FACTORY})
    with opened(team) as target, pytest.raises(target.Refusal, match="data_factory: it is unknown"):
        build(team)


def test_notifications_permissions_and_budget_come_from_conf(team: Path) -> None:
    keys = {"notify": "ops@bank.example", "webhook": "w-1", "viewers": "risk"}
    configure(team, "test", deployment=keys | {"budget_policy": "b-1", "tags": {"cost": "4711"}})
    for job in bundle(team).jobs.values():
        assert job["email_notifications"] == {"on_failure": ["ops@bank.example"]}
        assert job["webhook_notifications"] == {"on_failure": [{"id": "w-1"}]}
        assert {"group_name": "risk", "level": "CAN_VIEW"} in job["permissions"]
        assert job["budget_policy_id"] == "b-1"
        assert job["tags"] == {"project": "loan-risk", "environment": "test", "cost": "4711"}


def test_operators_may_start_jobs_that_need_no_approval(team: Path) -> None:
    configure(team, "test", deployment={"operators": "risk-on-call"})
    rule = {"group_name": "risk-on-call", "level": "CAN_MANAGE_RUN"}
    started = {key for key, job in bundle(team).jobs.items() if rule in job["permissions"]}
    assert started == JOBS - {"promote", "promote_by_rule"}


def test_the_team_is_notified_by_default(team: Path) -> None:
    assert bundle(team).jobs["score"]["email_notifications"]["on_failure"] == [TEAM]


@pytest.mark.parametrize("env", ENVS)
def test_an_endpoint_follows_whatever_may_change_the_champion(online: Path, env: str) -> None:
    configure(online, "test", deployment={"endpoint": {"size": "Large", "scale_to_zero": True}})
    found = bundle(online, env)
    assert problems(found, ENTRY_POINTS) == []
    parameters = {
        (key, parameter)
        for key, job in found.jobs.items()
        for task in job["tasks"]
        for parameter in task.get("spark_python_task", {}).get("parameters", [])
    }
    following = {"smoke", "promote_by_rule", "promote", "rollback"}
    assert {key for key, _ in parameters} == (set() if env == "dev" else following)
    if env == "test":
        assert {("promote", "--size=Large"), ("promote", "--scale-to-zero=true")} < parameters


def test_a_mistake_in_the_endpoint_section_is_refused(online: Path) -> None:
    configure(online, "test", deployment={"endpoint": {"size": "Huge"}})
    sentence = r"conf/test.yml: deployment.endpoint.size: write Small, Medium or Large\."
    with opened(online) as target, pytest.raises(target.Refusal, match=sentence):
        build(online)
    configure(online, "test", deployment={"endpoint": {"sise": "Small"}})
    sentence = r"endpoint.sise: it is unknown; did you mean endpoint.size\?"
    with opened(online) as target, pytest.raises(target.Refusal, match=sentence):
        build(online)


def test_a_project_without_serving_has_no_endpoint(team: Path) -> None:
    configure(team, "test", deployment={"endpoint": {"size": "Small"}})
    with opened(team) as target, pytest.raises(target.Refusal, match="endpoint: it is unknown"):
        build(team)


def test_an_endpoint_without_its_program_is_noticed(online: Path) -> None:
    folder = build(online) / "deploy/test"
    (folder / "endpoint.py").unlink()
    assert "there is no file endpoint.py" in "; ".join(problems(load(folder, "test"), ENTRY_POINTS))


# What a build refuses

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a mistyped key": (
        {"deployment": {"hots": "x"}},
        "deployment.hots: it is unknown; did you mean h",
    ),
    "no host": ({"deployment": {"host": "risk"}}, "deployment.host: write https://<workspace>"),
    "a short volume": ({"deployment": {"volume": "releases"}}, "write catalog.schema.volume"),
    "no trainer": ({"deployment": {"trainer": ""}}, "name the service principals trainer and prom"),
    "one identity": (
        {"deployment": {"trainer": PROMOTER}},
        "trainer and promoter are the same service principal",
    ),
    "a local store": (
        {"tracking_uri": "sqlite:///x.db"},
        "tracking_uri is 'sqlite:///x.db'; write",
    ),
    "a short model": ({"registered_model": "loan_risk"}, "write catalog.schema.model"),
    "no folder of runs": ({"experiments": ""}, "write a folder of the workspace"),
    "predictions that are lost": (
        {"predictions": "predictions"},
        "predictions is 'predictions'; wr",
    ),
    "extracts that are lost": ({"extracts": "extracts"}, "a folder on a volume, /Volumes/…"),
    "a schedule": ({"schedules": {"score": {"every": "day"}}}, "schedules.score.at is missing"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_in_conf_is_refused_with_a_sentence(team: Path, what: str) -> None:
    keys, sentence = REFUSED[what]
    configure(team, "test", **keys)
    with opened(team) as target, pytest.raises(target.Refusal) as refused:
        build(team)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")
    assert not (team / "build/release/deploy/test/environment.yml").exists()


LOCKS = {
    "pandas 3": ("pandas==2.3.3", "pandas==3.0.1", 'run `uv add "pandas<3"` and commit'),
    "pyspark": ("pandas==2.3.3", "pyspark==4.3.0", "`uv add --dev pyspark`"),
}


@pytest.mark.parametrize("what", LOCKS)
def test_a_lock_that_databricks_cannot_install_is_refused(
    team: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, sentence = LOCKS[what]
    from pipelines import databricks_project

    known = databricks_project.REQUIREMENTS
    monkeypatch.setattr(databricks_project, "REQUIREMENTS", known.replace(old, new))
    with opened(team) as target, pytest.raises(target.Refusal, match=r"uv\.lock") as refused:
        build(team)
    assert sentence in str(refused.value)


def test_a_python_that_databricks_does_not_have_is_refused(team: Path) -> None:
    replace(team / "pyproject.toml", ">=3.11,<3.14", ">=3.13,<3.14")
    with opened(team) as target, pytest.raises(target.Refusal, match=r"excludes 3\.12"):
        build(team)


# The checks of the bundle find mistakes


BROKEN = {
    "an unknown key": ("jobs.yml", "max_concurrent_runs: 1", "max_runs: 1", ""),
    "an undeclared variable": ("jobs.yml", "${var.notify}", "${var.mail}", "var.mail"),
    "a variable without value": ("environment.yml", "  notify:", "  unknown:", "not declared"),
    "a missing entry point": ("jobs.yml", "${bundle.name}-job", "${bundle.name}-jobs", "entry"),
    "a missing task": ("jobs.yml", "- task_key: gate\n", "- task_key: gates\n", "gate"),
    "a mistyped value": ("jobs.yml", "tasks.train.values", "tasks.trian.values", "not known"),
    "a mistyped parameter": ("jobs.yml", "{{job.parameters.as_of}}", "{{job.parameters.x}}", "x"),
    "a mistyped environment": (
        "jobs.yml",
        "_key: release\n          dis",
        "_key: r\n          dis",
        "r",
    ),
    "two writers": ("jobs.yml", "max_concurrent_runs: 1", "max_concurrent_runs: 2", "two runs"),
    "no time limit": ("jobs.yml", "timeout_seconds: 14400", "timeout_seconds: 0", "no time limit"),
    "a right less": ("databricks.yml", "level: CAN_MANAGE_RUN", "level: CAN_VIEW", "may not start"),
    "a wheel by name": ("jobs.yml", "- -r ${var.release}/", "- loan-risk==", "not pinned"),
    "a host by reference": ("environment.yml", "host: https", "host: ${var.host}", "host"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_bundle_is_noticed(team: Path, what: str) -> None:
    name, old, new, problem = BROKEN[what]
    folder = build(team) / "deploy/test"
    replace(folder / name, old, new)
    try:
        found = "; ".join(problems(load(folder, "test"), ENTRY_POINTS))
    except (Wrong, ValueError) as error:  # also errors of the strict model
        found = str(error) or what
    assert found
    assert problem in found


def test_what_the_runner_does_not_model_is_refused(team: Path) -> None:
    found = bundle(team)
    found.jobs["score"]["tasks"][0]["run_if"] = "ALL_DONE"
    with pytest.raises(Wrong, match="run_if is not modelled"):
        execute(found, "score", lambda *_: (0, {}))


# Deploying and restoring releases


@pytest.fixture
def workspace(team: Path, tmp_path: Path) -> Workspace:
    return Workspace(team, tmp_path, "test", "prod")


def test_a_release_is_uploaded_deployed_verified_and_recorded(workspace: Workspace) -> None:
    build(workspace.project)
    assert f"test runs {version(1)} now; before: nothing." in workspace.deploy()
    assert workspace.recorded() == workspace.deployed() == version(1)
    assert (workspace.place / "calls").read_text() == "doctor --env test\n"
    folder = workspace.volume("test") / "loan-risk" / version(1)
    assert {path.name for path in folder.iterdir()} >= {
        "deploy",
        "release.json",
        "requirements.txt",
    }
    assert (workspace.volume("test").parents[3] / "Shared/loan-risk").is_dir()

    before = len(workspace.log)
    assert "already" in workspace.deploy()
    assert not any("deploy" in call.split()[1] for call in workspace.log[before:])


def test_a_release_goes_to_prod(workspace: Workspace) -> None:
    build(workspace.project, envs=("test", "prod"))
    workspace.deploy("prod")
    assert workspace.recorded("prod") == version(1)


@pytest.mark.full
def test_a_failed_smoke_test_restores_the_previous_release(workspace: Workspace) -> None:
    build(workspace.project, 1)
    workspace.deploy()
    build(workspace.project, 2)
    (workspace.place / "fails").write_text(version(2), encoding="utf-8")
    output = workspace.deploy(code=1)
    assert "smoke failed" in output
    assert f"test runs {version(1)} again, as before." in output
    assert workspace.recorded() == workspace.deployed() == version(1)


def test_a_release_folder_is_written_only_once(workspace: Workspace) -> None:
    build(workspace.project, 1, wheel="first")
    workspace.deploy()
    (workspace.volume("test") / "loan-risk/current.json").unlink()
    build(workspace.project, 1, wheel="another one of the same version")
    assert "contains another release of that version" in workspace.deploy(code=1)


def test_an_interrupted_upload_is_repeated(workspace: Workspace) -> None:
    build(workspace.project, 1)
    cut = workspace.volume("test") / "loan-risk" / version(1)
    cut.mkdir(parents=True)
    (cut / "requirements.txt").write_text("numpy", encoding="utf-8")
    workspace.deploy()
    assert workspace.recorded() == version(1)


@pytest.mark.full
def test_a_wheel_changed_on_the_volume_does_not_run(workspace: Workspace) -> None:
    build(workspace.project, 1)
    workspace.deploy()
    (workspace.volume("test") / "loan-risk/current.json").unlink()
    [wheel] = (workspace.volume("test") / "loan-risk").glob("*/*.whl")
    wheel.write_bytes(b"other")
    assert "the hash does not match" in workspace.deploy(code=1)


def test_without_a_volume_nothing_is_deployed(workspace: Workspace) -> None:
    build(workspace.project)
    shutil.rmtree(workspace.volume("test"))
    assert "volume risk_test.loan_risk.releases does not exist" in workspace.deploy(code=1)
    assert not any("bundle" in call for call in workspace.log)


def test_an_environment_without_a_build_is_refused(workspace: Workspace) -> None:
    build(workspace.project)
    assert "The release is not built for prod" in workspace.deploy("prod", code=1)


def test_without_the_cli_the_error_says_so(workspace: Workspace) -> None:
    build(workspace.project)
    workspace.variables["PATH"] = str(workspace.place)
    assert "databricks is not on PATH" in workspace.deploy(code=1)


PROMOTE = """
import sys
from pathlib import Path
sys.path[:0] = ["deploy/databricks", "deploy", ".mlops"]
import target
target.promote(Path("build/release"), "test", "3", "Jane O'Neil")
"""


@pytest.mark.full
def test_a_promotion_names_the_version_and_its_approver(workspace: Workspace) -> None:
    build(workspace.project)
    workspace.deploy()
    done = workspace.run("-c", PROMOTE)
    assert done.returncode == 0, done.stderr
    calls = (workspace.place / "calls").read_text().splitlines()
    assert calls[-1] == "--must promote 3 --approved-by Jane O'Neil --env test"

    (workspace.place / "fails").touch()
    assert workspace.run("-c", PROMOTE).returncode != 0
