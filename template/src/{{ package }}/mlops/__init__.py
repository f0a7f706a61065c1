"""The platform: the steps of a model's life, the same for every model.

The platform team owns this folder; `copier update` brings its newer versions. What your model
needs lies one level up, and what your environments need in `conf/`.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .notebook import Dataset

# Threads that wait for work must not spin: on a busy machine that costs a fit most of its time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load(as_of: str, env: str = "dev") -> "Dataset":
    """Return the rows that `train` and `gate` would use on a date, for a notebook or a test."""
    from .notebook import load_dataset

    return load_dataset(as_of, env)
