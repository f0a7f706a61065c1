"""Which two versions `compare` takes."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    module = platform("steps.compare.compare")
errors = platform("base.errors")


def choose(
    root: Path, *given: int | None, champion: int | None = 3, challenger: int | None = 7
) -> Any:
    """Choose the versions in a store with this champion and challenger."""
    store = SimpleNamespace(
        project=make_project(root),
        champion=lambda: champion,
        registry=SimpleNamespace(alias=lambda _: challenger),
    )
    first, second = (*given, None, None)[:2]
    return module.choose(store, first, second)


def test_the_challenger_is_compared_with_the_champion(tmp_path: Path) -> None:
    assert choose(tmp_path) == (3, 7)
    assert choose(tmp_path, 5) == (3, 5)
    assert choose(tmp_path, 5, 2) == (5, 2)


def test_two_versions_need_neither_champion_nor_challenger(tmp_path: Path) -> None:
    assert choose(tmp_path, 5, 2, champion=None, challenger=None) == (5, 2)


@pytest.mark.parametrize(
    ("given", "aliases", "kind", "message"),
    [
        ((3, 3), {}, "Misconfigured", "version 3 was given twice"),
        ((3,), {}, "Misconfigured", "version 3 is the champion itself"),
        ((), {"challenger": 3}, "Misconfigured", "version 3 is the champion itself"),
        ((), {"challenger": None}, "MlopsError", "has no challenger"),
        ((5,), {"champion": None}, "MlopsError", "has no champion"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_an_example(
    tmp_path: Path, given: tuple[int, ...], aliases: Any, kind: str, message: str
) -> None:
    with pytest.raises(getattr(errors, kind), match=f"{message}.*loan-risk compare 1 2`") as end:
        choose(tmp_path, *given, **aliases)
    assert type(end.value).__name__ == kind
