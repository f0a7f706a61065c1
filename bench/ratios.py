"""What is compared: rendering, the program's help, and the steps of a model's life."""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from lifecycle.project import AS_OF

from .comparison import Comparison, Seconds
from .scratch import PROGRAM, Scratch

HEADER = ["measured", "floor", "measured, s", "floor, s", "ratio", "in single rounds"]
RAW = str(Path(__file__).with_name("raw.py"))
MANY = "build/many.parquet"
TRAIN, SCORE = ("train", "--as-of", AS_OF), ("score", "--as-of", AS_OF)
FIT, PREDICT = ("fit", "train"), ("predict", "gate")  # what raw.py does, on which rows


def copying(scratch: Scratch) -> list[Comparison]:
    """Compare a rendering with the start of Copier."""
    return [
        Comparison(
            "`copier copy`",
            "`import copier`",
            partial(_copy, scratch),
            _python(scratch, "-c", "import copier"),
        )
    ]


def helping(scratch: Scratch) -> list[Comparison]:
    """Compare the program's help with the start of typer."""
    floor = _python(scratch, "-c", "import typer")
    return [Comparison("`--help`", "`import typer`", _program(scratch, "--help"), floor)]


def living(scratch: Scratch) -> list[Comparison]:
    """Compare the steps of a model's life with a bare fit and a bare predict of the same rows."""
    fit, predict = (partial(_raw, scratch, *words) for words in (FIT, PREDICT))
    floor = "load and predict"
    return [
        Comparison("`train`", "load and fit", _program(scratch, *TRAIN), fit),
        Comparison("`gate`", floor, _program(scratch, "gate"), predict),
        Comparison("`promote`", floor, _program(scratch, "promote"), predict),
        Comparison("`score`, a month", floor, _program(scratch, *SCORE), predict),
        Comparison(
            f"`score`, {scratch.rows:,} rows",
            "predict alone",
            partial(_score_many, scratch),
            partial(_predict_many, scratch),
        ),
    ]


BENCHES = {"copy": copying, "help": helping, "lifecycle": living}


def _python(scratch: Scratch, *words: str) -> Seconds:
    return lambda: scratch.python(*words).seconds


def _program(scratch: Scratch, *words: str) -> Seconds:
    return _python(scratch, "-c", PROGRAM, *words)


def _copy(scratch: Scratch) -> float:
    target = tempfile.mkdtemp(dir=scratch.folder)
    words = ("copy", "--defaults", "--quiet", str(scratch.template), target)
    return scratch.python("-m", "copier", *words).seconds


def _raw(scratch: Scratch, verb: str, part: str) -> float:
    """Return the seconds of a process without the platform, on the rows that training kept."""
    card, facts = _newest_card(scratch)
    return scratch.python(RAW, verb, str(card), _extract(facts, part)).seconds


def _predict_many(scratch: Scratch) -> float:
    """Return the seconds of one call of predict, the rows and the estimator in memory."""
    card, _ = _newest_card(scratch)
    return float(scratch.python(RAW, "predict", str(card), MANY).printed)


def _score_many(scratch: Scratch) -> float:
    """Return the seconds from the first row read to the checked batch."""
    if not (scratch.project / MANY).exists():
        _write_many(scratch)
    table = f"tables.applications={{kind: files, path: {MANY}}}"
    done = scratch.python("-c", PROGRAM, *SCORE, "--json", "--set", table)
    facts = json.loads(done.printed)
    return float(facts["rows"] / facts["rows_per_second"])


def _write_many(scratch: Scratch) -> None:
    """Write many rows like those of the gate window."""
    rows = pd.read_parquet(scratch.project / _extract(_newest_card(scratch)[1], "gate"))
    many = rows.sample(scratch.rows, replace=True, random_state=7, ignore_index=True)
    many["application_id"] = many.index.map("{:09d}".format)
    many.to_parquet(scratch.project / MANY)


def _newest_card(scratch: Scratch) -> tuple[Path, dict[str, Any]]:
    cards = scratch.project.glob("mlartifacts/**/card.json")
    card = max(cards, key=lambda path: path.stat().st_mtime)
    return card, json.loads(card.read_text(encoding="utf-8"))


def _extract(card: dict[str, Any], part: str) -> str:
    return f"extracts/dev/{card['lineage']['data'][part][:16]}.parquet"
