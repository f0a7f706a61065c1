"""Read a section of conf/ by its model; a mistake is one sentence with the remedy."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from commands import Refusal
from pydantic import BaseModel, ConfigDict, ValidationError


class Section(BaseModel):
    """A part of the configuration, in which unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


Model = TypeVar("Model", bound=Section)


def read(model: type[Model], written: Any, where: str, hints: Mapping[str, str]) -> Model:
    """Return a section as its model.

    Args:
        model: The model of the section.
        written: What is written in conf/.
        where: The file and the key of the section, for messages.
        hints: What to write for a key, or for all keys of a part.

    Raises Refusal for the first key that is wrong.
    """
    try:
        return model.model_validate(written)
    except ValidationError as error:
        problem = error.errors()[0]
    path = [str(part) for part in problem["loc"] if part != "[key]"]
    key = ".".join(path)
    full_key = ".".join([where, *path])
    hint = hints.get(key) or hints.get(path[0] if path else "", "")
    if problem["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(key, [*keys_of(model)], n=1, cutoff=0.5)
        if nearest:
            raise Refusal(f"{full_key}: it is unknown; did you mean {nearest[0]}? Rename it.")
        raise Refusal(f"{full_key}: it is unknown; remove it.")
    if problem["type"] == "missing" and hint:
        raise Refusal(f"{full_key}: it is missing; {hint}.")
    if problem["type"] == "missing":
        raise Refusal(f"{full_key}: it is missing.")
    message = hint or problem["msg"].removeprefix("Value error, ")
    raise Refusal(f"{full_key}: {message.rstrip('.')}.")


def keys_of(model: type[Section], prefix: str = "") -> Iterator[str]:
    """Yield the keys that a section can have, also those of its parts: `alert.secret`."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from keys_of(field.annotation, f"{prefix}{name}.")
