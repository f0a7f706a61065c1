"""`train --tune N` finds better parameters in the training window, and resumes where it stopped."""

import signal
import time

import pytest
from tutorials import missing

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.locked import own
from lifecycle.project import AS_OF, Facts, Project

MODEL = "dev.loan-risk"
SPACE = """

def search_space(trial: Any) -> dict[str, Any]:
    return {"learning_rate": trial.suggest_float("learning_rate", 0.001, 0.3, log=True)}
"""
BAD = 1e-6  # a learning rate too small to learn anything
TUNE = ("train", "--as-of", AS_OF, "--tune")
STUDY = "build/tune/dev.loan-risk.db"


@pytest.fixture
def tunable(opened: Project) -> Project:
    """A project with a search_space, and a bad default in conf."""
    space(opened)
    return opened


def space(project: Project, text: str = SPACE) -> None:
    """Add to model.py, give conf a bad default, and commit both."""
    project.write("model.py", project.path("model.py").read_text(encoding="utf-8") + text)
    project.configure(model={"params": {"max_iter": 10, "learning_rate": BAD}})
    project.commit()


def rates(runs: list[Facts]) -> list[float]:
    """Return the learning rates that were tried."""
    return [float(run["params"]["learning_rate"]) for run in runs]


def test_it_finds_better_parameters_than_those_of_conf(tunable: Project) -> None:
    answer = tunable.run(*TUNE, "3")
    params, runs = answer.facts["params"], tunable.call(behind.trials)
    assert params["learning_rate"] > 100 * BAD
    assert params["max_iter"] == 10
    assert "trial 3: auc 0." in answer.said
    assert "to keep it, write it to model.params in conf" in answer.said
    assert missing("tune-the-parameters", "train --tune 5", answer.said) == []

    figures = {rate: run["metrics"]["auc"] for rate, run in zip(rates(runs), runs, strict=True)}
    assert len(figures) == 3
    assert rates(runs)[0] == BAD
    assert figures[params["learning_rate"]] == max(figures.values()) > figures[BAD]
    assert {run["search"] for run in runs} == {"FINISHED"}

    logged = tunable.call(behind.training, MODEL, 1)["params"]
    assert float(logged["learning_rate"]) == params["learning_rate"]
    assert tunable.call(behind.card, MODEL, 1)["model"]["params"] == params


@pytest.mark.full
def test_a_repeated_search_is_free_and_a_new_one_finds_the_same(tunable: Project) -> None:
    first = tunable.run(*TUNE, "2").facts
    again = tunable.run(*TUNE, "2")
    assert "trial 1" not in again.said
    assert again.facts["params"] == first["params"]
    assert len(tunable.call(behind.trials)) == 2

    assert tunable.run(*TUNE, "1").facts["params"]["learning_rate"] == BAD  # the first of the two
    tunable.path(STUDY).unlink()
    repeated = tunable.run(*TUNE, "2").facts
    assert (repeated["params"], repeated["figures"]) == (first["params"], first["figures"])


@pytest.mark.full
@pytest.mark.wide
def test_a_killed_search_resumes(opened: Project) -> None:
    hold = opened.path("build/hold")
    held = f'trial.number == 3 and __import__("os").path.exists({str(hold)!r})'
    space(opened, SPACE.replace("    return", f"    while {held}:\n        pass\n    return"))
    hold.parent.mkdir(exist_ok=True)
    hold.touch()
    killed = opened.start(*TUNE, "5")
    while len(opened.call(behind.trials)) < 3:
        assert killed.poll() is None
        time.sleep(0.5)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    answer = opened.run(*TUNE, "5")
    assert "trial 3" not in answer.said
    assert "trial 4" in answer.said
    interrupted = rates(opened.call(behind.trials))
    assert len(interrupted) == 5

    hold.unlink()
    opened.path(STUDY).unlink()
    whole = opened.run(*TUNE, "3"), opened.run(*TUNE, "5")
    assert whole[1].facts["params"] == answer.facts["params"]
    assert rates(opened.call(behind.trials))[5:] == interrupted


@pytest.mark.full
@pytest.mark.wide
def test_other_rows_code_or_configuration_start_another_search(tunable: Project) -> None:
    for words in ((), ("--set", "model.params.max_iter=9"), ("--as-of", "2025-12-01")):
        assert "trial 1" in tunable.run(*TUNE, "1", *words).said
    space(tunable, "\n# other code\n")
    assert "trial 1" in tunable.run(*TUNE, "1").said


@pytest.mark.full
def test_labels_of_the_gate_window_change_no_trial(tunable: Project) -> None:
    """They are inverted, so a search that saw them would find other figures."""
    tunable.run(*TUNE, "2")
    late = 'outcomes["applied_on"] >= "2025-07-01", "defaulted"'
    turned = f"outcomes.loc[{late}] = 1 - outcomes.loc[{late}]"
    tunable.edit("data.py", "    reviewed = ", f"    {turned}\n    reviewed = ")
    tunable.run(*TUNE, "2")
    runs = tunable.call(behind.trials)
    assert len(runs) == 4
    assert [run["metrics"] for run in runs[:2]] == [run["metrics"] for run in runs[2:]]


@pytest.mark.full
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.wide
def test_other_problems_are_tuned(at: At, problem: str) -> None:
    project = at("opened", problem=problem)
    space(project)
    assert project.run(*TUNE, "3").facts["params"]["learning_rate"] > BAD


@pytest.mark.full
@pytest.mark.parametrize("split", ["group", pytest.param("random", marks=pytest.mark.wide)])
def test_rows_without_a_date_are_tuned(tunable: Project, split: str) -> None:
    tunable.configure(time={"split": split, "reason": "a test"})
    assert tunable.run(*TUNE, "2").facts["params"]["learning_rate"] > BAD


def test_the_error_says_what_prevents_a_search(opened: Project) -> None:
    assert "no search_space(trial)" in opened.run(*TUNE, "2", code=2).said
    space(opened)
    assert "fewer than two values" in opened.run(*TUNE, "2", "--set", "time.train=4", code=1).said
    # found before the real one, as none is found without the extra
    opened.write("src/optuna.py", "raise ModuleNotFoundError('no', name='optuna')")
    answer = opened.run(*TUNE, "2", code=2)
    assert "loan-risk[mlops,tune]" in answer.said
    assert opened.call(behind.versions, MODEL) == []


@pytest.mark.full
@pytest.mark.wide
def test_a_tuned_version_is_reproduced(tunable: Project) -> None:
    """In addition to the project's lock file, only the search needs Optuna."""
    tunable.run(*TUNE, "3")
    assert own(tunable, "reproduce", "1").facts["answer"] == "exact"
