"""Runs in a project: each given model.py is checked and fitted as `train` does, and stored."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd


def fit_all(models: list[str]) -> dict[str, Any]:
    """Return for each text of model.py its held-out figures, or the error of the dry run."""
    from loan_risk.mlops.base.errors import MlopsError
    from loan_risk.mlops.base.project import open_project, user_module
    from loan_risk.mlops.figures.metrics import Metrics
    from loan_risk.mlops.records.scorer import predict_frame
    from loan_risk.mlops.records.snapshot import take_snapshot
    from loan_risk.mlops.steps.notebook import load_dataset
    from loan_risk.mlops.steps.train.dry_run import check_on_few_rows
    from loan_risk.mlops.steps.train.estimator import fit
    from loan_risk.mlops.steps.train.stored_estimator import Trust, write_estimator

    project = open_project("dev")
    data = load_dataset("2026-01-01", project)
    contract = data.contract
    answers: dict[str, Any] = {}
    for number, text in enumerate(models):
        Path("src/loan_risk/model.py").write_text(text, encoding="utf-8")
        snapshot = take_snapshot()
        model = user_module("model", snapshot)
        try:
            check_on_few_rows(project, model, contract, data.train)
        except MlopsError as error:
            answers[str(number)] = str(error)
            continue
        estimator = fit(project, model, contract, data.train)
        with tempfile.TemporaryDirectory() as folder:
            trust = Trust(snapshot.name, project.settings.trusted_types)
            write_estimator(estimator, Path(folder) / "model.skops", trust)
        names = estimator.classes_ if contract.problem == "multiclass" else ()
        prediction = predict_frame(
            estimator,
            {
                "problem": contract.problem,
                "features": contract.features,
                "classes": list(names),
                "cutoff": 0.5,
            },
            data.holdout,
        )
        truth = pd.Series(data.holdout[contract.target])
        answers[str(number)] = Metrics(project.settings, model).skill(truth, prediction)
    return answers


if __name__ == "__main__":
    sys.path.insert(0, "src")
    print(json.dumps(fit_all(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
