"""Does a version load and predict without the project? A clean interpreter tries."""

import subprocess
import sys
import tempfile

from ...base.project import PACKAGE
from ...records.evidence import Check
from ...records.registry import Version
from .case import check

PROGRAM = """
import gc, sys; gc.disable()
ABOUT_CODE = (ImportError, SyntaxError, NameError, AttributeError, OSError)
def quotes_a_value(error):  # unless all that it quotes is in the code that the error came from
    import os, re, traceback
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    code = "".join(open(file, errors="replace").read() for file in files if os.path.isfile(file))
    code += os.getcwd() + sys.argv[2]
    words = [word for text in re.findall("'([^']*)'", str(error)) for word in text.split(os.sep)]
    return not words or any(word not in code for word in words)
sys.modules[sys.argv[1]] = None  # importing the project is an error from here on
try:
    import mlflow, pandas
    model = mlflow.pyfunc.load_model(sys.argv[2], suppress_warnings=True)
    model.predict(pandas.read_parquet(f"{sys.argv[2]}/artifacts/golden_rows.parquet"))
except Exception as error:
    cause = error  # MLflow wraps an error of the version's code in its own
    while cause and not isinstance(cause, ABOUT_CODE):
        cause = cause.__cause__ or cause.__context__
    if cause and (isinstance(cause, (ImportError, SyntaxError)) or not quotes_a_value(cause)):
        sys.exit(f"{type(cause).__name__}: {cause}")
    sys.exit(f"{type(cause or error).__name__}, whose text may quote a value of a row")
gc.freeze()  # what was imported is no garbage: a collection at exit takes as long as predicting
"""
PATIENCE = 300  # seconds; a version that takes longer to load is rejected


def loads_alone(version: Version) -> Check:
    """Load the version and predict in a clean interpreter that cannot import the project."""
    command = [sys.executable, "-I", "-c", PROGRAM, PACKAGE, str(version.folder)]
    name = "stands alone"
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                command, cwd=empty, capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            reason = f"did not load and predict within {PATIENCE} seconds"
            return check(name, "rejected", "no", "yes", reason)
    if done.returncode == 0:
        reason = "it loads and predicts in a new process that cannot import the project"
        return check(name, "passed", "yes", "yes", reason)
    return check(name, "rejected", "no", "yes", done.stderr.strip().split("\n")[-1])
