"""The same rows that the pipeline uses, for exploring."""

from dataclasses import dataclass

import pandas as pd

from ..base.project import open_project, user_module
from ..base.windows import parse_as_of
from ..data.contract import Contract, read_contract
from ..data.labelled_rows import PointInTimeData, read_split


@dataclass(frozen=True)
class Dataset:
    """Cleaned inputs with their target: the train window, the gate window, and the contract."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    contract: Contract


def load_dataset(as_of: str | None, env: str) -> Dataset:
    """Read both windows of `as_of` in environment `env`, by default those of its `as_of`."""
    project = open_project(env)
    contract = read_contract(user_module("schema"), project.settings.problem)
    moment = parse_as_of(as_of, project.settings)
    source = PointInTimeData(project, user_module("data"), contract, moment, project.settings.time)
    return Dataset(read_split(source, "train").frame, read_split(source, "gate").frame, contract)
