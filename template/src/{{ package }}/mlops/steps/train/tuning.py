"""The search of `train --tune N` for better `model.params`, inside the training window alone.

A study is named after everything that decides its result, so that a search that was killed resumes
and a search that is repeated costs nothing.
"""

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import mlflow
import pandas as pd

from ...base.console import print_step
from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project, import_extra
from ...base.windows import periods, plan
from ...data.fingerprints import fingerprint, hashes
from ...data.labelled_rows import PointInTimeData
from ...figures.metrics import Metrics
from ...records.lineage import configuration_hash, read_build_facts
from ...records.scorer import ScorerFacts, predict_frame
from ...records.store import open_store
from ...records.tracking import experiment_id
from .dry_run import check_on_few_rows
from .estimator import fit
from .run_params import estimator_name

Study = Any  # Optuna is an extra, so its types may be missing
Trial = Any


@dataclass(frozen=True)
class Parts:
    """The training window, cut in two."""

    learn: pd.DataFrame
    """The rows that each trial learns from."""
    check: pd.DataFrame
    """The rows that each trial is judged on."""


def search_params(
    source: PointInTimeData, model: ModuleType, frame: pd.DataFrame, trials: int
) -> dict[str, Any]:
    """Return the best params of `trials` trials; the first one tries those of conf."""
    if not hasattr(model, "search_space"):
        raise Misconfigured(
            "model.py has no search_space(trial), which returns params; write it, or omit --tune."
        )
    project = source.project
    parts = split(source, frame)
    study = _open_study(source, model, frame)
    if len(_finished(study)) < trials:
        experiment = experiment_id(open_store(project).registry.client, project)
        with mlflow.start_run(experiment_id=experiment, run_name=f"tune, {trials} trials"):
            while len(_finished(study)) < trials:
                _try(source, model, parts, study, experiment)
    best = max(_finished(study)[:trials], key=lambda trial: float(trial.value))
    params: dict[str, Any] = best.user_attrs["params"]
    print_step(
        f"the best of {trials} trials; to keep it, write it to model.params in conf/: {params}"
    )
    return params


def with_params(project: Project, params: dict[str, Any]) -> Project:
    """Return a project whose settings have other `model.params`."""
    model = project.settings.model.model_copy(update={"params": params})
    return replace(project, settings=project.settings.model_copy(update={"model": model}))


def split(source: PointInTimeData, frame: pd.DataFrame) -> Parts:
    """Cut the training window: the rows to check on follow after an embargo, or are drawn by key.

    Raises MlopsError if one of the parts has only one class or value.
    """
    time = source.time
    roles = source.contract.inputs.roles
    if time.split == "time":
        end = plan(source.as_of, time).train.end + periods(time.label_horizon, time.period)
        windows = plan(end, time)
        moments = frame[roles["event_time"][0]]
        learn = frame[windows.train.contains(moments)]
        check = frame[windows.gate.contains(moments)]
    else:
        drawn = hashes(frame, roles["group" if time.split == "group" else "key"]) % 4 == 0
        learn = frame[~drawn]
        check = frame[drawn]
    target = source.contract.target
    longer = "time.gate and time.train" if time.split == "time" else "time.train"
    for part, use, key in ((learn, "learn from", "time.train"), (check, "validate on", longer)):
        if part[target].nunique() < 2:
            raise MlopsError(
                "--tune divides the training rows into two parts, and the part to "
                f"{use} has fewer than two values of the target {target}; increase {key}, or "
                "omit --tune."
            )
    return Parts(learn, check)


def _open_study(source: PointInTimeData, model: ModuleType, frame: pd.DataFrame) -> Study:
    """Return the study that is named after everything that decides its result."""
    optuna = import_extra("optuna", "tune")
    project = source.project
    lock = read_build_facts(project).lock_sha256
    decides = (model.__name__, lock, configuration_hash(project), project.settings.metric)
    file = project.path(f"build/tune/{project.name}.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        study_name=f"{decides} {source.as_of} {fingerprint(frame)}",
        storage=f"sqlite:///{file}",
        direction="maximize",
        load_if_exists=True,
    )


def _try(
    source: PointInTimeData, model: ModuleType, parts: Parts, study: Study, experiment: str
) -> None:
    """Run the next trial: fit on one part, measure on the other, log it as a nested run."""
    settings = source.project.settings
    contract = source.contract
    number = len(_finished(study))
    seed = settings.model.seed + number  # the same for a search that was resumed
    study.sampler = import_extra("optuna.samplers", "tune").TPESampler(seed=seed)
    trial = study.ask()
    params = settings.model.params | (model.search_space(trial) if number else {})
    trial.set_user_attr("params", params)
    tried = with_params(source.project, params)
    if _choices(params) != _choices(settings.model.params):  # it may be another kind of estimator
        check_on_few_rows(tried, model, contract, parts.learn)
    estimator = fit(tried, model, contract, parts.learn)
    facts: ScorerFacts = {
        "problem": contract.problem,
        "features": contract.features,
        "classes": list(getattr(estimator, "classes_", ())),
        "cutoff": settings.model.cutoff,
    }
    prediction = predict_frame(estimator, facts, parts.check)
    skill = Metrics(settings, model).skill(parts.check[contract.target], prediction)
    study.tell(trial, float("-inf") if pd.isna(skill) else skill)
    name = f"trial {number + 1} {estimator_name(estimator)}"
    with mlflow.start_run(None, experiment, name, nested=True):
        mlflow.log_params(params)
        mlflow.log_metric(settings.metric, settings.sign * skill)
    print_step(f"trial {number + 1}: {settings.metric} {settings.sign * skill:.4f}")


def _choices(params: dict[str, Any]) -> dict[str, Any]:
    """Return the params that are not numbers."""
    numbers = (int, float)
    return {
        name: value
        for name, value in params.items()
        if isinstance(value, bool) or not isinstance(value, numbers)
    }


def _finished(study: Study) -> list[Trial]:
    """Return the trials that were completed, oldest first."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.value is not None]
