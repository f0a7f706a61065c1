"""Run a pipeline of Azure DevOps on this machine, job by job, each in a fresh clone.

It models what our files use. Any other key, task, variable, command or expression is an error, so
that a test never passes because something was skipped.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from rendering import git

from .azure_api import TOKEN, Api
from .expansion import expand
from .expressions import LOGIC, Expression, Unmodelled

KEYS = {
    "pipeline": {"trigger", "pr", "schedules", "lockBehavior", "variables"} | {"stages", "jobs"},
    "stage": {"stage", "displayName", "dependsOn", "jobs"},
    "job": {
        *("job", "displayName", "dependsOn", "condition", "timeoutInMinutes", "pool", "steps"),
    },
    "deployment": {
        *("deployment", "displayName", "environment", "timeoutInMinutes", "pool", "strategy"),
    },
    "step": {"bash", "task", "checkout", "displayName", "name", "condition", "env", "inputs"}
    | {"fetchDepth", "persistCredentials", "download"},
}
MACRO = re.compile(r"\$\(([A-Za-z_][\w.]*)\)")
COMMAND = re.compile(r"^##vso\[([\w.]+)(?: ([^\]]*))?\](.*)$", re.MULTILINE)
PASSED_ON = re.compile(r"(HOME|LANG|PATH|TMPDIR|(PIP|SSL|REQUESTS|CURL|PYENV|GIT_CONFIG)_?.*)$")
SCHEMA = ("vendor.azure-pipelines", "--data-transform", "azure-pipelines")


@dataclass
class Job:
    """The result of a job."""

    result: str = "Succeeded"
    steps: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def failed_steps(self) -> list[str]:
        """The names of the steps that failed."""
        return [name for name, result in self.steps.items() if result == "Failed"]


@dataclass
class Service:
    """An Azure DevOps organization: a repository to push to, artifacts and an agent."""

    remote: Path
    place: Path
    uv_cache: Path
    programs: Path | None = None
    artifacts: dict[str, Path] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
    api: Api | None = None
    connections: set[str] = field(default_factory=set)
    agent_variables: dict[str, str] = field(default_factory=dict)  # set on the machines
    tools: Path | None = None  # the folder with the machines' uv; without it, they install uv

    def run(
        self, file: str, revision: str = "main", only: str = "", after: str = "", **parameters: Any
    ) -> dict[str, Job]:
        """Run a pipeline of a revision, or one job of it; return the result of each job.

        `after` names a stage that counts as done, because it ran before on the same commit.
        """
        pipeline = self.expanded(file, revision, **parameters)
        variables = {each["name"]: each["value"] for each in pipeline["variables"]}
        if "jobs" in pipeline:
            assert not after
            return self.jobs(pipeline["jobs"], variables, revision, only)
        stages: dict[str, dict[str, Job]] = {}
        for stage in pipeline["stages"]:
            refuse_unknown("stage", stage)
            if stage["stage"] == after:
                stages[after] = {}
                continue
            before = stages[stage["dependsOn"]] if "dependsOn" in stage else {}
            if all(job.result == "Succeeded" for job in before.values()):
                known = variables | {"System.StageName": stage["stage"]}
                stages[stage["stage"]] = self.jobs(stage["jobs"], known, revision, only)
            else:
                skipped = (job.get("job") or job["deployment"] for job in stage["jobs"])
                stages[stage["stage"]] = {name: Job("Skipped") for name in skipped}
        return {name: job for jobs in stages.values() for name, job in jobs.items()}

    def jobs(
        self, jobs: list[dict[str, Any]], variables: dict[str, str], revision: str, only: str
    ) -> dict[str, Job]:
        """Run the jobs of a stage; a deployment first passes the checks of its environment."""
        done: dict[str, Job] = {}
        for job in jobs:
            name = job.get("job") or job["deployment"]
            if only in {"", name}:
                run = self.deployment if "deployment" in job else self.job
                done[name] = run(job, variables, done, revision)
        return done

    def deployment(
        self, job: dict[str, Any], variables: dict[str, str], done: dict[str, Job], rev: str
    ) -> Job:
        """Run a deployment once it is approved; an unknown environment is created, as at Azure."""
        refuse_unknown("deployment", job)
        assert self.api is not None
        if not self.api.admits(job["environment"], variables["System.StageName"]):
            return Job("Rejected")
        strategy = job["strategy"]
        if strategy.keys() != {"runOnce"} or strategy["runOnce"].keys() != {"deploy"}:
            raise Unmodelled(f"the strategy {strategy} is not modelled")
        plain = {"job": job["deployment"], "displayName": job["displayName"], "pool": job["pool"]}
        plain |= {"timeoutInMinutes": job["timeoutInMinutes"], **strategy["runOnce"]["deploy"]}
        return self.job(plain, variables, done, rev)

    def expanded(self, file: str, revision: str, **parameters: Any) -> dict[str, Any]:
        """Return an expanded pipeline after validating it, as the service does."""
        checkout = self.place / "definition"
        shutil.rmtree(checkout, ignore_errors=True)
        git(self.place, "clone", "--quiet", f"--branch={revision}", str(self.remote), str(checkout))
        pipeline = expand(checkout, file, **parameters)
        refuse_unknown("pipeline", pipeline)
        validate(pipeline, self.place)
        return pipeline

    def job(
        self, job: dict[str, Any], variables: dict[str, str], done: dict[str, Job], rev: str
    ) -> Job:
        """Run a job on its own agent."""
        refuse_unknown("job", job)
        needs = [job["dependsOn"]] if "dependsOn" in job else []
        before = {name: done[name] for name in needs}  # KeyError for an unknown or later job
        succeeded = all(each.result == "Succeeded" for each in before.values())
        values = {"dependencies": {n: {"outputs": j.outputs} for n, j in before.items()}}
        functions = LOGIC | {"canceled": lambda: False, "succeeded": lambda: succeeded}
        if not Expression(job.get("condition", "succeeded()"), values, functions).evaluate():
            return Job("Skipped")
        agent = Agent(self, job["job"], variables, rev)
        for number, step in enumerate(job["steps"]):
            refuse_unknown("step", step)
            agent.step(number, step, float(job["timeoutInMinutes"]) * 60)
        return agent.job


class Agent:
    """A machine that runs the steps of one job."""

    def __init__(self, service: Service, name: str, variables: dict[str, str], rev: str) -> None:
        self.service = service
        self.rev = rev
        self.job = Job()
        self.work = service.place / name
        shutil.rmtree(self.work, ignore_errors=True)
        self.sources = self.work / "s"
        temp = self.work / "temp"
        temp.mkdir(parents=True)
        (self.work / "uv").symlink_to(service.uv_cache)  # its download cache
        self.variables = variables | {
            "Agent.OS": "Linux",
            "Agent.TempDirectory": str(temp),
            "Build.SourcesDirectory": str(self.sources),
            "Pipeline.Workspace": str(self.work),
        }
        self.variables |= service.api.variables if service.api else {}
        self.secrets = {"System.AccessToken": TOKEN}
        own = Path(sys.executable).parent  # an agent does not have the tools of the tests
        parts = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != own]
        self.path = [*map(str, filter(None, (service.programs, service.tools))), *parts]

    def step(self, number: int, step: dict[str, Any], seconds: float) -> None:
        name = step.get("displayName") or step.get("task") or "checkout"
        failed = self.job.result == "Failed"
        states = {"succeeded": lambda: not failed, "succeededOrFailed": lambda: True}
        known = self.variables | self.job.outputs
        condition = step.get("condition", "succeeded()")
        if not Expression(condition, {"variables": known}, LOGIC | states).evaluate():
            self.job.steps[name] = "Skipped"
            return
        if "bash" in step:
            done = self.bash(number, step, seconds)
        elif step.get("task") == "AzureCLI@2":
            done = self.azure_cli(number, step, seconds)
        elif step.get("download") == "none":
            done = True
        elif "task" in step:
            done = TASKS[step["task"]](self, {k: self.fill(v) for k, v in step["inputs"].items()})
        else:
            done = self.checkout(step)
        self.job.steps[name] = "Succeeded" if done else "Failed"
        self.job.result = self.job.result if done else "Failed"

    def checkout(self, step: dict[str, Any]) -> bool:
        """Clone the commit of the run; without credentials, the remote cannot be reached.

        As at Azure, the checkout is detached.
        """
        address = f"file://{self.service.remote}"
        depth = f"--depth={step['fetchDepth']}"
        git(self.work, "clone", "--quiet", depth, f"--branch={self.rev}", address, "s")
        git(self.sources, "checkout", "--quiet", "--detach")
        if not step["persistCredentials"]:
            git(self.sources, "remote", "set-url", "origin", "file:///no/credentials")
        return True

    def bash(self, number: int, step: dict[str, Any], seconds: float) -> bool:
        """Run a script as Azure's task does: without `-e`, and without secrets missing from `env`.

        Its output may contain logging commands for the agent.
        """
        script = self.work / "temp" / f"{number}.sh"
        script.write_text(self.fill(step["bash"], secrets=False), encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", script],
            cwd=self.sources,
            env=self.environment(step.get("env", {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        self.job.log += f"{done.stdout}\n"
        for command, properties, value in COMMAND.findall(done.stdout):
            self.obey(command, properties, value, step.get("name", ""))
        return done.returncode == 0

    def azure_cli(self, number: int, step: dict[str, Any], seconds: float) -> bool:
        """Run a script as the identity of a service connection that this pipeline may use."""
        inputs = dict(step["inputs"])
        connection = inputs.pop("azureSubscription")
        script = inputs.pop("inlineScript")
        if inputs != {"scriptType": "bash", "scriptLocation": "inlineScript"}:
            raise Unmodelled(f"AzureCLI@2 with {inputs} is not modelled")
        assert connection in self.service.connections, f"{connection} is not open to this pipeline"
        login = self.work / "azure"
        login.mkdir()
        (login / "identity").write_text(connection, encoding="utf-8")
        env = step.get("env", {}) | {"AZURE_CONFIG_DIR": str(login)}
        return self.bash(number, {"bash": script, "env": env}, seconds)

    def docker(self, inputs: dict[str, str]) -> bool:
        """Log in to a registry with the agent's docker."""
        connection = inputs["containerRegistry"]
        assert inputs == {"command": "login", "containerRegistry": connection}
        assert connection in self.service.connections, f"{connection} is not open to this pipeline"
        return True

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """Return a step's environment: the agent's, all non-secret variables, and its `env`."""
        base = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        base |= {"PATH": os.pathsep.join(self.path), "TF_BUILD": "True"}
        base |= self.service.agent_variables
        base |= {name.replace(".", "_").upper(): str(v) for name, v in self.variables.items()}
        return base | {name: self.fill(value) for name, value in given.items()}

    def fill(self, text: str, *, secrets: bool = True) -> str:
        """Substitute variables in a text; Azure would leave an unknown one unchanged."""
        known = self.variables | self.job.outputs | (self.secrets if secrets else {})

        def value(found: re.Match[str]) -> str:
            if found[1] not in known:
                raise Unmodelled(f"$({found[1]}) is undefined, or a secret in a script")
            return str(known[found[1]])

        return MACRO.sub(value, text)

    def obey(self, command: str, properties: str, value: str, step: str) -> None:
        """Run a logging command that a script printed for the agent."""
        if command == "task.prependpath":
            self.path.insert(0, value)
        elif command == "task.uploadsummary":
            self.job.summaries.append(Path(value).read_text(encoding="utf-8"))
        elif command == "task.setvariable" and step:
            variable, output = re.fullmatch(r"variable=(\w+);(isOutput=true)", properties).groups()  # type: ignore[union-attr]
            assert output
            self.job.outputs[f"{step}.{variable}"] = value
        else:
            raise Unmodelled(f"##vso[{command} {properties}] is not modelled")

    def cache(self, inputs: dict[str, str]) -> bool:
        """Record the cache key; a quoted part is text, any other part an existing file."""
        parts = [part.strip() for part in inputs["key"].split("|")]
        for part in parts:
            assert part.startswith('"') or part == "uv" or (self.sources / part).is_file(), part
        assert Path(inputs["path"]).is_dir()
        self.service.cached.append(inputs["key"])
        return True

    def keep(self, inputs: dict[str, str]) -> bool:
        target = self.service.place / "artifacts" / inputs["artifact"]
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.sources / inputs["targetPath"], target)
        self.service.artifacts[inputs["artifact"]] = target
        return True

    def take(self, inputs: dict[str, str]) -> bool:
        assert inputs.keys() == {"artifactName", "targetPath"}
        kept = self.service.artifacts.get(inputs["artifactName"])
        if kept:  # at Azure, a relative path starts from the workspace
            shutil.copytree(kept, self.work / inputs["targetPath"], dirs_exist_ok=True)
        return kept is not None


TASKS = {
    "Cache@2": Agent.cache,
    "Docker@2": Agent.docker,
    "DownloadPipelineArtifact@2": Agent.take,
    "PublishPipelineArtifact@1": Agent.keep,
}


def refuse_unknown(kind: str, node: dict[str, Any]) -> None:
    unknown = node.keys() - KEYS[kind]
    if unknown:
        raise Unmodelled(f"a {kind} with {sorted(unknown)} is not modelled")


def validate(pipeline: dict[str, Any], place: Path) -> None:
    """Validate the expansion against the schema that Azure's editor uses."""
    file = place / "expanded.yml"
    file.write_text(yaml.safe_dump(as_text(pipeline), sort_keys=False), encoding="utf-8")
    program = [sys.executable, "-m", "check_jsonschema", "--regex-variant=python"]
    check = [*program, "--builtin-schema", *SCHEMA, str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unmodelled(f"the schema refuses the expansion: {done.stdout}")


def as_text(node: Any) -> Any:
    """Return numbers and booleans as text, as Azure and its schema treat them."""
    if isinstance(node, dict):
        return {key: as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [as_text(value) for value in node]
    return str(node).lower() if isinstance(node, (bool, int)) else node
