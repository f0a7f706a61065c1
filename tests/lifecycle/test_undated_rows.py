"""Rows without a time do not disappear: each command refuses them, or counts those left out."""

import pytest

from lifecycle import behind
from lifecycle.project import AS_OF, Project

APPLICATIONS = "pd.DataFrame(_as_stated(applicants, random))"
OUTCOMES = "pd.DataFrame(outcomes)"
BLANK = '.assign(applied_on=lambda rows: rows["applied_on"].mask(rows.index % 3 == 0))'
STRICT = 'applied_on: datetime = pa.Field(metadata={"role": "event_time"})'
NULLABLE = 'applied_on: datetime = pa.Field(nullable=True, metadata={"role": "event_time"})'


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (APPLICATIONS, "applications"),
        pytest.param(OUTCOMES, "outcomes", marks=pytest.mark.full),
    ],
)
def test_every_command_refuses_rows_without_a_time(scored: Project, rows: str, table: str) -> None:
    scored.edit("synthetic.py", rows, rows + BLANK)
    expected = f"table {table}: applied_on is missing in "
    trained = scored.run("train", "--as-of", AS_OF, code=1)
    assert expected in trained.said
    assert "(row 0 of synthetic.rows for 2024-" in trained.said
    gated = scored.run("gate", "1", code=3)
    assert expected in str(gated.facts["evidence"]["checks"])
    monitored = scored.run("monitor", "--as-of", "2026-04-01").facts
    assert monitored["decision"] == "investigate"
    assert expected in str(monitored["reasons"])
    if table == "applications":
        batches = scored.batches()
        assert expected in scored.run("score", "--as-of", AS_OF, code=1).said
        assert scored.batches() == batches


@pytest.mark.full
def test_every_command_counts_rows_without_a_time_that_the_schema_allows(born: Project) -> None:
    born.edit("synthetic.py", APPLICATIONS, APPLICATIONS + BLANK)
    born.edit("schema.py", STRICT, NULLABLE)
    said = " rows without applications.applied_on are left out, as schema.py allows"
    assert said in born.run("train", "--as-of", AS_OF).said
    undated = born.call(behind.card, "dev.loan-risk", 1)["undated"]
    assert undated["applications.applied_on"] > 100
    assert said in born.run("gate").said
    born.run("promote")
    answer = born.run("score", "--as-of", AS_OF)
    assert f"{answer.facts['undated']['applications.applied_on']}{said}" in answer.said
    monitored = born.run("monitor", "--as-of", AS_OF).facts
    assert monitored["rows"]["undated"] == answer.facts["undated"]["applications.applied_on"]
    assert said in str(monitored["reasons"])
