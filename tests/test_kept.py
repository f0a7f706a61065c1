"""The stored records of landed versions: still as those versions wrote them."""

import hashlib
import json
import os
from pathlib import Path, PurePosixPath

import pytest
from kept.pack import pack_records
from kept_records import inside, read, read_archives, stores, text_of

each_store = pytest.mark.parametrize("store", stores(), ids=lambda path: "-".join(path.parts))


@each_store
def test_the_journal_is_the_chain_that_the_model_tag_ends(store: PurePosixPath) -> None:
    entries = [read(path) for path in inside(store / "journal")]
    canonical = [json.dumps(entry, sort_keys=True).encode() for entry in entries]
    digests = ["0" * 64, *(hashlib.sha256(text).hexdigest() for text in canonical)]
    assert [entry["previous"] for entry in entries] == digests[:-1]
    head = read(store / "model_tags.json")["mlops_journal_head"]
    assert head == f"{len(entries)}:{digests[-1]}"


@each_store
def test_each_verdict_has_the_evidence_that_it_names(store: PurePosixPath) -> None:
    for path in inside(store / "evidence"):
        digest = hashlib.sha256(text_of(path).encode()).hexdigest()
        entry = read(store / "journal" / path.name)
        assert entry["details"]["evidence_sha256"] == digest, path.name


@each_store
def test_every_entry_belongs_to_a_command(store: PurePosixPath) -> None:
    commands = json.loads(text_of(store / "commands.json"))
    numbers = [number for command in commands for number in command["entries"]]
    assert numbers == list(range(1, len(inside(store / "journal")) + 1))


def test_the_records_of_a_store_are_read_as_they_were_packed(tmp_path: Path) -> None:
    record = tmp_path / "records/cards/version-1.json"
    record.parent.mkdir(parents=True)
    record.write_bytes(b'{"name": "loan\xe2\x80\x93risk"}\r\n')
    folders = {"v0.1.0/binary": tmp_path / "records"}
    packed = pack_records("v0.1.0-binary", folders, tmp_path).read_bytes()
    os.utime(record, (0, 0))
    assert pack_records("v0.1.0-binary", folders, tmp_path).read_bytes() == packed
    [(path, text)] = read_archives(tmp_path).items()
    assert path == PurePosixPath("v0.1.0/binary/cards/version-1.json")
    assert text.encode() == record.read_bytes()
