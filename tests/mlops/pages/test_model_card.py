"""The model card shows what was recorded, on which rows, and says what was not."""

import re
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from kept_records import stores
from mlops import cards
from mlops.projects import make_project
from pages import Reading, open_for_everyone
from rendering import PROBLEMS, ROOT, platform

if TYPE_CHECKING:
    from playwright.sync_api import Browser

model_card = platform("pages.model_card")
templates = platform("pages.templates")

EXAMPLE = (ROOT / "template/docs/model-card.md").read_text(encoding="utf-8")
FORMS = ("md", "html")
TITLES = {
    "binary": ["Calibration", "ROC curve", "Precision and recall"],
    "multiclass": [
        "Calibration",
        *(f"{chart} of {name}" for name in "ABC" for chart in ("Calibration", "ROC curve")),
    ],
    "regression": ["Calibration", "Residuals"],
}

each_problem = pytest.mark.parametrize("problem", PROBLEMS)
each_form = pytest.mark.parametrize("form", FORMS)


def fill(found: tuple[Any, Any], form: str) -> str:
    """Return the text of the card in a form."""
    text = str(templates.fill(f"card.{form}", **model_card.describe(*found)))
    return text if form == "md" else Reading(text).text


def page(found: tuple[Any, Any]) -> Reading:
    return Reading(templates.fill("card.html", **model_card.describe(*found)))


@each_form
@pytest.mark.parametrize("place", stores(), ids=lambda place: "-".join(place.parts))
def test_a_version_of_an_older_template_has_a_card(
    place: PurePosixPath, form: str, tmp_path: Path
) -> None:
    text = fill(cards.stored(place, tmp_path), form)
    assert "not recorded: this version was trained with an older template" in text
    assert "Not recorded: the predictions have a fault, or it was judged with an" in text
    assert not re.search(r"\b(None|nan|inf|Undefined)\b", text)
    for part in ("Protected groups", "Lineage", "Approvals and verdicts"):
        assert part in text


@each_form
@each_problem
def test_a_card_shows_estimator_columns_and_where_figures_come_from(
    problem: str, form: str, tmp_path: Path
) -> None:
    text = fill(cards.recorded(problem, tmp_path), form)
    for said in (
        "GradientBoostingClassifier",
        "Typical, ColumnTransformer",
        "learning_rate",
        "5,000 of the",
        "that the estimator learned from",
        "900 labelled rows of",
        "event time",
        "protected",
        "Calibration",
    ):
        assert said in text, said
    assert "ot recorded" not in text
    assert not re.search(r"\b(None|nan|inf|Undefined)\b", text)


@each_problem
def test_each_chart_is_described_and_has_its_data(problem: str, tmp_path: Path) -> None:
    reading = page(cards.recorded(problem, tmp_path))
    titles = {piece for piece in reading.pieces if piece in TITLES[problem]}
    assert titles == set(TITLES[problem])
    pictures = [each for each in reading.attributes if each.get("role") == "img"]
    assert len(pictures) == reading.tags.count("figure") == len(titles)
    assert reading.tags.count("details") == len(titles)
    assert not {"script", "img"} & set(reading.tags)


@each_problem
def test_every_position_in_a_chart_is_inside_it(problem: str, tmp_path: Path) -> None:
    found = model_card.describe(*cards.recorded(problem, tmp_path))
    for chart in found["charts"]:
        x, y = chart.plot.x(), chart.plot.y()
        for line in chart.plot.lines:
            for across, up in line.points:
                assert x.start <= x.at(across) <= x.end
                assert y.end <= y.at(up) <= y.start
        for mark in chart.plot.marks:
            assert x.start <= x.at(mark.x) <= x.end
            for end in (mark.y, *filter(templates.known, mark.interval), *(mark.box or ())):
                assert y.end <= y.at(end) <= y.start


def test_the_marks_of_large_figures_are_short(tmp_path: Path) -> None:
    reading = page(cards.recorded("regression", tmp_path))  # losses of some 10,000
    assert {"10k", "20k"} <= set(map(str.strip, reading.pieces))


def test_a_binary_card_has_gini_ks_base_rate_and_errors_at_the_cutoff(tmp_path: Path) -> None:
    store, version = cards.recorded("binary", tmp_path)
    found = model_card.describe(store, version)["diagnostics"]
    text = fill((store, version), "md")
    [positive] = found.classes
    assert f"| Gini | {positive.gini:.3f} |" in text
    assert f"| KS | {positive.ks:.3f} |" in text
    assert f"| Base rate | {100 * found.target.shares['1']:.1f}% | defaulted = 1 |" in text
    (_, false_alarms), (missed, hits) = found.confusion.counts
    assert f"| Missed positives (false negatives) | {100 * missed / (missed + hits):.1f}%" in text
    assert f"{false_alarms} of {900 - missed - hits}" in text


@each_form
def test_costs_are_shown_if_the_settings_say_what_an_error_costs(form: str, tmp_path: Path) -> None:
    assert "Costs of the wrong decisions" not in fill(cards.recorded("binary", tmp_path), form)
    store, version = cards.recorded("binary", tmp_path, costs=(1, 5))
    (right, false_alarms), (missed, hits) = model_card.describe(store, version)[
        "diagnostics"
    ].confusion.counts
    text = fill((store, version), form)
    number = templates.number
    for cost in (false_alarms + 5.0 * missed, right + 1.0 * false_alarms, 5.0 * (missed + hits)):
        assert f"{number(cost)} ({number(cost / 900)} per row)" in text
    assert "A false positive costs 1, a false negative 5" in text


@each_problem
def test_limits_and_times_are_written_as_people_write_them(problem: str, tmp_path: Path) -> None:
    rows = model_card.describe(*cards.recorded(problem, tmp_path))["rows"]
    limits = [*(figure[3] for figure in rows.figures), *(check[3] for check in rows.checks)]
    assert any("≤" in limit or "≥" in limit for limit in limits)
    assert not any("=" in limit for limit in limits)
    assert all(entry[3].endswith(" UTC") for entry in rows.journal)


def test_rows_that_changed_since_training_are_mentioned(tmp_path: Path) -> None:
    store, version = cards.recorded("binary", tmp_path)
    assert "they are the rows that training held out" in fill((store, version), "md")
    data = version.card.lineage.data.model_copy(update={"gate": "0" * 64})
    lineage = version.card.lineage.model_copy(update={"data": data})
    version.card = version.card.model_copy(update={"lineage": lineage})
    assert "they are not the same as those that training held out" in fill((store, version), "md")


@each_form
def test_a_banner_names_the_open_questions_until_there_are_none(form: str, tmp_path: Path) -> None:
    found = cards.recorded("binary", tmp_path)
    (tmp_path / "docs").mkdir()
    words = tmp_path / "docs/model-card.md"
    words.write_text(EXAMPLE, encoding="utf-8")
    assert "NOT FILLED IN" in fill(found, form)
    assert "leaves questions open: Use, Not for, Users, Who is affected," in fill(found, form)
    words.write_text("**Use.** Prices.\n\n**Users.**\n\n| reviewed by | |\n", encoding="utf-8")
    assert "leaves questions open: Users, reviewed by. Their answers" in fill(found, form)
    words.write_text("# Card\n\n**Use.** Prices of loans.\n", encoding="utf-8")
    assert "NOT FILLED IN" not in fill(found, form)
    assert "Prices of loans." in fill(found, form)
    words.unlink()
    assert "NOT FILLED IN" not in fill(found, form)


def test_many_columns_are_folded_and_many_classes_have_no_matrix(tmp_path: Path) -> None:
    store, version = cards.recorded("multiclass", tmp_path)
    many = {f"column_{number}": 0.5 / (number + 1) for number in range(60)}
    version.card = version.card.model_copy(update={"importance": many, "importance_errors": {}})
    described = model_card.describe(store, version)
    described["diagnostics"] = described["diagnostics"].model_copy(update={"confusion": None})
    text = Reading(templates.fill("card.html", **described)).text
    assert "40 more" in text
    assert "Not drawn: there are too many classes." in text


@each_problem
def test_equal_records_make_equal_cards(problem: str, tmp_path: Path) -> None:
    found = cards.recorded(problem, tmp_path)
    assert fill(found, "html") == fill(found, "html")
    assert "Predicts <defaults> | of loans." in fill(found, "html")
    assert "Predicts &lt;defaults> \\| of loans." in fill(found, "md")


@pytest.mark.full
@pytest.mark.parametrize("problem", [*PROBLEMS, "older"])
def test_a_card_is_readable_on_every_screen(
    browser: "Browser", tmp_path: Path, problem: str
) -> None:
    if problem == "older":
        found = cards.stored(stores()[0], tmp_path)
    else:
        found = cards.recorded(problem, tmp_path, (1, 5) if problem == "binary" else None)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/model-card.md").write_text(EXAMPLE, encoding="utf-8")
    path = tmp_path / f"card-{problem}.html"
    templates.save(templates.fill("card.html", **model_card.describe(*found)), path)
    open_for_everyone(browser, path)


@pytest.mark.parametrize("run", [None, "", "r-1"])
def test_a_version_may_have_no_run_to_log_its_card_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str | None
) -> None:
    logged: list[str] = []

    def log(run_id: str, *_: str) -> None:
        logged.append(run_id.upper())

    client = MagicMock()
    client.get_model_version.return_value.run_id = run
    client.log_artifact = log
    store = SimpleNamespace(project=make_project(tmp_path), registry=SimpleNamespace(client=client))
    monkeypatch.setattr(model_card, "describe", lambda *_: {})
    monkeypatch.setattr(model_card, "fill", lambda *_: "")
    model_card.write(store, SimpleNamespace(number=2, name="dev.loan-risk", digest="d"))
    assert logged == (["R-1", "R-1"] if run else [])


def test_an_approver_reads_a_card_that_was_written_from_verified_evidence(tmp_path: Path) -> None:
    """No hash covers the card in MLflow or an older one on this machine."""
    promote = platform("steps.promote")
    errors = platform("base.errors")
    store, version = cards.recorded("binary", tmp_path)
    store.project = make_project(tmp_path, env="prod")
    store.registry = MagicMock()
    store.registry.client.log_artifact.side_effect = OSError("the disk is full")
    card = tmp_path / "build/monitor/card-prod-1.html"
    card.parent.mkdir(parents=True)
    card.write_text(f"auc 0.9300 {version.digest}", encoding="utf-8")
    passed = SimpleNamespace(approved_by="", verdict="passed")
    with pytest.raises(
        errors.PersonNeeded, match=r"card, build/monitor/card-prod-1\.html, and run"
    ):
        promote._require_approval(store, version, passed)
    text = card.read_text(encoding="utf-8")
    assert "0.9300" not in text
    assert f"{version.card.figures['auc']:.4f}" in text
