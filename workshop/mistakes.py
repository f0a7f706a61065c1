"""Run tests of add_burden with wrong functions, and print the mistakes that no test notices.

The arguments are the project's package and the files of the tests, seen from the working directory.
The functions are replaced in memory only, and pytest writes no cache.
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMN = "instalment_to_income"
Function = Callable[..., Any]


def main(package: str, *names: str) -> None:
    """Print the names of the mistakes with which the tests pass."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, "src")
    features = importlib.import_module(f"{package}.features")
    right = features.add_burden
    unnoticed = []
    for name, mistake in {"term": without_term, "income": with_infinity}.items():
        features.add_burden = mistake(right)  # type: ignore[attr-defined]
        if passes(names):
            unnoticed.append(name)
    print(*unnoticed)


def without_term(right: Function) -> Function:
    """Return a function that does not divide by the term."""

    @wraps(right)
    def wrong(frame: Any) -> Any:
        return right(frame.assign(term_months=1)).assign(term_months=frame["term_months"])

    return wrong


def with_infinity(right: Function) -> Function:
    """Return a function that divides by an income of 0."""

    @wraps(right)
    def wrong(frame: Any) -> Any:
        result = right(frame)
        return result.assign(**{COLUMN: result[COLUMN].mask(frame["income"] == 0, np.inf)})

    return wrong


def passes(names: tuple[str, ...]) -> bool:
    """Return whether the tests pass; their modules are imported again."""
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *names])
    tests = Path("tests").resolve()
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).resolve().is_relative_to(tests):
            del sys.modules[name]
    return code == pytest.ExitCode.OK


if __name__ == "__main__":
    main(*sys.argv[1:])
