"""Anchors: the head of a journal in one line of text, to keep outside the store.

The journal's hashes have no key: whoever can write the whole store can write another chain, and a
backup of the store is a shorter chain. Both still verify. They differ from an anchor that was
published before and is kept where the writers of the store cannot change it.
"""

import codecs
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from ..base.console import print_step
from ..base.errors import Misconfigured
from ..base.record import Record
from .entry import Entry

FORMAT = 1
START = "journal-anchor/"
WHOLE = re.compile(
    START + r"(?P<format>\d{1,9}) model=(?P<model>\S+) store=(?P<store>\S+) "
    r"entry=(?P<entry>\d{1,18}) sha256=(?P<sha256>[0-9a-f]{64})"
)
NUMBERED = re.compile(START + r"(?P<format>\d{1,9})\b")
# What the logs of pipelines have before what a command prints: a time, and GitLab's stream.
TIME = (
    r"\ufeff?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?"
    r"(?: \d\d[EO])? "
)
AT_START = re.compile(f"(?:{TIME})?(?P<text>.*)", re.DOTALL)
# What `gh run view --log` has before that on each line: the names of job and step.
STEP = re.compile(rf"[^\t]*\t[^\t]*\t(?={TIME})")


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
    def parse(cls, text: str) -> Self | None:
        """Return the anchor that a text is; None if it is something else or a newer format."""
        whole = WHOLE.fullmatch(text)
        if whole is None or int(whole["format"]) > FORMAT:
            return None
        return cls(
            model=unquote(whole["model"]),
            store=unquote(whole["store"]),
            entry=int(whole["entry"]),
            sha256=whole["sha256"],
        )


def read_anchors(file: Path, model: str) -> list[Anchor]:
    """Return the anchors of a model in a file, such as the log of a pipeline.

    An anchor is read only where the platform prints it: on its own line, and in `--json`. Other
    text is skipped, with a note if it looks like an anchor. Raises Misconfigured if there are none.
    """
    try:
        content = file.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # by PowerShell
        text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    except OSError as error:
        raise Misconfigured(
            f"--against {file} cannot be read ({error.strerror}); name a file with anchors, which "
            "`status --anchor FILE` writes."
        ) from None
    lines = [text] if _in_json(text) else _lines(text)
    found = [Anchor.parse(_printed(line)) for line in lines]
    anchors = [anchor for anchor in found if anchor and anchor.model == model]
    others = ["" if anchor else line for line, anchor in zip(lines, found, strict=True)]
    notes = _notes(others)
    if not anchors and notes:
        raise Misconfigured(
            f"--against {file} has no anchor of {model} that can be read; {notes[0]}."
        )
    if not anchors:
        raise Misconfigured(
            f"--against {file} has no anchor of {model}; name a file with anchors, which "
            "`status --anchor FILE` writes."
        )
    for note in notes:
        print_step(f"{file}: {note}")
    return anchors


def _lines(text: str) -> list[str]:
    """Return the lines of a file, without job and step if every line begins with them."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    steps = [STEP.match(line) for line in lines if line]
    if all(steps):
        return [STEP.sub("", line, count=1) for line in lines]
    return lines


def _printed(line: str) -> str:
    """Return what a line has in the place of an anchor."""
    found = AT_START.fullmatch(line)
    text = found["text"] if found else line
    return _in_json(text) or text.removeprefix("· ")


def _in_json(text: str) -> str:
    """Return the anchor in what `--json` prints; "" for any other text."""
    if START not in text or not text.startswith("{"):
        return ""
    try:
        anchor = json.loads(text).get("anchor")
    except (ValueError, RecursionError):
        return ""
    return anchor if isinstance(anchor, str) else ""


def _notes(lines: Sequence[str]) -> list[str]:
    """Return what in these lines looks like an anchor and is none, one note for each kind."""
    numbers: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        if START in line:
            numbers.setdefault(_note(_printed(line)), []).append(number)
    return [
        f"line {first}{f' and {len(more)} more' if more else ''}: {note}"
        for note, (first, *more) in numbers.items()
    ]


def _note(text: str) -> str:
    numbered = NUMBERED.match(text)
    if numbered and int(numbered["format"]) > FORMAT:
        return (
            f"an anchor in format {numbered['format']}, but this project reads only formats up to "
            f"{FORMAT}; bring the project up to date with `uvx nox -s update`"
        )
    if numbered and not WHOLE.match(text):
        return "an incomplete anchor; restore the whole line"
    return (
        "an anchor in other text does not count; it must be alone on its line, or after a time only"
    )


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
