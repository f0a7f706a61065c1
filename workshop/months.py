"""Do what a schedule does: score and monitor on the first day of each month, in the project.

    uv run python .workshop/workshop/months.py 2026-06-01 2026-09-01

It runs the commands in one process, because each would spend its first seconds on the same imports.
"""

import sys
from importlib import import_module
from typing import Any

import pandas as pd

COLUMNS = "{:12} {:8} {:6} {:22} {}"


def main(first: str, last: str) -> int:
    """Score and monitor from the first date to the last; return the exit code of what fails."""
    sys.path.insert(0, ".mlops")
    story = import_module("story")  # of the demo, which runs the same commands
    program = story.Program("loan-risk", "loan_risk", [])
    print(COLUMNS.format("as of", "version", "auc", "largest PSI", "decision"), flush=True)
    for date in pd.date_range(first, last, freq="MS").strftime("%Y-%m-%d"):
        try:
            program.ask("score", "--as-of", date)
            report = program.ask("monitor", "--as-of", date)
        except story.Stopped as stopped:
            return int(stopped.code)
        print(line(report), flush=True)
    return 0


def line(report: dict[str, Any]) -> str:
    """Return one line about a month."""
    figure = next((each["value"] for each in report["performance"]), None)
    worst = max(report["columns"], key=lambda column: column["psi"] / column["limit"])
    return COLUMNS.format(
        report["as_of"],
        report["version"],
        "" if figure is None else f"{figure:.3f}",
        f"{worst['psi']:.2f} {worst['name']}",
        report["decision"],
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
