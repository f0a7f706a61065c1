"""What this bank has changed in the template."""

from rendering import platform

Monitoring = platform("base.settings").Monitoring


def test_a_model_is_old_after_half_a_year() -> None:
    assert Monitoring().max_age == 6
