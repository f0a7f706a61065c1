"""The estimator as a skops file, which contains trusted types only."""

import copy
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import Misconfigured, summarize
from ...base.project import PACKAGE
from ...records.scorer import Estimator
from ...records.trusted_types import select_untrusted


@dataclass(frozen=True)
class Trust:
    """Which types a stored estimator may contain in addition to those that are known."""

    snapshot: str
    """Name of the package with the user's modules, whose types are trusted."""
    configured: tuple[str, ...]
    """The types that conf trusts."""


def write_estimator(estimator: Estimator, target: Path, trust: Trust) -> list[str]:
    """Write an estimator as a skops file; return the types that loading it must trust.

    Raises Misconfigured for all types that are not trusted, naming their steps, and for an
    estimator that cannot be stored.
    """
    types, strange = _write(estimator, target, trust)
    if strange:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "step.skops"
            steps = getattr(estimator, "steps", [])
            held = {name: _write(step, file, trust)[1] for name, step in steps}
        refuse_untrusted({name: each for name, each in held.items() if each}, strange, trust)
    return types


def store_and_load(estimator: Estimator, trust: Trust) -> Estimator:
    """Return an estimator as it comes back from a skops file.

    Of a pipeline, the steps without a type of the user stay as they are: it saves most of the time,
    and these load. Raises Misconfigured as `write_estimator` does.
    """
    import skops.io

    steps = getattr(estimator, "steps", None) or [("", estimator)]
    loaded: list[tuple[str, Estimator]] = []
    held: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, step in steps:
            if _is_scikit_learns(step):
                loaded.append((name, step))
                continue
            file = Path(folder) / "step.skops"
            types, strange = _write(step, file, trust)
            if strange:
                held[name] = strange
                continue
            own = [each for each in types if each.startswith(PACKAGE) or each in trust.configured]
            loaded.append((name, skops.io.load(file, trusted=types) if own else step))
    if held:
        strange = list(dict.fromkeys(name for names in held.values() for name in names))
        refuse_untrusted({name: each for name, each in held.items() if name}, strange, trust)
    if not hasattr(estimator, "steps"):
        return loaded[0][1]
    again = copy.copy(estimator)
    again.steps = loaded
    return again


def refuse_untrusted(held: dict[str, list[str]], strange: list[str], trust: Trust) -> None:
    """Raise Misconfigured for types that are not trusted; `held` has those of each step."""
    by_place = {f"step {step}": names for step, names in held.items()} or {"the estimator": strange}
    unnamed = {place: [name for name in names if "<" in name] for place, names in by_place.items()}
    if any(unnamed.values()):
        raise Misconfigured(
            f"model.build: {_listed(unnamed)}, which cannot be stored; replace each lambda, and "
            "each function or class that is defined inside a function, with a named one in "
            "features.py."
        )
    line = f"trusted_types: [{', '.join(dict.fromkeys([*trust.configured, *strange]))}]"
    raise Misconfigured(
        f"model.build: {_listed(by_place)}, which conf/ does not trust; use named functions and "
        "classes in features.py instead, or, if you trust all of these types, write this line to "
        f"conf/base.yml: {line}"
    )


def _listed(by_place: dict[str, list[str]]) -> str:
    """Return which types are where: `step scale holds numpy.sin, numpy.cos`."""
    held = [f"{place} holds {', '.join(names)}" for place, names in by_place.items() if names]
    return "; ".join(held)


def _is_scikit_learns(step: Estimator) -> bool:
    """Return whether a step is scikit-learn's own, and got only numbers and text to work with."""
    if not type(step).__module__.startswith("sklearn."):
        return False
    values = step.get_params().values()
    return all(value is None or isinstance(value, (int, float, str)) for value in values)


def _write(estimator: Estimator, target: Path, trust: Trust) -> tuple[list[str], list[str]]:
    """Write an estimator; return the types that skops asks about, and those not trusted."""
    import skops.io

    try:
        skops.io.dump(estimator, target)
    except OSError:  # of the disk, not of the estimator
        raise
    except Exception as error:
        raise Misconfigured(
            f"model.build: {type(estimator).__name__} cannot be stored ({summarize(error)}); it "
            "may hold only numbers, text, arrays, and named functions and classes: remove anything "
            "else in model.py."
        ) from error
    types = list(skops.io.get_untrusted_types(file=target))
    return types, select_untrusted(types, target, trust.snapshot, trust.configured)
