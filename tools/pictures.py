"""Make the pictures of the documentation: `./nox -s pictures`.

The diagrams are drawn as SVG, light and dark. The timeline uses the function that computes the
windows of a project, and tests/test_pictures.py notices if a diagram is out of date. With
`--demo FOLDER`, a project in which the demo has run, this also takes screenshots of its report.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from tools import slides
from tools.drawing import COLOURS, Box, Colours, Drawing
from tools.fields import ROOT, platform

IMAGES = ROOT / "docs/images"
DESKTOP = 1200  # pixels
SCREENS = {  # the picture, and how the page's name in build/demo/reports/ begins
    "report": "dev-2029-10-01",
    "card": "card-dev-3",
}
TEXTS = {  # what each picture shows; a test notices if the page has other texts now
    "report": (
        "Model monitoring",
        "Nothing calls for action.",
        "Metrics that hold",
        "Columns that are steady",
        "Age of the model",
        "Newest row",
        "Rows scored",
        "Trends",
        "Decisions and drift",
        "Taller means more serious; v marks a new champion.",
    ),
    "card": (
        "Model card",
        "NOT FILLED IN",
        "Base rate",
        "Decision rate",
        "Metrics on held-out rows",
    ),
}
HEIGHTS = {"report": 1092, "card": 900}

# The example of the glossary: the settings of a generated project, on this reference date.
AS_OF = pd.Timestamp("2027-08-01")
MONTHS = {"train": 12, "gate": 3, "label_horizon": 3}


def main() -> None:
    """Draw the diagrams, and take screenshots if the demo's folder is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, help="a project in which the demo has run")
    demo = parser.parse_args().demo
    IMAGES.mkdir(exist_ok=True)
    for name, content in diagrams().items():
        (IMAGES / name).write_text(content, encoding="utf-8")
    if demo is not None:
        take_screenshots(demo / "build/demo/reports")


def diagrams() -> dict[str, str]:
    """Return the content of each SVG file, by its name."""
    drawn = {"timeline": timeline, "lifecycle": lifecycle} | slides.SLIDES
    return {
        f"{name}-{scheme}.svg": draw(colours)
        for name, draw in drawn.items()
        for scheme, colours in COLOURS.items()
    }


def timeline(colours: Colours) -> str:
    """Draw the windows of one reference date."""
    windows = platform("base.windows")
    plan = windows.plan(AS_OF, platform("base.settings").Time(**MONTHS))
    start = plan.train.start
    parts = [
        ("train", plan.train.start, plan.train.end, colours.train),
        ("embargo", plan.train.end, plan.gate.start, colours.none),
        ("gate", plan.gate.start, plan.gate.end, colours.gate),
        ("immature", plan.gate.end, AS_OF, colours.none),
    ]
    title = "; ".join(f"{name} {months(begin, end)}" for name, begin, end, _ in parts)
    reference = f"{AS_OF.day} {AS_OF:%B %Y}"
    drawing = Drawing(f"{title}; reference date {reference}", 760, 262, colours)

    def at(moment: pd.Timestamp) -> float:
        passed = (moment.year - start.year) * 12 + moment.month - start.month
        return 20 + 33.5 * float(passed)

    for name, begin, end, fill in parts:
        left = at(begin)
        right = at(end)
        middle = (left + right) / 2
        drawing.box(left + 1, 62, right - left - 2, 46, fill)
        drawing.text(middle, 91, name, "bold")
        first, _, last = months(begin, end).rpartition(" to ")
        drawing.text(middle, 130, first, "small")
        drawing.text(middle, 148, f"to {last}", "small")
    edge = at(AS_OF)
    drawing.path(f"M{edge:g} 40V240", arrow=False)
    drawing.text(edge, 30, f"reference date, {reference}", "bold end")
    scored = plan.scoring
    drawing.box(at(scored.start) + 1, 178, at(scored.end) - at(scored.start) - 2, 30, colours.good)
    drawing.text(at(scored.start) - 8, 198, f"scored: {scored.start:%B %Y}", "small end")
    newest = plan.gate.end - windows.periods(1, "month")
    sentence = f"an event of {newest:%B} has its label {MONTHS['label_horizon']} months later"
    drawing.text(at(newest) + 8, 234, sentence, "small quiet end")
    drawing.path(f"M{at(newest) + 16:g} 229H{edge - 2:g}", dashed=True)
    return drawing.svg()


def lifecycle(colours: Colours) -> str:
    """Draw the steps from the tables to the successor of a model."""
    drawing = Drawing(
        "tables, train, challenger, gate, promote, champion, score, predictions, monitor, retrain; "
        "retrain leads back to train",
        760,
        250,
        colours,
    )
    arrow = drawing.path
    upper, lower = 50, 164
    for box in (
        Box("tables", 62, upper, colours.none),
        Box("train", 204, upper, colours.train, is_command=True),
        Box("challenger", 366, upper, colours.none, "the newest version", width=124),
        Box("gate", 526, upper, colours.gate, "may reject it", is_command=True),
        Box("promote", 676, upper, colours.train, "may need approval", is_command=True),
        Box("champion", 676, lower, colours.good, "the version in use"),
        Box("score", 526, lower, colours.train, is_command=True),
        Box("predictions", 366, lower, colours.none, width=124),
        Box("monitor", 204, lower, colours.gate, "is it still good?", is_command=True),
        Box("retrain", 62, lower, colours.train, "if it is not", is_command=True),
    ):
        box.draw(drawing)
    for left, right in ((114, 150), (256, 302), (428, 472), (578, 622)):
        arrow(f"M{left} {upper}H{right}")
    arrow(f"M676 {upper + 48}V{lower - 24}")
    for right, left in ((624, 580), (474, 430), (304, 258), (152, 116)):
        arrow(f"M{right} {lower}H{left}")
    arrow(f"M100 {lower - 22}L180 {upper + 26}", dashed=True)
    sentence = "every step writes to the journal; rollback and pause work at any time"
    drawing.text(380, 240, sentence, "small quiet")
    return drawing.svg()


def months(begin: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return the first and the last month of a window, such as "Nov 2025 to Oct 2026"."""
    last = end - pd.Timedelta(days=1)
    return f"{begin:%b %Y} to {last:%b %Y}"


def take_screenshots(reports: Path) -> None:
    """Take screenshots of the demo's pages, in light and dark colours."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is missing: run apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for picture, page in pages(reports):
            for scheme in COLOURS:
                options: Any = {
                    "viewport": {"width": DESKTOP, "height": HEIGHTS[picture]},
                    "color_scheme": scheme,
                }
                tab = browser.new_page(**options)
                tab.goto(page.as_uri())
                path = IMAGES / f"{picture}-{scheme}.png"
                tab.screenshot(path=path)
                shrink(path)
                tab.close()
        browser.close()


def pages(reports: Path) -> Iterator[tuple[str, Path]]:
    """Yield each picture's name and the page that it shows."""
    for picture, beginning in SCREENS.items():
        matches = sorted(reports.glob(f"{beginning}*.html"))
        if not matches:
            sys.exit(f"{reports} has no page {beginning}*.html; run the demo first")
        yield picture, matches[0]


def shrink(picture: Path) -> None:
    """Store a picture with 64 colours, which a page of text and charts does not exceed by much."""
    from PIL import Image

    with Image.open(picture) as image:
        few = image.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    main()
