"""The step `monitor`: is the champion still good? Facts, a decision with reasons, a memory."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from ...base.console import Outcome, print_step, resources
from ...base.project import Project
from ...base.windows import parse_as_of
from ...data.spark import started
from ...figures import decision
from ...figures.decision import Facts
from ...pages import report
from ...records.details import Decision, MonitorDetails
from ...records.registry import LoadedVersion
from ...records.store import open_store
from ...records.tracking import command_lock, experiment_id
from ..alerts import require_addresses, send_change
from .context import Watch
from .inputs import observe
from .outcomes import assess, rule_of

SHOWN = 36  # windows of the trend


@dataclass(frozen=True)
class Monitored:
    """How a monitoring ended."""

    message: str
    facts: Facts

    @property
    def decision(self) -> Decision:
        """The decision."""
        return cast("Decision", self.facts["decision"])

    @property
    def reasons(self) -> tuple[str, ...]:
        """Its reasons."""
        return tuple(self.facts["reasons"])


def monitor(project: Project, as_of: str | None) -> Outcome:
    """Compare what the champion meets and predicts with what it was approved for."""
    done = monitor_champion(project, as_of)
    columns = ("figure", "then", "now", "limit", "verdict")
    return Outcome("ok", done.message, done.facts, columns, _table(done.facts))


def monitor_champion(project: Project, as_of: str | None) -> Monitored:
    """Monitor the champion, and record what was found."""
    require_addresses(project)
    with command_lock(project, "monitor"):  # the second of two knows what the first has told
        return _monitor(project, as_of)


def _monitor(project: Project, as_of: str | None) -> Monitored:
    with started(project):
        store = open_store(project)
        champion = LoadedVersion(None, store.fetch_champion())
    watch = Watch(project, store, champion, parse_as_of(as_of, project.settings))

    print_step(f"watching {champion.version} of {project.name} on {watch.as_of:%Y-%m-%d}")
    scored, matured = observe(watch), assess(watch)
    facts = _facts(watch, scored, matured)
    memory = _memory(facts)
    past = [details.to_json() for details in watch.history]
    facts["history"] = [*past, dict(memory)][-SHOWN:]
    facts["resources"] = resources(facts["rows"]["scored"])

    name = f"{project.env}-{facts['as_of']}-version-{watch.number}.html"
    page = project.path(project.settings.reports) / name
    report.write(facts, page)
    memory["run"] = _log(watch, facts, page)
    words = "; ".join(facts["reasons"]) or "nothing has moved and nothing is missing"
    message = f"{champion.version}: {facts['decision']}; {words}; report: {project.shown(page)}"
    state = facts["decision"].replace(decision.HEALTHY, "")
    memory["told"] = send_change(store, MonitorDetails, state, message)
    store.record(MonitorDetails(**memory), subject=str(watch.number), as_of=facts["as_of"])
    return Monitored(message, facts)


def _facts(watch: Watch, scored: Facts, matured: Facts) -> Facts:
    settings, card = watch.project.settings, watch.champion.version.card
    rows, columns = scored["rows"] | matured["rows"], scored["columns"]
    stale, most = _staleness(watch, columns), settings.monitoring.max_drifted
    least = settings.monitoring.min_rows
    found = [
        *watch.found,
        *decision.performance(matured["performance"]),
        *decision.staleness(stale, most),
        *decision.drift(columns),
        *decision.completeness(rows, least, card.coverage.gate, matured["by_date"]),
    ]
    verdict, reasons = decision.decide(found)
    return {
        "project": settings.project_name,
        "env": watch.project.env,
        "problem": settings.problem,
        "as_of": f"{watch.as_of:%Y-%m-%d}",
        "version": watch.number,
        "trained_as_of": card.time.as_of,
        "owner": settings.team,
        "decision": verdict,
        "reasons": reasons,
        "windows": {"scored": scored["window"], "matured": matured["window"]},
        "rows": rows,
        "columns": columns,
        "performance": matured["performance"],
        "staleness": stale,
        "freshness": scored["freshness"],
    }


def _staleness(watch: Watch, columns: list[Facts]) -> Facts:
    """Return what makes the champion stale, and its age since it was trained, in whole periods."""
    settings, born = watch.project.settings, watch.champion.version.card.time.as_of
    time, unit = settings.time, settings.time.period[0].upper()
    age = (watch.as_of.to_period(unit) - pd.Timestamp(born).to_period(unit)).n
    inputs = [column["persistent"] for column in columns if column["kind"] == "input"]
    facts = {
        "age": age,
        "limit": time.label_horizon + time.gate + settings.monitoring.max_age,
        "period": time.period,
        "drifted_share": sum(inputs) / max(len(inputs), 1),
        "lost": _lost(watch),
    }
    return facts | {"stale": any(decision.staleness(facts, settings.monitoring.max_drifted))}


def _lost(watch: Watch) -> Facts | None:
    """Return the decay of another champion that this one has not made up for, if there is one."""
    metric, card = watch.project.settings.metric, watch.champion.version.card
    others = [each.to_json() for each in watch.history if each.version != watch.number]
    rule, learned_from = rule_of(watch, metric), card.windows.train
    return decision.unrecovered(metric, rule, learned_from, others)


def _memory(facts: Facts) -> Facts:
    """Return what the journal keeps of a monitoring, for the trend and for what persists."""
    figures, columns = facts["performance"], facts["columns"]
    worst: Facts = max(columns, key=lambda each: each["psi"] / each["limit"], default={})
    return {
        **{key: facts[key] for key in ("as_of", "decision", "version", "reasons")},
        "max_psi": worst.get("psi"),
        "psi_limit": worst.get("limit"),
        "metrics": {figure["metric"]: figure["value"] for figure in figures},
        "bounds": {figure["metric"]: figure["bound"] for figure in figures},
        "decayed": {f["metric"]: f["reference"] for f in figures if f["verdict"] == "decayed"},
        "drifted": [f"{each['kind']} {each['name']}" for each in columns if each["drifted"]],
    }


def _log(watch: Watch, facts: Facts, page: Path) -> str:
    """Keep the facts and their report in a run of their own; return its identifier."""
    import mlflow

    experiment = experiment_id(watch.store.registry.client, watch.project, ".monitor")
    run_name = f"monitor {facts['as_of']}"
    with mlflow.start_run(experiment_id=experiment, run_name=run_name) as run:
        mlflow.log_metrics(_measures(facts) | facts["resources"])
        mlflow.log_dict(facts, "monitor.json")
        mlflow.log_artifact(str(page))
    return str(run.info.run_id)


def _measures(facts: Facts) -> dict[str, float]:
    """Return the figures that MLflow plots, under names that it takes."""
    figures = {figure["metric"]: figure["value"] for figure in facts["performance"]}
    index = {f"psi_{each['kind']}_{each['name']}": each["psi"] for each in facts["columns"]}
    stale, rows = facts["staleness"], facts["rows"]
    others = {"age": stale["age"], "drifted_share": stale["drifted_share"], **rows}
    others["decision"] = decision.DECISIONS.index(facts["decision"])
    known = {name: value for name, value in (figures | index | others).items() if value is not None}
    return {re.sub(r"[^\w .-]", "_", name): float(value) for name, value in known.items()}


def _table(facts: Facts) -> tuple[tuple[str, ...], ...]:
    def shown(value: Any) -> str:
        return "" if value is None else f"{value:.3f}"

    rows = []
    for figure in facts["performance"]:
        now = f"{shown(figure['value'])} ({shown(figure['low'])} to {shown(figure['high'])})"
        limit = f"{'>=' if figure['better'] == 'higher' else '<='} {shown(figure['bound'])}"
        rows.append((figure["metric"], shown(figure["reference"]), now, limit, figure["verdict"]))
    for column in facts["columns"]:
        verdict = "drifted" if column["drifted"] else "ok"
        limit = f"<= {shown(column['limit'])}"
        rows.append((f"PSI of {column['name']}", "", shown(column["psi"]), limit, verdict))
    age, verdict = facts["staleness"], "stale" if facts["staleness"]["stale"] else "ok"
    rows.append((f"age in {age['period']}s", "", str(age["age"]), f"<= {age['limit']}", verdict))
    return tuple(rows)
