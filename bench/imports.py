"""What each command imports: nobody shall wait for a library that a command does not use."""

from .ratios import SCORE, TRAIN
from .scratch import PROGRAM, Scratch

LIBRARIES = ("typer", "pydantic", "pandas", "pyarrow", "pandera", "sklearn", "mlflow", "matplotlib")
HEADER = ["command", "modules", *LIBRARIES]
COMMANDS = (("--help",), TRAIN, ("gate",), ("promote",), SCORE, ("status",), ("doctor",))


def imported(scratch: Scratch) -> list[list[str]]:
    """Return a row for each command: how many modules it imported, and which libraries."""
    rows = []
    for words in COMMANDS:
        lines = scratch.python("-X", "importtime", "-c", PROGRAM, *words).said.splitlines()
        modules = [line.split("|")[-1].strip() for line in lines if line.startswith("import time:")]
        loaded = {module.partition(".")[0] for module in modules}
        marks = ["yes" if library in loaded else "" for library in LIBRARIES]
        rows.append([f"`{words[0]}`", f"{len(modules):,}", *marks])
    return rows
