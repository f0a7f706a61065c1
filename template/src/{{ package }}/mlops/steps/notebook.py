"""The rows that `train` and `gate` use, for a notebook or a test."""

from dataclasses import dataclass

import pandas as pd

from ..base.project import Project, user_module
from ..base.windows import parse_as_of
from ..data.contract import Contract, read_contract
from ..data.labelled_rows import PointInTimeData, read_split


@dataclass(frozen=True)
class Dataset:
    """Cleaned inputs with their target."""

    train: pd.DataFrame
    """The rows of the training window, from which a model learns."""
    holdout: pd.DataFrame
    """The rows of the gate window, on which it is judged."""
    contract: Contract
    """What schema.py says about the columns."""


def load_dataset(as_of: str | None, project: Project) -> Dataset:
    """Return the rows of a reference date, by default the environment's own."""
    contract = read_contract(user_module("schema"), project.settings.problem)
    moment = parse_as_of(as_of, project.settings)
    source = PointInTimeData(project, user_module("data"), contract, moment, project.settings.time)
    train = read_split(source, "train")
    gate = read_split(source, "gate")
    return Dataset(train.frame, gate.frame, contract)
