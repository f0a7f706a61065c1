"""Rows that break the schema are reported with their window, column and value."""

import pytest

from lifecycle.mistakes import Change, Mistake, both, conf, edit, expect, gone, inputs, labels
from lifecycle.project import AS_OF, Project


def read_csv(content: bytes, **keys: str) -> Change:
    """Read the applications from a file with this content."""
    table = {"kind": "files", "origin": "masked", "path": "data/x.csv", **keys}

    def change(project: Project) -> None:
        project.path("data").mkdir()
        project.path("data/x.csv").write_bytes(content)
        project.configure(tables={"applications": table, "outcomes": SYNTHETIC})

    return change


SYNTHETIC = {"kind": "synthetic", "origin": "synthetic"}
MISTAKES = [
    Mistake(
        "a table that conf does not name",
        edit("data.py", 'tables.read("outcomes"', 'tables.read("reviews"'),
        ("reviews", "conf", "applications"),
        code=2,
    ),
    Mistake(
        "a missing file",
        conf(tables={"applications": {**SYNTHETIC, "kind": "files", "path": "data/no-*.parquet"}}),
        ("table applications", "data/no-*.parquet", "tables.applications.path"),
    ),
    Mistake(
        "a file with another encoding",
        read_csv("purpose\nHäuser\n".encode("latin-1")),
        ("table applications", "x.csv", "utf-8"),
    ),
    Mistake(
        "a file without its time",
        read_csv(b"purpose\ncar\n", time="day"),
        ("table applications", "no column day", "tables.applications.time"),
    ),
    Mistake(
        "an empty file",
        read_csv(b""),
        ("table applications", "x.csv"),
    ),
    Mistake(
        "a synthetic table without synthetic.py",
        gone("synthetic.py"),
        ("synthetic.py", "missing"),
        code=2,
    ),
    Mistake(
        "a missing column",
        edit("data.py", "list(Inputs.to_schema().columns)", '["application_id", "applied_on"]'),
        ("training window", "column customer_id", "missing", "data.py"),
    ),
    Mistake(
        "an extra column",
        edit("data.py", "[list(Inputs.to_schema().columns)]", ".assign(iban=1)"),
        ("column iban", "Inputs of schema.py"),
    ),
    Mistake(
        "a column of the wrong type",
        inputs('applications["amount"] = applications["purpose"]'),
        ("column amount", "cannot become float without loss", "schema.py"),
    ),
    Mistake(
        "a cast that would lose something",
        inputs('applications["term_months"] = applications["term_months"] + 0.5'),
        ("column term_months", "cannot become int without loss", "row 0"),
    ),
    Mistake(
        "a number instead of text",
        inputs('applications["purpose"] = 3'),
        ("column purpose", "str", "without loss", "int"),
    ),
    Mistake(
        "a value that the schema forbids",
        inputs('applications["amount"] = -applications["amount"]'),
        ("column amount", "schema.Inputs", "greater_than", "row 0"),
    ),
    Mistake(
        "a missing value that the schema forbids",
        inputs('applications.loc[3, "purpose"] = None'),
        ("column purpose", "schema.Inputs"),
    ),
    Mistake(
        "an empty table",
        inputs("applications = applications.head(0)"),
        ("no rows", "training window"),
    ),
    Mistake(
        "one class only",
        labels('reviewed = reviewed[reviewed["defaulted"] == 0]'),
        ("training window", "defaulted", "only one class", "labels in data.py"),
    ),
    Mistake(
        "a target other than 0 and 1",
        both(
            edit("schema.py", "isin=[0, 1], ", ""),
            labels('reviewed = reviewed.assign(defaulted=reviewed["defaulted"] + 1)'),
        ),
        ("defaulted", "other than 0 and 1"),
        code=2,
    ),
    Mistake(
        "a column without any value",
        inputs('applications["income"] = float("nan")'),
        ("training window", "column income", "no values"),
    ),
    Mistake(
        "a column of text without any value",
        inputs('applications["employment"] = None'),
        ("training window", "column employment", "no values"),
    ),
    Mistake(
        "an infinite value",
        inputs('applications.loc[3, "income"] = float("inf")'),
        ("training window", "income", "infinite", "missing"),
    ),
    Mistake(
        "duplicate keys",
        inputs("applications = pd.concat([applications, applications.head(2)])"),
        ("training window", "2 rows repeat the key (application_id) of an earlier", "data.py"),
    ),
    Mistake(
        "duplicate keys of labels",
        labels("reviewed = pd.concat([reviewed, reviewed.head(2)])"),
        ("labels", "2 rows repeat the key (application_id) of an earlier"),
    ),
    Mistake(
        "no matured label",
        labels('reviewed = reviewed.assign(reviewed_on=pd.Timestamp("2027-01-01"))'),
        ("training window", "no row has a label that is known", AS_OF, "label_horizon"),
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_wrong_rows_are_reported(born: Project, mistake: Mistake) -> None:
    expect(born, mistake)
