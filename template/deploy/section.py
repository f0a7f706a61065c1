"""Read a section of conf/ by its model; what is wrong there is one sentence with the remedy."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from commands import Refusal
from pydantic import BaseModel, ConfigDict, ValidationError


class Section(BaseModel):
    """A part of the configuration, in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


Model = TypeVar("Model", bound=Section)


def read(model: type[Model], written: Any, where: str, hints: Mapping[str, str]) -> Model:
    """Return what is written at `where`; `hints` tell for a key, or a part, what to write.

    Raises Refusal with the first key that is wrong.
    """
    try:
        return model.model_validate(written)
    except ValidationError as error:
        problem = error.errors()[0]
    path = [str(part) for part in problem["loc"] if part != "[key]"]
    key, kind = ".".join(path), problem["type"]
    hint = hints.get(key) or hints.get(path[0] if path else "", "")
    words = hint or problem["msg"].removeprefix("Value error, ")
    if kind == "missing":
        words = f"it is missing; {hint}" if hint else "it is missing"
    elif kind == "extra_forbidden":
        near = difflib.get_close_matches(key, [*names(model)], n=1, cutoff=0.5)
        words = f"it is unknown; {f'did you mean {near[0]}?' if near else 'remove it'}"
    raise Refusal(f"{'.'.join([where, *path])}: {words.rstrip('.')}.")


def names(model: type[Section], above: str = "") -> Iterator[str]:
    """Yield the keys that a section may have, those of its parts too: `alert.secret`."""
    for name, field in model.model_fields.items():
        yield above + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from names(field.annotation, f"{above}{name}.")
