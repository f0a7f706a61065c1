"""Templates of pages that need no other file, and the format of figures in them.

Copier renders the files of this repository with Jinja, too, so the pages' templates use other
delimiters: `[[ figure ]]`, `<% if … %>`, `<# comment #>`.
"""

import datetime
import math
import re
from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard
from unicodedata import east_asian_width

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import EvalContext

HERE = Path(__file__).parent
FONT = 12  # size of the text in a chart, in units of the picture, as in page.css
DELIMITERS = ("<%", "%>", "[[", "]]", "<#", "#>")


def known(figure: float | None) -> TypeGuard[float]:
    """Return whether a figure is a finite number."""
    return figure is not None and math.isfinite(figure)


def number(figure: float | None) -> str:
    """Return a figure as a person reads it: 0.078, 1.24, 46.4, 12,840; integers in full."""
    if not known(figure):
        return "n/a"
    size = abs(figure)
    is_count = isinstance(figure, int)
    places = 0 if is_count or size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{figure:,.{places}f}"


def share(figure: float | None) -> str:
    """Return a share as a percentage: 0.0%, 12.5%."""
    return f"{100 * figure:.1f}%" if known(figure) else "n/a"


def word(value: object) -> str:
    """Return a value as text; `n/a` if it is missing; a window with `to` between its dates."""
    return "n/a" if value in (None, "") else str(value).replace("..", " to ")


def bound(limit: str) -> str:
    """Return a limit of a check with the signs that people read: `≤ 0.125` for `<= 0.125`."""
    return limit.replace("<=", "≤").replace(">=", "≥")


def moment(time: str) -> str:
    """Return the time of an entry to the minute: `2026-11-30 08:20 UTC`."""
    if not time:
        return ""
    return f"{datetime.datetime.fromisoformat(time).astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def fit(text: str, room: float) -> str:
    """Return a text of a chart, cut at its end if it may not fit into its room.

    The room is in units of the picture. Widths are those of a wide font, since nobody knows which
    one a browser has.
    """
    widths = list(accumulate(FONT * _width(letter) for letter in text))
    if not widths or widths[-1] <= room:
        return text
    return text[: bisect(widths, room - FONT)] + "…"


def _width(letter: str) -> float:
    """Return the width of a letter, as a share of the size of the font."""
    if letter in "mwMW<>@%&=+" or east_asian_width(letter) in "WF":
        return 1.0
    if letter in " .,:;'|!/()[]ijlftI":
        return 0.4
    return 0.75 if letter.isupper() else 0.635


def commands(sentence: str) -> Markup:
    """Return a sentence whose parts between backticks are marked as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704


def fill(name: str, **values: object) -> str:
    """Return a template of this folder filled with values: a page, or text in Markdown."""
    return _environment().get_template(name).render(values)


@cache
def _environment() -> "Environment":
    import jinja2

    environment = jinja2.Environment(
        *DELIMITERS,
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=jinja2.select_autoescape(["html"]),
        finalize=jinja2.pass_eval_context(_escape),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = Markup((HERE / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own
    environment.tests["known"] = known
    environment.filters |= {"commands": commands, "fit": fit}
    environment.globals |= {
        "bound": bound,
        "moment": moment,
        "number": number,
        "share": share,
        "word": word,
        "style": style,
    }
    return environment


def _escape(context: "EvalContext", value: object) -> object:
    """Return a value as Markdown shows it, also in a table; Jinja itself escapes HTML."""
    if context.autoescape or isinstance(value, Markup):
        return value
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", " ".join(str(value).split()).replace("|", "\\|"))


def save(text: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.tmp")
    part.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    part.replace(path)
