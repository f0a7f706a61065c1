"""Pages that stand alone: HTML elements, and the frame with the style within."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

VOID = {"link", "meta"}  # elements that have no end
NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Html(str):
    """Markup. Any other text is data, and is escaped wherever it goes."""

    __slots__ = ()


Content = Html | str | None


def element(tag: str, /, *content: Content, **attributes: object) -> Html:
    """Return an element; `class_` is written class, `stroke_width` stroke-width; None is left out.

    Only Html enters as it is: a column may be called <b>.
    """
    words = [
        f'{key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    opened = f"<{' '.join([tag, *words])}>"
    return Html(opened if tag in VOID else f"{opened}{join(content)}</{tag}>")


def join(content: Iterable[Content]) -> Html:
    """Return pieces one after the other, each escaped unless it is Html."""
    pieces = (piece for piece in content if piece is not None)
    return Html("".join(p if isinstance(p, Html) else escape(str(p)) for p in pieces))


def section(title: str, *content: Content) -> Html:
    """Return a part of the page below its heading."""
    return element("section", element("h2", title), *content)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Content]]) -> Html:
    """Return a table whose rows are named by their first cell, in a box in which it may scroll."""
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    body = (
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell) for cell in row[1:]),
        )
        for row in rows
    )
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", head),
            element("tbody", *body),
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,  # so that the keyboard scrolls it too
    )


def definitions(style: str, facts: Mapping[str, Content | Sequence[Content]]) -> Html:
    """Return names with what is said of each, one thing or several."""
    pairs = []
    for name, said in facts.items():
        things = [said] if said is None or isinstance(said, str) else said
        pairs.append(element("div", element("dt", name), *(element("dd", one) for one in things)))
    return element("dl", *pairs, class_=style)


def word(fact: object) -> str:
    """Write a fact that may be unknown."""
    return "n/a" if fact is None else str(fact)


def badge(colour: str, *content: Content) -> Html:
    """Return a verdict in its colour: good, warn, bad or none."""
    return element("span", *content, class_=f"badge {colour}")


def sign(letter: str) -> Html:
    """Return a sign that repeats what the words beside it say."""
    return element("span", letter, class_="sign", aria_hidden="true")


def card(title: str, note: Content, picture: Html, data: Html) -> Html:
    """Return a picture below its heading, and folded below it the table that it shows."""
    return element(
        "figure",
        element("figcaption", element("h3", title), element("p", note)),
        picture,
        element(
            "details",
            element("summary", "Data", element("span", f" of {title}", class_="unseen")),
            data,
        ),
    )


def page(title: str, *content: Content) -> Html:
    """Return a whole page that asks for nothing beyond itself."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=NOTHING_ELSE),
        element("link", rel="icon", href="data:,"),  # else a browser asks the server for one
        element("title", title),
        element("style", Html(style)),
    )
    body = element("body", element("main", *content))
    return join([Html("<!doctype html>\n"), element("html", head, body, lang="en"), Html("\n")])


def save(text: Html, path: Path) -> None:
    """Write a page, whole or not at all."""
    part = path.with_name(f"{path.name}.tmp")
    part.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    part.replace(path)
