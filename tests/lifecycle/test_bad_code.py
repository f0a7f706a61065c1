"""Broken user code is reported with its file, its line or its step."""

import pytest

from lifecycle.mistakes import TRAIN, Change, Mistake, edit, expect, gone
from lifecycle.project import AS_OF, Project

KEY = 'application_id: str = pa.Field(metadata={"role": "key"})'
NUMBER = KEY.replace("str", "int")
PART = 'part: str = pa.Field(metadata={"role": "key"})'
SECOND_TIME = 'decided_on: datetime = pa.Field(metadata={"role": "event_time"})'
INPUTS_KEY = f"{KEY}\n    applied_on"


def step(estimator: str) -> Change:
    """Put a step before all others."""
    before, first = "steps = [(", f'steps = [("own", {estimator}), ('
    return edit("model.py", before, first)


MISTAKES = [
    Mistake(
        "a schema without Labels",
        edit("schema.py", "class Labels", "class Outcomes"),
        ("schema.py", "Labels"),
        code=2,
    ),
    Mistake(
        "a schema without a key",
        edit("schema.py", INPUTS_KEY, "application_id: str\n    applied_on"),
        ("schema.py", "Inputs", "role", "key"),
        code=2,
    ),
    Mistake(
        "sides of different keys",
        edit("schema.py", f"{KEY}\n    reviewed_on", f"{KEY}\n    {PART}\n    reviewed_on"),
        ("schema.py", "Inputs", "Labels", "same key"),
        code=2,
    ),
    Mistake(
        "an unknown role",
        edit("schema.py", '"protected"', '"protekted"'),
        ("schema.py", "Inputs.age_band", "protekted", "protected"),
        code=2,
    ),
    Mistake(
        "a role given twice",
        edit("schema.py", "has_account: bool", f"has_account: bool\n    {SECOND_TIME}"),
        ("schema.py", "event_time", "applied_on", "decided_on"),
        code=2,
    ),
    Mistake(
        "a time that is text",
        edit("schema.py", "applied_on: datetime", "applied_on: str"),
        ("schema.py", "Inputs.applied_on", "event_time", "datetime"),
        code=2,
    ),
    Mistake(
        "a key of two types",
        edit("schema.py", f"{KEY}\n    reviewed_on", f"{NUMBER}\n    reviewed_on"),
        ("schema.py", "application_id", "different types", "Inputs", "Labels"),
        code=2,
    ),
    Mistake(
        "a key that is called as a column of the predictions",
        edit("schema.py", "application_id", "version"),
        ("schema.py", "key version", "rename the key"),
        code=2,
    ),
    Mistake(
        "a target that the model would see",
        edit("schema.py", "has_account: bool", "has_account: bool\n    defaulted: int"),
        ("schema.py", "target defaulted", "remove it from Inputs"),
        code=2,
    ),
    Mistake(
        "a type that is not allowed",
        edit("schema.py", "has_account: bool", "has_account: complex"),
        ("schema.py", "Inputs.has_account", "complex", "int, float, bool, str"),
        code=2,
    ),
    Mistake(
        "a module that is gone",
        gone("model.py"),
        ("model.py", "missing"),
        code=2,
    ),
    Mistake(
        "a module that has another name",
        lambda project: project.path("model.py").rename(project.path("model_old.py")),
        ("model.py", "missing"),
        code=2,
    ),
    Mistake(
        "a module that does not parse",
        edit("features.py", "def prepare()", "def prepare("),
        ("features.py:",),
        code=2,
    ),
    *(
        Mistake(
            f"code that says {line}",
            edit("model.py", "from . import features", f"from . import features\n{line}"),
            ("model.py:", line.split()[1], "relatively"),
            code=2,
        )
        for line in (
            "import loan_risk.features",
            "from loan_risk import features as own",
            "from .mlops import load",
            "from . import mlops",
        )
    ),
    Mistake(
        "a type that nobody trusts",
        step("FunctionTransformer(partial(features.add_ratios))"),
        ("step own", "functools.partial", "trusted_types", "conf/base.yml"),
        code=2,
    ),
    Mistake(
        "a function without a name",
        step("FunctionTransformer(lambda frame: frame)"),
        ("step own", "lambda", "features.py"),
        code=2,
    ),
]


@pytest.fixture
def prepared(born: Project) -> Project:
    """A project whose model.py may use what the mistakes need."""
    more = "from sklearn.preprocessing import FunctionTransformer\nfrom functools import partial\n"
    born.edit("model.py", "from . import features\n", f"{more}from . import features\n")
    return born


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_broken_user_code_is_reported(prepared: Project, mistake: Mistake) -> None:
    expect(prepared, mistake)


@pytest.mark.full
def test_a_type_that_conf_trusts_is_accepted(prepared: Project) -> None:
    step("FunctionTransformer(partial(features.add_ratios))")(prepared)
    prepared.configure(trusted_types=["functools.partial"])
    prepared.run(*TRAIN)
    prepared.run("gate")
    prepared.run("promote")
    prepared.run("score", "--as-of", AS_OF)
