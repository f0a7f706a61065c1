"""The lifecycle: a project trains, gates, promotes, scores, and records what it did."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rendering import PROBLEMS, git
from tutorials import missing

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, NOISE, Answer, Project, copy_project

MODEL = "dev.loan-risk"
METRICS = {
    "binary": {"auc", "average_precision", "brier", "log_loss"},
    "multiclass": {"accuracy", "macro_f1", "auc_ovr", "log_loss"},
    "regression": {"r2", "mae", "rmse"},
}
PREDICTION = {
    "binary": {"score": "double", "decision": "boolean"},
    "multiclass": {"A": "double", "B": "double", "C": "double", "label": "string"},
    "regression": {"value": "double"},
}
PLOTS = {
    "binary": {"roc", "precision_recall", "calibration", "permutation_importance"},
    "multiclass": {"roc", "calibration", "permutation_importance"},
    "regression": {"residuals", "calibration", "permutation_importance"},
}
FULL = pytest.mark.full
EVERY_PROBLEM = ["binary", *(pytest.param(name, marks=FULL) for name in PROBLEMS[1:])]
LIFE = (
    ("train", "--as-of", AS_OF),
    ("gate",),
    ("promote",),
    ("score", "--as-of", AS_OF),
)


ONE_AFTER_THE_OTHER = """
import sys
from loan_risk.mlops.cli import main
for words in {life!r}:
    sys.argv = ["loan-risk", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (words, end.code)
"""


def test_a_full_lifecycle_prints_only_its_own_messages(born: Project) -> None:
    """The process is a new one, as for a user, so all output of Python is captured."""
    run = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER.format(life=LIFE)],
        cwd=born.folder,
        env=os.environ | {"PYTHONPATH": str(born.folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert not NOISE.search(run.stderr), run.stderr
    assert len(born.batches()) == 1
    assert git(born.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("problem", EVERY_PROBLEM)
def test_every_kind_of_problem_trains_gates_promotes_and_scores(at: At, problem: str) -> None:
    project = at("live", problem=problem)
    answer = project.run("score", "--as-of", AS_OF)
    assert answer.facts["rows"] > 500
    assert project.call(behind.aliases, MODEL) == {"champion": 1}
    assert project.call(behind.signature, MODEL, 1)["outputs"] == PREDICTION[problem]
    status = project.run("status").facts
    assert set(status) >= {"champion", "challenger", "last_batch", "problems"}
    [version] = status["versions"]
    assert (version["alias"], version["verdict"]) == ("champion", "passed")
    assert version["estimator"].startswith("HistGradientBoosting")
    low, high = version["interval"]
    assert low < version["figure"] < high


@pytest.mark.parametrize("problem", EVERY_PROBLEM)
def test_a_run_records_everything_that_produced_a_version(at: At, problem: str) -> None:
    project = at("trained", problem=problem)
    run = project.call(behind.training, MODEL, 1)
    assert run["status"] == "FINISHED"
    assert run["params"].items() >= {"max_iter": "30", "learning_rate": "0.2", "seed": "7"}.items()
    assert run["params"]["estimator"].startswith("HistGradientBoosting")
    assert run["name"] == f"v1 {run['params']['estimator']}"
    assert run["params"]["estimator.max_leaf_nodes"] == "6"
    assert METRICS[problem] <= set(run["metrics"])
    assert {f"{name}_by_period" for name in METRICS[problem]} <= set(run["metrics"])
    assert sorted(run["datasets"]) == ["gate", "train"]
    assert {Path(file).stem for file in run["artifacts"]} == PLOTS[problem]
    commit = git(project.folder, "rev-parse", "HEAD").strip()
    assert run["tags"]["mlops_commit"] == commit
    assert run["tags"]["mlops_template"] == "v0.1.0"


@dataclass(frozen=True)
class InAJob:
    """A project that was trained for a date in a job with a run of its own."""

    project: Project
    run: str
    answer: Answer


@pytest.fixture(scope="module")
def in_a_job(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> InAJob:
    """Do not edit it."""
    project = copy_project(shelf("opened"), tmp_path_factory.mktemp("job") / "loan-risk")
    experiment, run = project.call(behind.foreign_run)
    variables = {
        "MLFLOW_RUN_ID": run,
        "MLFLOW_RUN_CONTEXT": json.dumps({"owner": "the surrounding job"}),
        "MLFLOW_EXPERIMENT_ID": experiment,
        "MLFLOW_EXPERIMENT_NAME": "elsewhere",
    }
    dated = ("--as-of", "2025-12-01", "--set", "time.embargo=4")
    return InAJob(project, run, project.run("train", *dated, variables=variables))


def test_a_run_of_a_surrounding_job_is_left_alone(in_a_job: InAJob) -> None:
    project = in_a_job.project
    assert project.call(behind.data_of, in_a_job.run) == {"params": {}, "metrics": {}, "tags": []}
    assert project.call(behind.experiment_of, MODEL, 1) == MODEL
    assert "owner" not in project.call(behind.training, MODEL, 1)["tags"]


def test_a_version_carries_everything_that_it_needs(trained: Project) -> None:
    folder = Path(trained.call(behind.files, MODEL, 1))
    names = {path.name for path in folder.rglob("*")}
    assert {"model.skops", "card.json", "golden_rows.parquet", "input_example.json"} <= names
    [snapshot] = (path.name for path in (folder / "code").iterdir())
    assert re.fullmatch("loan_risk_[0-9a-f]{32}", snapshot)
    carried = {path.name for path in (folder / "code" / snapshot).glob("*.py")}
    assert carried == {path.name for path in trained.package.glob("*.py")}
    assert not (folder / "code" / snapshot / "mlops").exists()
    locked = (folder / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in locked)
    assert any(line.startswith("scikit-learn==") for line in locked)


def test_the_signature_is_the_features_of_the_schema(trained: Project) -> None:
    assert trained.call(behind.signature, MODEL, 1)["inputs"] == {
        **dict.fromkeys(("purpose", "employment", "housing", "channel"), "string"),
        **dict.fromkeys(("amount", "income", "other_debts", "years_employed"), "double"),
        **dict.fromkeys(("term_months", "late_payments"), "long"),
        "has_account": "boolean",
    }


def test_the_card_states_where_a_version_comes_from(trained: Project) -> None:
    card = trained.call(behind.card, MODEL, 1)
    assert card["windows"] == {
        "train": "2024-04-01..2025-04-01",
        "gate": "2025-07-01..2025-10-01",
    }
    assert 0.9 < card["coverage"]["gate"] < 1  # a rejected applicant never gets a label
    lineage = card["lineage"]
    assert lineage["commit"] == git(trained.folder, "rev-parse", "HEAD").strip()
    assert lineage["dirty"] is False
    assert lineage["origin"] == "synthetic"
    assert set(lineage["data"]) == {"train", "gate"}
    assert {"scikit-learn", "numpy", "skops"} <= set(lineage["packages"])
    assert len(list(trained.path("extracts/dev").glob("*.parquet"))) == 2


@pytest.mark.full
def test_the_same_rows_and_seed_give_the_same_model(rivalled: Project) -> None:
    first, second = (rivalled.call(behind.training, MODEL, number) for number in (1, 2))
    assert first["metrics"] == second["metrics"]
    first, second = (rivalled.call(behind.card, MODEL, number) for number in (1, 2))
    for key in ("snapshot", "figures", "profile"):
        assert first[key] == second[key]
    assert first["lineage"]["data"] == second["lineage"]["data"]
    rivalled.run("train", "--as-of", AS_OF, "--set", "model.seed=8")
    assert rivalled.call(behind.card, MODEL, 3)["figures"] != first["figures"]


@pytest.mark.full
def test_rows_may_weigh_differently(trained: Project) -> None:
    weight = '    return frame["amount"]\n'
    trained.edit(
        "model.py",
        "def build(",
        f"def sample_weight(frame: Any) -> Any:\n{weight}\n\ndef build(",
    )
    trained.run("train", "--as-of", AS_OF)
    even, weighted = (trained.call(behind.card, MODEL, number)["figures"] for number in (1, 2))
    assert even != weighted


def test_the_windows_follow_from_the_date(in_a_job: InAJob) -> None:
    card = in_a_job.project.call(behind.card, MODEL, 1)
    assert card["windows"] == {
        "train": "2024-02-01..2025-02-01",
        "gate": "2025-06-01..2025-09-01",
    }


def test_json_is_one_object_on_stdout_and_messages_are_on_stderr(in_a_job: InAJob) -> None:
    answer = in_a_job.answer
    assert answer.printed.count("\n") == 1
    assert answer.facts["outcome"] == "ok"
    assert answer.facts["message"] in answer.said
    assert answer.facts["version"] == 1
    assert answer.facts["resources"]["rows_per_second"] > 0


def test_status_shows_the_role_and_verdict_of_each_version(rivalled: Project) -> None:
    rivalled.run("score", "--as-of", AS_OF)
    answer = rivalled.run("status")
    assert answer.facts["champion"] == 1
    assert answer.facts["challenger"] == 2
    assert answer.facts["last_batch"]["date"] == AS_OF
    rows = {line.split()[0]: line for line in answer.said.splitlines() if line[:1].isdigit()}
    assert "champion" in rows["1"]
    assert "passed" in rows["1"]
    assert "challenger" in rows["2"]
    assert "none" in rows["2"]


@pytest.mark.full
@pytest.mark.parametrize("split", ["group", pytest.param("random", marks=pytest.mark.wide)])
def test_a_hash_split_knows_how_many_labels_have_arrived(opened: Project, split: str) -> None:
    opened.configure(time={"split": split, "reason": "a test"})
    opened.run("train", "--as-of", AS_OF)
    card = opened.call(behind.card, MODEL, 1)
    shares = card["rows"]["gate"] / (card["rows"]["train"] + card["rows"]["gate"])
    assert shares == pytest.approx(3 / 15, abs=0.04)
    assert card["coverage"]["gate"] == pytest.approx(card["coverage"]["train"], abs=0.04)
    assert card["coverage"]["gate"] > 0.85


def test_doctor_finds_nothing_in_a_healthy_project(live: Project) -> None:
    answer = live.run("doctor")
    assert {finding["verdict"] for finding in answer.facts["findings"]} <= {"ok", "noted"}
    assert missing("read-your-tables", "doctor", answer.said) == []
    assert missing("point-at-a-tracking-server", "doctor", answer.said) == []


def test_doctor_names_every_fault_with_its_remedy(live: Project) -> None:
    live.configure("test", allow_dirty=True)
    live.edit("model.py", "from . import features", "import loan_risk.features as features")
    live.path("synthetic.py").unlink()
    live.path("uv.lock").unlink()
    live.edit("CODEOWNERS", "data-science@example.com", "others@example.com")
    live.call(behind.cut, 2)
    answer = live.run("doctor", code=1)
    failed = {
        f["check"]: f["finding"] for f in answer.facts["findings"] if f["verdict"] == "failed"
    }
    assert set(failed) == {
        *("conf test", "code facts", "user modules", "tables"),
        *("store", "predictions", "answers"),
    }
    assert "uv lock" in failed["code facts"]
    assert "relatively" in failed["user modules"]
    assert "entry 2 is missing" in failed["store"]
    assert "CODEOWNERS" in failed["answers"]


def test_doctor_continues_if_a_users_module_fails(live: Project) -> None:
    live.edit(
        "synthetic.py", "def rows(", "def rows(*_: object) -> None:\n    {}['no']\n\n\ndef _("
    )
    answer = live.run("doctor", code=1)
    failed = {
        f["check"]: f["finding"] for f in answer.facts["findings"] if f["verdict"] == "failed"
    }
    assert list(failed) == ["tables"]
    assert failed["tables"].startswith("KeyError in synthetic.py, line ")
