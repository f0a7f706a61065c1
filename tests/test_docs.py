"""The documentation is correct: links resolve, and its tables agree with the code."""

import ast
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from rendering import FENCE, PLATFORM, ROOT, VENDORS, files, platform

DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
SHARED = ("pyproject.toml", ".gitignore", ".pre-commit-config.yaml")

CUT = re.compile(r"^\|.*\n\n\|.*\n(?!\|[\s:|-]+\n)", re.MULTILINE)  # rows without a header
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PLATFORM_SIZE = re.compile(r"(\d\d),000 lines")
SCHEME = re.compile(r"#only-(?:light|dark)$")  # of a picture that one of two schemes shows


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_table_is_split_by_a_blank_line(page: Path) -> None:
    assert CUT.findall(text_of(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_names_a_language_and_nothing_else(page: Path) -> None:
    """The site shows any other block as running text, and the headings after it are lost."""
    assert re.findall(r"^ *```\w+ .*", text_of(page), re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_program_accepts_every_documented_command_line(page: Path) -> None:
    take_command_lines(page)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_pages_of_a_project_are_correct_too(vendor: str, rendered: Rendered) -> None:
    project = rendered(ci=vendor)
    for page in (page for page in files(project) if page.endswith(".md")):
        assert broken_links(project / page) == []
        take_command_lines(project / page)


def test_the_site_shows_every_page_once() -> None:
    site = tomllib.loads(text_of(ROOT / "zensical.toml"))
    shown = re.findall(r"'([^']+\.md)'", str(site["project"]["nav"]))
    assert sorted(shown) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_the_index_leads_to_every_guide_tutorial_and_explanation() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall(text_of(DOCS / "index.md"))}
    parts = ("tutorial", "how-to", "explanation")
    pages = {
        page.relative_to(DOCS).as_posix() for part in parts for page in DOCS.glob(f"{part}/*.md")
    }
    assert pages - linked == set()


def test_the_tree_in_the_readme_matches_the_repository() -> None:
    tree = section(text_of(ROOT / "README.md"), "This repository")
    for line in FENCE.findall(tree)[0].splitlines():
        for name in re.split(r"\s{2,}", line)[0].split(", "):
            assert (ROOT / name).exists(), name


def test_the_page_of_the_architecture_names_files_that_are_there() -> None:
    text = text_of(DOCS / "explanation/architecture.md")
    named = set(re.findall(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|md|yml|jinja)", text))
    assert len(named) > 30
    gone = {name for name in named if not (PLATFORM / name).exists() and not (ROOT / name).exists()}
    assert gone == set()


def test_the_page_of_the_architecture_lists_every_layer() -> None:
    listed = rows_of(text_of(DOCS / "explanation/architecture.md"))
    packages = {f"{path.parent.name}/" for path in PLATFORM.glob("*/__init__.py")}
    assert set(listed) == {"top", *packages}


def test_the_page_of_security_names_tests_that_are_there() -> None:
    text = text_of(DOCS / "explanation/security.md")
    named = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", text))
    assert len(named) > 30
    gone = {f"{f}::{n}" for f, n in named if f"def {n}(" not in text_of(ROOT / "tests" / f)}
    assert gone == set()


def test_each_row_of_the_page_of_security_has_its_own_tests() -> None:
    text = text_of(DOCS / "explanation/security.md")
    numbers = re.findall(r"\| \[(\d+)\]\(#tests\) \|$", text, re.MULTILINE)
    listed = re.findall(r"^(\d+)\. `", section(text, "Tests"), re.MULTILINE)
    assert sorted(map(int, numbers)) == list(map(int, listed)) == [*range(1, len(listed) + 1)]


def test_the_pages_say_how_much_code_the_platform_is() -> None:
    named = [number for page in PAGES for number in PLATFORM_SIZE.findall(text_of(page))]
    assert len(named) >= 4
    lines = sum(len(text_of(file).splitlines()) for file in PLATFORM.rglob("*.py"))
    for number in named:
        assert int(number) * 1000 == pytest.approx(lines, rel=0.1)


def test_the_index_of_decisions_lists_every_decision() -> None:
    listed = LINK.findall(text_of(DOCS / "decisions/index.md"))
    assert listed == sorted(page.name for page in DOCS.glob("decisions/[0-9]*.md"))


def test_the_commands_page_names_every_exit_code() -> None:
    codes = section(text_of(DOCS / "reference/commands.md"), "Exit codes")
    errors = re.findall(r"exit_code = (\d)", text_of(PLATFORM / "base/errors.py"))
    assert re.findall(r"^\| (\d)", codes, re.MULTILINE) == ["0", *sorted(errors)]


def test_the_commands_page_names_every_session_of_a_project() -> None:
    page = text_of(DOCS / "reference/commands.md")
    documented = rows_of(section(page, "nox, in a generated project"))
    others = sorted((ROOT / "template/.mlops/sessions").glob("*.py"))
    files = [ROOT / "template/noxfile.py", *others]
    sessions = [name for file in files for name in marked_functions(file, "session")]
    assert sorted(documented) == sorted(sessions)


@pytest.mark.parametrize("page", ["README.md", "docs/reference/questions.md"])
def test_the_table_of_questions_agrees_with_copier_yml(page: str) -> None:
    documented = rows_of(text_of(ROOT / page))
    asked = questions()
    assert list(documented) == list(asked)
    for name, question in asked.items():
        for choice in choices_of(question):
            assert f"`{choice}`" in " ".join(documented[name])


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_tree_page_names_the_owner_of_every_file(vendor: str, rendered: Rendered) -> None:
    project = rendered(ci=vendor)
    documented = owners_of(FENCE.findall(text_of(DOCS / "reference/generated-tree.md"))[0])
    listed = text_of(project / ".mlops/files").split()[1::2]
    owners = {
        **dict.fromkeys([".mlops/files", *listed], "the platform's"),
        **dict.fromkeys(SHARED, "shared"),
        ".copier-answers.yml": "Copier's",
    }
    for path in files(project):
        fitting = [line for line in documented if path.startswith(line)]
        assert fitting, f"{path} is in no line"
        assert documented[max(fitting, key=len)] == owners.get(path, "yours"), path


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to a missing file or heading."""
    broken = []
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        path, _, heading = SCHEME.sub("", link).partition("#")
        target = page.parent / path if path else page
        if ":" in path or (target.exists() and not heading):
            continue
        if not target.is_file() or heading not in headings_of(target):
            broken.append(link)
    return broken


def take_command_lines(page: Path) -> None:
    """Parse each `uv run loan-risk …` in a page's code blocks; raise for an unknown argument."""
    for block in FENCE.findall(text_of(page)):
        for line in re.findall(r"(?<!`)uv run loan-risk (.+)", block):
            name, *words = shlex.split(line)
            program().commands[name].make_context(name, words)


def headings_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower()) for text in headings}


def section(text: str, heading: str) -> str:
    """Return the text between a second-level heading and the next."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the table rows whose first cell is code: that code, and the other cells."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {
        re.sub(r"<\w+>", "<name>", code): [cell.strip() for cell in rest.split("|")]
        for code, rest in rows
    }


def owners_of(tree: str) -> dict[str, str]:
    """Return the owner of each line of a drawn tree, by its path in the project loan-risk."""
    owners = {}
    folder = ""
    for line in tree.replace("<package>", "loan_risk").splitlines():
        path, owner, _ = re.split(r"\s{2,}", line.strip())
        inside = line.startswith(" ")
        owners[f"{folder if inside else ''}{path}"] = owner
        folder = folder if inside else path
    return owners


def marked_functions(module: Path, mark: str) -> list[str]:
    """Return the functions with a decorator such as `@nox.session` or `@app.command()`."""
    return [
        node.name
        for node in ast.parse(text_of(module)).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if re.match(rf"\w+\.{mark}\b", ast.unparse(decorator))
    ]


def program() -> Any:
    """Return the command line of a project."""
    from typer.main import get_command

    return get_command(platform("cli").app)


def questions() -> dict[str, dict[str, Any]]:
    """Return the questions that Copier asks, as copier.yml writes them."""
    documents = yaml.safe_load_all(text_of(ROOT / "copier.yml"))
    written = {name: part for document in documents for name, part in document.items()}
    return {
        name: question
        for name, question in written.items()
        if not name.startswith("_") and question.get("when") is not False
    }


def choices_of(question: dict[str, Any]) -> list[str]:
    """Return the choices of a question."""
    choices = question.get("choices", {})
    return [c["value"] if isinstance(c, dict) else c for c in choices.values()]
