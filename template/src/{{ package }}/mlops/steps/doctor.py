"""The command `doctor`: what is wrong here, and the remedy."""

import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from ..base.console import Outcome
from ..base.errors import MlopsError, summarize
from ..base.project import ENVIRONMENTS, PACKAGE, Project, open_project, user_module
from ..base.windows import parse_as_of, plan
from ..data.contract import read_contract
from ..data.tables import Tables
from ..records import predictions
from ..records.lineage import locked_requirements, read_build_facts
from ..records.snapshot import take_snapshot
from ..records.store import open_store
from ..records.tracking import sqlite_file, store_error
from .rights import describe_rights

Examine = Callable[[Project], str]  # returns what it found; raises MlopsError if it is wrong


@dataclass(frozen=True)
class Finding:
    """One line of what `doctor` prints."""

    check: str
    """What was checked."""
    verdict: Literal["ok", "failed"]
    """How the check ended."""
    finding: str
    """What was found, or what is wrong and how to fix it."""


def doctor(project: Project) -> Outcome:
    """Check everything that a command needs, and say what to fix."""
    checks: dict[str, Examine] = {
        "python": _python,
        **{f"conf {env}": partial(_configuration, env) for env in ENVIRONMENTS},
        "code facts": _code_facts,
        "user modules": _modules,
        "tables": _tables,
        "store": _store,
        "champion": _champion,
        "predictions": _predictions,
        "answers": _answers,
        "approval": _approval,
        "rights": _rights,
    }
    findings = [_run(project, name, examine) for name, examine in checks.items()]
    failed = [finding.check for finding in findings if finding.verdict == "failed"]
    facts = {"findings": [asdict(finding) for finding in findings]}
    columns = ("check", "verdict", "finding")
    rows = tuple((f.check, f.verdict, f.finding) for f in findings)
    if failed:
        return Outcome("failed", f"fix: {', '.join(failed)}", facts, columns, rows)
    return Outcome("ok", "everything that a command needs is here", facts, columns, rows)


def _run(project: Project, name: str, examine: Examine) -> Finding:
    try:
        return Finding(name, "ok", examine(project))
    except MlopsError as error:
        return Finding(name, "failed", str(error))
    except Exception as error:  # noqa: BLE001 - from a store or from user code
        message = store_error(error) or summarize(error)
        return Finding(name, "failed", str(message))


def _python(_: Project) -> str:
    return sys.version.split()[0]


def _configuration(env: str, _: Project) -> str:
    settings = open_project(env).settings
    rule = "a person approves" if settings.needs_approval else "automatic"
    return f"{settings.origin} tables; promotion: {rule}"


def _code_facts(project: Project) -> str:
    facts = read_build_facts(project)
    packages = len(locked_requirements(project))
    dirty = " with uncommitted changes" if facts.dirty else ""
    return f"commit {facts.commit[:12]}{dirty}; {packages} locked packages"


def _modules(project: Project) -> str:
    """Import all modules of the user: a release that breaks in one of them is broken."""
    snapshot = take_snapshot(project)
    for path in sorted(snapshot.glob("*.py")):
        try:
            user_module(path.stem, snapshot)
        except Exception as error:  # noqa: BLE001 - user code can raise anything
            raise MlopsError(
                f"{PACKAGE}/{path.name} cannot be imported: {summarize(error)}; correct this "
                "file, or add a missing library with `uv add NAME`."
            ) from None
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)
    return f"{snapshot.name}: {len(contract.features)} features, target {contract.target}"


def _tables(project: Project) -> str:
    """Read the first rows of each table."""
    window = plan(parse_as_of(None, project.settings), project.settings.time).train
    kinds = {name: table.kind for name, table in project.settings.tables.items()}
    for name in kinds:
        next(Tables(project).pieces(name, window), None)
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())


def _store(project: Project) -> str:
    store = open_store(project)
    store.refuse_broken(every_file=True)
    return f"{len(store.registry.numbers())} versions"


def _champion(project: Project) -> str:
    """Load the champion and replay its golden rows; a new lockfile or image may break it."""
    store = open_store(project)
    number = store.champion()
    if number is None:
        return "none yet"
    store.registry.load(store.fetch(number))
    return f"version {number} predicts its golden rows as on its first day"


def _predictions(project: Project) -> str:
    """Compare each published batch with its entry in the journal."""
    entries = open_store(project).entries
    problems = predictions.problems(project, entries)
    if problems:
        raise MlopsError(f"{'; '.join(problems)}.")
    return f"{len(predictions.published(entries))} batches are as they were published"


def _answers(project: Project) -> str:
    """Find files of the user that do not name the team in the answers."""
    team = project.settings.team
    address = re.search(r"<(.+)>", team)
    for name in ("CODEOWNERS", "README.md"):
        file = project.path(name)
        if address and file.is_file() and address[1] not in file.read_text(encoding="utf-8"):
            raise MlopsError(
                f"{name} does not contain {address[1]}, the team's address in .copier-answers.yml; "
                f"correct {name}, or change the answer with `uvx copier update --defaults "
                "--vcs-ref=:current: --data team='NAME <ADDRESS>'`."
            )
    return team


def _approval(project: Project) -> str:
    if sqlite_file(project) is not None:
        return "on a local store an approval is a convention: anyone can give a name"
    return "an approval is a typed name next to user@host; the server decides who may write"


def _rights(project: Project) -> str:
    return describe_rights(open_store(project))
