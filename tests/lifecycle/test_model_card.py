"""Each version has a card for people: what it is, how it was judged, and who is responsible."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from pages import Reading

from lifecycle import behind
from lifecycle.project import AS_OF, Project

if TYPE_CHECKING:
    from lifecycle.conftest import At

FORMS = ("md", "html")


def card(project: Project, form: str, number: int = 1, env: str = "dev") -> str:
    """Return the text of a version's card."""
    name = f"build/monitor/card-{env}-{number}.{form}"
    text = project.path(name).read_text(encoding="utf-8")
    return text if form == "md" else Reading(text).text


@pytest.mark.parametrize("form", FORMS)
def test_a_card_answers_the_questions_of_an_auditor(shelf: "At", form: str) -> None:
    project = shelf("live")
    text = card(project, form)
    facts = project.call(behind.card, "dev.loan-risk", 1)
    for said in (
        "Champion",
        "Predicts the risk of loan applications.",
        "data-science@example.com",
        "2024-04-01 to 2025-04-01",
        f"{facts['rows']['train']:,}",
        facts["lineage"]["commit"][:12],
        facts["lineage"]["lock_sha256"][:12],
        facts["lineage"]["actor"],
        facts["snapshot"],
        f"{facts['figures']['auc']:.4f}",
        "age_band=under 40",
        "synthetic",
        *facts["features"],
        "Loan officers, who see the prediction",  # the example's words
        "NOT FILLED IN",
        "HistGradientBoostingClassifier",
        "min_samples_leaf",
        f"{facts['train_figures']['auc']:.4f}",
        f"{100 * facts['target']['gate']['shares']['1']:.1f}%",
        "they are the rows that training held out",
        f"±{facts['importance_errors']['income']:.4f}",
    ):
        assert said in text, said
    for step in ("train", "gate", "promote"):
        assert step in text.partition("Approvals and verdicts")[2]


def test_the_intervals_of_a_card_contain_their_figures(shelf: "At") -> None:
    rows = [line.split(" | ") for line in card(shelf("live"), "md").splitlines()]
    bounded = {row[0].removeprefix("| "): row for row in rows if len(row) == 6}
    bounded = {name: row for name, row in bounded.items() if " to 0." in row[-1]}
    assert set(bounded) == {"auc", "brier"}
    for _, verdict, figure, _, _, interval in bounded.values():
        low, high = map(float, interval.removesuffix(" |").split(" to "))
        assert verdict == "passed"
        assert low < float(figure) < high
        assert high - low < 0.1


@pytest.mark.full
def test_a_card_says_why_a_version_is_rejected(trained: Project) -> None:
    trained.configure(gate={"thresholds": {"auc": {"min": 0.99}}})
    trained.run("gate", code=3)
    for form in FORMS:
        text = card(trained, form)
        assert "Rejected by the gate" in text, form
        assert "auc, rejected: 0.7" in text, form


@pytest.mark.full
def test_a_card_follows_its_version_through_approval_and_withdrawal(compared: Project) -> None:
    compared.run("promote", "--approved-by", "Ada Lovelace")
    assert "Approved by Ada Lovelace." in card(compared, "html", 2)
    assert "in this environment. Approved by Ada Lovelace." in card(compared, "md", 2)
    assert "Replaced" in card(compared, "html", 1)
    compared.run("gate", "1")
    assert "Passed the gate" in card(compared, "html", 1)
    compared.run("rollback", "--reason", "scores | <b>jumped</b>")
    assert "Champion" in card(compared, "html", 1)
    assert "Withdrawn" in card(compared, "html", 2)
    assert "scores | <b>jumped</b>" in card(compared, "html", 2)
    assert "scores \\| &lt;b>jumped" in card(compared, "md", 2)
    assert "<b>" not in card(compared, "md", 2)


def no_words(project: Project) -> int:
    project.path("docs/model-card.md").unlink()
    return 1


def markup(project: Project) -> int:
    words = "# Card\n\n<script>alert(1)</script> ![picture](https://bank.example/p.png)\n"
    project.write("docs/model-card.md", words)
    return 1


def nobody_protected(project: Project) -> int:
    project.edit("schema.py", '"role": "protected"', '"role": "excluded"')
    return int(project.run("train", "--as-of", AS_OF).facts["version"])


@pytest.mark.full
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_words, "docs/model-card.md was not available"),
        (markup, "<script>alert(1)</script>"),
        (nobody_protected, "No column has the role protected"),
    ],
)
def test_a_card_is_complete_even_if_parts_are_missing(
    trained: Project, change: Callable[[Project], int], said: str
) -> None:
    """`change` returns the version that it is about."""
    number = change(trained)
    trained.run("gate")
    assert said in card(trained, "html", number)
    page = trained.path(f"build/monitor/card-dev-{number}.html").read_text(encoding="utf-8")
    assert not {"script", "img"} & set(Reading(page).tags)


@pytest.mark.full
def test_a_version_copied_by_hand_has_a_card(gated: Project) -> None:
    gated.use_store_in_prod()
    gated.run("status", "--env", "prod")
    gated.call(behind.copy, "dev.loan-risk", 1, "prod.loan-risk")
    digest = gated.call(behind.entries)[0]["details"]["digest"]
    gated.run("gate", "1", "--digest", digest, "--env", "prod")
    text = card(gated, "html", env="prod")
    assert "Passed the gate" in text
    assert "Trained in dev" in text


def test_the_card_of_another_stores_version_is_kept(gated: Project) -> None:
    digest = gated.call(behind.entries)[0]["details"]["digest"]
    assert digest in card(gated, "md")
    other = card(gated, "md").replace(digest, "ab" * 32)
    gated.write("build/monitor/card-dev-1.md", other)
    answer = gated.run("gate")
    assert "card-dev-1.md described a version of another store" in answer.said
    assert digest in card(gated, "md")
    assert gated.path("build/monitor/card-dev-1-abababab.md").read_text("utf-8") == other


@pytest.mark.full
def test_a_card_is_stored_with_the_run_of_its_version(live: Project) -> None:
    found = live.call(behind.artifacts, "dev.loan-risk", 1)
    assert {"model_card/card-dev-1.html", "model_card/card-dev-1.md"} <= set(found)
