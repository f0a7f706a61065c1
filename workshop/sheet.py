"""The answer sheets, as the solutions fill them in."""

import json
from collections.abc import Sequence
from typing import Any

from .place import HOME, Place


def fill(place: Place, number: str, answers: dict[str, Any], words: Sequence[str]) -> None:
    """Write the answers to an exercise; each word `name=value` replaces one."""
    replaced = dict(answers)
    for word in words:
        name, _, value = word.partition("=")
        replaced[name] = json.loads(value)
    lines = [f"{name} = {json.dumps(value)}" for name, value in replaced.items()]
    file = place.path(f"{HOME}/answers/{number}.toml")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
