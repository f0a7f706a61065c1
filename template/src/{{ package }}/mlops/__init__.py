"""The platform: the steps of a model's life, the same for every model.

The platform team owns this folder; `copier update` brings newer versions of it. What your model
needs is in the folder above, and what your environments need in `conf/`.
"""

import os
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from .steps.notebook import Dataset

ENVIRONMENT = {  # libraries read these when they are imported
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the defaults wait for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin cost a fit most of its time on a busy machine
}
os.environ.update({**ENVIRONMENT, **os.environ})  # the user's own values win
warnings.filterwarnings("ignore", "PySpark does not yet")  # pandera imports it if it is there
warnings.filterwarnings("ignore", "IProgress not found")  # tqdm, in a notebook without ipywidgets


def load(as_of: str | None = None, env: str = "dev") -> "Dataset":
    """Return the rows that `train` and `gate` use, for a notebook or a test.

    `as_of` is the reference date, such as "2026-01-01"; by default the environment's own.
    """
    from .base.project import open_project
    from .steps.notebook import load_dataset

    return load_dataset(as_of, open_project(env))


def versions(env: str = "dev") -> "pd.DataFrame":
    """Return the newest versions of an environment, with their figures, for a notebook."""
    from .base.project import open_project
    from .steps.notebook import list_versions

    return list_versions(open_project(env))


def predict(version: int, rows: "pd.DataFrame", env: str = "dev") -> "pd.DataFrame":
    """Return what a version of an environment predicts for rows, for a notebook."""
    from .base.project import open_project
    from .steps.notebook import predict_with

    return predict_with(open_project(env), version, rows)
