"""Pages that stand alone: templates filled with facts, and how the figures in them are written.

Copier fills the files of this repository by Jinja, too, so the pages' templates have marks of
their own: `[[ figure ]]`, `<% if … %>`, `<# comment #>`.
"""

import math
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from markupsafe import Markup, escape

HERE = Path(__file__).parent
MARKS = ("<%", "%>", "[[", "]]", "<#", "#>")

Figure = float | None  # None where it cannot be known


def known(figure: Figure) -> TypeGuard[float]:
    """Tell whether a figure is a number at all."""
    return figure is not None and math.isfinite(figure)


def number(figure: Figure) -> str:
    """Write a count as it is, and a figure as a person reads it: 0.078, 1.24, 46.4, 12,840."""
    if not known(figure):
        return "n/a"
    size, is_count = abs(figure), isinstance(figure, int)
    places = 0 if is_count or size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{figure:,.{places}f}"


def share(figure: Figure) -> str:
    """Write a share as a percentage: 0.0%, 12.5%."""
    return f"{100 * figure:.1f}%" if known(figure) else "n/a"


def word(fact: object) -> str:
    """Write a fact that may be unknown, and a window as a person reads it."""
    return "n/a" if fact in (None, "") else str(fact).replace("..", " to ")


def commands(sentence: str) -> Markup:
    """Return a sentence with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704


def fill(name: str, **facts: Any) -> str:
    """Return a template of this folder filled with facts: a page, or text in markdown."""
    return str(_environment().get_template(name).render(facts))


@cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        *MARKS,
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=jinja2.select_autoescape(["html"]),
        finalize=jinja2.pass_eval_context(_shown),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = Markup((HERE / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own
    environment.tests["known"] = known
    environment.filters["commands"] = commands
    environment.globals |= {"number": number, "share": share, "word": word, "style": style}
    return environment


def _shown(context: Any, fact: object) -> object:
    """Return a fact as markdown shows it, also in a table; HTML is escaped by itself."""
    if context.autoescape or isinstance(fact, Markup):
        return fact
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", " ".join(str(fact).split()).replace("|", "\\|"))


def save(text: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.tmp")
    part.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    part.replace(path)
