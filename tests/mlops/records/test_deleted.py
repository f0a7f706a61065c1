"""What a person deletes on MLflow's own pages is named, with a way out: a real MLflow on SQLite."""

from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
errors = platform("base.errors")
store = platform("records.store")
tracking = platform("records.tracking")

MODEL = "dev.loan-risk"


def client(project: Any) -> Any:
    """Return MLflow's own client, whose requests are those of its pages."""
    uri = tracking.tracking_uri(project)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri, uri)


def refusal(action: Any) -> str:
    """Return the message with which an action is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        action()
    return str(caught.value)


# Versions


def test_a_deleted_champion_is_not_an_alias_that_was_moved_by_hand(project: Any) -> None:
    client(project).delete_model_version(MODEL, "2")
    opened = store.open_store(project)
    for action in (opened.champion, lambda: opened.fetch(2), opened.fetch_champion):
        said = refusal(action)
        assert said.startswith(f"the champion of {MODEL}, version 2, was deleted in MLflow; ")
        assert "go back to version 1 with `loan-risk rollback 2 --reason REASON`" in said
        assert "`loan-risk train`, then gate and promote it" in said
        assert "promote 2" not in said


def test_the_way_back_is_not_offered_to_a_version_that_was_deleted_too(project: Any) -> None:
    for number in "12":
        client(project).delete_model_version(MODEL, number)
    assert "rollback" not in refusal(store.open_store(project).champion)


def test_another_deleted_version_is_named_as_one(project: Any) -> None:
    client(project).delete_model_version(MODEL, "1")
    opened = store.open_store(project)
    assert opened.champion() == 2
    said = refusal(lambda: opened.fetch(1))
    assert said.startswith(f"version 1 of {MODEL} is in the journal, but was deleted in MLflow")


def test_a_deleted_model_is_not_created_again_beside_its_journal(project: Any) -> None:
    client(project).delete_registered_model(MODEL)
    said = refusal(lambda: store.open_store(project))
    assert f"the registry has no model {MODEL}, but the experiment {MODEL}.journal has" in said
    again = make_project(project.root, experiments="second")  # the way out
    assert store.open_store(again).entries == []


# Experiments


@pytest.mark.parametrize("suffix", tracking.EXPERIMENTS)
def test_a_deleted_experiment_is_restored_by_the_command_that_is_named(
    project: Any, suffix: str
) -> None:
    own = client(project)
    number = own.get_experiment_by_name(f"{MODEL}{suffix}").experiment_id
    own.delete_experiment(number)
    said = refusal(lambda: tracking.experiment_id(own, project, suffix))
    uri = tracking.tracking_uri(project)
    command = f"MLFLOW_TRACKING_URI='{uri}' mlflow experiments restore --experiment-id {number}"
    assert said == (
        f"the experiment {MODEL}{suffix} was deleted in MLflow; restore it with its runs by "
        f"`{command}`."
    )
    assert refusal(lambda: tracking.refuse_deleted_experiments(own, project)) == said
    own.restore_experiment(number)
    assert tracking.experiment_id(own, project, suffix) == number
    assert store.open_store(project).journal.problems() == []


def test_a_password_is_not_in_the_command(tmp_path: Path) -> None:
    secret = make_project(tmp_path, tracking_uri="postgresql+psycopg://ann:s3cret@db/mlflow")
    said = tracking.mlflow_command(secret, "runs restore --run-id 1")
    assert (
        said == "`mlflow runs restore --run-id 1`, with the store's address in MLFLOW_TRACKING_URI"
    )


# Runs


def test_a_deleted_run_of_the_journal_is_restored_by_the_command_that_is_named(
    project: Any,
) -> None:
    own = client(project)
    experiment = own.get_experiment_by_name(f"{MODEL}.journal").experiment_id
    [run] = own.search_runs([experiment], "attributes.run_name LIKE '2 promote%'")
    own.delete_run(run.info.run_id)
    [problem] = store.open_store(project).journal.problems()
    assert problem.startswith("entry 2 is missing, because its run was deleted in MLflow")
    assert f"mlflow runs restore --run-id {run.info.run_id}`" in problem
    own.restore_run(run.info.run_id)
    assert store.open_store(project).journal.problems() == []


def test_a_purged_run_of_the_journal_is_missing(project: Any) -> None:
    own = client(project)
    experiment = own.get_experiment_by_name(f"{MODEL}.journal").experiment_id
    [run] = own.search_runs([experiment], "attributes.run_name LIKE '2 promote%'")
    own.delete_run(run.info.run_id)
    own._tracking_client.store._hard_delete_run(run.info.run_id)  # as `mlflow gc`
    assert store.open_store(project).journal.problems() == ["entry 2 is missing"]


# Files


def test_lost_evidence_is_damage_and_not_a_server_that_fails(project: Any) -> None:
    journal = store.open_store(project).journal
    written = journal.append(details.PauseDetails(reason="a test"), evidence="{}")
    [file] = project.root.rglob("evidence.json")
    file.unlink()
    with pytest.raises((OSError, mlflow.MlflowException)) as caught:
        journal.evidence(written, "0" * 64)
    reported = tracking.store_error(caught.value)
    assert reported.exit_code == 1
    assert "restore the store from its backup" in str(reported)
