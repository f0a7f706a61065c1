"""The report of one monitoring: a page that stands alone, drawn from its facts."""

from pathlib import Path
from typing import Any

from .charts import number, share
from .evidence import UNKNOWN, column_verdict, distributions, drift, performance, trends
from .page import Html, badge, definitions, element, page, save, section, sign, word

Facts = dict[str, Any]

LAST_DECISIONS = 12

# decision -> its colour, sign and word, and what it asks for
DECISIONS = {
    "healthy": ("good", "✓", "Healthy", "Nothing calls for action."),
    "investigate": ("warn", "!", "Investigate", "Someone should find out why, then decide."),
    "retrain": ("bad", "↻", "Retrain", "The model should be trained anew."),
}
LATE = {True: ("bad", "late"), False: ("good", "on time")}
STALE = {True: ("bad", "stale"), False: ("good", "not stale")}

GLOSSARY = {
    "Then and now": "Then are the rows that the model learned from; now are the scored rows named "
    "above. Of predictions, then is the window in which the model passed its gate.",
    "Drifted, drifted again": "The PSI exceeds its limit; again, if it also did in another of the "
    "last three windows.",
    "PSI": "Population stability index: how far the shares of rows have moved between bins. "
    "Zero is no move at all.",
    "Limit of the PSI": "The configured limit or, where it is larger, what chance alone hardly "
    "ever exceeds with so many rows and columns.",
    "KS": "The largest difference, from 0 to 1, between the shares of rows below one same value.",
    "95% interval": "The range that holds the true figure in 95 of 100 cases. Few rows make it "
    "wide.",
    "Bound": "The worst figure that still is the performance the model was approved for.",
    "Matured": "Rows old enough for their outcome to be known.",
}


def write(facts: Facts, path: Path) -> None:
    """Write the report of a monitoring, whole or not at all. Equal facts make equal files."""
    save(report(facts), path)


def report(facts: Facts) -> Html:
    """Return the whole page."""
    title = f"{facts['project']}: monitoring of {facts['as_of']}"
    return page(
        title,
        _header(facts),
        _verdict(facts),
        _glance(facts),
        trends(facts),
        performance(facts["performance"]),
        drift(facts["columns"]),
        distributions(facts["columns"]),
        _data(facts),
        section("How to read this page", definitions("glossary", GLOSSARY)),
        element("footer", f"{title}. Every figure also stands in monitor.json."),
    )


def _header(facts: Facts) -> Html:
    windows = {
        name: word(window).replace("..", " to ") for name, window in facts["windows"].items()
    }
    return element(
        "header",
        element("p", f"Model monitoring, {facts['env']}", class_="eyebrow"),
        element("h1", facts["project"]),
        definitions(
            "facts",
            {
                "As of": facts["as_of"],
                "Environment": facts["env"],
                "Version": word(facts["version"]),
                "Trained as of": word(facts["trained_as_of"]),
                "Problem": facts["problem"],
                "Owner": word(facts["owner"]),
                "Scored rows": windows["scored"],
                "Matured rows": windows["matured"],
            },
        ),
    )


def _verdict(facts: Facts) -> Html:
    colour, letter, name, advice = DECISIONS[facts["decision"]]
    reasons = element("ul", *(element("li", reason) for reason in facts["reasons"]))
    return element(
        "section",
        element("h2", sign(letter), name),
        element("p", advice, class_="advice"),
        reasons if facts["reasons"] else None,
        _latest(facts["history"][-LAST_DECISIONS:]),
        class_=f"verdict {colour}",
    )


def _latest(history: list[Facts]) -> Html | None:
    """Return the latest decisions in a row, the present one last."""
    if len(history) < 2:
        return None
    items = []
    for entry in history:
        colour, letter, name, _ = DECISIONS[entry["decision"]]
        day = element("span", entry["as_of"])
        items.append(element("li", day, badge(colour, sign(letter), name)))
    return element("ol", *items, class_="decisions", aria_label="Latest decisions, oldest first")


def _glance(facts: Facts) -> Html:
    """Return the figures that one looks at first, each with what it is measured by."""
    staleness, freshness, rows = facts["staleness"], facts["freshness"], facts["rows"]
    columns = [column_verdict(column) for column in facts["columns"]]
    metrics = [metric["verdict"] for metric in facts["performance"]]
    tiles = {
        "Metrics that hold": _tally(metrics, "ok", ("bad", "decayed")),
        "Columns that are steady": _tally(columns, "steady", ("warn", "drifted")),
        "Age of the model": [_age(staleness), badge(*STALE.get(staleness["stale"], UNKNOWN))],
        "Newest row": [word(freshness["newest_row"]), badge(*LATE.get(freshness["late"], UNKNOWN))],
        "Rows scored": [
            number(rows["scored"]),
            badge("none", f"{number(rows['matured'])} matured"),
        ],
    }
    heading = element("h2", "At a glance", class_="unseen")
    return element("section", heading, definitions("tiles", tiles))


def _tally(verdicts: list[str], good: str, bad: tuple[str, str]) -> list[Html | str]:
    """Return how many of how many are good, and how many are not, or not known to be."""
    if not verdicts:
        return ["n/a", badge(*UNKNOWN)]
    colour, trouble = bad
    fine, unknown = verdicts.count(good), verdicts.count("unknown")
    if troubled := len(verdicts) - fine - unknown:
        verdict = badge(colour, f"{troubled} {trouble}")
    elif unknown:
        verdict = badge("none", f"{unknown} unknown")
    else:
        verdict = badge("good", f"none {trouble}")
    return [f"{fine} of {len(verdicts)}", verdict]


def _age(staleness: Facts) -> str:
    """Write the model's age in the periods of the project: 5 months."""
    plural = "" if staleness["age"] == 1 else "s"
    return f"{number(staleness['age'])} {staleness['period']}{plural}"


def _data(facts: Facts) -> Html:
    rows, staleness, freshness = facts["rows"], facts["staleness"], facts["freshness"]
    figures = {
        "Rows scored": number(rows["scored"]),
        "Rows matured": number(rows["matured"]),
        "Rows expected": number(rows["expected"]),
        "Coverage by outcomes": share(rows["coverage"]),
        "Rows without a prediction": number(rows["without_prediction"]),
        "Outcomes of unknown keys": number(rows["unknown_keys"]),
        "Newest row": word(freshness["newest_row"]),
        "Age of the model": _age(staleness),
        "Age at which it is stale": _age(staleness | {"age": staleness["limit"]}),
        "Share of columns drifted": share(staleness["drifted_share"]),
    }
    return section("Rows, freshness and age", definitions("facts", figures))
