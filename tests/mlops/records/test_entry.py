"""Entries of the journal: typed by their command, hashed as they are stored, lifted when old."""

from pathlib import PurePosixPath

import pytest
from kept_records import inside, kept, name_of, read
from rendering import platform

details = platform("records.details")
entry = platform("records.entry")
errors = platform("base.errors")

each_entry = pytest.mark.parametrize("path", kept("journal"), ids=name_of)


def stored(path: PurePosixPath) -> object:
    """Return the entry in a stored file."""
    return entry.Entry.stored(read(path), "file:///artifacts")


@each_entry
def test_an_entry_of_an_older_version_is_read_with_the_details_of_its_command(
    path: PurePosixPath,
) -> None:
    facts = read(path)
    lifted = stored(path)
    assert isinstance(lifted.details, details.KINDS[facts["command"]])  # type: ignore[attr-defined]
    assert (lifted.settings_sha256, lifted.overrides) == ("", None)  # type: ignore[attr-defined]
    assert (lifted.number, lifted.subject) == (facts["number"], facts["subject"])  # type: ignore[attr-defined]


def test_the_chain_of_an_older_version_holds_over_its_entries_as_they_were_written() -> None:
    for folder in {path.parent for path in kept("journal")}:
        entries = [entry.Entry.stored(read(path), "") for path in inside(folder)]
        hashes = [each.sha256 for each in entries]
        assert [each.previous for each in entries] == ["0" * 64, *hashes[:-1]]


def test_what_is_written_today_is_read_back() -> None:
    written = entry.Entry(
        format=3,
        number=1,
        time="2026-01-01T00:00:00+00:00",
        environment="dev",
        command="pause",
        outcome="ok",
        subject="",
        as_of="",
        details=details.PauseDetails(reason="an audit", resources={"wall_seconds": 0.5}),
        actor="maria@build-host",
        actor_source="login",
        previous="0" * 64,
        settings_sha256="1" * 64,
        overrides=("MLOPS_PREDICTIONS", "--set time.train"),
    )
    facts = written.to_json()
    assert "sha256" not in facts
    assert "folder" not in facts
    again = entry.Entry.stored(facts, "file:///artifacts")
    assert again.details == written.details
    assert again.overrides == written.overrides
    assert again.sha256 == entry.hash_of(facts)


def test_a_drifted_column_of_the_first_monitorings_counts_whatever_its_kind_was() -> None:
    facts = read(next(path for path in kept("journal") if "monitor" in path.stem))
    facts["details"] |= {"drifted": ["channel"]}
    facts["details"].pop("decayed", None)
    lifted = entry.Entry.stored(facts, "")
    assert lifted.details.drifted == ("input channel", "prediction channel")


def test_the_state_that_addresses_know_is_kept_under_its_new_name() -> None:
    path = next(path for path in kept("journal") if read(path)["details"].get("told"))
    assert stored(path).details.alerted == read(path)["details"]["told"]  # type: ignore[attr-defined]


def test_an_entry_of_a_command_that_this_platform_does_not_know_is_refused() -> None:
    facts = read(kept("journal")[0]) | {"command": "dream"}
    with pytest.raises(errors.MlopsError, match=r"entry 1 .* newer .*command dream.*nox -s update"):
        entry.Entry.stored(facts, "")


def test_an_entry_with_an_unknown_detail_is_refused() -> None:
    facts = read(kept("journal")[0])
    facts["details"]["mood"] = "good"
    with pytest.raises(errors.MlopsError, match=r"entry 1 of the journal cannot be read"):
        entry.Entry.stored(facts, "")


def test_details_are_found_by_their_kind() -> None:
    folder = kept("journal")[0].parent
    entries = [entry.Entry.stored(read(path), "") for path in inside(folder)]
    promotions = list(entry.with_details(entries, details.PromoteDetails))
    assert promotions
    assert {each.command for each, _ in promotions} == {"promote"}
    assert entry.last_details(entries, details.PromoteDetails) == promotions[-1][1]
    assert entry.last_details([], details.PromoteDetails) is None
