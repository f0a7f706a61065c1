"""A project says who answers for each of its files, and how its decisions are made and recorded."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import Rendered
from pathspec import GitIgnoreSpec
from rendering import PLACES, VENDORS, files

Answers = dict[str, str]

OWNER, DATA = "The model's owners", "Data and I/O"
ENABLERS, INFRASTRUCTURE = "Application enablers", "Infrastructure"
ANSWERS = [{"ci": vendor, **place} for vendor, place in zip(VENDORS, PLACES[::2], strict=True)]
ANSWERS += [{"compute": "databricks", "sourcing": "ab-initio"}]
EXPECTED = {
    "README.md": OWNER,
    "conf/base.yml": OWNER,
    "docs/model-card.md": OWNER,
    "docs/decisions/README.md": OWNER,
    "src/loan_risk/features.py": OWNER,
    "src/loan_risk/model.py": OWNER,
    "tests/model/test_features.py": OWNER,
    "docs/data-contract.md": DATA,
    "src/loan_risk/data.py": DATA,
    "src/loan_risk/schema.py": DATA,
    "src/loan_risk/synthetic.py": DATA,
    "noxfile.py": ENABLERS,
    "src/loan_risk/mlops/serving/model.py": ENABLERS,
    "src/loan_risk/mlops/data/synthetic.py": ENABLERS,
    ".mlops/files": ENABLERS,
    "pyproject.toml": INFRASTRUCTURE,
}


@pytest.fixture(params=ANSWERS, ids=lambda answers: "-".join(answers.values()))
def project(request: pytest.FixtureRequest, rendered: Rendered) -> Path:
    """A project of each vendor and of each place, in turns."""
    return rendered(**request.param)


def groups_of(project: Path) -> dict[str, list[str]]:
    """Return the patterns in CODEOWNERS by the group that the comment above names."""
    groups: dict[str, list[str]] = {}
    patterns: list[str] = []
    for part in (project / "CODEOWNERS").read_text(encoding="utf-8").split("\n\n"):
        group = re.match(r"# (.+?):", part)
        patterns = [line.split()[0] for line in part.splitlines() if not line.startswith("#")]
        if patterns:
            assert group, part
            groups[group[1]] = patterns
    return groups


def owners_of(path: str, groups: dict[str, list[str]]) -> list[str]:
    """Return the groups that name a file; the first group has what no other names."""
    first, *others = groups
    named = [group for group in others if GitIgnoreSpec.from_lines(groups[group]).match_file(path)]
    return named or [first]


def owner_at_azure(path: str, groups: dict[str, list[str]]) -> str:
    """Return whom Azure asks, where `*` matches slashes, too, and the last pattern decides."""
    return [
        group
        for group, patterns in groups.items()
        for pattern in patterns
        if fnmatch(f"/{path}", f"{pattern}*" if pattern.endswith("/") else pattern)
    ][-1]


def test_every_file_has_exactly_one_group_of_owners(project: Path) -> None:
    groups = groups_of(project)
    assert list(groups) == [OWNER, DATA, ENABLERS, INFRASTRUCTURE]
    for path in [*files(project), "uv.lock"]:
        owners = owners_of(path, groups)
        assert len(owners) == 1, f"{path}: {owners}"
        assert owners == [owner_at_azure(path, groups)], path
    assert {path: owners_of(path, groups)[0] for path in EXPECTED} == EXPECTED


def test_every_line_of_the_owners_is_about_a_file_that_is_there(project: Path) -> None:
    there = [*files(project), "uv.lock"]  # which `nox -s setup` creates
    for patterns in groups_of(project).values():
        for pattern in patterns:
            assert any(GitIgnoreSpec.from_lines([pattern]).match_files(there)), pattern


def test_no_file_of_the_platform_is_left_to_the_owners_of_the_model(project: Path) -> None:
    groups = groups_of(project)
    listed = (project / ".mlops/files").read_text(encoding="utf-8").split()[1::2]
    owners = {owners_of(path, groups)[0] for path in listed}
    assert owners <= {ENABLERS, INFRASTRUCTURE}


def test_the_index_lists_every_decision_with_its_status(rendered: Rendered) -> None:
    folder = rendered() / "docs/decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \| (.+) \|$", index, re.MULTILINE)
    assert [name for *_, name, _ in listed] == sorted(
        page.name for page in folder.glob("[0-9]*.md") if not page.name.startswith("0000")
    )
    for number, title, name, status in listed:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. {title}\n")
        assert f"- **Status**: {status}\n" in text


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda answers: "-".join(answers.values()))
def test_the_first_decision_has_the_answers_of_the_project(
    answers: Answers, rendered: Rendered
) -> None:
    decision = rendered(**answers) / "docs/decisions/0001-start-from-goldsmith.md"
    chosen = re.findall(r"^\| .+\? \| `(.+)` \|$", decision.read_text("utf-8"), re.MULTILINE)
    asked = {"problem": "binary", "risk_tier": "medium", "ci": "none", "compute": "local"}
    if "orchestrator" in answers or answers.get("compute") == "databricks":
        asked["orchestrator"] = "databricks-jobs"
    if answers.get("compute", "local") != "local":
        asked["serving"] = "batch"
    assert chosen == list((asked | answers).values())


def test_a_decision_has_the_headings_of_the_template(rendered: Rendered) -> None:
    pages = (rendered() / "docs/decisions").glob("[0-9]*.md")
    headings = [re.findall("^## .+", page.read_text("utf-8"), re.MULTILINE) for page in pages]
    assert headings[0]
    assert all(each == headings[0] for each in headings)
