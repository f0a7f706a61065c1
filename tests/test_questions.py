"""The questions accept only answers that every file can contain, and say what is allowed."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from rendering import PROBLEMS, ROOT

from tools import taken

Ask = Callable[..., dict[str, Any]]

NAME = "Write lower-case letters, digits and single hyphens"
TAKEN = "Python or a package in use has this name"
LINE = "Write one line of visible characters, at most 200"
TEAM = r"Write a name .* and its address"
KEPT = sorted((ROOT / "tests/answers").glob("*.yml"))


@pytest.fixture(scope="session")
def questionnaire(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template with only the questions, which renders fast."""
    folder = tmp_path_factory.mktemp("questionnaire")
    answers = folder / "template/.copier-answers.yml.jinja"
    answers.parent.mkdir()
    answers.write_bytes((ROOT / "template/.copier-answers.yml.jinja").read_bytes())
    project = "description = {{ description | to_json(ensure_ascii=false) }}\n"
    (answers.parent / "project.toml.jinja").write_text(project, encoding="utf-8")
    for name in ("copier.yml", "taken.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture
def ask(questionnaire: Path, tmp_path: Path) -> Ask:
    """Return a function that answers some questions and returns the stored answers."""

    def answer(*, folder: str = "loan-risk", **answers: object) -> dict[str, Any]:
        place = tmp_path / folder
        options: dict[str, Any] = {"defaults": True, "overwrite": True, "quiet": True}
        copier.run_copy(str(questionnaire), place, data=answers, **options)
        stored = yaml.safe_load((place / ".copier-answers.yml").read_text(encoding="utf-8"))
        return {name: value for name, value in stored.items() if not name.startswith("_")}

    return answer


def test_every_question_has_a_default(ask: Ask) -> None:
    assert ask() == {
        "project_name": "loan-risk",
        "description": "Predicts the risk of loan applications.",
        "team": "Data Science <data-science@example.com>",
        "problem": "binary",
        "risk_tier": "medium",
        "ci": "none",
        "compute": "local",
        "sourcing": "none",
    }


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("loan-risk", "loan-risk"),
        ("Loan Risk (2024)", "loan-risk-2024"),
        ("__Loan__risk__", "loan-risk"),
        ("2024-loans", "loans"),
        ("Crédit", "cr-dit"),
        ("保険", "my-model"),
        ("007", "my-model"),
        ("s", "s"),
        ("pandas", "pandas-model"),
        ("class", "class-model"),
        ("Test", "test-model"),
        ("x" * 100, "x" * 34),
        ("importlib_metadata", "importlib-metadata-model"),
        ("a" * 33 + "-b", "a" * 33),
        ("[a]*?", "a"),
    ],
)
def test_the_name_comes_from_the_folder(ask: Ask, folder: str, name: str) -> None:
    assert ask(folder=folder)["project_name"] == name


def test_the_folder_may_be_the_one_that_the_user_is_in(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "My Model"
    here.mkdir()
    monkeypatch.chdir(here)
    assert ask(folder=f"{here}/.")["project_name"] == "my-model"


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("project_name", "", NAME),
        ("project_name", "Loan", NAME),
        ("project_name", "loan_risk", NAME),
        ("project_name", "loan risk", NAME),
        ("project_name", "loan--risk", NAME),
        ("project_name", "-loan", NAME),
        ("project_name", "loan-", NAME),
        ("project_name", "1loan", NAME),
        ("project_name", "loan.risk", NAME),
        ("project_name", "../loan", NAME),
        ("project_name", "loän", NAME),
        ("project_name", "loan\n", NAME),
        ("project_name", "{{ loan }}", NAME),
        ("project_name", "l" * 41, NAME),
        ("project_name", "import", TAKEN),
        ("project_name", "json", TAKEN),
        ("project_name", "py-compile", TAKEN),
        ("project_name", "mlflow", TAKEN),
        ("project_name", "sklearn", TAKEN),
        ("project_name", "scikit-learn", TAKEN),
        ("project_name", "mlops", TAKEN),
        ("project_name", "tests", TAKEN),
        ("description", "", LINE),
        ("description", "  ", LINE),
        ("description", "two\nlines", LINE),
        ("description", "a\ttab", LINE),
        ("description", "a\x00null", LINE),
        ("description", "a\x7fdelete", LINE),
        ("description", "a\u2028separator", LINE),
        ("description", "left\u202eto right", LINE),
        ("description", "half of a pair \ud83d", LINE),
        ("description", "x" * 201, LINE),
        ("team", "", TEAM),
        ("team", "Credit Risk", TEAM),
        ("team", "credit@bank.example", TEAM),
        ("team", "<credit@bank.example>", TEAM),
        ("team", " <credit@bank.example>", TEAM),
        ("team", "Credit Risk credit@bank.example", TEAM),
        ("team", "Credit Risk <credit@bank>", TEAM),
        ("team", "Credit Risk <credit bank.example>", TEAM),
        ("team", "Credit Risk <credit@bank.example", TEAM),
        ("team", "Credit Risk <credit@bank.example> ", TEAM),
        ("team", "Credit Risk <credit@bank.example>\n", TEAM),
        ("team", "Credit\nRisk <credit@bank.example>", TEAM),
        ("team", "Credit\tRisk <credit@bank.example>", TEAM),
        ("team", 'Credit "Risk" <credit@bank.example>', TEAM),
        ("team", "Risk, Credit <credit@bank.example>", TEAM),
        ("team", "Risk {{ x }} <credit@bank.example>", TEAM),
        ("team", "R" * 190 + " <credit@bank.example>", TEAM),
        ("problem", "clustering", "Invalid choice for 'problem'"),
        ("risk_tier", "extreme", "Invalid choice for 'risk_tier'"),
        ("ci", "jenkins", "Invalid choice for 'ci'"),
        ("has_ci", "true", "leave it out of --data"),
        ("has_azure_devops", "true", "leave it out of --data"),
        ("package", "other", "named after the project; leave it out of --data"),
        ("taken", "", "leave it out of --data"),
        ("born", "{}", "leave it out of --data"),
    ],
)
def test_an_answer_is_refused_with_a_sentence(
    ask: Ask, tmp_path: Path, question: str, answer: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(**{question: answer})
    assert list(tmp_path.iterdir()) == []


@given(description=st.text(min_size=1, max_size=60))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_line_is_refused_or_stored_unchanged(
    ask: Ask, tmp_path: Path, description: str
) -> None:
    try:
        stored = ask(description=description)
    except ValueError as refusal:
        assert re.search(LINE, str(refusal))  # noqa: PT017 - both outcomes are correct
    else:
        assert stored["description"] == description
        project = (tmp_path / "loan-risk/project.toml").read_text(encoding="utf-8")
        assert tomllib.loads(project) == {"description": description}


@pytest.mark.parametrize("release", KEPT, ids=lambda path: path.stem)
def test_answers_of_every_release_are_still_accepted(ask: Ask, release: Path) -> None:
    for number, answers in enumerate(yaml.safe_load_all(release.read_text(encoding="utf-8"))):
        assert ask(folder=str(number), **answers).items() >= answers.items()


@pytest.mark.parametrize(
    ("question", "other"),
    [("project_name", "credit-risk"), ("problem", "regression")],
)
def test_fixed_answers_cannot_change(ask: Ask, question: str, other: str) -> None:
    before = ask(team="Credit Risk <credit@bank.example>")
    with pytest.raises(ValueError, match=f"cannot change: keep {before[question]}"):
        ask(**{question: other})
    assert ask() == before


def test_all_other_answers_may_change(ask: Ask) -> None:
    before = ask()
    assert ask(risk_tier="high", description="x") == before | {
        "risk_tier": "high",
        "description": "x",
    }


def test_a_folder_with_a_pattern_in_its_name_is_found(ask: Ask) -> None:
    ask(folder="model [1]", project_name="one")
    with pytest.raises(ValueError, match="cannot change"):
        ask(folder="model [1]", project_name="two")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_prompt_offers_only_the_stored_problem(problem: str) -> None:
    """Copier disables a choice whose validator returns a message, but does not check input."""
    choices = question("problem")["choices"].values()
    assert [choice["value"] for choice in choices if not refusal(choice, {"problem": problem})] == [
        problem
    ]
    assert not any(refusal(choice, {}) for choice in choices)


def question(name: str) -> dict[str, Any]:
    documents = yaml.safe_load_all((ROOT / "copier.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(each[name] for each in documents if name in each)
    return found


def refusal(choice: dict[str, str], born: dict[str, str]) -> str:
    template = Environment(autoescape=False).from_string(choice["validator"])  # noqa: S701
    return template.render(born=born).strip()


def test_the_names_that_break_are_refused_and_no_others() -> None:
    """taken.txt was computed after the last change of what a project needs."""
    assert taken.FILE.read_text(encoding="utf-8") == taken.text(), "Run ./nox -s names."


@pytest.mark.parametrize("title", taken.kinds())
def test_a_name_of_each_kind_is_refused(ask: Ask, title: str) -> None:
    names = taken.kinds()[title]
    for name in (names[0], names[len(names) // 2], names[-1]):
        with pytest.raises(ValueError, match=TAKEN):
            ask(project_name=name.replace("_", "-"))
