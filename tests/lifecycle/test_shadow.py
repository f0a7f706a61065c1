"""The challenger predicts what the champion predicts, and nobody who reads or asks sees it."""

import json

import numpy as np
import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.project import AS_OF, Answer, Facts, Project

MODEL = "dev.loan-risk"
SCORE = ("score", "--as-of", AS_OF)
BATCHES = ("--set", "scoring.shadow=true")
HIDDEN = "predictions/dev/_shadow"


@pytest.fixture
def challenged(live: Project) -> Project:
    """A live project whose challenger, version 2, is of other parameters."""
    live.configure(model={"params": {"max_iter": 60, "learning_rate": 0.2}})
    live.run("train", "--as-of", AS_OF)
    return live


def score(project: Project, *words: str) -> Answer:
    """Score with the challenger in the shadow."""
    return project.run(*SCORE, *BATCHES, *words)


def files(project: Project) -> list[str]:
    """Return the files of the predictions table, and what is staged beside it, by their paths."""
    root = project.path("predictions/dev")
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("_shadow/"))


def shadow(project: Project, batch: str = "batch-0001") -> pd.DataFrame:
    """Read what the challenger said."""
    return pd.read_parquet(project.path(f"{HIDDEN}/date={AS_OF}/{batch}"))


def table(project: Project, number: int = -1) -> pd.DataFrame:
    """Read a batch of the table."""
    return pd.read_parquet(project.batches()[number] / "part.parquet")


def entries(project: Project, command: str) -> list[Facts]:
    """Return the details of a command's entries in the journal."""
    return [e["details"] for e in project.call(behind.entries) if e["command"] == command]


def stability(then: pd.Series, now: pd.Series, profile: Facts) -> float:
    """Return the index over a champion's bins, by hand."""
    assert not profile["values"]
    quantiles = np.array(profile["quantiles"])
    cuts = [-np.inf, *np.unique(quantiles[np.arange(20, 200, 20)]), np.inf]
    shares = []
    for values in (then, now):
        rows = pd.cut(values, cuts).value_counts(sort=False).to_numpy()
        rows = np.array([*rows, 0])  # none is missing
        shares.append((rows + 0.5) / (rows.sum() + 0.5 * len(rows)))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def test_the_shadow_lies_apart_and_tells_how_far_both_differ(challenged: Project) -> None:
    plain = challenged.run(*SCORE)
    before = files(challenged)
    assert not challenged.path(HIDDEN).exists()
    answer = score(challenged, "--set", "scoring.batch_rows=100")

    ours, theirs = table(challenged), shadow(challenged, "batch-0002")
    told = ["batch", "predicted_at"]
    pd.testing.assert_frame_equal(ours.drop(columns=told), table(challenged, 0).drop(columns=told))
    assert files(challenged) == [*before, *(name.replace("-0001", "-0002") for name in before)]
    assert list(theirs) == list(ours)
    assert set(theirs["version"]) == {2}
    assert theirs["application_id"].equals(ours["application_id"])

    facts = answer.facts.pop("shadow")
    assert facts["version"] == 2
    assert facts["rows"] == len(ours) == 660
    gap = (theirs["score"] - ours["score"]).abs().mean()
    assert 0 < facts["difference"]["score"] == pytest.approx(gap)
    share = (theirs["decision"] != ours["decision"]).mean()
    assert 0 < facts["difference"]["decision"] == pytest.approx(share)
    profile = challenged.call(behind.card, MODEL, 1)["profile"]["predictions"]["score"]
    index = stability(ours["score"], theirs["score"], profile)
    assert 0 < facts["psi"]["score"] == pytest.approx(index)
    assert f"score by {gap:.4f}, decision by {share:.4f}" in answer.said

    assert entries(challenged, "shadow") == [facts]
    scored = entries(challenged, "score")
    assert [set(details) for details in scored] == [set(scored[0])] * 2
    assert set(answer.facts) == set(plain.facts) | {"shadow"}
    for batch, details in zip(challenged.batches(), scored, strict=True):
        kept = json.loads((batch / "_SUCCESS").read_text("utf-8"))
        assert kept == {name: details[name] for name in kept}
        assert "shadow" not in kept
