"""Anchors: the head of a journal in one line of text, to keep outside the store.

The journal's hashes have no key: whoever can write the whole store can write another chain, and a
backup of the store is a shorter chain. Both still verify. They differ from an anchor that was
published before and is kept where the writers of the store cannot change it.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from ..base.errors import Misconfigured
from ..base.record import Record
from .entry import Entry

FORMAT = 1
LINE = re.compile(
    r"journal-anchor/(\d+)(?: model=(\S+) store=(\S+) entry=(\d+) sha256=([0-9a-f]{64})\b)?"
)


class Anchor(Record):
    """An entry of a journal, as the head that it was when the anchor was published."""

    model: str
    """Name of the registered model: `prod.loan-risk`."""
    store: str
    """Identifier of the journal's experiment in its store; only messages use it."""
    entry: int
    """Number of the entry."""
    sha256: str
    """SHA-256 of the entry, which depends on all entries before it."""

    def __str__(self) -> str:
        return (
            f"journal-anchor/{FORMAT} model={quote(self.model, safe='')} "
            f"store={quote(self.store, safe='')} entry={self.entry} sha256={self.sha256}"
        )

    @classmethod
    def parse(cls, found: re.Match[str], where: str) -> Self:
        """Return the anchor in a match of `LINE`; raises Misconfigured if it cannot be read."""
        number, model, store, entry, sha256 = found.groups()
        if int(number) > FORMAT:
            raise Misconfigured(
                f"{where} has an anchor in format {number}, but this project reads only formats up "
                f"to {FORMAT}; bring the project up to date with `uvx nox -s update`."
            )
        if model is None:
            raise Misconfigured(
                f"{where} has an incomplete anchor: {found[0]}; restore the whole line."
            )
        return cls(model=unquote(model), store=unquote(store), entry=int(entry), sha256=sha256)


def read_anchors(file: Path, model: str) -> list[Anchor]:
    """Return the anchors of a model in a file; other text, such as that of a log, is skipped.

    Raises Misconfigured if there are none.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Misconfigured(
            f"--against {file} cannot be read ({error.strerror}); name a file with anchors, which "
            "`status --anchor FILE` writes."
        ) from None
    found = [Anchor.parse(match, str(file)) for match in LINE.finditer(text)]
    anchors = [anchor for anchor in found if anchor.model == model]
    if not anchors:
        raise Misconfigured(
            f"--against {file} has no anchor of {model}; name a file with anchors, which "
            "`status --anchor FILE` writes."
        )
    return anchors


def write_anchor(file: Path, anchor: Anchor) -> None:
    """Append an anchor to a file, unless the file already ends with it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    if lines[-1:] != [str(anchor)]:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{anchor}\n")


def compare(entries: Sequence[Entry], store: str, anchors: Sequence[Anchor]) -> list[str]:
    """Return which anchors are not in a verified chain of entries, one message for each kind.

    `store` is the identifier of the chain's experiment.
    """
    last = len(entries)
    beyond = [anchor for anchor in anchors if anchor.entry > last]
    other = [
        anchor
        for anchor in anchors
        if 0 < anchor.entry <= last and entries[anchor.entry - 1].sha256 != anchor.sha256
    ]
    found = []
    if beyond:
        newest = max(beyond, key=lambda anchor: anchor.entry)
        found.append(
            f"the journal ends with entry {last}, but entry {newest.entry} is anchored: an older "
            f"state of the store was restored, or its newest entries were removed"
            f"{_elsewhere(newest, store)}"
        )
    if other:
        first = min(other, key=lambda anchor: anchor.entry)
        found.append(
            f"entry {first.entry} is not the one that is anchored: the journal was written again"
            f"{_elsewhere(first, store)}"
        )
    return found


def _elsewhere(anchor: Anchor, store: str) -> str:
    if anchor.store == store:
        return ""
    return f" (the anchor is of experiment {anchor.store}, this journal is experiment {store})"
