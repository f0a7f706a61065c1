"""What each command imports: no user should wait for a library that a command does not use."""

from .ratios import STEPS
from .scratch import PROGRAM, Scratch

LIBRARIES = ("typer", "pydantic", "pandas", "pyarrow", "pandera", "sklearn", "mlflow", "matplotlib")
HEADER = ["command", "modules", *LIBRARIES]
COMMANDS = (("--help",), *STEPS, ("status",), ("doctor",))


def imported(scratch: Scratch) -> list[list[str]]:
    """Return a row for each command, and one for what importing MLflow alone loads."""
    rows = [_row(scratch, command[0], PROGRAM, *command) for command in COMMANDS]
    return [*rows, _row(scratch, "import mlflow", "import mlflow")]


def _row(scratch: Scratch, name: str, code: str, *arguments: str) -> list[str]:
    """Return how many modules Python imported, and which of the libraries are among them."""
    process = scratch.python("-X", "importtime", "-c", code, *arguments)
    lines = process.errors.splitlines()
    modules = [line.split("|")[-1].strip() for line in lines if line.startswith("import time:")]
    loaded = {module.partition(".")[0] for module in modules}
    marks = ["yes" if library in loaded else "" for library in LIBRARIES]
    return [f"`{name}`", f"{len(modules):,}", *marks]
