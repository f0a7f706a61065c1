"""The rows of a version as they were: kept in its environment, and a hash of each with it."""

from pathlib import Path

import mlflow
import numpy as np
from mlflow.data.pandas_dataset import from_pandas

from ...base.project import Project
from ...data.fingerprints import hashes, row_hashes
from ...records.card import Card
from .training import Training


def extract_path(project: Project, env: str, fingerprint: str) -> Path:
    """Return where the rows of a fingerprint are kept."""
    return project.path(project.settings.extracts) / env / f"{fingerprint[:16]}.parquet"


def keep_rows(training: Training, card: Card) -> None:
    """Keep the exact rows in this environment, and log where they are."""
    project, target = training.source.project, training.source.contract.target
    for name, sample in (("train", training.train), ("gate", training.gate)):
        extract = extract_path(project, project.env, card["lineage"]["data"][name])
        extract.parent.mkdir(parents=True, exist_ok=True)
        if not extract.is_file():
            sample.frame.to_parquet(extract.with_suffix(".tmp"))
            extract.with_suffix(".tmp").replace(extract)  # whole or not at all
        data = from_pandas(sample.frame, str(extract), targets=target, name=name)
        mlflow.log_input(data, context=name)


def write_hashes(training: Training, path: Path) -> None:
    """Write keys and groups, which the gate looks for on its side, and all rows of both sides."""
    train, contract = training.train.frame, training.source.contract
    group = contract.inputs.one("group")
    np.savez_compressed(
        path,
        keys=np.unique(hashes(train, contract.keys)),
        groups=np.unique(hashes(train, [group])) if group else np.array([], "uint64"),
        train=row_hashes(train),
        gate=row_hashes(training.gate.frame),
    )
