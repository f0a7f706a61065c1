"""Draw the picture of each module of the workshop, which `docs/workshop/slides.md` shows."""

import re
from collections.abc import Callable

from tools.drawing import Box, Colours, Drawing
from tools.fields import ROOT

WIDTH = 760
STALE = "docs/workshop/5-it-goes-stale.md"
MONTH = re.compile(r"^(\d{4}-\d{2})-01 +\d+ +(0\.\d{3}) ", re.MULTILINE)
DECAYED = re.compile(r"^auc +(0\.\d{3}) .* >= (0\.\d{3}) +decayed$", re.MULTILINE)
SUCCESSOR = re.compile(r"version 8 passed the gate: auc (0\.\d{4})")


def repository(colours: Colours) -> str:
    """Draw the way from a notebook to the six must-haves, and where each of them is."""
    drawing = Drawing("a notebook becomes a repository with six must-haves", WIDTH, 262, colours)
    drawing.text(90, 30, "a notebook", "bold")
    for row, cell in enumerate(("[7]", "[2]", "[ ]", "[9]")):
        drawing.box(30, 46 + 46 * row, 120, 36, colours.none)
        drawing.text(56, 69 + 46 * row, cell, "small quiet")
    drawing.text(90, 250, "in which order?", "small quiet")
    drawing.path("M166 137H226")
    drawing.text(490, 30, "a repository", "bold")
    must_haves = (
        ("versioning", "git, uv.lock"),
        ("experiments", "train, compare"),
        ("artifacts", "each version has its code"),
        ("one configuration", "conf/"),
        ("tests, structure", "tests/, checks at commit"),
        ("automation", "monitor, journal"),
    )
    for number, (name, where) in enumerate(must_haves):
        left = 240 + 260 * (number % 2)
        top = 46 + 68 * (number // 2)
        drawing.box(left, top, 240, 58, colours.train)
        drawing.text(left + 120, top + 25, name, "bold")
        drawing.text(left + 120, top + 46, where, "small quiet")
    return drawing.svg()


def own_data(colours: Colours) -> str:
    """Draw what is known on the day of the decision, and what only afterwards."""
    title = (
        "what is known on the day of the application may be learned; what is known later may not"
    )
    drawing = Drawing(title, WIDTH, 250, colours)
    drawing.path("M20 150H740")
    for place, name in ((270, "application"), (560, "review")):
        drawing.path(f"M{place} 126V174", arrow=False)
        drawing.text(place, 196, name, "bold")
    drawing.text(415, 140, "three months", "small quiet")
    for number, name in enumerate(("amount", "income", "late_payments")):
        drawing.box(26, 22 + 38 * number, 220, 30, colours.good)
        drawing.text(136, 42 + 38 * number, name)
    for number, name in enumerate(("contacts", "reminders_sent")):
        drawing.box(300, 22 + 38 * number, 230, 30, colours.none)
        drawing.text(415, 42 + 38 * number, name, "quiet")
    drawing.box(570, 60, 160, 30, colours.gate)
    drawing.text(650, 80, "defaulted")
    drawing.text(136, 226, "known: features", "small")
    drawing.text(415, 226, "from afterwards: excluded", "small")
    drawing.text(650, 226, "the outcome: label", "small")
    return drawing.svg()


def gate(colours: Colours) -> str:
    """Draw five versions, of which the gate rejects one, and the way back."""
    title = "the gate rejects a version that is too good; a rollback goes back to the one before"
    drawing = Drawing(title, WIDTH, 250, colours)
    versions = (
        ("1", "50 trees", colours.good),
        ("2", "more trees", colours.train),
        ("3", "learns faster", colours.train),
        ("4", "with a leak", colours.none),
        ("5", "from a commit", colours.good),
    )
    for number, (name, what, fill) in enumerate(versions):
        x = 84 + 148 * number
        Box(name, x, 46, fill, below=what, is_command=True).draw(drawing)
        if name != "3":
            drawing.path(f"M{x} 98V126")
    drawing.box(20, 130, 720, 40, colours.gate)
    drawing.text(
        380, 155, "gate: good enough? for the right reason? better than the champion?", "bold"
    )
    for number in (0, 4):
        drawing.path(f"M{84 + 148 * number} 172V196")
        drawing.text(84 + 148 * number, 214, "champion")
    drawing.text(232, 196, "passed", "small quiet")
    drawing.text(528, 196, "rejected: too good", "small quiet")
    drawing.path("M640 226C560 246 260 246 128 226", dashed=True)
    drawing.text(380, 230, "rollback, with a reason", "small quiet")
    return drawing.svg()


def environments(colours: Colours) -> str:
    """Draw how the code travels from dev to prod, and how each trains its own model."""
    title = "code travels from dev through test to prod; each environment trains its own model"
    drawing = Drawing(title, WIDTH, 250, colours)
    rules = {"dev": "you may try anything", "test": "rehearses prod", "prod": "a person approves"}
    for number, (name, rule) in enumerate(rules.items()):
        x = 140 + 240 * number
        drawing.text(x, 24, name, "bold")
        drawing.text(x, 44, rule, "small quiet")
        Box("code", x, 82, colours.train, width=150, is_command=True).draw(drawing)
        drawing.text(x, 123, "+", "bold")
        Box("its own rows", x, 152, colours.none, width=150).draw(drawing)
        drawing.path(f"M{x} 176V198")
        Box("its own model", x, 224, colours.good, width=150).draw(drawing)
        if number < 2:
            drawing.path(f"M{x + 79} 82H{x + 161}")
            drawing.text(x + 120, 72, "commit", "small quiet")
            drawing.path(f"M{x + 79} 224H{x + 161}", arrow=False, dashed=True)
            drawing.text(x + 120, 214, "never", "small quiet")
    return drawing.svg()


def staleness(colours: Colours) -> str:
    """Draw how the AUC of the champion fell, with the figures of the module's page."""
    page = (ROOT / STALE).read_text(encoding="utf-8")
    months = MONTH.findall(page)
    then, bound = (float(figure) for figure in DECAYED.findall(page)[0])
    successor = float(SUCCESSOR.findall(page)[0])
    title = f"the AUC falls from {then:.3f} in the gate window; a successor reaches {successor:.3f}"
    drawing = Drawing(title, WIDTH, 262, colours)

    def across(month: str) -> float:
        year, number = month.split("-")
        return 60 + 38 * ((int(year) - 2026) * 12 + int(number) - 1)

    def up(figure: float) -> float:
        return 210 - (figure - 0.66) * 1000

    begin, end = across("2026-03"), across(months[-1][0])
    drawing.box(begin, 26, end + 16 - begin, 204, colours.none)
    drawing.text(begin + 8, 46, "from here on, other customers", "small quiet start")
    drawing.path(f"M40 {up(bound):g}H{end + 16:g}", arrow=False, dashed=True)
    drawing.text(44, up(bound) + 18, f"limit {bound:.3f}", "small quiet start")
    points = [(across("2026-01"), up(then))]
    points += [(across(month), up(float(figure))) for month, figure in months]
    drawing.path("M" + "L".join(f"{x:g} {y:g}" for x, y in points), arrow=False)
    for x, y in points:
        drawing.box(x - 4, y - 4, 8, 8, colours.gate)
    drawing.text(points[0][0] + 12, points[0][1] - 8, f"AUC {then:.3f}", "small start")
    at = across("2026-09")
    drawing.text(at + 6, up(bound) - 26, "labels arrive: decay;", "small start")
    drawing.text(at + 6, up(bound) - 8, "too early for a successor", "small start")
    drawing.box(end - 6, up(successor) - 6, 12, 12, colours.good)
    drawing.text(end - 12, up(successor) + 5, f"the successor: {successor:.3f}", "small end")
    for month in ("2026-01", "2026-06", "2027-01", "2027-06"):
        drawing.text(across(month), 252, month, "small quiet")
    return drawing.svg()


def updates(colours: Colours) -> str:
    """Draw what an update brings, and what it leaves alone."""
    title = "an update brings what is the platform's, and leaves alone what is yours"
    drawing = Drawing(title, WIDTH, 250, colours)
    drawing.text(140, 30, "the template", "bold")
    drawing.text(560, 30, "your project", "bold")
    for number, name in enumerate(("last year's", "today's")):
        Box(name, 140, 84 + 90 * number, colours.train, width=170).draw(drawing)
    drawing.path("M140 108V150")
    drawing.text(150, 134, "fixes, features", "small quiet start")
    parts = (
        ("yours: model, schema, conf, tests", "untouched", colours.good),
        ("the platform's: mlops, checks", "updated", colours.train),
        ("delivery: ci, deploy", "added when you want it", colours.gate),
    )
    for number, (name, what, fill) in enumerate(parts):
        top = 46 + 64 * number
        drawing.box(400, top, 320, 54, fill)
        drawing.text(560, top + 23, name, "bold")
        drawing.text(560, top + 43, what, "small quiet")
    for top in (137, 201):
        drawing.path(f"M228 174C300 174 320 {top} 396 {top}")
    drawing.text(260, 226, "copier update", "small")
    return drawing.svg()


def platform_team(colours: Colours) -> str:
    """Draw how a change of the template reaches every project."""
    title = "change, test, release; then a pull request in every project of the fleet"
    drawing = Drawing(title, WIDTH, 250, colours)
    steps = (("change", "one file"), ("test", "rendered and run"), ("release", "a tag"))
    for number, (name, what) in enumerate(steps):
        Box(name, 84 + 150 * number, 122, colours.train, below=what, is_command=True).draw(drawing)
        if number < 2:
            drawing.path(f"M{138 + 150 * number} 122H{178 + 150 * number}")
    for number, name in enumerate(("loan-risk", "churn", "fraud", "pricing")):
        top = 26 + 52 * number
        drawing.box(580, top, 160, 40, colours.good)
        drawing.text(660, top + 25, name)
        drawing.path(f"M438 122C500 122 500 {top + 20} 576 {top + 20}")
    drawing.text(490, 244, "a pull request in each", "small quiet")
    return drawing.svg()


SLIDES: dict[str, Callable[[Colours], str]] = {
    "module-1": repository,
    "module-2": own_data,
    "module-3": gate,
    "module-4": environments,
    "module-5": staleness,
    "module-6": updates,
    "module-7": platform_team,
}
