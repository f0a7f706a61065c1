"""The command `doctor`: what is wrong here, and the remedy."""

import re
import sys
from collections.abc import Callable
from functools import partial

from ..base.console import Outcome
from ..base.errors import MlopsError
from ..base.project import ENVIRONMENTS, Project, open_project, user_module
from ..base.windows import parse_as_of, plan
from ..data.contract import read_contract
from ..data.tables import Tables
from ..records.lineage import locked_requirements, read_build_facts
from ..records.snapshot import take_snapshot
from ..records.store import open_store
from ..records.tracking import sqlite_file, store_error


def doctor(project: Project) -> Outcome:
    """Look at everything that a command needs, and say what to mend."""
    looks: dict[str, Callable[[Project], str]] = {
        "python": lambda _: sys.version.split()[0],
        **{f"conf {env}": partial(_configuration, env) for env in ENVIRONMENTS},
        "code facts": _facts,
        "user modules": _modules,
        "tables": _tables,
        "store": _store,
        "champion": _champion,
        "answers": _answers,
        "approval": _approval,
    }
    findings = tuple((name, *_finding(project, look)) for name, look in looks.items())
    failed = [name for name, verdict, _ in findings if verdict == "failed"]
    message = f"mend: {', '.join(failed)}" if failed else "everything that a command needs is here"
    columns = ("look", "verdict", "words")
    facts = {"findings": [dict(zip(columns, found, strict=True)) for found in findings]}
    return Outcome("failed" if failed else "ok", message, facts, columns, findings)


def _finding(project: Project, look: Callable[[Project], str]) -> tuple[str, str]:
    try:
        return "ok", look(project)
    except MlopsError as error:
        return "failed", str(error)
    except Exception as error:  # noqa: BLE001 - of a store, and of the user's modules
        return "failed", str(store_error(error) or f"{type(error).__name__}: {error}")


def _configuration(env: str, _: Project) -> str:
    settings = open_project(env).settings
    rule = "a person approves" if settings.needs_approval else "automatic"
    return f"{settings.origin} tables; promotion: {rule}"


def _facts(project: Project) -> str:
    facts, packages = read_build_facts(project), len(locked_requirements(project))
    commit = f"commit {facts.commit[:12]}{', dirty' if facts.dirty else ''}"
    return f"{commit}; {packages} locked packages"


def _modules(project: Project) -> str:
    snapshot = take_snapshot(project)
    for path in sorted(snapshot.glob("*.py")):  # a release that breaks in one of them is broken
        try:
            user_module(path.stem, snapshot)
        except Exception as error:  # noqa: BLE001 - whatever a module of the user raises
            raise MlopsError(f"{path.name} cannot be imported: {error}") from None
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)
    return f"{snapshot.name}: {len(contract.features)} features, target {contract.target}"


def _tables(project: Project) -> str:
    window = plan(parse_as_of(None, project.settings), project.settings.time).train
    kinds = {name: table.kind for name, table in project.settings.tables.items()}
    for name in kinds:
        next(Tables(project).pieces(name, window), None)
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())


def _store(project: Project) -> str:
    store = open_store(project)
    store.refuse_broken()
    return f"{len(store.registry.numbers())} versions"


def _champion(project: Project) -> str:
    """Load the champion and replay its golden rows: a new lock or image may break it."""
    store = open_store(project)
    if (number := store.champion()) is None:
        return "none yet"
    store.registry.load(store.registry.fetch(number))
    return f"version {number} predicts its golden rows as on its first day"


def _answers(project: Project) -> str:
    """Find files of the user that name another team than the answers do."""
    address = re.search(r"<(.+)>", project.settings.team)
    for name in ("CODEOWNERS", "README.md"):
        file = project.path(name)
        if address and file.is_file() and address[1] not in file.read_text(encoding="utf-8"):
            raise MlopsError(f"{name} does not name {address[1]}, the team of the answers file.")
    return project.settings.team


def _approval(project: Project) -> str:
    if sqlite_file(project) is not None:
        return "on a local store an approval is a convention: anyone can give a name"
    return "an approval is a typed name beside user@host: the server's rights decide who may write"
