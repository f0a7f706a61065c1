"""Columns on screen, and a champion of the oldest templates, with which nothing is compared."""

from types import SimpleNamespace

import pytest
from kept_records import kept, name_of, read
from rendering import platform

monitor = platform("steps.monitor.monitor")


def test_a_champion_without_profiles_is_refused_before_anything_is_read() -> None:
    path = next(path for path in kept("cards") if "29a5253" in name_of(path))
    card = platform("records.card").VersionCard.read(read(path), "the card")
    project = SimpleNamespace(command=lambda name: f"`{name}`")
    with pytest.raises(platform("base.errors").MlopsError) as refusal:
        monitor.require_profile(project, SimpleNamespace(card=card))
    assert "kept no profile of its columns; train a new version" in str(refusal.value)


def test_of_300_columns_only_those_that_matter_are_on_screen() -> None:
    def column(number: int) -> SimpleNamespace:
        kind = "prediction" if number == 300 else "input"
        return SimpleNamespace(name=f"c{number}", kind=kind, drifted=number == 7)

    columns = [column(number) for number in range(301)]
    assert [each.name for each in monitor._worth_showing(columns)] == ["c7", "c300"]
    assert monitor._worth_showing(columns[:20]) == columns[:20]
