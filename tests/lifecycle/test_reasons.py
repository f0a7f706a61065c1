"""Predictions come with their reasons where these are required, as they are at high risk."""

import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.project import AS_OF, Project

MODEL = "dev.loan-risk"
SCORE = ("score", "--as-of", AS_OF)
ASKED = ("--set", "scoring.reasons=true")
REASONS = ["reason_1", "reason_2", "reason_3"]
GIVEN = "def explain("
KNOWN = """    figures = pd.DataFrame(0.0, rows.index, rows.columns)
    return figures.assign(income=-2.0, amount=1.0)


def explain_as_before("""


def current(project: Project) -> pd.DataFrame:
    """Read the newest batch."""
    return pd.read_parquet(project.batches()[-1] / "part.parquet")


def edit_version(project: Project, old: str, new: str) -> None:
    """Change the model.py that version 1 carries."""
    folder = project.path(project.call(behind.files, MODEL, 1))
    [name] = [str(path) for path in folder.glob("code/*/model.py")]
    project.edit(name, old, new)
    project.call(behind.vouch, 1)


def high(project: Project) -> None:
    project.edit(".copier-answers.yml", "risk_tier: medium", "risk_tier: high")


def test_reasons_are_features_and_change_no_prediction(live: Project) -> None:
    live.run(*SCORE)
    plain = current(live)
    live.edit("model.py", GIVEN, "def explain_of_today(")  # the champion has its own copy
    live.run(*SCORE, *ASKED)
    given, told = current(live), ["batch", "predicted_at"]
    pd.testing.assert_frame_equal(given[[*plain]].drop(columns=told), plain.drop(columns=told))
    assert [name for name in given if name not in plain] == REASONS
    features = set(live.call(behind.card, MODEL, 1)["features"])
    assert set(given[REASONS].melt()["value"].dropna()) <= features
    assert given["reason_1"].nunique() > 3
    assert (given["reason_1"] != given["reason_2"]).all()


@pytest.mark.full
def test_the_reasons_are_those_that_explain_returns(opened: Project) -> None:
    signature = "def explain(estimator: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:\n"
    rest = "estimator: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:\n"
    opened.edit("model.py", signature, f"{signature}{KNOWN}{rest}")
    for words in (("train", "--as-of", AS_OF), ("gate", *ASKED), ("promote",)):
        opened.run(*words)
    opened.run(*SCORE, *ASKED, "--set", "scoring.batch_rows=100")
    given = current(opened)[REASONS]
    assert set(given["reason_1"]) == {"income"}  # the largest effect, of either sign
    assert set(given["reason_2"]) == {"amount"}
    assert given["reason_3"].isna().all()  # no other feature has an effect
    opened.run("monitor", "--as-of", AS_OF)


def test_the_gate_requires_reasons_of_a_high_risk_version(trained: Project) -> None:
    high(trained)
    assert trained.run("gate", code=None).checks["reasons"]["verdict"] == "passed"
    edit_version(trained, GIVEN, "def explain_not(")
    check = trained.run("gate", code=3).checks["reasons"]
    assert check["verdict"] == "rejected"
    assert "explain(estimator, rows)" in check["reason"]


@pytest.mark.full
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "return rows[['amount']]",
            "model.explain: it must return a column for each feature, and returns none ",
        ),
        ("raise RuntimeError('own words')", "RuntimeError in model.py, line "),
        ("return pd.DataFrame(0.0, rows.index, rows.columns)", "returns only zeros or missing"),
        *(
            pytest.param(line, words, marks=pytest.mark.wide)
            for line, words in (
                ("return rows.head(3) * 0", "must return a row for each row that it gets"),
                (
                    "return pd.DataFrame(np.nan, rows.index, rows.columns)",
                    "returns only zeros or missing",
                ),
                ("return None", "it returns NoneType instead of a DataFrame"),
            )
        ),
    ],
)
def test_an_explain_that_gives_no_reasons_is_rejected(
    trained: Project, line: str, words: str
) -> None:
    edit_version(trained, "    def score(frame", f"    {line}\n\n    def score(frame")
    check = trained.run("gate", *ASKED, code=3).checks["reasons"]
    assert check["verdict"] == "rejected"
    assert words in check["reason"]


@pytest.mark.full
def test_an_earlier_champion_goes_on_without_reasons(opened: Project) -> None:
    opened.edit("model.py", GIVEN, "def explain_not(")
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        opened.run(*words)
    high(opened)
    opened.run(*SCORE)
    assert not set(REASONS) & set(current(opened))
