"""The types that a stored estimator may contain: nothing else of a skops file is ever loaded."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.project import PACKAGE

# Loading one of these sets plain attributes, or gives the library's own reader the stored trees.
# It runs no code of the file: each was read in the library's source.
VETTED = frozenset(
    {
        "collections.OrderedDict",  # LightGBM keeps its scores in one
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
        "xgboost.sklearn.XGBRegressor",
        "catboost.core.CatBoostClassifier",
        "catboost.core.CatBoostRegressor",
    }
)
PACKAGES = frozenset({"numpy", "sklearn"})  # all of their types are trusted
PARTIAL = "functools.partial"


def untrusted(skops_file: Path, snapshot: str, configured: tuple[str, ...]) -> list[str]:
    """Return the types in a skops file that are not trusted.

    Trusted are the types that skops itself trusts, those of scikit-learn, NumPy and the version's
    own snapshot, the vetted types of boosting libraries, and `configured`, which comes from conf
    and never from the artifact.
    """
    import skops.io

    return select_untrusted(
        skops.io.get_untrusted_types(file=skops_file), skops_file, snapshot, configured
    )


def select_untrusted(
    types: list[str], skops_file: Path, snapshot: str, configured: tuple[str, ...]
) -> list[str]:
    """Return those of the types in a skops file, as skops lists them, that are not trusted."""
    packages = PACKAGES | ({snapshot} if snapshot.startswith(f"{PACKAGE}_") else set())
    strange = [
        name
        for name in types
        if name not in configured
        and name not in VETTED
        and (name.split(".")[0] not in packages or "<" in name)  # all lambdas have the same name
    ]
    if PARTIAL in strange and _only_scikit_learn_has_partials(skops_file):
        strange.remove(PARTIAL)
    return strange


def _only_scikit_learn_has_partials(skops_file: Path) -> bool:
    """Return whether each partial calls a function of scikit-learn, as its own code needs it."""
    with zipfile.ZipFile(skops_file) as archive:
        schema = json.loads(archive.read("schema.json"))
    partials = [node for node in _nodes(schema) if node.get("__loader__") == "PartialNode"]
    return all(_calls_scikit_learn(node) for node in partials)


def _calls_scikit_learn(partial: dict[str, Any]) -> bool:
    module = str(partial["content"]["func"]["__module__"])
    return module.split(".", maxsplit=1)[0] == "sklearn"


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Yield each object in a tree of JSON."""
    if isinstance(tree, dict):
        yield tree
        for branch in tree.values():
            yield from _nodes(branch)
    elif isinstance(tree, list):
        for branch in tree:
            yield from _nodes(branch)
