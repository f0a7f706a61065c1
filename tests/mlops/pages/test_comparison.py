"""The page of a comparison: what it shows, and that it shows it to everyone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from pages import Reading, open_for_everyone
from rendering import platform

if TYPE_CHECKING:
    from playwright.sync_api import Browser

page = platform("pages.comparison")
records = platform("records.comparison")
agreement = platform("figures.agreement")

HOSTILE = "<b onclick=alert(1)>|x|</b>"


def pair(first: Any, second: Any) -> Any:
    """Return a value for each version."""
    return records.Pair(first=first, second=second)


def predictions(problem: str, seed: int) -> pd.DataFrame:
    """Return what a version predicts."""
    random = np.random.default_rng(seed)
    base = np.random.default_rng(1).normal(size=900)
    moved = base + random.normal(0, 0.2, 900)
    if problem == "regression":
        return pd.DataFrame({"value": 20_000 + 6_000 * moved})
    score = 1 / (1 + np.exp(2 - moved))
    if problem == "binary":
        return pd.DataFrame({"score": score, "decision": score >= 0.3})
    frame = pd.DataFrame({"A": score, "B": (1 - score) * 0.7, "C": (1 - score) * 0.3})
    return frame.assign(label=frame.idxmax(axis=1))


def version(number: int, state: str, **more: Any) -> Any:
    """Return what a version is."""
    facts = {
        "estimator": "HistGradientBoostingClassifier",
        "as_of": f"2026-0{number % 9 + 1}-01",
        "trained_at": "2026-03-04T05:06:07+00:00",
        "actor": "ada@laptop",
        "environment": "dev",
        "commit": f"{number}" * 40,
        "dirty": False,
        "digest": f"{number}" * 64,
    }
    return records.ComparedVersion(number=number, state=state, **{**facts, **more})


def window(side: str, first: int, second: int, shared: int | None) -> Any:
    """Return the rows of both versions."""
    facts = [
        records.WindowFacts(
            window="2025-01-01..2026-01-01", rows=rows, coverage=0.94, fingerprint=f"{rows}" * 12
        )
        for rows in (first, second)
    ]
    return records.WindowPair(side=side, first=facts[0], second=facts[1], shared=shared)


def same_rows(problem: str, **more: Any) -> Any:
    """Return the predictions of both versions for the same rows."""
    first, second = predictions(problem, 2), predictions(problem, 3)
    metric = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}[problem]
    facts = {
        "version": 8,
        "window": "2025-10-01..2026-01-01",
        "source": "extract",
        "changed": False,
        "erased": "",
        "seen": pair(0, 0),
        "measures": (
            records.Measure(
                metric=metric,
                first=records.Figure(value=0.7504),
                second=records.Figure(value=0.7713),
            ),
        ),
        "advantage": records.Advantage(
            metric=metric, better="higher", difference=0.0209, interval=(0.0053, 0.0365)
        ),
        "agreement": agreement.compare_predictions(first, second, (0.3, 0.35)),
    }
    return records.SameRows(**{**facts, **more})


def difference(name: str, first: str, second: str) -> Any:
    """Return one difference."""
    return records.Difference(name=name, first=first, second=second)


def comparison(problem: str = "binary", **more: Any) -> Any:
    """Return a comparison of two versions that differ in everything."""
    gate = records.Figure(value=0.7694, interval=(0.7369, 0.8019), verdict="passed")
    other = records.Figure(value=0.7813, interval=(0.7513, 0.8113), verdict="rejected")
    module = records.ModuleChange(
        path="features.py",
        added=2,
        removed=1,
        diff="@@ -1,3 +1,4 @@\n def add(frame):\n-    return frame\n+    late = frame['late']\n"
        "+    return frame.assign(late_share=late / frame['payments'])",
    )
    facts = {
        "project": "loan-risk",
        "env": "dev",
        "problem": problem,
        "first": version(5, "champion"),
        "second": version(8, "challenger, passed", dirty=True),
        "measures": (
            records.Measure(metric="auc", first=gate, second=other),
            records.Measure(
                metric="log_loss",
                first=records.Figure(value=0.3508),
                second=records.Figure(value=None),
            ),
        ),
        "same_rows": same_rows(problem),
        "trouble": "",
        "code": records.CodeChanges(
            modules=(module,),
            files=(
                records.FileChange(path="src/loan_risk/features.py", added=2, removed=1),
                records.FileChange(path="docs/picture.png", added=None, removed=None),
            ),
            trouble="",
        ),
        "settings": (difference("time.train", "12", "24"), difference("tables.rates", "", "sql")),
        "params": (difference("estimator.max_iter", "30", "80"),),
        "columns": (
            records.ComparedColumn(
                name="income", seen=pair(True, True), importance=pair(0.08, 0.06)
            ),
            records.ComparedColumn(
                name="late_share", seen=pair(False, True), importance=pair(None, 0.03)
            ),
        ),
        "rows": (window("training", 6754, 5070, 4498), window("gate", 1566, 1649, None)),
        "packages": (difference("numpy", "2.3.1", "2.4.0"),),
    }
    return records.Comparison(**{**facts, **more})


def nothing_differs() -> Any:
    """Return a comparison of versions that are alike."""
    rows = (window("training", 6754, 6754, 6754), window("gate", 1566, 1566, 1566))
    none: dict[str, Any] = {
        "settings": (),
        "params": (),
        "columns": (),
        "packages": (),
        "measures": (),
    }
    same = same_rows("binary", advantage=None)
    code = records.CodeChanges(modules=(), files=(), trouble="")
    first = version(5, "champion")
    second = first.model_copy(update={"number": 8})
    return comparison(**none, rows=rows, same_rows=same, code=code, first=first, second=second)


def read(of: Any) -> Reading:
    """Return the parsed page."""
    return Reading(page.render(of))


def test_the_number_of_a_class_is_its_probability() -> None:
    """A chart headed `B` says nothing to a reader."""
    text = read(comparison("multiclass")).text
    names = [each.column for each in same_rows("multiclass").agreement.numbers]
    assert all(f"probability of {name} by both" in text for name in names[:3])
    assert "probability of" not in read(comparison("binary")).text


def test_an_end_of_a_bin_has_three_digits() -> None:
    assert page.bin_labels((0.0, 0.23, 0.5, 0.9999)) == [
        *("below 0.230", "0.230 to 0.500", "0.500 and more")
    ]
    assert page.bin_labels((0.0, 99.96, 1234.5, 2000.0))[1] == "100 to 1,234"


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_a_page_shows_what_differs(problem: str) -> None:
    found = read(comparison(problem))
    assert {"script", "img", "link"} & set(found.tags) <= {"link"}
    for text in (
        "loan-risk: version 5 and version 8",
        "What differs",
        "Code: features.py; 2 lines added, 1 removed.",
        "Settings: time.train 12 → 24, tables.rates none → sql.",
        "Parameters: estimator.max_iter 30 → 80.",
        "Columns: new late_share.",
        "Rows: training 6,754 → 5,070, 4,498 of them the same; gate 1,566 → 1,649.",
        "Packages: numpy 2.3.1 → 2.4.0.",
        "version 8 is better",
        "0.7694 (0.7369 to 0.8019)",
        "with uncommitted changes",
        "not text",
        "not used",
    ):
        assert text in found.text, text


def test_each_picture_has_a_title_and_its_data() -> None:
    found = read(comparison())
    pictures = [each for each in found.attributes if each.get("role") == "img"]
    assert len(pictures) == found.tags.count("figure") == 3
    assert found.tags.count("details") == 3 + 1  # the code


def test_versions_that_are_alike_are_said_to_be() -> None:
    found = read(nothing_differs())
    assert "Nothing that is recorded differs" in found.text
    for text in (
        "The user's modules that the versions carry are the same.",
        "Both were trained from commit 555555555555.",
        "Python, the template and all locked packages are the same.",
    ):
        assert text in found.text, text


def test_what_could_not_be_compared_is_explained() -> None:
    code = records.CodeChanges(modules=(), files=(), trouble="commit 5 is not in this clone.")
    found = read(comparison(same_rows=None, trouble="version 5 does not load here.", code=code))
    assert "They were not compared: version 5 does not load here." in found.text
    assert "All other files were not compared: commit 5 is not in this clone." in found.text
    assert "At a glance" not in found.text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"source": "tables"}, "read from today's tables, which still hold the same rows"),
        ({"source": "tables", "changed": True}, "tables, whose rows have changed since"),
        ({"erased": "2026-02-03"}, "Rows of the extract were erased on 2026-02-03."),
        ({"seen": pair(7, 0)}, "Version 5 was trained on rows with the keys of 7 of them"),
    ],
)
def test_a_page_says_which_rows_were_predicted(facts: dict[str, Any], text: str) -> None:
    assert text in read(comparison(same_rows=same_rows("binary", **facts))).text


@pytest.mark.parametrize(
    ("facts", "badge"),
    [
        ({"difference": 0.02, "interval": (0.01, 0.03)}, "version 8 is better"),
        ({"difference": -0.02, "interval": (-0.03, -0.01)}, "version 8 is worse"),
        ({"difference": -2.0, "interval": (-3, -1), "better": "lower"}, "version 8 is better"),
        ({"difference": 0.02, "interval": (-0.01, 0.05)}, "may be chance"),
        ({"difference": 0.02, "interval": None}, "no interval"),
    ],
)
def test_a_difference_is_judged_by_its_interval(facts: dict[str, Any], badge: str) -> None:
    advantage = records.Advantage(**{"metric": "auc", "better": "higher", **facts})
    same = same_rows("binary", advantage=advantage)
    assert page.chance(same, ("version 5", "version 8"))[1] == badge
    seen = same.model_copy(update={"seen": pair(0, 3)})
    assert page.chance(seen, ("version 5", "version 8"))[1] == "seen in training"


def test_text_that_looks_like_markup_is_shown_as_text() -> None:
    module = records.ModuleChange(path=HOSTILE, added=1, removed=0, diff=f"+{HOSTILE}")
    file = records.FileChange(path=HOSTILE, added=1, removed=0)
    code = records.CodeChanges(modules=(module,), files=(file,), trouble="")
    hostile = (difference(HOSTILE, HOSTILE, HOSTILE),)
    first = version(5, HOSTILE, actor=HOSTILE, estimator=HOSTILE)
    found = read(comparison(code=code, settings=hostile, params=hostile, first=first))
    assert f"+{HOSTILE}" in found.pieces
    assert not [of for of in found.attributes if "onclick" in of]
    assert "b" not in found.tags


def test_equal_comparisons_make_equal_files(tmp_path: Path) -> None:
    for name in ("one.html", "other.html"):
        page.write(comparison(), tmp_path / name)
    one, other = sorted(tmp_path.iterdir())
    assert one.read_bytes() == other.read_bytes()


EXAMPLES = {
    "binary": comparison,
    "multiclass": lambda: comparison("multiclass"),
    "regression": lambda: comparison("regression"),
    "nothing": nothing_differs,
}


@pytest.mark.full
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_is_readable_in_every_browser_view(
    browser: "Browser", tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"compare-{name}.html"
    page.write(EXAMPLES[name](), path)
    open_for_everyone(browser, path)
