"""What a task runs in these tests: the deployed wheel, in an empty folder.

The store of the workspace is a file in it, for there is no Databricks; everything else is as the
release says. Python is the one of the project's environment, which uv.lock made.
"""

import os
import sys
import zipfile
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from unittest import mock

ENTRY, *WORDS = sys.argv[1:]
WORKSPACE = Path(os.environ["DATABRICKS_PLACE"]) / os.environ["DATABRICKS_HOST"].split("//")[1]


def main() -> None:
    """Unpack the newest wheel of the bundle, and call its entry point."""
    import yaml

    env = WORDS[WORDS.index("--env") + 1]
    bundle = yaml.safe_load((WORKSPACE / f"bundles/{env}/environment.yml").read_text("utf-8"))
    release = WORKSPACE / bundle["targets"][env]["variables"]["release"].lstrip("/")
    [wheel] = release.glob("*.whl")
    code = WORKSPACE / "installed" / wheel.stem
    if not code.exists():
        zipfile.ZipFile(wheel).extractall(code)
    [points] = code.glob("*.dist-info/entry_points.txt")
    lines = points.read_text("utf-8").splitlines()
    called = dict(line.split(" = ") for line in lines if " = " in line)[ENTRY]
    os.environ |= {
        "MLOPS_TRACKING_URI": f"sqlite:///{WORKSPACE}/mlflow.db",
        "MLOPS_PREDICTIONS": str(WORKSPACE / "predictions"),
        "MLOPS_EXTRACTS": str(WORKSPACE / "extracts"),
        "MLOPS_REPORTS": str(WORKSPACE / "reports"),
    }
    machine = WORKSPACE / "machine"
    machine.mkdir(exist_ok=True)
    os.chdir(machine)
    sys.path.insert(0, str(code))
    lineage = import_module(f"{called.partition('.')[0]}.mlops.records.lineage")
    # each machine of Databricks has a folder /databricks
    mock.patch.object(lineage, "DATABRICKS", WORKSPACE).start()
    sys.argv = [ENTRY, *WORDS]
    EntryPoint(ENTRY, called, "console_scripts").load()()


if __name__ == "__main__":
    main()
