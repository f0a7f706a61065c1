"""`./nox -s bench -- [NAME ...]` measures and prints; `--write` renews the documentation's page."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from rendering import ROOT

from . import imports, monitoring, ratios, recovery, scale, serving, update
from .comparison import compare
from .scratch import Scratch

PAGE = ROOT / "docs/reference/bench.md"
NAMES = (*ratios.BENCHES, "imports", "score", "spark", "monitor", "serve", "update", "monitoring")
PACKAGES = ("copier", "typer", "pandas", "scikit-learn", "mlflow")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="./nox -s bench --", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; or all")
    parser.add_argument("--repeat", type=int, default=5, help="rounds of each; default: 5")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the large batch")
    parser.add_argument("--requests", type=int, default=200, help="of each client in a round")
    parser.add_argument("--histories", type=int, default=1000, help="of updated projects")
    parser.add_argument("--months", type=int, default=1000, help="of watched models")
    parser.add_argument("--lives", type=int, default=10, help="of models for each change")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first history")
    words = "a command that trains, evaluates, promotes and predicts with another package"
    parser.add_argument("--peer", default="", metavar="COMMAND", help=words)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"{', '.join(unknown)} is unknown; choose from {', '.join(NAMES)}")
    names, sections = asked.names or NAMES, {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder), asked.rows, asked.peer)
        if tables := measure(scratch, names, asked.repeat):
            sections["## Measured"] = tables
        if {"score", "spark", "monitor"} & set(names):
            sections["## Scale measured"] = at_scale(scratch, names, asked.repeat)
        if "serve" in names:
            rows = serving.served(scratch, asked.repeat, asked.requests)
            sections["## Serving measured"] = table(serving.HEADER, rows)
    if "update" in names:
        rows = update.updated(asked.seed, asked.histories)
        sections["## Updates measured"] = table(update.HEADER, rows)
    if "monitoring" in names:
        quiet = table(monitoring.ALARMS, monitoring.alarms(asked.months))
        changed = table(monitoring.DELAYS, monitoring.delays(asked.lives))
        recovered = table(recovery.HEADER, recovery.recoveries(asked.lives))
        calm = table(recovery.QUIET, recovery.calm(asked.months))
        sections["## Monitoring measured"] = f"{quiet}\n{calm}\n{changed}\n{recovered}"
    sys.stdout.write("\n".join(sections.values()))
    if asked.write:
        for heading, tables in sections.items():
            write(heading, f"{circumstances()}\n\n{tables}")


def write(heading: str, text: str) -> None:
    """Renew a section of the page, or add it."""
    above, _, below = PAGE.read_text(encoding="utf-8").partition(f"{heading}\n")
    _, next_heading, rest = below.partition("\n## ")
    PAGE.write_text(
        f"{above.rstrip()}\n\n{heading}\n\n{text}{next_heading}{rest}", encoding="utf-8"
    )


def measure(scratch: Scratch, names: Collection[str], repeat: int) -> str:
    """Return the tables of these benches."""
    benches = [bench for name, bench in ratios.BENCHES.items() if name in names]
    rows = [row for bench in benches for row in compare(bench(scratch), repeat)]
    tables = [table(ratios.HEADER, rows)] if rows else []
    if "imports" in names:
        tables.append(table(imports.HEADER, imports.imported(scratch)))
    return "\n".join(tables)


def at_scale(scratch: Scratch, names: Collection[str], repeat: int) -> str:
    """Return the tables of large batches."""
    large = scale.Large(scratch.folder / "large", scratch.rows)
    benches = {
        "score": (scale.SCORED, scale.scored),
        "spark": (scale.ON_SPARK, scale.on_spark),
        "monitor": (scale.WATCHED, scale.watched),
    }
    asked = (bench for name, bench in benches.items() if name in names)
    return "\n".join(table(header, bench(large, repeat)) for header, bench in asked)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table that reads as plain text and as a page."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    padded = (map(str.ljust, line, widths) for line in lines)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in padded)


def circumstances() -> str:
    """Say what a reader needs to measure the same again."""
    command = " ".join(["./nox -s bench --", *sys.argv[1:]])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python, cores = platform.python_version(), os.cpu_count()
    return f"By `{command}` on {cores} cores with Python {python}, {versions}."


if __name__ == "__main__":
    main()
