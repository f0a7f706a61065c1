"""The platform: the steps of a model's life, the same for every model.

The platform team owns this folder; `copier update` brings its newer versions. What your model
needs lies one level up, and what your environments need in `conf/`.
"""

import os
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
os.environ.update({**ENVIRONMENT, **os.environ})  # what the user has set stands
warnings.filterwarnings("ignore", "PySpark does not yet")  # pandera looks whether it is there


def load(as_of: str | None = None, env: str = "dev") -> "Dataset":
    """Return the rows that `train` and `gate` use on a date, for a notebook or a test."""
    from .steps.notebook import load_dataset

    return load_dataset(as_of, env)
