"""The contract for those who deliver data is derived from schema.py, and fits real rows."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import sqlalchemy as sa

from lifecycle.project import Facts, Project

RECORD = """\
record
  utf8 string("|") application_id;  // role: key
  datetime("YYYY-MM-DD HH24:MI:SS")("|") applied_on;  // role: event_time
  utf8 string("|") customer_id;  // role: group
  utf8 string("|") age_band;  // role: protected
  utf8 string("|") purpose;
  utf8 string("|") employment = NULL("");
  utf8 string("|") housing;
  utf8 string("|") channel;
  decimal("|") amount;
  decimal("|") term_months;
  decimal("|") income = NULL("");
  decimal("|") other_debts;
  decimal("|") years_employed = NULL("");
  decimal("|") late_payments;
  decimal("\\n") has_account;
end;
"""


def written(project: Project, *reported: str) -> Path:
    """Run what `nox -s contract` runs, and return the folder that it writes.

    `reported` are the differences between docs/data-contract.md and conf/.
    """
    env = os.environ | {"PYTHONPATH": "src"}
    command = [sys.executable, ".mlops/data_contract.py"]
    done = subprocess.run(command, cwd=project.folder, env=env, check=True, capture_output=True)
    folder = project.path("build/contract")
    said = [line for line in done.stderr.decode().splitlines() if line.startswith("docs/")]
    assert said == list(reported)
    named = [project.path(line) for line in done.stdout.decode().splitlines()]
    assert sorted(named) == sorted(folder.iterdir())
    return folder


def rows() -> dict[str, list[Facts]]:
    """Return rows of `inputs` and `labels` as JSON holds them, in a project."""
    from loan_risk import data
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.base.windows import Window
    from loan_risk.mlops.data.tables import Tables

    tables = Tables(open_project("dev"))
    window = Window(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-04-01"))
    frames = {"inputs": data.inputs(tables, window), "labels": data.labels(tables, window)}
    frames["labels"]["defaulted"] = frames["labels"]["defaulted"].astype(int)
    found = {
        name: frame.to_json(orient="records", date_format="iso", date_unit="s")
        for name, frame in frames.items()
    }
    return {name: json.loads(text.replace('Z"', '"')) for name, text in found.items()}


@pytest.fixture(scope="module")
def contract(
    shelf: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, list[Facts]]]:
    """The contract of the example, and rows that fit it."""
    from lifecycle.project import copy_project

    project = copy_project(shelf("born"), tmp_path_factory.mktemp("contract") / "loan-risk")
    return written(project), project.call(rows)


BROKEN = [
    ("inputs", "amount", 0),
    ("inputs", "amount", None),
    ("inputs", "income", -1),
    ("inputs", "purpose", None),
    ("inputs", "applied_on", "soon"),
    ("labels", "defaulted", 2),
    ("labels", "reviewed_on", None),
]


def test_the_json_schema_accepts_real_rows_and_refuses_broken_ones(contract: Any) -> None:
    folder, found = contract
    for name, some in found.items():
        schema = json.loads((folder / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        assert len(some) > 500
        for row in some:
            validator.validate(row)
        assert not validator.is_valid({key: some[0][key] for key in list(some[0])[1:]})
        for _, column, value in (each for each in BROKEN if each[0] == name):
            assert not validator.is_valid(some[0] | {column: value}), column


def test_the_sql_creates_a_table_that_accepts_real_rows_and_refuses_broken_ones(
    contract: Any, postgres: str
) -> None:
    folder, found = contract
    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    for name, some in found.items():
        with engine.begin() as connection:
            connection.execute(sa.text((folder / f"{name}.sql").read_text().replace(":", r"\:")))
            columns = ", ".join(some[0])
            values = ", ".join(f":{column}" for column in some[0])
            insert = sa.text(f"INSERT INTO {name} ({columns}) VALUES ({values})")  # noqa: S608 - ours
            connection.execute(insert, some)
        broken = [some[0], *(some[0] | {c: v} for side, c, v in BROKEN if side == name)]
        for row in broken:  # the first row is valid, but exists already
            with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
                connection.execute(
                    insert, row | ({"application_id": "new"} if row != some[0] else {})
                )


def test_the_record_format_matches_the_example(
    shelf: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from lifecycle.project import copy_project

    folder = tmp_path_factory.mktemp("ab-initio") / "loan-risk"
    delivered = written(copy_project(shelf("born", sourcing="ab-initio"), folder))
    assert (delivered / "inputs.dml").read_text() == RECORD


def test_without_ab_initio_there_is_no_record_format(contract: Any) -> None:
    assert not list(contract[0].glob("*.dml"))


def test_the_columns_are_listed_for_people(contract: Any) -> None:
    page = (contract[0] / "columns.md").read_text()
    assert "## Inputs\n\nOne loan application, as the bank knew it on the day it arrived.\n" in page
    for line in (
        "| `application_id` | str | key | no |  |",
        "| `income` | float64 |  | yes | >= 0 |",
        "| `defaulted` | int64 | target | no | IN (0, 1) |",
    ):
        assert f"\n{line}\n" in page


def test_checks_are_translated_or_mentioned_in_a_comment(born: Project) -> None:
    born.edit("schema.py", "    purpose: str\n", CHECKED)
    born.edit("docs/data-contract.md", "| `outcomes` |", "| `reviews` |")
    lists = "docs/data-contract.md: the list of tables"
    folder = written(
        born,
        f"{lists} lacks outcomes, which conf/ has; describe it there.",
        f"{lists} has reviews, which conf/ lacks; remove it there.",
    )
    page = (folder / "columns.md").read_text()
    assert "| `score` | float64 |  | no | >= 0 and < 1 |" in page
    assert "| `code` | str |  | no | str_length |" in page
    schema = json.loads((folder / "inputs.schema.json").read_text())["properties"]
    assert schema["purpose"] == {"type": "string", "enum": ["car", "it's"]}
    assert schema["score"] == {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    assert schema["code"] == {"type": "string", "$comment": "also checked: str_length"}
    assert schema["level"] == {"type": "integer", "not": {"enum": [9]}}
    table = (folder / "inputs.sql").read_text()
    assert """"purpose" TEXT NOT NULL CHECK ("purpose" IN ('car', 'it''s')),""" in table
    assert """CHECK ("score" >= 0 AND "score" < 1),""" in table
    assert '"code" TEXT NOT NULL,  -- also checked: str_length' in table
    assert """CHECK ("level" NOT IN (9)),""" in table


CHECKED = """\
    purpose: str = pa.Field(isin=["car", "it's"])
    score: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_max": False})
    code: str = pa.Field(str_length={"min_value": 2})
    level: int = pa.Field(notin=[9])
"""
