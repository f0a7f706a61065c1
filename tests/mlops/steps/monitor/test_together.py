"""A sample of the window's rows is compared with the extract of the training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

decision = platform("figures.decision")
inputs = platform("steps.monitor.inputs")
together = platform("steps.monitor.together")
windows = platform("base.windows")
RANDOM = np.random.default_rng(5)
MARCH = windows.Window(pd.Timestamp("2026-03-01"), pd.Timestamp("2026-04-01"))


def rows(count: int, correlation: float) -> pd.DataFrame:
    """Return three columns, of which two are correlated."""
    values = RANDOM.normal(size=(count, 3))
    values[:, 1] = correlation * values[:, 0] + np.sqrt(1 - correlation**2) * values[:, 1]
    return pd.DataFrame(values, columns=["a", "b", "c"])


def context(root: Path, then: pd.DataFrame, *before: tuple[str, ...], **settings: Any) -> Any:
    """Return the context of a champion that was trained on these rows, an hour each."""
    project = make_project(root, monitoring=settings)
    folder = root / "extracts/dev"
    folder.mkdir(parents=True)
    times = pd.date_range("2025-01-01", periods=len(then), freq="h")
    then.assign(seen_on=times, label=1).to_parquet(folder / "0123456789abcdef.parquet")
    card = SimpleNamespace(
        lineage=SimpleNamespace(environment="dev", data=SimpleNamespace(train="0123456789abcdef0")),
        coverage=SimpleNamespace(train=0.95),
        profile=SimpleNamespace(inputs=dict.fromkeys("abc")),
        importance={},
        time=SimpleNamespace(period="month"),
    )
    contract = SimpleNamespace(inputs=SimpleNamespace(one={"event_time": "seen_on"}.get))
    return SimpleNamespace(
        project=project,
        card=card,
        champion=SimpleNamespace(contract=contract),
        drifted_before=lambda: list(before),
    )


def column(name: str, *, drifted: bool = False) -> Any:
    return SimpleNamespace(kind="input", name=name, drifted=drifted, judged=True)


def compared(about: Any, now: pd.DataFrame, *columns: Any) -> Any:
    return together.compare_together(about, now, MARCH, columns)


def test_a_flipped_correlation_is_mentioned_first_and_investigated_when_it_returns(
    tmp_path: Path,
) -> None:
    then, now = rows(4_000, 0.8), rows(1_000, -0.8)
    found = compared(context(tmp_path / "1", then), now)
    assert (found.drifted, found.persistent) == (True, False)
    assert found.rows_then == 744  # the hours of March
    (finding,) = decision.domain_findings(found)
    assert finding.decision == "healthy"
    again = compared(context(tmp_path / "2", then, (), ("inputs together",)), now)
    (finding,) = decision.domain_findings(again)
    assert finding.decision == "investigate"
    without = compared(context(tmp_path / "3", then), now, column("b", drifted=True))
    assert without.columns == ("a", "c")
    assert not list(decision.domain_findings(without))


def test_what_cannot_be_compared_is_not_known(tmp_path: Path) -> None:
    then = rows(300, 0.8)
    now = rows(300, 0.8)
    assert compared(context(tmp_path / "1", then, max_domain_auc=1), now) is None
    about = context(tmp_path / "2", then)
    assert compared(about, now.head(99)) is None
    about.card.coverage.train = 0.8
    assert compared(about, now) is None
    about.card.coverage.train = 0.95
    (extract,) = tmp_path.glob("2/extracts/dev/*")
    extract.write_bytes(b"PAR1")
    assert compared(about, now) is None
    extract.unlink()
    assert compared(about, now) is None


@pytest.mark.parametrize(
    ("seasons", "count"), [(("March",), 744), (("March", "Sunday"), 120), (("Monday", "July"), 624)]
)
def test_rows_of_the_same_season_are_taken_if_there_are_enough(
    seasons: tuple[str, ...], count: int
) -> None:
    times = pd.Series(pd.date_range("2025-01-01", periods=182 * 24, freq="h"))
    assert len(together.of_season(times, seasons)) == count


def test_a_sample_of_many_pieces_is_the_same_as_that_of_one() -> None:
    keys = RANDOM.permutation(3_000).astype("uint64")
    frame = pd.DataFrame({"x": keys.astype(float)})

    def piece(part: slice) -> Any:
        sample = inputs._sample({"x": None}, frame[part].__getitem__, keys[part])
        return inputs.Counts({}, keys[part], sample=sample)

    whole = inputs._merge([piece(slice(None))]).sample
    parts = inputs._merge([piece(slice(start, start + 700)) for start in range(0, 3_000, 700)])
    assert whole["x"].tolist() == list(range(1_000))
    pd.testing.assert_frame_equal(parts.sample, whole)
