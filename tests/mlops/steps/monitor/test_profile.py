"""A champion of the oldest templates, with which nothing can be compared."""

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
