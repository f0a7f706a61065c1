"""Each shape of data in the guide goes through the whole lifecycle, with trees and with a line."""

import datetime
import re
import shutil
from itertools import product
from typing import Any

import pytest
import yaml
from rendering import ROOT

from lifecycle import shapes
from lifecycle.conftest import At
from lifecycle.project import Facts, Project

GUIDES = (
    "shapes-of-data",
    "data-without-dates",
    "rare-events-and-many-classes",
    "panels-and-demand",
)
BLOCK = re.compile(r"^<!-- (\w+) -->\n\n```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

MONDAY = datetime.date(2025, 12, 29)
WEEKEND = ("2025-12-28", "2025-12-29")  # the days after a Saturday and a Sunday

PROBLEMS = {
    "gaps": "regression",
    "wide": "binary",
    "classes": "multiclass",
    "rare": "binary",
    "panel": "binary",
    "horizon": "binary",
    "demand": "regression",
    "demand_by_day": "regression",
}

DATA = '''"""Where the rows come from: one table with the answers in it."""

from .schema import Inputs, Labels


def inputs(tables, window):
    """Return the rows."""
    return tables.read("rows", window)[list(Inputs.to_schema().columns)]


def labels(tables, window):
    """Return the answers that are known."""
    return tables.read("rows", window)[list(Labels.to_schema().columns)].dropna()
'''

FEATURES = '''"""Numbers and categories, prepared for trees or for a line."""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from .schema import Inputs

COLUMNS = {{
    name: str(column.dtype)
    for name, column in Inputs.to_schema().columns.items()
    if not (column.metadata or {{}}).get("role")
}}
TEXT = [name for name, kind in COLUMNS.items() if "str" in kind]
NUMBERS = [name for name in COLUMNS if name not in TEXT]


def for_trees():
    """Return codes for categories; numbers pass."""
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    return ColumnTransformer([("text", codes, TEXT)], remainder="passthrough")


def for_a_line():
    """Return a column for each category, and scaled numbers without gaps."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("text", categories, TEXT), ("numbers", numbers, NUMBERS)])
'''.replace("{{", "{").replace("}}", "}")

MODEL = '''"""The estimator."""

from {module} import {estimator}
from sklearn.pipeline import Pipeline

from . import features

DEFAULTS = {defaults}


def build(params):
    """Return the unfitted estimator for `model.params` and `model.seed` of conf/."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    estimator = {estimator}(random_state=seed, **settings)
    return Pipeline([("features", features.{steps}()), ("estimator", estimator)])
'''

TREES = {"learning_rate": 0.1, "max_iter": 40, "max_leaf_nodes": 8, "early_stopping": False}
ESTIMATORS: dict[str, dict[str, tuple[str, str, dict[str, Any]]]] = {
    "trees": {
        "classifier": ("sklearn.ensemble", "HistGradientBoostingClassifier", TREES),
        "regressor": ("sklearn.ensemble", "HistGradientBoostingRegressor", TREES),
    },
    "line": {
        "classifier": ("sklearn.linear_model", "LogisticRegression", {"max_iter": 500}),
        "regressor": ("sklearn.linear_model", "Ridge", {}),
    },
}
# The tests of this module that go further with a shape begin with its whole lifecycle.
IN_OTHER_TESTS = {("panel", "line"), ("demand_by_day", "trees"), ("horizon", "line")}


def blocks(shape: str) -> dict[str, str]:
    """Return the blocks of the guides for a shape, by language; its table is that of another."""
    text = "".join((ROOT / f"docs/how-to/{page}.md").read_text("utf-8") for page in GUIDES)
    found = BLOCK.findall(text)
    names = (shape.partition("_")[0], shape)
    return {language: text for each in names for name, language, text in found if name == each}


def model(problem: str, kind: str) -> str:
    """Return the text of model.py."""
    which = "regressor" if problem == "regression" else "classifier"
    module, estimator, defaults = ESTIMATORS[kind][which]
    steps = "for_trees" if kind == "trees" else "for_a_line"
    return MODEL.format(module=module, estimator=estimator, defaults=defaults, steps=steps)


def shaped(at: At, shape: str, kind: str) -> Project:
    """Return a project whose example is replaced by a shape of data."""
    project = at("born", problem=PROBLEMS[shape])
    project.path("synthetic.py").unlink()
    shutil.rmtree(project.path("tests/model"))
    rows = getattr(shapes, shape.partition("_")[0])()
    project.path("data").mkdir()
    rows.to_parquet(project.path("data/rows.parquet"), index=False)
    tables = yaml.safe_load(blocks("tables")["yaml"])
    if "seen_on" not in rows:
        del tables["tables"]["rows"]["time"]
    settings = blocks(shape)
    conf = tables | yaml.safe_load(settings["yaml"])
    project.write("conf/base.yml", yaml.safe_dump(conf))
    if conf["time"].get("period") == "week":
        project.configure("dev", as_of=MONDAY)
    project.write("schema.py", settings["python"])
    project.write("data.py", DATA)
    project.write("features.py", FEATURES)
    project.write("model.py", model(PROBLEMS[shape], kind))
    project.commit()
    return project


def go_through(project: Project) -> Facts:
    """Train, gate, promote and score; return what `monitor` finds, which is nothing unusual."""
    project.run("train")
    gate = project.run("gate")
    assert gate.facts["verdict"] == "passed", gate.said
    project.run("promote")
    assert project.run("score").facts["rows"] > 0
    found = project.run("monitor").facts
    assert found["decision"] == "healthy", found["reasons"]
    assert not [column["name"] for column in found["columns"] if column["drifted"]]
    return found


def test_the_guide_has_a_block_of_each_kind_for_each_shape() -> None:
    for shape in PROBLEMS:
        assert set(blocks(shape)) == {"yaml", "python"}


def test_a_shape_goes_through_the_whole_lifecycle(at: At) -> None:
    found = go_through(shaped(at, "panel", "line"))
    assert found["rows"]["scored"] == 400


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize(
    ("shape", "kind"),
    [pair for pair in product(PROBLEMS, ESTIMATORS) if pair not in IN_OTHER_TESTS],
)
def test_every_shape_goes_through_the_whole_lifecycle(at: At, shape: str, kind: str) -> None:
    go_through(shaped(at, shape, kind))


@pytest.mark.full
@pytest.mark.wide
def test_a_day_is_not_refused_because_it_is_a_sunday(at: At) -> None:
    project = shaped(at, "demand_by_day", "trees")
    go_through(project)
    for day in WEEKEND:
        assert project.run("score", "--as-of", day).facts["rows"] == 25


@pytest.mark.full
@pytest.mark.wide
def test_a_default_is_judged_when_its_12_months_are_over(at: At) -> None:
    project = shaped(at, "horizon", "line")
    assert not go_through(project)["performance"]
    (figure,) = project.run("monitor", "--as-of", "2027-01-01").facts["performance"]
    assert (figure["metric"], figure["verdict"]) == ("auc", "ok")
    longer = project.run("train", "--set", "time.train=12")
    assert "no rows before 2023-05-01, which leaves 6 of its 12 months empty" in longer.said
