"""Kubernetes: the manifests from conf/, what is refused, and how releases are deployed."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Rendered
from lifecycle.tracking_server import server  # noqa: F401 - a fixture
from pipelines.databricks_project import configure
from pipelines.kubectl import documents, faults
from pipelines.kubernetes_project import ENVS, Site
from programs import write_program, write_python
from rendering import append, commit, files, replace

Facts = dict[str, Any]

SERVING = ("batch", "online")
CLUSTER = (
    "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
)
MONTHLY = {"every": "month", "day": 2, "at": "06:00", "zone": "Europe/Berlin"}
SUNDAY = {"every": "week", "day": "sunday", "at": "07:30", "zone": "UTC"}
YAMLLINT = """\
extends: default
rules:
  document-start: disable
  indentation: {indent-sequences: consistent}
  line-length: {max: 100, allow-non-breakable-inline-mappings: true}
"""
DOCTOR = """
import json, sys
verdict, words = {!r}
found = [{{"check": "champion", "verdict": verdict, "finding": words}}]
print(json.dumps({{"message": "fix: champion", "findings": found}}))
sys.exit(verdict == "failed")
"""
WELL = DOCTOR.format(("ok", "version 1 predicts its golden rows"))
NONE_YET = DOCTOR.format(("ok", "none yet"))
FAILS = DOCTOR.format(("failed", "version 1 does not load."))


@pytest.fixture
def site(rendered: Rendered, tmp_path: Path) -> Site:
    return made(rendered, tmp_path)


def made(rendered: Rendered, folder: Path, serving: str = "batch", ci: str = "none") -> Site:
    answers = {"compute": "kubernetes", "serving": serving, "ci": ci}
    return Site(shutil.copytree(rendered(**answers), folder / "loan-risk"), folder / "cluster")


def manifests(site: Site, env: str = "test") -> dict[tuple[str, str], Facts]:
    """Return the objects of a release for an environment, by kind and name."""
    folder = site.project / "build/release/deploy" / env
    found = [*documents(folder / "manifests.yml"), *documents(folder / "job.yml")]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def pods(part: Any) -> Iterator[Facts]:
    """Yield every pod specification."""
    if isinstance(part, dict):
        if "containers" in part:
            yield part
        for each in part.values():
            yield from pods(each)


# The manifests


@pytest.mark.parametrize("serving", SERVING)
def test_manifests_match_the_kubernetes_schemas(
    rendered: Rendered, tmp_path: Path, serving: str
) -> None:
    site = made(rendered, tmp_path, serving)
    for env in ENVS:
        configure(site.project, env, schedules={"score": MONTHLY, "monitor": SUNDAY})
    assert site.build(envs=ENVS) == ""
    for env in ENVS:
        found = manifests(site, env)
        assert [fault for each in found.values() for fault in faults(each)] == []
        assert {each["metadata"]["namespace"] for each in found.values()} == {f"loan-risk-{env}"}
        assert found["ConfigMap", "loan-risk-environment"]["data"] == {"MLOPS_ENV": env}
        online = {("Deployment", "loan-risk-serve"), ("Service", "loan-risk-serve")}
        assert (online <= set(found)) == (serving == "online")
    assert lint(site.project / "deploy/kubernetes") == ""
    assert lint(site.project / "build/release/deploy") == ""


def lint(folder: Path) -> str:
    command = ["yamllint", "--strict", "--config-data", YAMLLINT, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_an_unknown_key_in_a_manifest_is_found(site: Site) -> None:
    replace(site.project / "deploy/kubernetes/base/job.yml", "backoffLimit", "backOffLimit")
    site.build()
    assert any("backOffLimit" in str(list(faults(each))) for each in manifests(site).values())


@pytest.mark.parametrize("serving", SERVING)
def test_every_pod_is_restricted(rendered: Rendered, tmp_path: Path, serving: str) -> None:
    """It meets the restricted Pod Security Standard and has a read-only file system."""
    site = made(rendered, tmp_path, serving)
    configure(site.project, "test", schedules={"score": MONTHLY})
    site.build()
    found = [pod for each in manifests(site).values() for pod in pods(each)]
    assert len(found) == {"batch": 2, "online": 3}[serving]
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert container["image"] == f"registry.bank.example/loan-risk@sha256:{1:064}"
        written = {each["mountPath"] for each in container["volumeMounts"]}
        assert written == {"/work", "/tmp"}  # noqa: S108 - the image writes nowhere else
        assert container["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}


def test_schedules_come_from_conf(site: Site) -> None:
    configure(
        site.project, "test", schedules={"score": MONTHLY, "retrain": SUNDAY, "train": SUNDAY}
    )
    site.build()
    found = {
        name: each["spec"] for (kind, name), each in manifests(site).items() if kind == "CronJob"
    }
    times = {name: (spec["schedule"], spec["timeZone"]) for name, spec in found.items()}
    assert times == {
        "loan-risk-score": ("0 6 2 * *", "Europe/Berlin"),
        "loan-risk-retrain": ("30 7 * * 0", "UTC"),
        "loan-risk-train": ("30 7 * * 0", "UTC"),
    }
    for name, spec in found.items():
        job = spec["jobTemplate"]["spec"]
        [pod] = pods(job)
        assert spec["concurrencyPolicy"] == "Forbid"
        assert pod["restartPolicy"] == "Never"
        command = " ".join(pod["containers"][0]["args"])
        assert command == {"loan-risk-train": "train --changed"}.get(
            name, name[len("loan-risk-") :]
        )
        [rule] = job["podFailurePolicy"]["rules"]
        assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2, 3, 4])


def test_sizes_secrets_and_replicas_come_from_conf(rendered: Rendered, tmp_path: Path) -> None:
    site = made(rendered, tmp_path, "online")
    asked = {"cpu": 2, "memory": "4Gi", "secret": "keys", "pull_secret": "registry"}
    asked |= {"replicas": 3, "max_replicas": 9}
    configure(site.project, "test", deployment=asked, tracking_uri={"secret": "mlflow"})
    assert site.build() == ""
    found = manifests(site)
    for pod in (pod for each in found.values() for pod in pods(each)):
        [container] = pod["containers"]
        assert container["resources"]["requests"] == {"cpu": "2", "memory": "4Gi"}
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        volumes = {each["name"]: each for each in pod["volumes"]}
        assert mounts["secrets"] == "/run/secrets"
        assert volumes["secrets"]["secret"]["secretName"] == "keys"
    scaler = found["HorizontalPodAutoscaler", "loan-risk-serve"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"]["name"] == "loan-risk-serve"


def test_serving_pods_are_reachable_at_one_port_and_jobs_at_none(
    rendered: Rendered, tmp_path: Path
) -> None:
    site = made(rendered, tmp_path, "online")
    site.build()
    found = manifests(site)
    pod = found["Deployment", "loan-risk-serve"]["spec"]["template"]
    [container] = pod["spec"]["containers"]
    labels = pod["metadata"]["labels"].items()
    assert labels >= found["Service", "loan-risk-serve"]["spec"]["selector"].items()
    rules = found["NetworkPolicy", "loan-risk-serve"]["spec"]
    assert labels >= rules["podSelector"]["matchLabels"].items()
    assert rules["ingress"] == [{"ports": [{"port": container["ports"][0]["name"]}]}]
    closed = found["NetworkPolicy", "loan-risk-jobs"]["spec"]
    job = found["Job", "loan-risk-doctor"]["spec"]["template"]["metadata"]["labels"]
    assert job.items() >= closed["podSelector"]["matchLabels"].items()
    assert "ingress" not in closed
    assert not labels >= closed["podSelector"]["matchLabels"].items()


WRONG: dict[str, tuple[Facts, str]] = {
    "an unknown key": (
        {"deployment": {"namspace": "x"}},
        "conf/test.yml: deployment.namspace: it is unknown; did you mean namespace?",
    ),
    "a missing namespace": (
        {"deployment": {"namespace": None}},
        "conf/test.yml: deployment.namespace: write the namespace's name.",
    ),
    "a missing volume": ({"deployment": {"volume": None}}, "deployment.volume: write the name of"),
    "an amount without a unit": ({"deployment": {"memory": 4}}, "such as 2Gi."),
    "two clusters": (
        {"deployment": {"cluster": CLUSTER, "context": "bank"}},
        "deployment: cluster and context both name the cluster: remove one of them.",
    ),
    "a cluster's name alone": (
        {"deployment": {"cluster": "aks"}},
        "deployment.cluster: write the resource ID of the AKS cluster",
    ),
    "bounds turned round": (
        {"deployment": {"replicas": 5}},
        "deployment: max_replicas must not be less than replicas.",
    ),
    "a store that is a file": (
        {"tracking_uri": "sqlite:///mlflow.db"},
        "tracking_uri is a file, which pods cannot share: write the address of your MLflow server.",
    ),
    "a secret from nowhere": (
        {"alerts": [{"secret": "teams"}], "tracking_uri": {"secret": "mlflow"}},
        "deployment.secret: name the Secret that contains mlflow, teams.",
    ),
    "an unknown command": (
        {"schedules": {"scor": MONTHLY}},
        "unknown key schedules.scor; did you mean schedules.score?",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_in_conf_is_refused(site: Site, what: str) -> None:
    keys, sentence = WRONG[what]
    configure(site.project, "test", **keys)
    assert sentence in site.build()
    assert not (site.project / "build/release/deploy/test").exists()


def test_a_release_without_an_image_is_refused(site: Site) -> None:
    assert "set IMAGE_REPOSITORY" in site.build(image=None)


def test_a_lock_that_cannot_serve_is_refused(rendered: Rendered, tmp_path: Path) -> None:
    site = made(rendered, tmp_path, "online")
    output = site.build(requirements="pandas==2.3.3 \\\n")
    assert 'write "loan-risk[mlops,serve]" for "loan-risk[mlops]" in pyproject.toml' in output


def test_switching_to_online_only_adds_files(rendered: Rendered) -> None:
    batch, online = (rendered(compute="kubernetes", serving=serving) for serving in SERVING)
    added = set(files(online)) - set(files(batch))
    assert {Path(name).parent.as_posix() for name in added} == {"deploy/kubernetes/online"}
    answers = {".mlops/files", ".copier-answers.yml", "docs/decisions/0001-start-from-goldsmith.md"}
    for name in set(files(batch)) - answers:
        assert (batch / name).read_bytes() == (online / name).read_bytes(), name


# Releases


def test_a_release_is_deployed_verified_and_recorded(site: Site) -> None:
    configure(site.project, "test", schedules={"score": MONTHLY})
    site.build(1, WELL)
    code, output = site.deploy()
    assert code == 0, output
    assert set(site.has("CronJob")) == {"loan-risk-score"}
    [job] = site.has("Job").values()
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["doctor", "--json"]
    kept = site.has("ConfigMap")["loan-risk-release"]
    assert [*faults(kept), *faults({k: v for k, v in job.items() if k != "status"})] == []
    assert set(kept["data"]) == {"release.json", "manifests.yml", "job.yml", "cluster.yml"}
    code, output = site.deploy()
    assert (code, len(site.has("Job"))) == (0, 1)
    assert "runs 0.1.0+20260101000000.g00000001 already" in output


def test_a_removed_schedule_is_deleted_and_those_of_others_stay(site: Site) -> None:
    configure(site.project, "test", schedules={"score": MONTHLY, "retrain": SUNDAY})
    site.build(1, WELL)
    site.deploy()
    folder = site.cluster / "loan-risk-test/CronJob"
    other = (folder / "loan-risk-score.json").read_text("utf-8").replace("loan-risk", "other")
    (folder / "other-score.json").write_text(other, encoding="utf-8")
    configure(site.project, "test", schedules={"retrain": None})
    site.build(2, WELL)
    code, output = site.deploy()
    assert code == 0, output
    assert set(site.has("CronJob")) == {"loan-risk-score", "other-score"}


def test_a_failed_smoke_test_restores_the_previous_release(site: Site) -> None:
    configure(site.project, "test", schedules={"score": MONTHLY})
    site.build(1, WELL)
    site.deploy()
    configure(site.project, "test", schedules={"retrain": SUNDAY})
    site.build(2, FAILS)
    code, output = site.deploy()
    assert code == 1
    assert " failed: champion: version 1 does not load." in output
    assert "test runs 0.1.0+20260101000000.g00000001 again, as before." in output
    [(name, schedule)] = site.has("CronJob").items()
    assert name == "loan-risk-score", "a schedule that came with it is gone again"
    [pod] = pods(schedule)
    assert pod["containers"][0]["image"].endswith(f"{1:064}")
    kept = site.has("ConfigMap")["loan-risk-release"]["data"]["release.json"]
    assert "g00000001" in kept
    assert "g00000002" not in kept


def test_a_release_with_a_missing_image_is_withdrawn(site: Site) -> None:
    site.build(1, WELL)
    site.deploy()
    site.build(2)
    code, output = site.deploy()
    assert code == 1
    assert "ErrImagePull" in output
    assert "again, as before" in output


@pytest.mark.parametrize(
    ("code", "tries"),
    [
        *((1, 2), (4, 1)),
        *(
            pytest.param(*each, marks=[pytest.mark.full, pytest.mark.wide])
            for each in ((2, 1), (3, 1), (5, 2))
        ),
    ],
)
def test_a_verdict_is_not_retried(site: Site, code: int, tries: int) -> None:
    program = f"open('tries', 'a').write('x'); raise SystemExit({code})"
    site.build(1, program)
    assert site.deploy()[0] == 1
    tried = site.cluster / "loan-risk-test/volumes/loan-risk/tries"
    assert tried.read_text(encoding="utf-8") == tries * "x"


def test_a_namespace_belongs_to_one_environment(site: Site) -> None:
    configure(site.project, "prod", deployment={"namespace": "loan-risk-test"})
    site.build(1, WELL, envs=ENVS)
    assert site.deploy("test")[0] == 0
    code, output = site.deploy("prod")
    assert code == 1
    assert "deployment.namespace: test uses this namespace already; give prod its own." in output


AZ = """#!/bin/bash
# Knows one cluster, and returns tokens for the identity that has logged in.
TOKEN=--resource=6dae42f8-4368-4678-94ff-3960e28e3630
case "$*" in
  "aks get-credentials --subscription=s-1 --resource-group=rg --name=aks --file="*)
    file=${6#--file=}
    umask 077
    echo "{users: [{name: clusterUser, user: {exec: {command: kubelogin}}}]}" > "$file"
    ;;
  "account get-access-token $TOKEN --query=accessToken --output=tsv --only-show-errors")
    cat "$CLUSTER/given"
    ;;
  *) echo "ERROR: unrecognized: $*" >&2; exit 2 ;;
esac
"""


def test_an_aks_cluster_is_reached_with_the_login_of_az(site: Site) -> None:
    configure(site.project, "test", deployment={"cluster": CLUSTER})
    (site.cluster / "token").write_text("of-the-environment", encoding="utf-8")
    site.build(1, WELL)
    write_program(site.cluster / "bin/az", AZ)
    given = site.cluster / "given"
    given.write_text("of-another", encoding="utf-8")
    code, output = site.deploy()
    assert (code, "Unauthorized" in output) == (1, True), output
    given.write_text("of-the-environment", encoding="utf-8")
    folder = site.cluster / "temporary"
    folder.mkdir()
    site.env["TMPDIR"] = str(folder)
    code, output = site.deploy()
    assert code == 0, output
    assert set(site.has("ConfigMap")) >= {"loan-risk-release"}
    assert list(folder.iterdir()) == [], "no token stays on the machine"
    assert "of-the-environment" not in output + (site.cluster / "log").read_text("utf-8")


@pytest.mark.parametrize("what", ["namespace", "context"])
def test_a_missing_namespace_or_context_is_named(site: Site, what: str) -> None:
    configure(site.project, "test", deployment={what: "elsewhere"})
    site.build(1, WELL)
    code, output = site.deploy()
    assert code == 1
    assert "elsewhere" in output


def test_without_a_champion_a_deployment_does_not_wait_for_pods(
    rendered: Rendered, tmp_path: Path
) -> None:
    site = made(rendered, tmp_path, "online")
    site.build(1, NONE_YET)
    code, output = site.deploy()
    assert code == 0, output
    assert "loan-risk-serve answers once a version is promoted." in output


def test_turning_off_serving_leaves_nothing_behind(rendered: Rendered, tmp_path: Path) -> None:
    site = made(rendered, tmp_path, "online")
    site.build(1, NONE_YET)
    site.deploy()
    shutil.rmtree(site.project / "deploy/kubernetes/online")
    site.build(2, WELL)
    code, output = site.deploy()
    assert code == 0, output
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert site.has(kind) == {}
    assert set(site.has("NetworkPolicy")) == {"loan-risk-jobs"}


def test_an_environment_without_a_build_is_refused_with_a_remedy(site: Site) -> None:
    site.build(1, WELL, envs=("test",))
    code, output = site.deploy("prod")
    assert code == 1
    assert "not built for prod" in output


def test_a_job_promotes_a_version_in_the_name_of_its_approver(
    rendered: Rendered, tmp_path: Path
) -> None:
    site = made(rendered, tmp_path, ci="gitlab")
    site.build(1, "import sys; print(sys.argv[1:])")
    site.deploy()
    shutil.rmtree(site.project / "build/release")  # the deployed release promotes
    person = "approve.approval.approvers = lambda _: ['anna@bank.example']"
    person += "; approve.approval.require_protection = lambda _: None"
    script = f"import approve; {person}; print(approve.promote('loan_risk', 'test', '7'))"
    done = site.run("-c", f"import sys; sys.path[:0] = ['deploy', 'src']; {script}")
    expected = (
        "['promote', '7', '--approved-by=anna@bank.example']\ntest: version 7 is the champion"
    )
    assert done.stdout == f"{expected}, approved by anna@bank.example.\n", done.stderr


def test_every_deployment_file_is_the_platforms(rendered: Rendered) -> None:
    project = rendered(compute="kubernetes", serving="online")
    listed = (project / ".mlops/files").read_text(encoding="utf-8").split()[1::2]
    ours = {n for n in files(project) if n.startswith(("deploy/", "Dockerfile", ".dockerignore"))}
    assert ours <= set(listed)
    assert len(ours) > 15


# The whole lifecycle

PROGRAM = "import sys; sys.path.insert(0, {!r}); import loan_risk.mlops.cli as c; c.main()"


def released(site: Site) -> Path:
    """Commit and build a release as `nox -s build` does; its wheel stands in for the image."""
    commit(site.project)
    env = {"PYTHONPATH": "src", "IMAGE_REPOSITORY": "registry.bank.example/loan-risk"}
    env |= {"CONTAINER_TOOL": "docker", "NOTES": str(site.cluster / "notes")}
    site.env |= env
    done = site.run(".mlops/release.py", "loan_risk")
    assert done.returncode == 0, done.stderr
    release = site.project / "build/release"
    facts = json.loads((release / "release.json").read_text(encoding="utf-8"))
    installed = site.cluster / "installed" / facts["commit"]
    with zipfile.ZipFile(release / facts["wheel"]) as wheel:
        wheel.extractall(installed)
    program = PROGRAM.format(str(installed))
    site.stand_for(facts["image"], [sys.executable, "-P", "-c", program])
    return release


def outcome(site: Site, job: str) -> tuple[str, str]:
    """Return the condition of a manually started job, and its log."""
    [condition] = site.has("Job")[job]["status"]["conditions"]
    log = site.cluster / "loan-risk-test/logs" / job
    return condition["type"], log.read_text(encoding="utf-8")


@pytest.mark.full
@pytest.mark.wide
def test_from_the_first_release_to_a_champion_that_answers(
    rendered: Rendered,
    tmp_path: Path,
    server: str,  # noqa: F811 - the fixture
) -> None:
    site = made(rendered, tmp_path, "online")
    docker = Path(__file__).with_name("pipelines") / "docker.py"
    write_python(site.cluster / "bin/docker", docker.read_text("utf-8"))
    replace(site.project / "pyproject.toml", '"loan-risk[mlops]"', '"loan-risk[mlops,serve]"')
    subprocess.run(["uv", "lock", "--quiet"], cwd=site.project, check=True)
    for env in ("test", "prod"):
        configure(site.project, env, tracking_uri=server)
    configure(site.project, "dev", tracking_uri="sqlite:///mlflow.db")
    configure(site.project, "test", schedules={"retrain": SUNDAY, "score": MONTHLY})

    release = released(site)
    assert not (release / "deploy/dev").exists(), "a laptop's dev goes nowhere"
    code, output = site.deploy()
    assert code == 0, output
    assert "answers once a version is promoted" in output

    there = ("--namespace", "loan-risk-test", "create", "job")
    site.kubectl(*there, "first", "--from=cronjob/loan-risk-retrain")
    assert outcome(site, "first")[0] == "Complete", outcome(site, "first")[1]
    site.kubectl(*there, "scored", "--from=cronjob/loan-risk-score")
    assert outcome(site, "scored")[0] == "Complete", outcome(site, "scored")[1]
    work = site.cluster / "loan-risk-test/volumes/loan-risk"
    assert list(work.glob("predictions/test/date=*/batch-0001/_SUCCESS"))

    append(site.project / "CHANGELOG.md", "- A better description.\n")
    release = released(site)
    code, output = site.deploy()
    assert code == 0, output
    assert "predicts its golden rows as on its first day" in output
    assert "successfully rolled out" in output
    good = json.loads((release / "release.json").read_text(encoding="utf-8"))["version"]

    append(site.project / "src/loan_risk/schema.py", "\nraise OSError('no such column')\n")
    released(site)
    code, output = site.deploy()
    assert code == 1
    assert f"test runs {good} again, as before." in output
