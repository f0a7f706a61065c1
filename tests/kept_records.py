"""The records that landed versions wrote, for the tests of what reads them."""

import json
from pathlib import Path
from typing import Any

from rendering import ROOT

KEPT = ROOT / "tests/kept"


def kept(kind: str) -> list[Path]:
    """Return the stored files of one kind: cards, journal, evidence, monitor, batches, shadow."""
    found = sorted(KEPT.glob(f"*/*/{kind}/*.json"))
    assert found, f"tests/kept has no {kind}"
    return found


def name_of(path: Path) -> str:
    """Return a short name of a stored file: its commit, problem and own name."""
    return "-".join((*path.relative_to(KEPT).parts[:2], path.stem))


def read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a stored file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))
