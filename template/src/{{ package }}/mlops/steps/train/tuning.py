"""The search of `train --tune N` for better `model.params`, inside the training window alone.

A study is named by all that decides its result. So a search that was killed goes on where it was,
and one that is repeated costs nothing.
"""

from dataclasses import replace
from typing import Any

import mlflow
import pandas as pd

from ...base.console import step
from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project, import_extra
from ...base.windows import periods, plan
from ...data.fingerprints import fingerprint, hashes
from ...data.labelled_rows import Source
from ...figures.metrics import Metrics
from ...records.lineage import configuration_hash, read_build_facts
from ...records.scorer import predict_frame
from ...records.store import open_store
from ...records.tracking import experiment_id
from .estimator import fit

Parts = tuple[pd.DataFrame, pd.DataFrame]  # to learn from, to check on


def tune(source: Source, model: Any, frame: pd.DataFrame, trials: int) -> Project:
    """Return the project with the best params of so many trials; the first has those of conf."""
    told = "model.py has no search_space(trial), which returns params; write it, or omit --tune."
    Misconfigured.when(not hasattr(model, "search_space"), told)
    project, optuna = source.project, import_extra("optuna", "tune")
    lock, parts = read_build_facts(project).lock_sha256, split(source, frame)
    decides = (model.__name__, lock, configuration_hash(project), project.settings.metric)
    file = project.path(f"build/tune/{project.name}.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    how = {"storage": f"sqlite:///{file}", "direction": "maximize", "load_if_exists": True}
    study = optuna.create_study(study_name=f"{decides} {source.as_of} {fingerprint(frame)}", **how)
    if len(_done(study)) < trials:
        experiment = experiment_id(open_store(project).registry.client, project)
        with mlflow.start_run(experiment_id=experiment, run_name="tune"):
            while len(_done(study)) < trials:
                _try(source, model, parts, study, experiment)
    best = max(_done(study)[:trials], key=lambda trial: float(trial.value)).user_attrs["params"]
    step(f"the best of {trials} trials, to be kept as model.params of conf: {best}")
    return _with(project, best)


def split(source: Source, frame: pd.DataFrame) -> Parts:
    """Cut the training window: what is checked on comes an embargo later, or is drawn by key.

    Raises MlopsError where one of them cannot tell anything.
    """
    time, roles, target = source.time, source.contract.inputs.roles, source.contract.target
    if time.split == "time":
        end = plan(source.as_of, time).train.end + periods(time.label_horizon, time.period)
        cut, moments = plan(end, time), frame[roles["event_time"][0]]
        parts = frame[cut.train.contains(moments)], frame[cut.gate.contains(moments)]
    else:
        drawn = hashes(frame, roles["group" if time.split == "group" else "key"]) % 4 == 0
        parts = frame[~drawn], frame[drawn]
    words = "is too short to learn and to check in it; lengthen time.train, or omit --tune"
    MlopsError.when(min(part[target].nunique() for part in parts) < 2, f"train window {words}.")
    return parts


def _try(source: Source, model: Any, parts: Parts, study: Any, experiment: str) -> None:
    """Make the next trial: learn from one part, check on the other, and log it as a nested run."""
    settings, contract, number = source.project.settings, source.contract, len(_done(study))
    seed = settings.model.seed + number  # a search that is taken up goes on as it would have
    study.sampler = import_extra("optuna.samplers", "tune").TPESampler(seed=seed)
    trial, (learn, check) = study.ask(), parts
    params = settings.model.params | (model.search_space(trial) if number else {})
    trial.set_user_attr("params", params)
    estimator = fit(_with(source.project, params), model, contract, learn)
    card = settings.model.model_dump() | {"problem": contract.problem}
    card |= {"features": contract.features, "classes": getattr(estimator, "classes_", None)}
    prediction = predict_frame(estimator, card, check)
    skill = Metrics(settings, model).skill(check[contract.target], prediction)
    study.tell(trial, float("-inf") if pd.isna(skill) else skill)
    with mlflow.start_run(None, experiment, f"trial {number + 1}", nested=True):
        mlflow.log_params(params)
        mlflow.log_metric(settings.metric, settings.sign * skill)
    step(f"trial {number + 1}: {settings.metric} {settings.sign * skill:.4f}")


def _done(study: Any) -> list[Any]:
    """Return the trials that came to an end, oldest first; a killed one did not."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.value is not None]


def _with(project: Project, params: dict[str, Any]) -> Project:
    model = project.settings.model.model_copy(update={"params": params})
    return replace(project, settings=project.settings.model_copy(update={"model": model}))
