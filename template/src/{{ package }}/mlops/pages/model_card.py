"""The model card: what a version is, what it was judged by and who answers for it, on one page.

Written anew by each step that changes what is to be said, in markdown and HTML, from the version's
own card, the gate's evidence and the journal. No figure is computed here. The words stand in
`card_parts.html`, which both forms show.
"""

import contextlib
import json
import re
from typing import Any

from markupsafe import Markup

from ..base.console import step
from ..base.project import Project
from ..figures.decision import INTERVAL
from ..records.registry import Version
from ..records.store import Store
from .templates import fill, save

Facts = dict[str, Any]
Rows = list[tuple[Any, ...]]

WORDS = "docs/model-card.md"
TOLD = ("train", "gate", "promote", "rollback", "reproduce")


def write(store: Store, version: Version) -> None:
    """Write the card of a version, and log it with the version's run where that is known."""
    from mlflow.exceptions import MlflowException

    project, client = store.project, store.registry.client
    facts, folder = describe(store, version), project.path(project.settings.reports)
    for kind in ("md", "html"):
        path = folder / f"card-{project.env}-{version.number}.{kind}"
        save(fill(f"card.{kind}", **facts), path)
        with contextlib.suppress(MlflowException):  # a copied version's run is of another store
            run = client.get_model_version(version.name, str(version.number)).run_id
            client.log_artifact(run, str(path), "model_card")
    step(f"model card: {project.shown(path)}")


def describe(store: Store, version: Version) -> Facts:
    """Return what both forms of the card show."""
    card, subject = version.card, str(version.number)
    entries = [e for e in store.entries if e["subject"] == subject and e["command"] in TOLD]
    gates = [entry for entry in entries if entry["command"] == "gate"]
    promoted = [entry for entry in entries if entry["command"] == "promote"]
    checks = json.loads(store.journal.evidence(gates[-1]))["checks"] if gates else []
    in_use = version.number == store.recorded_champion
    failed = [c for c in checks if c["verdict"] in ("rejected", "insufficient")]
    tables = [(n, t["kind"], t["origin"], t.get("path") or "") for n, t in card["tables"].items()]
    return {
        "version": version,
        "card": card,
        "settings": store.project.settings,
        "state": "champion" if in_use else state(entries),
        "approved_by": promoted[-1]["details"]["approved_by"] if in_use else "",
        "failed": failed,
        "rows": _judgement(card, checks) | {"tables": tables, "journal": _journal(entries)},
        "words": _words(store.project),
    }


def state(entries: list[Facts]) -> str:
    """Return what became last of a version that is not in use."""
    for entry in reversed(entries):
        verdict = entry["details"].get("verdict", "none")
        states = {"gate": verdict, "promote": "replaced", "rollback": "withdrawn"}
        if entry["command"] in states:
            return str(states[entry["command"]])
    return "none"


def _judgement(card: Facts, checks: list[Facts]) -> dict[str, Rows]:
    """Return the figures, the groups, the other checks, and the importance of the columns."""
    kinds: dict[str, Rows] = {"figures": [], "groups": [], "checks": []}
    for check in checks:
        *row, why = (check[key] for key in ("name", "verdict", "figure", "limit", "reason"))
        if check["name"] in card["figures"]:
            kinds["figures"].append((*row, why.removeprefix(INTERVAL)))
        else:
            kind = "groups" if check["name"].startswith("slice ") else "checks"
            kinds[kind].append((row[0].removeprefix("slice "), *row[1:], why))
    bounded = [row[0] for row in kinds["figures"]]
    others = {name: value for name, value in card["figures"].items() if name not in bounded}
    kinds["figures"] += [(name, "noted", f"{value:.4f}", "", "") for name, value in others.items()]
    falls = sorted(card["importance"].items(), key=lambda item: -item[1])
    most = max(falls[0][1], 0) or 1
    kinds["importance"] = [(name, f"{fall:.4f}", max(fall / most, 0.0)) for name, fall in falls]
    return kinds


def _journal(entries: list[Facts]) -> Rows:
    """Return who did what, with the verdict, approval, reason or answer of it."""
    told = {"verdict": "", "approved_by": "approved by ", "reason": "", "answer": ""}
    rows: Rows = []
    for entry in entries:
        given = {key: entry["details"].get(key) for key in told}
        words = "; ".join(f"{told[key]}{said}" for key, said in given.items() if said)
        row = (entry[key] for key in ("number", "command", "outcome", "time", "actor"))
        rows.append((*map(str, row), words))
    return rows


def _words(project: Project) -> Facts:
    """Return what no program knows, as the team wrote it: in markdown, and as HTML."""
    from markdown_it import MarkdownIt

    path = project.path(WORDS)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    text = re.sub(r"^(?=#)", "#", re.sub(r"\A# .*\n+", "", text), flags=re.MULTILINE)
    plain = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    forms = {"md": text.rstrip(), "html": plain.render(text)}  # without any markup of its own
    return {name: Markup(form) for name, form in forms.items()} | {"place": WORDS}  # noqa: S704
