"""A trial of a proposal: its files read the table, as `train` and `gate` would."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ...base.configuration import load_settings, read_files, read_yaml
from ...base.errors import summarize, user_function
from ...base.project import PACKAGE, Project, user_module
from ...base.windows import parse_as_of
from ...data.contract import read_contract
from ...data.labelled_rows import PointInTimeData, count_events, read_split
from ...data.tables import Tables

MOST_CELLS = 5_000_000  # of a larger table only the first rows are tried, to end in time
FIRST_ROWS = 5_000


@dataclass(frozen=True)
class Trial:
    """What came of a trial."""

    problem: str = ""
    """Why the proposal does not work as it is; empty if it does."""
    train: int = 0
    """Labelled rows to train on; 0 if only the first rows were tried."""
    gate: int = 0
    """Labelled rows for the gate."""
    events: int = 0
    """Rows of the rarest class among those, or all of them in a regression."""


def try_files(project: Project, files: dict[str, str], name: str, frame: pd.DataFrame) -> Trial:
    """Read the rows of a table with the files of a proposal, by their paths in it."""
    with _written(project, files) as folder:
        try:
            return _try(project, folder, name, frame)
        except Exception as error:  # noqa: BLE001 - drafted code can fail in any way
            return Trial(summarize(error))


def _try(project: Project, folder: Path, name: str, frame: pd.DataFrame) -> Trial:
    answers = read_yaml(project.path(".copier-answers.yml"), ".copier-answers.yml")
    settings = load_settings("dev", read_files("dev", folder / "conf"), answers, ())
    drafted = replace(project, settings=settings)
    contract = read_contract(user_module("schema", folder), settings.problem)
    data = user_module("data", folder)
    if frame.size > MOST_CELLS:
        tables = Tables(drafted, contract.text, {name: frame.head(FIRST_ROWS)})
        for function, schema in ((data.inputs, contract.inputs), (data.labels, contract.labels)):
            with user_function(f"data.{function.__name__}"):
                rows = function(tables, None)
            schema.clean(rows.reset_index(drop=True), "the first rows")
        return Trial()
    as_of = parse_as_of(None, settings)
    source = PointInTimeData(drafted, data, contract, as_of, settings.time)
    train = read_split(source, "train").frame
    gate = read_split(source, "gate").frame
    return Trial("", len(train), len(gate), count_events(contract, gate[contract.target]))


@contextmanager
def _written(project: Project, files: dict[str, str]) -> Iterator[Path]:
    """Write the files to a package whose name no other has, with all of conf/, for a while."""
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()[:8]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"{PACKAGE}_draft_{digest}"
        shutil.copytree(project.path("conf"), folder / "conf")
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
        yield folder
