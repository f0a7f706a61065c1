"""Read a Databricks bundle as the CLI does, check it, and execute its jobs locally.

Only what our bundle uses is modelled; everything else is refused, so that nothing is passed over.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from databricks.bundles.jobs import Job

Facts = dict[str, Any]
# From identity, program and arguments to exit code and task values.
Call = Callable[[str, str, list[str]], tuple[int, Facts]]

TOP = {"bundle", "include", "variables", "targets", "resources"}
TARGET = {"mode", "default", "workspace", "variables", "resources", "permissions", "presets"}
KINDS = ("python_wheel_task", "spark_python_task", "condition_task", "run_job_task")
TASK = {
    *KINDS,
    *("task_key", "depends_on", "environment_key", "disable_auto_optimization"),
    "email_notifications",
}
REFERENCE = re.compile(r"\$\{([^}]*)\}")
DYNAMIC = re.compile(r"\{\{([^}]*)\}\}")
MODES = {"dev": "development", "test": "production", "prod": "production"}


class Wrong(Exception):
    """Something that Databricks would refuse, or that is not modelled here."""


@dataclass
class Bundle:
    """A bundle, resolved for one target."""

    name: str
    target: str
    host: str
    mode: str
    jobs: dict[str, Facts]
    programs: set[str]  # the Python files next to the bundle

    @property
    def ids(self) -> dict[int, str]:
        """The jobs by the numbers used as their ids."""
        return {1000 + position: key for position, key in enumerate(sorted(self.jobs))}


def load(folder: Path, target: str) -> Bundle:
    """Read the bundle in a folder for one target; raises Wrong."""
    content = _read(folder / "databricks.yml")
    for name in content.get("include", []):
        content = _merge(content, _read(folder / name))
    _refuse_others("databricks.yml", content, TOP)
    chosen = content["targets"].get(target)
    if chosen is None:
        raise Wrong(f"no target {target}")
    _refuse_others(f"target {target}", chosen, TARGET)
    resources = _merge(content["resources"], chosen.get("resources", {}))
    _refuse_others("resources", resources, {"jobs"})
    host = chosen["workspace"]["host"]
    if REFERENCE.search(host):
        raise Wrong("workspace.host: a reference is not resolved there")
    name = content["bundle"]["name"]
    programs = {file.name for file in folder.glob("*.py")}
    bundle = Bundle(name, target, host, chosen["mode"], resources["jobs"], programs)
    for key, job in bundle.jobs.items():
        job.setdefault("permissions", []).extend(chosen.get("permissions", []))
        job["tags"] = chosen.get("presets", {}).get("tags", {}) | job.get("tags", {})
        if "name" not in job:
            raise Wrong(f"{key}: a target speaks of a job that there is not")
    values = _variables(content["variables"], chosen.get("variables", {}))
    known: Facts = {"bundle.name": bundle.name, "bundle.target": target}
    known |= {f"var.{name}": value for name, value in values.items()}
    known |= {f"resources.jobs.{key}.id": number for number, key in bundle.ids.items()}
    bundle.jobs = _resolve(bundle.jobs, known)
    for job in bundle.jobs.values():
        Job.from_dict(cast("Any", job))  # strict: an unknown key or a wrong type is an error
    return bundle


def _read(file: Path) -> Facts:
    if not file.is_file():
        raise Wrong(f"{file.name} is included and not there")
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def _refuse_others(where: str, content: Facts, known: set[str]) -> None:
    for key in content.keys() - known:
        raise Wrong(f"{where}: {key} is not modelled")


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _merge(below.get(key), value) for key, value in above.items()}
    return [*below, *above] if isinstance(below, list) and isinstance(above, list) else above


def _variables(declared: Facts, given: Facts) -> Facts:
    for name in given.keys() - declared.keys():
        raise Wrong(f"variable {name} is given and not declared")
    defaults = {name: v["default"] for name, v in declared.items() if "default" in v}
    values = defaults | given
    for name in declared.keys() - values.keys():
        raise Wrong(f"variable {name} has no value")
    return values


def _resolve(value: Any, known: Facts) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolve(each, known) for each in value]
    if not isinstance(value, str):
        return value

    def replaced(match: "re.Match[str]") -> str:
        if known.get(match[1], "") == "":
            raise Wrong(f"${{{match[1]}}} is unknown or empty")
        return str(known[match[1]])

    whole = REFERENCE.fullmatch(value)
    if whole and isinstance(known.get(whole[1]), int):
        return known[whole[1]]
    return REFERENCE.sub(replaced, value)


def problems(bundle: Bundle, entry_points: set[str]) -> list[str]:
    """Return what would go wrong when the jobs run, or what production use lacks."""
    found = [f"{key}: {words}" for key, job in bundle.jobs.items() for words in _job(bundle, job)]
    for key, job in bundle.jobs.items():
        for task in job["tasks"]:
            where = f"{key}.{task['task_key']}"
            found += [f"{where}: {words}" for words in _task(bundle, job, task, entry_points)]
    return found


def _job(bundle: Bundle, job: Facts) -> Iterator[str]:
    if job.get("max_concurrent_runs") != 1:
        yield "two runs at once could write one journal"
    if not job.get("timeout_seconds"):
        yield "no time limit"
    if not job.get("email_notifications", {}).get("on_failure"):
        yield "nobody is told of a failure"
    if bundle.mode == "production" and not job.get("run_as", {}).get("service_principal_name"):
        yield "it runs as the one who deploys"
    for environment in job.get("environments", []):
        for line in environment["spec"]["dependencies"]:
            if not line.startswith("-r /Volumes/"):
                yield f"{line} is not pinned by the release"
    keys = [task["task_key"] for task in job["tasks"]]
    if len(keys) != len(set(keys)):
        yield "two tasks have one key"


def _task(bundle: Bundle, job: Facts, task: Facts, entry_points: set[str]) -> Iterator[str]:
    tasks = {each["task_key"]: each for each in job["tasks"]}
    if len(task.keys() & set(KINDS)) != 1:
        yield f"it is not one of {', '.join(KINDS)}"
    yield from _dependencies(tasks, task)
    wheel = task.get("python_wheel_task")
    program = task.get("spark_python_task")
    if wheel or program:
        environments = [each["environment_key"] for each in job.get("environments", [])]
        if task.get("environment_key") not in environments:
            yield f"there is no environment {task.get('environment_key')}"
    if wheel and (wheel["package_name"] != bundle.name or wheel["entry_point"] not in entry_points):
        yield f"the wheel has no entry point {wheel['entry_point']}"
    if program and program["python_file"] not in bundle.programs:
        yield f"there is no file {program['python_file']}"
    yield from _calls(bundle, job, task)
    upstream = _upstream(tasks, task["task_key"])
    for reference in DYNAMIC.findall(str({kind: task.get(kind) for kind in KINDS})):
        kind, name, *rest = reference.split(".")
        if (kind, name) == ("job", "parameters"):
            if rest[0] not in {each["name"] for each in job.get("parameters", [])}:
                yield f"there is no parameter {rest[0]}"
        elif kind != "tasks" or name not in upstream or rest[0] != "values":
            yield f"{reference} is not known before it"


def _dependencies(tasks: dict[str, Facts], task: Facts) -> Iterator[str]:
    for before in task.get("depends_on", []):
        if before["task_key"] not in tasks:
            yield f"there is no task {before['task_key']}"
        elif ("condition_task" in tasks[before["task_key"]]) != ("outcome" in before):
            yield f"an outcome is for a condition: {before['task_key']}"


def _calls(bundle: Bundle, job: Facts, task: Facts) -> Iterator[str]:
    if "run_job_task" not in task:
        return
    called = bundle.jobs[bundle.ids[task["run_job_task"]["job_id"]]]
    known = {each["name"] for each in called.get("parameters", [])}
    for name in task["run_job_task"].get("job_parameters", {}).keys() - known:
        yield f"{called['name']} takes no {name}"
    caller = job.get("run_as")
    if caller and (caller | {"level": "CAN_MANAGE_RUN"}) not in called["permissions"]:
        yield f"who runs it may not start {called['name']}"


def _upstream(tasks: dict[str, Facts], key: str, below: tuple[str, ...] = ()) -> set[str]:
    if key in below:
        raise Wrong(f"{key} waits for itself")
    direct = {each["task_key"] for each in tasks.get(key, {}).get("depends_on", [])}
    return direct.union(*(_upstream(tasks, each, (*below, key)) for each in direct))


@dataclass
class Run:
    """The result of a job: each task's state, its task values, and who was notified."""

    states: dict[str, str] = field(default_factory=dict)
    values: dict[str, Facts] = field(default_factory=dict)
    runs: dict[str, "Run"] = field(default_factory=dict)  # of jobs that tasks have started
    told: list[str] = field(default_factory=list)
    succeeded: bool = True

    def all_states(self) -> dict[str, str]:
        """Return the states, including those of started jobs: `promote/tell`."""
        nested = {
            f"{key}/{name}": state
            for key, run in self.runs.items()
            for name, state in run.all_states().items()
        }
        return self.states | nested


def execute(bundle: Bundle, key: str, call: Call, **parameters: str) -> Run:
    """Run a job as Databricks does, calling each task's entry point; raises Wrong."""
    job = bundle.jobs[key]
    known = {each["name"]: each["default"] for each in job.get("parameters", [])}
    _refuse_others(f"parameters of {key}", parameters, set(known))
    run = Run()
    waiting = {task["task_key"]: task for task in job["tasks"]}
    while waiting:
        ready = [k for k, task in waiting.items() if not _before(task) & waiting.keys()]
        if not ready:
            raise Wrong(f"{key}: {', '.join(waiting)} wait for each other")
        task = waiting.pop(ready[0])
        _refuse_others(f"{key}.{ready[0]}", task, TASK)
        given = {"parameters": known | parameters, "who": who(job)}
        run.states[ready[0]] = _state(run, task) or _run(bundle, task, run, given, call)
        if run.states[ready[0]] == "success":
            run.told += task.get("email_notifications", {}).get("on_success", [])
    followed = {before for task in job["tasks"] for before in _before(task)}
    leaves = [state for name, state in run.states.items() if name not in followed]
    run.succeeded = not {"failed", "upstream failed"} & set(leaves)
    if not run.succeeded:
        run.told += job["email_notifications"]["on_failure"]
    return run


def who(job: Facts) -> str:
    """Return the identity that a job runs as, or "" for the one who deployed it."""
    return str(job.get("run_as", {}).get("service_principal_name", ""))


def _before(task: Facts) -> set[str]:
    return {before["task_key"] for before in task.get("depends_on", [])}


def _state(run: Run, task: Facts) -> str:
    """Return the state of a task that must not run, or "" if it runs."""
    found = set()
    for before in task.get("depends_on", []):
        state = run.states[before["task_key"]]
        wrong = state == "success" and "outcome" in before
        if wrong and run.values[before["task_key"]]["outcome"] != before["outcome"]:
            state = "excluded"
        found.add(state)
    if found & {"failed", "upstream failed"}:
        return "upstream failed"
    if "excluded" in found and len(found) > 1:
        raise Wrong(f"{task['task_key']}: a task after an excluded and another one")
    return "excluded" if "excluded" in found else ""


def _run(bundle: Bundle, task: Facts, run: Run, given: Facts, call: Call) -> str:
    key = task["task_key"]
    try:
        task = _dynamic(task, run, given["parameters"])
    except Wrong as error:
        run.values[key] = {"error": str(error)}
        return "failed"
    if condition := task.get("condition_task"):
        equal = condition["left"] == condition["right"]
        outcomes = {"EQUAL_TO": equal, "NOT_EQUAL": not equal}
        if condition["op"] not in outcomes:
            raise Wrong(f"{key}: {condition['op']} is not modelled")
        run.values[key] = {"outcome": str(outcomes[condition["op"]]).lower()}
        return "success"
    if started := task.get("run_job_task"):
        _refuse_others(key, started, {"job_id", "job_parameters"})
        name = bundle.ids[started["job_id"]]
        nested = execute(bundle, name, call, **started.get("job_parameters", {}))
        run.runs[key] = nested
        run.told = run.told + nested.told
        return "success" if nested.succeeded else "failed"
    if program := task.get("spark_python_task"):
        _refuse_others(key, program, {"python_file", "parameters"})
        code, run.values[key] = call(given["who"], program["python_file"], program["parameters"])
        return "failed" if code else "success"
    wheel = task["python_wheel_task"]
    _refuse_others(key, wheel, {"package_name", "entry_point", "parameters"})
    code, run.values[key] = call(given["who"], wheel["entry_point"], wheel["parameters"])
    return "failed" if code else "success"


def _dynamic(value: Any, run: Run, parameters: Facts) -> Any:
    if isinstance(value, dict):
        return {key: _dynamic(each, run, parameters) for key, each in value.items()}
    if isinstance(value, list):
        return [_dynamic(each, run, parameters) for each in value]

    def replaced(match: "re.Match[str]") -> str:
        kind, name, *rest = match[1].split(".")
        known = parameters if kind == "job" else run.values.get(name, {})
        if rest[-1] not in known:
            raise Wrong(f"{match[0]} was not set")
        return str(known[rest[-1]])

    return DYNAMIC.sub(replaced, value) if isinstance(value, str) else value
