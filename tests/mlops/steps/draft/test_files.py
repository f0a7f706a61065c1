"""The files of a proposal: valid, laid out as by the formatter, and without personal values."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from rendering import ROOT, platform

inference = platform("steps.draft.inference")
roles = platform("steps.draft.roles")
splitting = platform("steps.draft.splitting")
target_module = platform("steps.draft.target")
profile_module = platform("steps.draft.profile")
schema_file = platform("steps.draft.schema_file")
data_file = platform("steps.draft.data_file")
features_file = platform("steps.draft.features_file")
conf_files = platform("steps.draft.conf_files")
layout = platform("steps.draft.layout")
contract = platform("data.contract")
settings = platform("base.settings")

ROWS = 240
RANDOM = np.random.default_rng(5)
LONG = "number_of_people_being_liable_to_provide_maintenance_for_the_household"
FRAME = pd.DataFrame(
    {
        "Applied On": pd.Series(pd.date_range("2024-01-01", periods=ROWS, freq="3D")).dt.strftime(
            "%d/%m/%Y"
        ),
        "E-Mail": [f"anna{number}@bank.example" for number in range(ROWS)],
        "class": RANDOM.choice(["first", "second"], ROWS),
        LONG: RANDOM.integers(1, 3, ROWS),
        "share paid": RANDOM.random(ROWS).round(2),
        "income": pd.Series(RANDOM.integers(1_000, 9_000, ROWS).astype("str")).mask(
            RANDOM.random(ROWS) < 0.2, "NA"
        ),
        "balance": RANDOM.normal(size=ROWS).round(2),
        "newsletter": RANDOM.choice([True, False], ROWS),
        "housing": RANDOM.choice(
            ["rented from a housing association", "owned, with a mortgage", "owned, debt free"],
            ROWS,
        ),
        "remark": [f"customer {number} called" for number in range(ROWS)],
        "Outcome": RANDOM.choice(["repaid", "default"], ROWS),
    }
)


def draft(frame: pd.DataFrame = FRAME, name: str = "Outcome") -> SimpleNamespace:
    """Return the profile of a table, and the texts of its proposal."""
    inferred = inference.infer_columns(frame)
    target = target_module.find_target(inferred, name, "binary")
    assignment = roles.assign_roles(inferred, target, "binary")
    table = settings.Table(kind="files", origin="production", path="data/loans.csv")
    columns = roles.ordered(assignment, target.column, frame)
    profile = profile_module.TableProfile(
        "loans", table, "binary", len(frame), complete=True, columns=columns
    )
    return SimpleNamespace(
        profile=profile,
        target=target,
        files={
            "schema.py": schema_file.write_schema(profile),
            "data.py": data_file.write_data(
                profile, target.outcome, assignment.key_of, select=True
            ),
            "features.py": features_file.write_features(profile),
        },
    )


@pytest.fixture(scope="module")
def drafted() -> SimpleNamespace:
    return draft()


def test_the_files_pass_the_lint_rules_and_the_formatter_of_a_project(
    drafted: SimpleNamespace, tmp_path: Path
) -> None:
    for name, text in drafted.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    rules = f"--config={ROOT / 'template/.mlops/ruff.toml'}"
    for command in (["check", "--no-cache"], ["format", "--no-cache", "--diff"]):
        words = [sys.executable, "-m", "ruff", *command, rules, str(tmp_path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_drafted_files_read_the_rows(
    drafted: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package_of_a_draft"
    package.mkdir()
    for name, text in drafted.files.items():
        (package / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    load: Callable[..., Any] = platform("base.project").user_module
    read = contract.read_contract(load("schema", package), "binary")
    tables = SimpleNamespace(read=lambda *_: FRAME.copy())
    inputs = read.inputs.clean(load("data", package).inputs(tables, None), "rows")
    labels = read.labels.clean(load("data", package).labels(tables, None), "rows")
    assert inputs["applied_on"].iloc[0] == pd.Timestamp("2024-01-01")
    assert inputs["income"].isna().sum() == (FRAME["income"] == "NA").sum()
    assert labels["outcome"].sum() == (FRAME["Outcome"] == "default").sum()
    prepared = load("features", package).prepare().fit_transform(inputs[read.features])
    assert len(prepared) == ROWS


@pytest.mark.parametrize("kind", ["text of a CSV file", "times"])
def test_the_drafted_file_selects_a_window_of_iso_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=ROWS, freq="3D"))
    dates = times.dt.strftime("%Y-%m-%d") if kind == "text of a CSV file" else times
    package = tmp_path / f"package_of_{kind.partition(' ')[0]}"
    package.mkdir()
    for name, text in draft(FRAME.assign(**{"Applied On": dates})).files.items():
        (package / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    tables = SimpleNamespace(read=lambda *_: FRAME.assign(**{"Applied On": dates}))
    window = platform("base.windows").Window(pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01"))
    found = platform("base.project").user_module("data", package).inputs(tables, window)
    assert len(found) == times.between("2024-02-01", "2024-02-29").sum()


def test_no_file_contains_a_value_of_a_personal_column(drafted: SimpleNamespace) -> None:
    texts = "".join(drafted.files.values())
    assert "anna" not in texts
    assert "customer " not in texts
    assert 'metadata={"role": "personal"}' in texts


def test_limits_are_what_is_impossible(drafted: SimpleNamespace) -> None:
    schema = drafted.files["schema.py"]
    assert "share_paid: float = pa.Field(ge=0, le=1)" in schema
    assert "income: float = pa.Field(ge=0, nullable=True)" in schema
    assert "    balance: float\n" in schema
    assert "    newsletter: bool\n" in schema
    assert "outcome: int = pa.Field(isin=[0, 1]," in schema


def test_letters_that_look_like_others_become_escapes() -> None:
    assert layout.quote("caf\xe9 \u2013") == '"caf\\xe9 \\u2013"'
    assert layout.quote('say "no"') == "'say \"no\"'"
    assert layout.readable("Größe\n\x1b") == "Größe\\n\\x1b"


# conf/

BASE = """\
# Settings for all environments.

tables:
  # About the example.
  applications:
    kind: synthetic
    origin: synthetic
  branches:
    kind: files
    origin: masked
    path: data/branches.csv

time:
  train: 12

scoring:
  # The table whose rows are scored.
  table: applications
  max_psi: 0.5

# Where predictions go.
predictions: predictions

model:
  seed: 11
  params: {max_iter: 30}
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    texts = {
        "base": BASE,
        "dev": "# For experiments.\n\n# The date of dev.\nas_of: 2020-01-01\n\nallow_dirty: true\n",
        "test": "promotion: automatic\n\ntime:\n  # Half a year.\n  train: 6\n",
        "prod": "# Nothing differs.\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yml").write_text(text)
    return tmp_path


def test_only_what_the_data_decides_changes_in_conf(drafted: SimpleNamespace, conf: Path) -> None:
    times = pd.to_datetime(FRAME["Applied On"], format="%d/%m/%Y")
    plan = splitting.plan_split(times, drafted.target, None, "binary")
    truth = drafted.target.truth
    files = conf_files.write_conf(conf, drafted.profile, plan, truth, select=True)
    assert set(files) == {"base.yml", "dev.yml", "test.yml"}
    base = yaml.safe_load(files["base.yml"])
    assert base["predictions"] == "predictions"
    assert base["scoring"] == {"table": "loans", "max_psi": 0.5}
    assert base["model"] == {"seed": 11, "params": {"max_iter": 30}, "cutoff": 0.5}
    assert base["tables"]["loans"]["text"] == ["E-Mail", "class"]
    assert base["tables"]["branches"]["path"] == "data/branches.csv"
    assert base["time"]["split"] == "time"
    assert "# Where predictions go." in files["base.yml"]
    assert "About the example" not in files["base.yml"]
    assert "# The date of dev.\nas_of: 2026-01-01" in files["dev.yml"]
    assert files["test.yml"] == "promotion: automatic\n"
    merged = base | yaml.safe_load(files["dev.yml"])
    settings.Settings.model_validate(
        {"env": "dev", "project_name": "loan-risk", "problem": "binary", **merged}
    )


def test_the_limit_of_the_mean_error_is_that_of_the_average(drafted: SimpleNamespace) -> None:
    """An estimator of the average cannot beat the median, where a few amounts are large."""
    profile = dataclasses.replace(drafted.profile, problem="regression")
    lines = conf_files._thresholds(profile, pd.Series([0.0, 0.0, 0.0, 8.0]))
    assert lines[-1] == "    mae: {max: 3.0}"


@pytest.mark.parametrize("split", ["random", "group"])
def test_without_dates_the_reason_is_in_conf(
    drafted: SimpleNamespace, conf: Path, split: str
) -> None:
    group = drafted.profile.target if split == "group" else None
    plan = splitting.plan_split(None, drafted.target, group, "binary")
    truth = drafted.target.truth
    files = conf_files.write_conf(conf, drafted.profile, plan, truth, select=False)
    assert set(files) == {"base.yml", "test.yml"}
    assert yaml.safe_load(files["base.yml"])["time"] == {
        "split": split,
        "reason": "The table has no dates, so the split cannot follow time.",
        "train": 7,
        "gate": 3,
    }
