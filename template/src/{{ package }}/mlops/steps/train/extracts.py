"""The rows of a version as they were: kept in its environment, with a hash of each."""

from pathlib import Path

import mlflow
import numpy as np
from mlflow.data.pandas_dataset import from_pandas

from ...data.fingerprints import hashes, row_hashes
from ...records.card import VersionCard
from ...records.extracts import extract_path
from .training import Training


def keep_rows(training: Training, card: VersionCard) -> None:
    """Keep the exact rows in this environment, and log where they are."""
    project = training.source.project
    target = training.source.contract.target
    sides = {
        "train": (training.train.frame, card.lineage.data.train),
        "gate": (training.gate.frame, card.lineage.data.gate),
    }
    for name, (frame, digest) in sides.items():
        extract = extract_path(project, project.env, digest)
        extract.parent.mkdir(parents=True, exist_ok=True)
        if not extract.is_file():
            part = extract.with_suffix(".tmp")
            frame.to_parquet(part)
            part.replace(extract)  # whole or not at all
        data = from_pandas(frame, str(extract), targets=target, name=name)
        mlflow.log_input(data, context=name)


def write_hashes(training: Training, path: Path) -> None:
    """Write the hashes of the training rows' keys and groups, and of all rows of both windows.

    The gate looks for the former among its own rows; `reproduce` compares the latter.
    """
    train = training.train.frame
    contract = training.source.contract
    group = contract.inputs.one("group")
    np.savez_compressed(
        path,
        keys=np.unique(hashes(train, contract.keys)),
        groups=np.unique(hashes(train, [group])) if group else np.array([], "uint64"),
        train=row_hashes(train),
        gate=row_hashes(training.gate.frame),
    )
