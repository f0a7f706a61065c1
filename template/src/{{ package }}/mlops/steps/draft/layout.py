"""Python code laid out as the project's formatter does it, with lines of at most 100 characters."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 100
STEP = "    "


@dataclass(frozen=True)
class Bracketed:
    """A call or a list: what opens it, its items, and what closes it."""

    opening: str
    """Everything up to the first item, such as `pa.Field(`."""
    items: "tuple[str | Bracketed, ...]"
    """The arguments or elements."""
    closing: str
    """The closing bracket."""

    def __str__(self) -> str:
        """Return it on one line."""
        return f"{self.opening}{', '.join(map(str, self.items))}{self.closing}"

    @property
    def is_call(self) -> bool:
        """Whether its items may share an indented line, as those of a list may not."""
        return self.closing == ")"


def lay_out(before: str, code: "str | Bracketed", after: str = "") -> list[str]:
    """Return the lines of a piece of code; `before` has its indentation."""
    line = f"{before}{code}{after}"
    if isinstance(code, str) or len(line) <= WIDTH:
        return [line]
    indentation = before[: len(before) - len(before.lstrip())]
    inner = indentation + STEP
    together = f"{inner}{', '.join(map(str, code.items))}"
    closing = f"{indentation}{code.closing}{after}"
    if code.is_call and len(together) <= WIDTH:
        return [f"{before}{code.opening}", together, closing]
    lines = [line for item in code.items for line in lay_out(inner, item, ",")]
    return [f"{before}{code.opening}", *lines, closing]


def readable(text: str) -> str:
    """Return a text in which letters that look like others, and control characters, are escapes."""
    return "".join(each if _is_plain(each) else ascii(each)[1:-1] for each in text)


def quote(value: object) -> str:
    """Return a value as Python writes it, with double quotes and without unusual letters."""
    if not isinstance(value, str):
        return repr(value)
    shown = repr(value) if all(map(_is_plain, value)) else ascii(value)
    if shown[0] == "'" and '"' not in shown:
        return f'"{shown[1:-1]}"'
    return shown


def _is_plain(letter: str) -> bool:
    if letter.isascii():
        return letter.isprintable()
    return letter < "\u0100" and letter.isalpha()


def comment(sentences: Iterable[str], indentation: str = STEP) -> list[str]:
    """Return sentences as the lines of a comment."""
    text = readable(" ".join(map(sentence, filter(None, sentences))))
    before = f"{indentation}# "
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=before,
        subsequent_indent=before,
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentence(text: str) -> str:
    """Return a text with a full stop, and a capital letter unless it starts with code."""
    first = text.split(maxsplit=1)[0]
    begins = text if not first.isalpha() else f"{text[0].upper()}{text[1:]}"
    return f"{begins.rstrip('.')}."
