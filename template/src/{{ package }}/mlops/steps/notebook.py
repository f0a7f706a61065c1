"""What a notebook or a test needs: the rows that `train` and `gate` use, and all versions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..base.errors import MlopsError
from ..base.project import Project, user_module
from ..base.windows import parse_as_of
from ..data.contract import Contract, read_contract
from ..data.labelled_rows import PointInTimeData, read_split

if TYPE_CHECKING:
    from ..records.card import VersionCard
    from ..records.store import Store

SHOWN = 10  # versions, the newest ones


@dataclass(frozen=True)
class Dataset:
    """Cleaned inputs with their target."""

    train: pd.DataFrame
    """The rows of the training window, from which a model learns."""
    holdout: pd.DataFrame
    """The rows of the gate window, on which it is judged."""
    contract: Contract
    """What schema.py says about the columns."""
    params: dict[str, Any]
    """What `train` passes to `model.build`: model.params and model.seed of conf/."""


def load_dataset(as_of: str | None, project: Project) -> Dataset:
    """Return the rows of a reference date, by default the environment's own."""
    contract = read_contract(user_module("schema"), project.settings.problem)
    moment = parse_as_of(as_of, project.settings)
    source = PointInTimeData(project, user_module("data"), contract, moment, project.settings.time)
    train = read_split(source, "train")
    gate = read_split(source, "gate")
    model = project.settings.model
    return Dataset(train.frame, gate.frame, contract, {**model.params, "seed": model.seed})


def list_versions(project: Project) -> pd.DataFrame:
    """Return a row for each of the newest versions, with its figures on its gate window."""
    from ..records.store import open_store

    store = open_store(project)
    numbers = store.registry.numbers()[-SHOWN:][::-1]
    rows = [_describe(store, number) for number in numbers]
    return pd.DataFrame(rows, index=pd.Index(numbers, name="version"))


def predict_with(project: Project, number: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what a version predicts for rows with the columns of its own schema."""
    from ..records.store import open_store

    store = open_store(project)
    version = store.registry.load(store.fetch(number))
    return version.predict(version.clean(rows))


def _describe(store: "Store", number: int) -> dict[str, Any]:
    try:
        card = store.fetch(number).card
    except MlopsError as error:
        return {"problem": str(error)}
    from ..records.registry import CHALLENGER

    roles = {store.recorded_champion: "champion", store.registry.alias(CHALLENGER): "challenger"}
    return {"role": roles.get(number, ""), **_facts(card), **card.figures}


def _facts(card: "VersionCard") -> dict[str, Any]:
    return {
        "estimator": card.estimator.name if card.estimator else "not recorded",
        "as_of": card.time.as_of,
        "train": card.windows.train,
        "gate": card.windows.gate,
        "rows": card.rows.train,
        "commit": card.lineage.commit[:7],
    }
