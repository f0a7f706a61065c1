"""`compare` says how two versions and their predictions differ."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pages import Reading
from tutorials import missing

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Project, copy_project

MODEL = "dev.loan-risk"
ADDED = '        debts_to_income=(instalment + frame["other_debts"]) / income,\n'


@pytest.fixture(scope="module")
def both(shelf: At, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a champion, and a challenger of other code. Do not edit it."""
    project = copy_project(shelf("live"), tmp_path_factory.mktemp("both") / "loan-risk")
    more = ADDED.replace("debts_to_income", "debts_to_income_again")
    project.edit("features.py", ADDED, ADDED + more)
    project.commit()
    project.run("train", "--as-of", AS_OF, "--set", "model.params.max_iter=40")
    return project


@pytest.fixture
def rivals(both: Project, tmp_path: Path) -> Project:
    """Return a copy of that project, to edit freely."""
    return copy_project(both, tmp_path / "loan-risk")


def test_the_challenger_is_compared_with_the_champion(both: Project) -> None:
    answer = both.run("compare")
    facts = answer.facts
    assert (facts["first"]["number"], facts["second"]["number"]) == (1, 2)
    assert "versions 1 and 2 differ in code, settings and parameters;" in answer.said
    assert missing("compare-versions", "compare 1 2", answer.said) == []
    assert [change["path"] for change in facts["code"]["modules"]] == ["features.py"]
    files = {each["path"]: (each["removed"], each["added"]) for each in facts["code"]["files"]}
    assert files == {"src/loan_risk/features.py": (0, 1)}
    assert facts["settings"] == [
        {"name": "overridden by", "first": "", "second": "--set model.params.max_iter"}
    ]
    params = {each["name"]: (each["first"], each["second"]) for each in facts["params"]}
    assert params == {"estimator.max_iter": ("30", "40")}
    assert all(pair["shared"] == pair["second"]["rows"] for pair in facts["rows"])
    assert facts["packages"] == []
    same = facts["same_rows"]
    assert (same["source"], same["changed"], same["seen"]) == (
        "extract",
        False,
        {"first": 0, "second": 0},
    )
    assert same["agreement"]["rows"] == facts["rows"][1]["second"]["rows"]
    low, high = same["advantage"]["interval"]
    assert low < same["advantage"]["difference"] < high
    [auc, *_] = [each for each in facts["measures"] if each["metric"] == "auc"]
    assert auc["first"]["interval"][0] < auc["first"]["value"]
    text = Reading(both.path(facts["page"]).read_text(encoding="utf-8")).text
    assert "loan-risk: version 1 and version 2" in text


def test_the_order_of_two_versions_is_that_of_the_command(both: Project) -> None:
    facts = both.run("compare", "2", "1").facts
    assert (facts["first"]["number"], facts["second"]["number"]) == (2, 1)
    assert facts["page"].endswith("compare-dev-2-1.html")


def test_nothing_is_recorded(both: Project) -> None:
    before = both.run("status").facts["entries"]
    both.run("compare", "1", "2")
    assert both.run("status").facts["entries"] == before


def delete(project: Project) -> str:
    project.call(behind.delete, MODEL, 1)
    return f"the champion of {MODEL}, version 1, was deleted in MLflow;"


def change(project: Project) -> str:
    card = Path(project.call(behind.files, MODEL, 1)) / "artifacts/card.json"
    card.write_text(card.read_text().replace('"seed": 7', '"seed": 8'))
    return "the files of version 1 of dev.loan-risk have changed"


@pytest.mark.parametrize("harm", [delete, change])
def test_a_version_that_was_harmed_is_refused(
    rivals: Project, harm: Callable[[Project], str]
) -> None:
    message = harm(rivals)
    rivals.path("build/monitor/compare-dev-1-2.html").unlink(missing_ok=True)
    assert message in rivals.run("compare", "1", "2", code=1).said
    assert not rivals.path("build/monitor/compare-dev-1-2.html").exists()


def test_an_unknown_version_and_the_same_one_twice_are_refused(both: Project) -> None:
    assert "has no version 9; its versions are 1, 2" in both.run("compare", "1", "9", code=1).said
    assert "version 2 was given twice" in both.run("compare", "2", "2", code=2).said


def test_without_the_extract_the_tables_are_read(rivals: Project) -> None:
    for extract in rivals.path("extracts").rglob("*.parquet"):
        extract.unlink()
    same = rivals.run("compare").facts["same_rows"]
    assert (same["source"], same["changed"]) == ("tables", False)


@pytest.mark.full
def test_what_does_not_load_is_compared_by_its_card(rivals: Project) -> None:
    """An erased extract, tables that cannot be read: all the rest is compared."""
    rivals.configure(retention={"extracts": 6})
    rivals.commit()
    rivals.run("erase", "--expired", "--as-of", "2026-10-01", "--yes")
    rivals.edit("data.py", 'tables.read("applications", window)', 'tables.read("nowhere", window)')
    answer = rivals.run("compare")
    assert answer.facts["same_rows"] is None
    assert "rows of the extract of version 2 were erased on" in answer.said
    assert "nowhere" in answer.said
    assert answer.facts["params"]
