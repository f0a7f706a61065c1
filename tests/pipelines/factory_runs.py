"""Run Data Factory pipelines; Microsoft's testing framework evaluates the real expressions.

This is a separate program, because the framework loads .NET into the process.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import dnv  # type: ignore[import-untyped]

os.environ.setdefault("DOTNET_ROOT", str(Path(dnv.__path__[0]) / "net/runtime/.net"))
os.environ.setdefault("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")  # without ICU

from data_factory_testing_framework import TestFramework, TestFrameworkType
from data_factory_testing_framework.exceptions import (
    NoRemainingPipelineActivitiesMeetDependencyConditionsError as NoMore,
)
from data_factory_testing_framework.models import DataFactoryElement
from data_factory_testing_framework.state import (
    DependencyCondition,
    RunParameter,
    RunParameterType,
)

SYSTEM = {
    "TriggerTime": "2026-12-02T05:00:00Z",
    "RunId": "run-7",
    "Pipeline": "loan_risk_prod_score",
    "DataFactory": "adf-risk-prod",
}


@dataclass
class Run:
    """A run: each activity with its evaluated expressions."""

    failed: bool = False
    activities: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Run a pipeline for each line of stdin, and print the result."""
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            print(json.dumps(asdict(run(Path(folder), **json.loads(line)))), flush=True)
    os._exit(0)  # .NET may crash when Python exits


def run(
    folder: Path,
    template: dict[str, Any],
    pipeline: str,
    fails: list[str],
    parameters: dict[str, str],
) -> Run:
    """Run a pipeline of a template in which some activities fail, with those that it calls.

    A pipeline fails where its last activity does: the ones here end in one that always fails.
    """
    (folder / "pipeline").mkdir(exist_ok=True)
    for one in template["resources"]:
        name = one["name"].partition("/")[2]
        if one["type"].endswith("/pipelines"):
            text = json.dumps({"name": name, "properties": one["properties"]})
            (folder / f"pipeline/{name}.json").write_text(text, encoding="utf-8")
    framework = TestFramework(
        TestFrameworkType.DataFactory, str(folder), should_evaluate_child_pipelines=True
    )
    given = [RunParameter(RunParameterType.System, *item) for item in SYSTEM.items()]
    given += [RunParameter(RunParameterType.Pipeline, *item) for item in parameters.items()]
    done = Run()
    steps = framework.evaluate_pipeline(framework.get_pipeline_by_name(pipeline), given)
    try:
        for activity in steps:
            done.activities[activity.name] = _plain(activity.type_properties)
            if activity.name in fails:
                activity.set_result(DependencyCondition.FAILED, {})
            elif activity.type == "WebActivity":
                activity.set_result(DependencyCondition.SUCCEEDED, {"value": "https://hook/s3cret"})
            done.failed = activity.type == "Fail" or activity.name in fails
    except NoMore:  # the other activities wait for something that did not happen
        pass
    return done


def _plain(value: Any) -> Any:
    """Return a value with every expression evaluated."""
    if isinstance(value, DataFactoryElement):
        return value.result
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


if __name__ == "__main__":
    main()
