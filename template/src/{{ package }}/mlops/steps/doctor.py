"""The command `doctor`: what is wrong here, and the remedy."""

import errno
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from ..base.console import Outcome
from ..base.errors import MlopsError, summarize
from ..base.project import ENVIRONMENTS, PACKAGE, Project, open_project, user_module
from ..base.windows import Window, parse_as_of, periods, plan
from ..data.contract import Contract, read_contract, refuse_duplicates
from ..data.labelled_rows import PointInTimeData, read_labels
from ..data.tables import Tables
from ..pages.teams_words import PLACE, open_questions, read_file
from ..records import predictions
from ..records.entry import Entry
from ..records.lineage import locked_requirements, read_build_facts
from ..records.registry import LoadedVersion
from ..records.rules import refuse_unfit
from ..records.snapshot import take_snapshot
from ..records.store import Store, open_store
from ..records.tracking import refuse_deleted_experiments, sqlite_file, store_error
from .alerts import require_addresses
from .monitor.monitor import require_profile
from .pieces import first_rows
from .rights import describe_rights
from .score.score import plan_batch, work_of

FEW = 100  # rows that are tried
NOT_PERMITTED = (errno.EACCES, errno.EPERM, errno.EROFS)
NEEDS: Mapping[str, tuple[str, ...]] = {  # a check that is not tried unless others have passed
    "inputs": ("user modules", "tables"),
    "labels": ("user modules", "tables"),
    "champion": ("store",),
    "score": ("user modules", "tables", "store", "champion"),
    "monitor": ("user modules", "tables", "store", "champion"),
}


@dataclass(frozen=True)
class Note:
    """A finding that is no fault, but because of which a command refuses or does less."""

    text: str
    """What was found."""


@dataclass(frozen=True)
class Opened:
    """What several checks look at, opened once."""

    project: Project
    """The project in one environment."""

    @cached_property
    def contract(self) -> Contract:
        """The contract in schema.py as it is now."""
        return read_contract(user_module("schema"), self.project.settings.problem)

    @cached_property
    def store(self) -> Store:
        """The registry and the journal."""
        return open_store(self.project)

    @cached_property
    def champion(self) -> LoadedVersion | None:
        """The champion, which has predicted its golden rows; None if there is none."""
        number = self.store.champion()
        if number is None:
            return None
        return self.store.registry.load(self.store.fetch(number))


# Returns what it found; raises MlopsError if it is wrong.
Examine = Callable[[Opened], str | Note]


@dataclass(frozen=True)
class Finding:
    """One line of what `doctor` prints."""

    check: str
    """What was checked."""
    verdict: Literal["ok", "noted", "failed"]
    """How the check ended; `noted` means that a command refuses, or does less, without a fault."""
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
        "inputs": _inputs,
        "labels": _labels,
        "store": _store,
        "champion": _champion,
        "score": _score,
        "monitor": _monitor,
        "predictions": _predictions,
        "answers": _answers,
        "model card": _model_card,
        "approval": _approval,
        "rights": _rights,
    }
    opened = Opened(project)
    findings: dict[str, Finding] = {}
    for name, examine in checks.items():
        findings[name] = _not_tried(name, findings) or _run(opened, name, examine)
    failed = [name for name, finding in findings.items() if finding.verdict == "failed"]
    noted = [name for name, finding in findings.items() if finding.verdict == "noted"]
    facts = {"findings": [asdict(finding) for finding in findings.values()]}
    columns = ("check", "verdict", "finding")
    rows = tuple((f.check, f.verdict, f.finding) for f in findings.values())
    if failed:
        return Outcome("failed", f"fix: {', '.join(failed)}", facts, columns, rows)
    if noted:
        message = f"there is nothing to fix, but read what is noted at {' and '.join(noted)}"
        return Outcome("ok", message, facts, columns, rows)
    return Outcome("ok", "everything that a command needs is here", facts, columns, rows)


def _not_tried(name: str, findings: Mapping[str, Finding]) -> Finding | None:
    """Return why a check is not tried: what it needs has failed, and is reported already."""
    failed = [each for each in NEEDS.get(name, ()) if findings[each].verdict == "failed"]
    return Finding(name, "noted", f"not tried before {failed[0]} is fixed") if failed else None


def _run(opened: Opened, name: str, examine: Examine) -> Finding:
    try:
        found = examine(opened)
        if isinstance(found, Note):
            return Finding(name, "noted", found.text)
        return Finding(name, "ok", found)
    except MlopsError as error:
        return Finding(name, "failed", str(error))
    except Exception as error:  # noqa: BLE001 - from a store or from user code
        message = store_error(error) or summarize(error)
        return Finding(name, "failed", str(message))


def _python(_: Opened) -> str:
    return sys.version.split()[0]


def _configuration(env: str, _: Opened) -> str:
    settings = open_project(env).settings
    rule = "a person approves" if settings.needs_approval else "automatic"
    if env == "prod" and settings.risk_tier == "high" and not settings.approvers:
        rule += ", but approvers names nobody"
    return f"{settings.origin} tables; promotion: {rule}"


def _code_facts(opened: Opened) -> str:
    refuse_unfit(opened.project, "most commands")
    facts = read_build_facts(opened.project)
    packages = len(locked_requirements(opened.project))
    dirty = " with uncommitted changes" if facts.dirty else ""
    return f"commit {facts.commit[:12]}{dirty}; {packages} locked packages"


def _modules(opened: Opened) -> str:
    """Import all modules of the user: a release that breaks in one of them is broken."""
    snapshot = take_snapshot()
    for path in sorted(snapshot.glob("*.py")):
        try:
            user_module(path.stem, snapshot)
        except Exception as error:  # noqa: BLE001 - user code can raise anything
            file = _faulty_file(error, snapshot) or path.name
            raise MlopsError(
                f"src/{PACKAGE}/{file} cannot be imported: {summarize(error)}; correct this "
                "file, or add a missing library with `uv add NAME`."
            ) from None
    contract = read_contract(user_module("schema", snapshot), opened.project.settings.problem)
    return f"{snapshot.name}: {len(contract.features)} features, target {contract.target}"


def _faulty_file(error: Exception, snapshot: Path) -> str:
    """Return the file of the user in which an import failed, which another one may have begun."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        files.append(error.filename)
    own = [Path(file) for file in files if Path(file).is_relative_to(snapshot)]
    return own[-1].relative_to(snapshot).as_posix() if own else ""


def _tables(opened: Opened) -> str:
    """Read the first rows of each table."""
    project = opened.project
    window = plan(parse_as_of(None, project.settings), project.settings.time).train
    kinds = {name: table.kind for name, table in project.settings.tables.items()}
    contract = opened.contract
    tables = Tables(project, contract.text, nullable_times=contract.nullable_times)
    for name in kinds:
        next(tables.pieces(name, window), None)
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())


def _inputs(opened: Opened) -> str | Note:
    """Compare what `inputs` in data.py returns for rows of the last period with schema.py."""
    project = opened.project
    contract = opened.contract
    window = None
    if contract.inputs.one("event_time"):
        window = plan(parse_as_of(None, project.settings), project.settings.time).scoring
    rows = first_rows(project, contract, window, project.settings.scoring.batch_rows)
    where = window or "the table"
    if rows is None:
        table = project.settings.streamed_table
        return Note(
            f"not compared with schema.py: data.inputs returns no rows of {where}; check whether "
            f"table {table} should have some"
        )
    refuse_duplicates(rows, contract.keys, f"inputs of {where}")
    return f"{len(rows)} rows of {where} are as schema.Inputs says"


def _labels(opened: Opened) -> str | Note:
    """Compare what `labels` in data.py returns for a period whose labels are due with schema.py."""
    count, where = _count_labels(opened.project, opened.contract)
    if not count:
        return Note(
            f"schema.Labels accepts what data.labels returns, but no label of {where} is known; "
            "check the setting time.label_horizon, or whether labels should have arrived"
        )
    return f"{count} labels of {where} are as schema.Labels says"


def _store(opened: Opened) -> str:
    refuse_deleted_experiments(opened.store.registry.client, opened.project)
    opened.store.refuse_broken(every_file=True)
    count = len(opened.store.registry.numbers())
    return "1 version" if count == 1 else f"{count} versions"


def _champion(opened: Opened) -> str:
    """Load the champion and replay its golden rows; a new lockfile or image may break it."""
    if opened.champion is None:
        return "none yet"
    return f"{opened.champion.version} predicts its golden rows as on its first day"


def _score(opened: Opened) -> str | Note:
    """Do what `score` does with a few rows, and publish nothing."""
    project = opened.project
    if opened.champion is None:
        return Note("refuses, since there is no champion yet")
    if opened.store.pause:
        return Note(f"refuses until `resume`, since it is paused: {opened.store.pause_reason}")
    batch = plan_batch(opened.store, opened.champion, None)
    rows = first_rows(project, opened.champion.contract, batch.window, FEW)
    if rows is None:
        where = f"in {batch.window}" if batch.window else "at all"
        table = project.settings.streamed_table
        return Note(f"refuses until table {table} has rows, since it has none {where}")
    keys, prediction = work_of(project)(opened.champion, rows)
    batch.add(rows, prediction)
    unwritable = _find_unwritable(project.path(project.settings.predictions))
    if unwritable:
        return unwritable
    if not opened.champion.version.card.profile.predictions:
        return Note(
            f"publishes without a check of the distribution: {opened.champion.version} was trained "
            "with an older template, which kept no profile of its predictions"
        )
    return f"{opened.champion.version} predicts {len(keys)} rows of {batch.window or 'the table'}"


def _monitor(opened: Opened) -> str | Note:
    """Read what `monitor` reads: a batch, labels, the addresses of alerts."""
    project = opened.project
    require_addresses(project)
    if opened.champion is None:
        return Note("refuses, since there is no champion yet")
    try:
        require_profile(project, opened.champion.version)
    except MlopsError as error:
        return Note(f"refuses: {error}")
    batches = predictions.current_batches(project, opened.store.entries)
    if batches:
        _read_batch(opened.champion, batches[max(batches)], opened.store.entries)
    labels, _ = _count_labels(project, opened.champion.contract)
    unwritable = _find_unwritable(project.path(project.settings.reports))
    if unwritable:
        return unwritable
    newest = f"the newest batch is of {max(batches):%Y-%m-%d}" if batches else "no batch yet"
    return f"{newest}; {labels} labels of the last period whose labels are due"


def _read_batch(champion: LoadedVersion, folder: Path, entries: list[Entry]) -> None:
    """Raise MlopsError if a batch cannot be read, or lacks a column that `monitor` needs."""
    part = folder / predictions.PART
    rows = next(predictions.read_parts([part], entries), None)
    needed = [*champion.contract.keys, "version"]
    missing = [name for name in needed if rows is not None and name not in rows]
    if missing:
        raise MlopsError(
            f"the predictions {predictions.part_name(part)} have no column {missing[0]}; score "
            "that date again."
        )


def _count_labels(project: Project, contract: Contract) -> tuple[int, Window | str]:
    """Return the number of known labels of the last period whose labels are due, and the period."""
    time = project.settings.time
    as_of = parse_as_of(None, project.settings)
    end = as_of - periods(time.label_horizon, time.period)
    window = Window(end - periods(1, time.period), end)
    timed = contract.inputs.one("event_time") is not None
    source = PointInTimeData(project, user_module("data"), contract, as_of, time)
    labels = read_labels(source, window if timed else None, f"labels of the window {window}")
    return len(labels.target), window if timed else "the table"


def _find_unwritable(folder: Path) -> Note | None:
    """Return a note if this user may not write to a folder; another identity may be allowed to.

    Raises MlopsError for any other reason why nothing can be written there.
    """
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return None
    except OSError as error:
        text = f"this user cannot write to {folder} ({error.strerror})"
        if error.errno in NOT_PERMITTED:
            return Note(text)
        raise MlopsError(
            f"{text}; correct what is wrong with the folder, or set another one in conf/."
        ) from None


def _predictions(opened: Opened) -> str:
    """Compare each published batch with its entry in the journal."""
    entries = opened.store.entries
    problems = opened.store.batch_problems()
    if problems:
        raise MlopsError(f"{'; '.join(problems)}.")
    count = len(predictions.published(entries))
    if count == 1:
        return "1 batch is as it was published"
    return f"{count} batches are as they were published"


def _answers(opened: Opened) -> str:
    """Find files of the user that do not name the team in the answers."""
    project = opened.project
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


def _model_card(opened: Opened) -> str:
    """Count the questions about the model that only people can answer."""
    text = read_file(opened.project)
    if text is None:
        return f"{PLACE} is not on this machine"
    count = len(open_questions(text))
    if not count:
        return f"{PLACE} leaves no question open"
    noun = "question" if count == 1 else "questions"
    return f"{PLACE} leaves {count} {noun} open; the card of each version names them"


def _approval(opened: Opened) -> str:
    if sqlite_file(opened.project) is not None:
        return "on a local store an approval is a convention: anyone can give a name"
    return "an approval is a typed name next to user@host; the server decides who may write"


def _rights(opened: Opened) -> str:
    return describe_rights(opened.store)
