"""The command `draft`: read a table, and propose the files that describe it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ...base.console import Outcome, print_step
from ...base.errors import Misconfigured
from ...base.project import CHECKOUT, PACKAGE, Project
from ...data.contract import declared
from . import conf_files, data_file, features_file, report, schema_file, synthetic_file
from .evidence import describe
from .inference import infer_columns
from .profile import Column, TableProfile
from .roles import Assignment, assign_roles, ordered
from .source import SourceRows, read_source
from .splitting import SplitPlan, plan_split
from .target import Target, find_target
from .trial import try_files

FOLDER = "build/draft"


def draft(project: Project, table: str, target_name: str) -> Outcome:
    """Propose the files of a project for a table, all but model.py, in build/draft/."""
    if CHECKOUT is None:
        raise Misconfigured(
            "draft proposes files of the repository, so it needs a clone; run it there, and not "
            "from an installed wheel."
        )
    problem = project.settings.problem
    source = read_source(project, table)
    print_step(f"{len(source.frame):,} rows with {source.frame.shape[1]} columns")
    inferred = infer_columns(source.frame)
    target = find_target(inferred, target_name, problem)
    assignment = assign_roles(inferred, target, problem)
    plan = _plan(assignment, target, project)
    profile = _profile(project, source, assignment, target)
    files = _write(project, profile, assignment, target, plan)
    trial = try_files(project, files, source.name, source.frame)
    commands = _next_commands(project, files)
    files["report.md"] = report.write_report(profile, plan, trial, commands)
    folder = _publish(project, files)
    for command in commands:
        print_step(command)
    rows = tuple(_line(column) for column in profile.columns if _is_shown(column))
    columns = ("column", "type", "role", "evidence")
    facts = {
        "table": profile.name,
        "rows": profile.rows,
        "target": profile.target.name,
        "roles": {column.name: column.role for column in profile.kept},
        "left_out": {each.source: each.left_out for each in profile.columns if each.left_out},
        "findings": list(report.find(profile, plan, trial)),
        "files": sorted(files),
        "next": commands,
    }
    shown = project.shown(folder)
    if trial.problem:
        message = f"the proposal in {shown}/ does not work as it is: {trial.problem}"
        return Outcome("waiting", message, facts, columns, rows)
    message = (
        f"{len(profile.features)} features are proposed in {shown}/, and nothing else was written; "
        f"read {shown}/report.md, then compare and copy the files with the commands above"
    )
    return Outcome("ok", message, facts, columns, rows)


def _plan(assignment: Assignment, target: Target, project: Project) -> SplitPlan:
    """Return how rows are split; an event time is of no use if the split does not follow it."""
    columns = [each.column for each in assignment.inferred.values()]
    event_time = next((each.name for each in columns if each.role == "event_time"), None)
    group = next((each for each in columns if each.role == "group"), None)
    times = assignment.inferred[event_time].data if event_time else None
    plan = plan_split(times, target, group, project.settings.problem)
    if event_time and plan.split != "time":
        each = assignment.inferred[event_time]
        note = "its dates are too few to split the rows along time"
        column = replace(each.column, role="excluded", notes=(note,))
        assignment.inferred[event_time] = replace(each, column=column)
    return plan


def _profile(
    project: Project, source: SourceRows, assignment: Assignment, target: Target
) -> TableProfile:
    """Return all that was found out about the table; raise Misconfigured if no feature is left."""
    profile = TableProfile(
        name=source.name,
        table=source.table,
        problem=project.settings.problem,
        rows=len(source.frame),
        complete=source.complete,
        columns=ordered(assignment, target.column, map(str, source.frame)),
        repeated_rows=_count_repeated(source.frame),
    )
    if not profile.features:
        reasons = "; ".join(
            f"{each.source}: {each.left_out or each.role}" for each in profile.columns
        )
        raise Misconfigured(
            f"table {source.name} has no column that can be a feature ({reasons}); give a table "
            "with more columns."
        )
    return profile


def _count_repeated(frame: pd.DataFrame) -> int:
    return int(pd.util.hash_pandas_object(frame.astype("str"), index=False).duplicated().sum())


def _write(
    project: Project,
    profile: TableProfile,
    assignment: Assignment,
    target: Target,
    plan: SplitPlan,
) -> dict[str, str]:
    """Return the text of each file of the proposal by its path."""
    select = profile.event_time is not None and not _can_select(profile, assignment)
    conf = conf_files.write_conf(project.path("conf"), profile, plan, target.truth, select=select)
    return {
        "schema.py": schema_file.write_schema(profile),
        "data.py": data_file.write_data(profile, target.outcome, assignment.key_of, select=select),
        "features.py": features_file.write_features(profile),
        "synthetic.py": synthetic_file.write_synthetic(
            profile, plan, target.outcome, assignment.key_of, select=select
        ),
        **{f"conf/{name}": text for name, text in conf.items()},
    }


def _can_select(profile: TableProfile, assignment: Assignment) -> bool:
    """Return whether a reader can select the rows of a window.

    It cannot by a date in another form than 2026-01-31, and must not if the rows are numbered,
    since the number of a row would depend on the window.
    """
    time = profile.event_time
    numbered = not assignment.key_of and any(each.role == "key" for each in assignment.made)
    return time is not None and time.conversion == "none" and not time.markers and not numbered


def _next_commands(project: Project, files: dict[str, str]) -> list[str]:
    """Return the commands that compare the proposal with the project's files, and use it."""
    package = f"src/{PACKAGE}"
    modules = [path for path in files if path.endswith(".py")]
    commands = [
        *(f"git diff --no-index {package}/{name} {FOLDER}/{name}" for name in modules),
        *(
            f"git diff --no-index {path} {FOLDER}/{path}"
            for path in files
            if path.startswith("conf/")
        ),
        f"cp {FOLDER}/*.py {package}/",
        f"cp {FOLDER}/conf/*.yml conf/",
    ]
    example = [f"{package}/synthetic.py"] if "synthetic.py" not in files else []
    old = [path for path in example if project.path(path).is_file()]
    if any(project.path("tests/model").glob("*.py")):
        old.append("tests/model/*.py")
    if old:
        commands.append(f"rm {' '.join(old)}")
    program = project.settings.project_name
    return [*commands, f"uv run {program} train", f"uv run {program} gate"]


def _publish(project: Project, files: dict[str, str]) -> Path:
    """Write the files of the proposal, in place of those of an earlier one."""
    folder = project.path(FOLDER)
    fresh = folder.with_name("draft-new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path, text in files.items():
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder


def _is_shown(column: Column) -> bool:
    return bool(column.left_out) or column.role != "feature"


def _line(column: Column) -> tuple[str, str, str, str]:
    """Return the line of a column in the table for people."""
    if column.left_out:
        return column.source, "", "left out", column.left_out
    return column.name, declared(column.type), column.role, "; ".join(describe(column))
