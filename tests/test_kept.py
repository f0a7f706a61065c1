"""The stored records of landed versions: still as those versions wrote them."""

import hashlib
import json
from pathlib import Path

import pytest
from rendering import ROOT

STORES = sorted(path.parent for path in (ROOT / "tests/kept").glob("*/*/commands.json"))

each_store = pytest.mark.parametrize("store", STORES, ids=lambda path: "-".join(path.parts[-2:]))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@each_store
def test_the_journal_is_the_chain_that_the_model_tag_ends(store: Path) -> None:
    entries = [json.loads(read(path)) for path in sorted((store / "journal").iterdir())]
    canonical = [json.dumps(entry, sort_keys=True).encode() for entry in entries]
    digests = ["0" * 64, *(hashlib.sha256(text).hexdigest() for text in canonical)]
    assert [entry["previous"] for entry in entries] == digests[:-1]
    head = json.loads(read(store / "model_tags.json"))["mlops_journal_head"]
    assert head == f"{len(entries)}:{digests[-1]}"


@each_store
def test_each_verdict_has_the_evidence_that_it_names(store: Path) -> None:
    for path in (store / "evidence").iterdir():
        digest = hashlib.sha256(read(path).encode()).hexdigest()
        entry = json.loads(read(store / "journal" / path.name))
        assert entry["details"]["evidence_sha256"] == digest, path.name


@each_store
def test_every_entry_belongs_to_a_command(store: Path) -> None:
    commands = json.loads(read(store / "commands.json"))
    numbers = [number for command in commands for number in command["entries"]]
    assert numbers == list(range(1, len(list((store / "journal").iterdir())) + 1))
