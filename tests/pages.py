"""Read an HTML page with a parser and in a browser, to test reports and model cards."""

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rendering import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHOTS = ROOT / "build/reports"
PHONE = 390  # pixels
DESKTOP = 1200
VOID = {"link", "meta"}

# Finds every visible text whose contrast is below what WCAG 2 requires at level AA.
PALE_TEXTS = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
    const light = (colour) => {
        const [red, green, blue] = numbers(colour).map((part) => {
            const share = part / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const ground = (node) => {
        const colour = getComputedStyle(node).backgroundColor
        return numbers(colour)[3] === 0 ? ground(node.parentElement) : colour
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const pale = []
    let seen = 0
    while (texts.nextNode()) {
        const node = texts.currentNode.parentElement
        if (!texts.currentNode.textContent.trim() || node.closest('title, .unseen')) continue
        const style = getComputedStyle(node)
        const colour = node.closest('svg') ? style.fill : style.color
        const pair = [light(colour), light(ground(node))].sort((one, other) => other - one)
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05)
        const size = parseFloat(style.fontSize)
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700)
        seen += 1
        if (ratio < (large ? 3 : 4.5)) pale.push(`${node.textContent}: ${ratio.toFixed(2)}`)
    }
    return { pale, seen }
}"""


# Finds every text of a chart that is cut at the edge of its picture, and every table of two
# versions that is wider than its box.
CUT_TEXTS = """() => {
    const texts = [...document.querySelectorAll('svg text')].filter((text) => {
        const picture = text.closest('svg').getBoundingClientRect()
        const place = text.getBoundingClientRect()
        return place.width && (place.left < picture.left - 1 || place.right > picture.right + 1)
    })
    const boxes = [...document.querySelectorAll('.pairs .scroll')].filter(
        (box) => box.scrollWidth > box.clientWidth
    )
    return [...texts, ...boxes].map((each) => each.textContent.trim().slice(0, 60))
}"""


class Reading(HTMLParser):
    """A parsed page: its elements, its text, and a check that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.pieces: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.pieces.append(data)

    @property
    def text(self) -> str:
        """All text of the page."""
        return " ".join(self.pieces)


class Visit:
    """A page opened in a window of this width, in light or dark colours."""

    def __init__(self, browser: "Browser", path: Path, width: int, colours: Any) -> None:
        size: Any = {"width": width, "height": 900}
        self.page: Page = browser.new_page(viewport=size, color_scheme=colours)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        if "CI" not in os.environ:  # nobody looks at them there
            SHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{path.stem}-{width}-{colours}.png", full_page=True)

    def ground(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))


def open_for_everyone(browser: "Browser", path: Path) -> None:
    """Check on phone and desktop, in light, dark and print, that a page is readable."""
    grounds = set()
    for width in (PHONE, DESKTOP):
        for colours in ("light", "dark"):
            visit = Visit(browser, path, width, colours)
            page = visit.page
            assert visit.said == []
            assert visit.asked == [path.as_uri()]
            page.evaluate(
                "document.querySelectorAll('details').forEach((each) => each.open = true)"
            )
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(CUT_TEXTS) == []
            contrast = page.evaluate(PALE_TEXTS)
            assert contrast["pale"] == []
            assert contrast["seen"] > 60
            grounds.add(visit.ground())
            page.emulate_media(media="print", color_scheme=colours)
            assert visit.ground() == "rgb(255, 255, 255)"
            assert page.evaluate(PALE_TEXTS)["pale"] == []
            page.close()
    assert len(grounds) == 2, "light and dark look the same"
