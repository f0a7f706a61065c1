"""Copies of journal entries on this machine, so that each is fetched from the store only once.

A copy is found by the hash that the journal's chain requires, and this hash is computed from the
copy itself. So an altered copy is never used: it has another hash, and the entry is fetched again.
"""

import contextlib
import json
import re
from functools import cache
from pathlib import Path

from .entry import Entry, hash_of_text

RUN_ID = re.compile("[0-9a-f]{32}")


class EntryCache:
    """The copies of one journal's entries: in memory, and in a file with one line per entry.

    A line is the entry's canonical JSON, a tab, and the identifier of the run that keeps the entry.
    The store says where that run's files are: an address in this file could lead anywhere.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts: dict[str, tuple[str, str]] | None = None
        self._entries: dict[str, Entry] = {}
        self._unsaved: dict[str, tuple[str, str]] = {}

    def get(self, sha256: str) -> Entry | None:
        """Return the entry with this hash, or None; raises MlopsError if it cannot be read."""
        if sha256 not in self._entries:
            if self._texts is None:
                self._texts = self._read()
            if sha256 not in self._texts:
                return None
            text, run_id = self._texts.pop(sha256)
            self._entries[sha256] = Entry.stored(json.loads(text), run_id, sha256)
        return self._entries[sha256]

    def add(self, text: str, run_id: str) -> None:
        """Add an entry by its canonical text."""
        if self._texts is None:
            self._texts = self._read()
        sha256 = hash_of_text(text)
        if sha256 not in self._texts and sha256 not in self._entries:
            self._texts[sha256] = self._unsaved[sha256] = (text, run_id)

    def save(self) -> None:
        """Add what is new to the file; without it, the next process fetches the entries again."""
        lines = "".join(f"{text}\t{run_id}\n" for text, run_id in self._unsaved.values())
        self._unsaved = {}
        if lines:
            with contextlib.suppress(OSError):  # a container may not be allowed to write
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("ab") as file:
                    file.write(lines.encode())

    def _read(self) -> dict[str, tuple[str, str]]:
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return {}
        split = (line.partition("\t") for line in lines)
        return {
            hash_of_text(text): (text, run_id)
            for text, _, run_id in split
            if RUN_ID.fullmatch(run_id)
        }


@cache
def open_cache(file: Path) -> EntryCache:
    """Return the cache in a file; a process reads this file once."""
    return EntryCache(file)
