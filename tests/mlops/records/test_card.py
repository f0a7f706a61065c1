"""The card of a version: what is written is read back, and older cards are lifted."""

from math import nan
from pathlib import Path, PurePosixPath

import pytest
from kept_records import kept, name_of, read, text_of
from rendering import platform

card = platform("records.card")
errors = platform("base.errors")

each_card = pytest.mark.parametrize("path", kept("cards"), ids=name_of)


@each_card
def test_a_card_of_an_older_version_is_read(path: PurePosixPath) -> None:
    facts = read(path)
    lifted = card.VersionCard.read_text(text_of(path), "the card")
    assert lifted.format == 2
    assert list(lifted.features) == facts["features"]
    assert lifted.windows.gate == facts["windows"]["gate"]
    assert lifted.lineage.commit == facts["lineage"]["commit"]
    assert lifted.time.settings().label_horizon == facts["time"]["label_horizon"]


@each_card
def test_a_lifted_card_is_written_and_read_without_a_change(path: PurePosixPath) -> None:
    lifted = card.VersionCard.read_text(text_of(path), "the card")
    assert card.VersionCard.read(lifted.to_json(), "the card") == lifted


def test_the_first_profile_which_nothing_compares_any_more_is_left_out() -> None:
    first = next(path for path in kept("cards") if "29a5253" in name_of(path))
    assert isinstance(read(first)["profile"]["score"], list)
    assert card.VersionCard.read(read(first), "the card").profile == card.Profiles()


def test_a_metric_that_could_not_be_computed_is_none() -> None:
    facts = read(kept("cards")[0]) | {"figures": {"auc": nan, "brier": 0.1}}
    assert card.VersionCard.read(facts, "the card").figures == {"auc": None, "brier": 0.1}


def test_a_card_of_a_newer_platform_is_refused_with_the_remedy() -> None:
    facts = read(kept("cards")[0]) | {"format": 3}
    with pytest.raises(errors.MlopsError, match=r"version 7 is in format 3.*nox -s update"):
        card.VersionCard.read(facts, "the card of version 7")


def test_a_damaged_card_names_the_key() -> None:
    facts = read(kept("cards")[0])
    del facts["windows"]["gate"]
    with pytest.raises(errors.MlopsError, match=r"the card cannot be read: windows\.gate"):
        card.VersionCard.read(facts, "the card")


def test_a_renamed_key_is_refused() -> None:
    facts = read(kept("cards")[0])
    facts["profiles"] = facts.pop("profile")
    with pytest.raises(errors.MlopsError, match="profiles"):
        card.VersionCard.read(facts, "the card")


def test_a_card_that_was_cut_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cut = tmp_path / "card.json"
    cut.write_text('{"name": "dev.loan', encoding="utf-8")
    with pytest.raises(errors.MlopsError, match="the card is not valid JSON"):
        card.read_card(cut, "the card")


def test_time_settings_of_an_old_card_are_not_held_to_newer_rules() -> None:
    facts = read(kept("cards")[0])
    facts["time"] |= {"label_horizon": 3, "embargo": 1}  # which conf refuses today
    assert card.VersionCard.read(facts, "the card").time.settings().embargo == 1
