"""What anyone can see and do in a project's store with MLflow's own client, past the project.

These functions run in a process of their own, in the project's folder: `project.call(tag, 1, …)`.
Each call imports this module, so it imports no other at the top.
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Facts = dict[str, Any]

HEAD = "mlops_journal_head"
MODEL = "dev.loan-risk"
TAG = "mlops_journal_entry_1"
MOVED = "mlops_aliases_moved"
RESOURCES = ("wall_seconds", "cpu_seconds", "peak_memory_mb", "rows_per_second")


def _client() -> "MlflowClient":
    import mlflow

    store = f"sqlite:///{Path.cwd()}/mlflow.db"
    mlflow.set_tracking_uri(store)
    return mlflow.MlflowClient(store, store)


def tag(model: str, number: int, key: str, value: str) -> None:
    """Set a tag of a version."""
    _client().set_model_version_tag(model, str(number), key, value)


def tags(model: str, number: int) -> dict[str, str]:
    """Return the tags of a version."""
    return dict(_client().get_model_version(model, str(number)).tags)


def point(model: str, alias: str, number: int) -> None:
    """Move an alias."""
    _client().set_registered_model_alias(model, alias, str(number))


def drop_alias(model: str, alias: str) -> None:
    """Delete an alias."""
    _client().delete_registered_model_alias(model, alias)


def aliases(model: str) -> dict[str, int]:
    """Return the aliases of a model and the versions that they point to."""
    found = _client().get_registered_model(model).aliases
    return {alias: int(number) for alias, number in found.items()}


def head(model: str = "dev.loan-risk") -> str:
    """Return the number and the hash of the journal's newest entry."""
    return str(_client().get_registered_model(model).tags[HEAD])


def moved(model: str) -> str:
    """Return the number of the last entry whose aliases were moved."""
    return str(_client().get_registered_model(model).tags.get(MOVED, ""))


def tag_model(model: str, key: str, value: str) -> None:
    """Set a tag of a registered model."""
    _client().set_registered_model_tag(model, key, value)


def delete_model(model: str) -> None:
    """Delete a registered model with all its versions."""
    _client().delete_registered_model(model)


def versions(model: str) -> list[int]:
    """Return the numbers of a model's versions."""
    found = _client().search_model_versions(f"name = '{model}'")
    return sorted(int(version.version) for version in found)


def delete(model: str, number: int) -> None:
    """Delete a version."""
    _client().delete_model_version(model, str(number))


def place_of(model: str, number: int) -> tuple[str, str]:
    """Return the experiment and the run that made a version."""
    client = _client()
    run = client.get_run(str(client.get_model_version(model, str(number)).run_id))
    return str(run.info.experiment_id), str(run.info.run_id)


def delete_run(run: str) -> None:
    """Delete a run as MLflow's page does, which keeps it for a while."""
    _client().delete_run(run)


def delete_experiment(experiment: str) -> None:
    """Delete an experiment as MLflow's page does, which keeps it for a while."""
    _client().delete_experiment(experiment)


def copy(source: str, number: int, target: str) -> None:
    """Copy a version to another model."""
    _client().copy_model_version(f"models:/{source}/{number}", target)


def files(model: str, number: int) -> str:
    """Return the folder that holds a version's files."""
    from mlflow.artifacts import download_artifacts

    _client()
    return str(download_artifacts(f"models:/{model}/{number}"))


def card(model: str, number: int) -> Facts:
    """Return the card of a version."""
    text = (Path(files(model, number)) / "artifacts/card.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def training(model: str, number: int) -> Facts:
    """Return the contents of the run that made a version."""
    client = _client()
    run = client.get_run(str(client.get_model_version(model, str(number)).run_id))
    return {
        "params": dict(run.data.params),
        "metrics": {n: v for n, v in run.data.metrics.items() if n not in RESOURCES},
        "resources": {n: v for n, v in run.data.metrics.items() if n in RESOURCES},
        "tags": dict(run.data.tags),
        "datasets": [read.dataset.name for read in run.inputs.dataset_inputs] if run.inputs else [],
        "artifacts": [file.path for file in client.list_artifacts(run.info.run_id, "plots")],
        "status": run.info.status,
        "name": run.info.run_name,
    }


def foreign_run() -> tuple[str, str]:
    """Create an experiment with a run that no command made; return their identifiers."""
    client = _client()
    experiment = client.create_experiment("elsewhere")
    return str(experiment), str(client.create_run(experiment).info.run_id)


def data_of(run: str) -> Facts:
    """Return what has been logged to a run."""
    found = _client().get_run(run)
    names = [tag for tag in found.data.tags if not tag.startswith("mlflow.")]
    return {"params": dict(found.data.params), "metrics": dict(found.data.metrics), "tags": names}


def experiment_of(model: str, number: int) -> str:
    """Return the name of the experiment with the run that made a version."""
    client = _client()
    run = client.get_run(str(client.get_model_version(model, str(number)).run_id))
    return str(client.get_experiment(run.info.experiment_id).name)


def trials() -> list[Facts]:
    """Return the runs of all trials in dev, oldest first, each with the state of its search."""
    client = _client()
    experiment = client.get_experiment_by_name("dev.loan-risk")
    known = [experiment.experiment_id] if experiment else []
    runs = client.search_runs(known, order_by=["start_time ASC"]) if known else []
    searches = {run.info.run_id: run for run in runs if run.info.run_name.startswith("tune")}
    return [
        {
            "name": run.info.run_name,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "search": searches[run.data.tags["mlflow.parentRunId"]].info.status,
        }
        for run in runs
        if run.info.run_name.startswith("trial")
    ]


def monitoring() -> Facts:
    """Return the newest run of `monitor` in dev, with the facts that it keeps."""
    from mlflow.artifacts import load_dict

    client = _client()
    experiment = client.get_experiment_by_name("dev.loan-risk.monitor")
    assert experiment is not None
    [run, *_] = client.search_runs([experiment.experiment_id])
    facts = load_dict(f"{run.info.artifact_uri}/monitor.json")
    kept = sorted(file.path for file in client.list_artifacts(run.info.run_id))
    return {"metrics": dict(run.data.metrics), "facts": facts, "files": kept}


def signature(model: str, number: int) -> dict[str, dict[str, str]]:
    """Return the columns that a version takes and gives, with their types."""
    from mlflow.models import Model

    found = Model.load(files(model, number)).signature
    return {
        side: {column.name: column.type.name for column in getattr(found, side).inputs}
        for side in ("inputs", "outputs")
    }


def contents(project: str) -> Facts:
    """Return what a store holds of a project's dev: versions, entries, unfinished runs."""
    client = _client()
    runs = client.search_runs([found.experiment_id for found in client.search_experiments()])
    return {
        "versions": versions(f"dev.{project}"),
        "entries": len(_journal("dev")),
        "active": [run.info.run_name for run in runs if run.info.status == "RUNNING"],
    }


def entries(env: str = "dev") -> list[Facts]:
    """Return the entries of a journal, oldest first."""
    return sorted((_entry(run) for run in _journal(env)), key=lambda entry: entry["number"])


def evidence(number: int, env: str = "dev") -> str:
    """Return the evidence next to an entry, byte by byte."""
    return (_artifacts(_run(env, number)) / "evidence.json").read_text(encoding="utf-8")


def alter(number: int, changes: Facts) -> None:
    """Change fields of an entry in its file."""
    run = _run("dev", number)
    _client().log_dict(run.info.run_id, _entry(run) | changes, "entry.json")


def alter_tags(number: int, changes: Facts) -> None:
    """Change fields of an entry in its tags."""
    run = _run("dev", number)
    text = json.dumps(_entry(run) | changes, sort_keys=True)
    _client().set_tag(run.info.run_id, TAG, text)


def rewrite(changes: Facts) -> None:
    """Change fields of all entries, and write the whole chain and its head again."""
    previous = "0" * 64
    for number in range(1, len(entries()) + 1):
        run = _run("dev", number)
        entry = _entry(run) | changes | {"previous": previous}
        alter_tags(number, changes | {"previous": previous})
        alter(number, changes | {"previous": previous})
        previous = digest(entry)
    crown(entry)


def alter_evidence(number: int, old: str, new: str) -> None:
    """Change the evidence next to an entry."""
    text = evidence(number).replace(old, new)
    _client().log_text(_run("dev", number).info.run_id, text, "evidence.json")


def cut(number: int) -> None:
    """Delete an entry."""
    _client().delete_run(_run("dev", number).info.run_id)


def forge(entry: Facts, env: str = "dev", text: str = "") -> None:
    """Forge an entry with its evidence."""
    client = _client()
    run_id = client.create_run(_experiment(env)).info.run_id
    client.log_dict(run_id, entry, "entry.json")
    if text:
        client.log_text(run_id, text, "evidence.json")
    client.set_terminated(run_id)


def begin(name: str) -> None:
    """Begin an entry without writing it, like a writer that is killed."""
    _client().create_run(_experiment("dev"), run_name=name)


def crown(entry: Facts, env: str = "dev") -> None:
    """Make an entry the head."""
    head = f"{entry['number']}:{digest(entry)}"
    _client().set_registered_model_tag(f"{env}.loan-risk", HEAD, head)


def digest(entry: Facts) -> str:
    """Return the hash by which the next entry names this one."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _journal(env: str) -> "list[Run]":
    return list(_client().search_runs([_experiment(env)]))


def _experiment(env: str) -> str:
    found = _client().get_experiment_by_name(f"{env}.loan-risk.journal")
    return found.experiment_id if found else ""


def _run(env: str, number: int) -> "Run":
    return next(run for run in _journal(env) if _entry(run)["number"] == number)


def _entry(run: "Run") -> Facts:
    text = (_artifacts(run) / "entry.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _artifacts(run: "Run") -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"))


def artifacts(model: str, number: int) -> list[str]:
    """Return the artifacts below model_card of a version's run."""
    client = _client()
    run = client.get_model_version(model, str(number)).run_id
    return [file.path for file in client.list_artifacts(str(run), "model_card")]


def vouch(number: int) -> None:
    """Let the journal of dev say that a version's files are what they are now.

    A test that changes the files of a version, but is not about that, goes on with this.
    """
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    _name_after_content(Path(files(MODEL, number)))
    now = open_store(open_project("dev")).registry.copy(number).digest
    journal = entries()
    for entry in journal:
        if entry["subject"] == str(number) and "digest" in entry["details"]:
            entry["details"]["digest"] = now
    _write_again(journal)


def _name_after_content(folder: Path) -> None:
    """Give the package of a version the name that its code has now, wherever it is written."""
    from loan_risk.mlops.records.integrity import named_files
    from loan_risk.mlops.records.snapshot import package_name

    [package] = (folder / "code").iterdir()
    name = package_name({path: file.read_bytes() for path, file in named_files(package)})
    old, new = package.name.encode(), name.encode()
    package.rename(package.with_name(name))
    for _, file in named_files(folder):
        if not zipfile.is_zipfile(file):
            file.write_bytes(file.read_bytes().replace(old, new))
            continue
        with zipfile.ZipFile(file) as packed:
            parts = {part: packed.read(part) for part in packed.namelist()}
        with zipfile.ZipFile(file, "w") as packed:
            for part, content in parts.items():
                packed.writestr(part, content.replace(old, new))


def forget_hashes() -> None:
    """Let the journal of dev know no SHA-256 of a batch, like one that an older template wrote.

    A test that changes or deletes batches, but is not about that, goes on with this.
    """
    journal = entries()
    for entry in journal:
        if entry["command"] == "score":
            entry["details"]["sha256"] = ""
    _write_again(journal)


def _write_again(journal: list[Facts]) -> None:
    """Write the whole chain again, as nobody without the journal can."""
    previous = "0" * 64
    for entry in journal:
        entry["previous"] = previous
        run_id = _run("dev", entry["number"]).info.run_id
        text = json.dumps(entry, sort_keys=True)
        _client().log_text(run_id, text, "entry.json")
        _client().set_tag(run_id, TAG, text)
        previous = digest(entry)
    crown(entries()[-1])


def shift_predictions(version: str) -> None:
    """Raise what the estimator of a version predicts for every row."""
    import sys

    import skops.io

    sys.path.append(f"{version}/code")
    file = f"{version}/artifacts/model.skops"
    model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    model[-1]._baseline_prediction += 1  # noqa: SLF001 - as an attacker would
    skops.io.dump(model, file)
