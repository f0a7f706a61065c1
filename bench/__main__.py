"""`./nox -s bench -- [NAME ...]` measures and prints; `--write` updates docs/reference/bench.md."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from rendering import ROOT

from . import (
    blind_spots,
    calibration,
    imports,
    journal,
    monitoring,
    one_column,
    ratios,
    recovery,
    scale,
    serving,
    update,
)
from .comparison import compare
from .scratch import Scratch

PAGE = ROOT / "docs/reference/bench.md"
NAMES = (
    *(*ratios.BENCHES, "imports", "score", "spark", "monitor", "serve", "journal", "update"),
    "monitoring",
    "calibration",
    "one_column",
    "drift",
)
PACKAGES = ("copier", "typer", "pandas", "scikit-learn", "mlflow")


def main() -> None:
    """Run the benches that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="./nox -s bench --", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; default: all"
    )
    add_number(parser, "--repeat", 5, "rounds of each bench")
    add_number(parser, "--rows", 10_000_000, "rows of a large batch")
    add_number(parser, "--requests", 200, "requests of each client per round")
    add_number(parser, "--histories", 1000, "histories of updated projects")
    add_number(parser, "--months", 1000, "months of monitored models")
    add_number(parser, "--lives", 10, "models for each kind of change")
    add_number(
        parser,
        "--trials",
        1000,
        "samples of each row of the benches calibration, one_column and drift",
    )
    add_number(parser, "--seed", 0, "number of the first history")
    parser.add_argument(
        "--peer",
        default="",
        metavar="COMMAND",
        help="a command that trains, evaluates, promotes and predicts with another package",
    )
    parser.add_argument("--write", action="store_true", help=f"write the results to {PAGE.name}")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    names = options.names or NAMES
    sections = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder), options.rows, options.peer)
        tables = measure(scratch, names, options.repeat)
        if tables:
            sections["## Measured"] = tables
        if {"score", "spark", "monitor"} & set(names):
            sections["## Scale measured"] = at_scale(scratch, names, options.repeat)
        if "serve" in names:
            rows = serving.served(scratch, options.repeat, options.requests)
            sections["## Serving measured"] = table(serving.HEADER, rows)
        if "journal" in names:
            rows = journal.read(scratch, options.repeat)
            sections["## Journal measured"] = table(journal.HEADER, rows)
    sections |= simulate(names, options)
    sys.stdout.write("\n".join(sections.values()))
    if options.write:
        for heading, tables in sections.items():
            write(heading, f"{circumstances()}\n\n{tables}")


def simulate(names: Collection[str], options: argparse.Namespace) -> dict[str, str]:
    """Return the sections of the named simulations, in which no seconds are measured."""
    sections = {}
    if "update" in names:
        rows = update.updated(options.seed, options.histories)
        sections["## Updates measured"] = table(update.HEADER, rows)
    if "monitoring" in names:
        sections["## Monitoring measured"] = monitored(options.months, options.lives)
    if "calibration" in names:
        sections["## Calibration measured"] = calibrated(options.trials)
    if "one_column" in names:
        rows = one_column.table(options.trials)
        sections["## One column measured"] = table(one_column.TITLES, rows)
    if "drift" in names:
        rows = blind_spots.table(options.trials)
        sections["## Drift measured"] = table(blind_spots.TITLES, rows)
    return sections


def monitored(months: int, lives: int) -> str:
    """Return the tables of simulated monitoring."""
    quiet = table(monitoring.ALARMS, monitoring.alarms(months))
    changed = table(monitoring.DELAYS, monitoring.delays(lives))
    recovered = table(recovery.HEADER, recovery.recoveries(lives))
    calm = table(recovery.QUIET, recovery.calm(months))
    return f"{quiet}\n{calm}\n{changed}\n{recovered}"


def calibrated(trials: int) -> str:
    """Return the tables of the gate's tests of calibration and thresholds."""
    missed = table(calibration.REPRODUCED, [*calibration.reproduced(trials)])
    powers = table(calibration.HEADER, [*calibration.rejections(trials)])
    others = table(calibration.OTHERS, [*calibration.others(trials)])
    lucky = table(calibration.LUCKY, [*calibration.lucky(trials)])
    monitored = table(calibration.MONITORED, [*calibration.monitored(trials)])
    return f"{missed}\n{powers}\n{others}\n{lucky}\n{monitored}"


def add_number(
    parser: argparse.ArgumentParser, option: str, default: int, description: str
) -> None:
    """Add an option that takes a number."""
    text = f"{description}; default: %(default)s"
    parser.add_argument(option, type=int, default=default, metavar="N", help=text)


def write(heading: str, text: str) -> None:
    """Replace a section of the page, or add it."""
    above, _, below = PAGE.read_text(encoding="utf-8").partition(f"{heading}\n")
    _, next_heading, rest = below.partition("\n## ")
    PAGE.write_text(
        f"{above.rstrip()}\n\n{heading}\n\n{text}{next_heading}{rest}", encoding="utf-8"
    )


def measure(scratch: Scratch, names: Collection[str], repeat: int) -> str:
    """Return the tables of the named benches that compare with a floor, and of `imports`."""
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
    return "\n".join(
        table(header, bench(large, repeat))
        for name, (header, bench) in benches.items()
        if name in names
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    padded = (map(str.ljust, line, widths) for line in lines)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in padded)


def circumstances() -> str:
    """Return what a reader needs to repeat the measurement."""
    command = " ".join(["./nox -s bench --", *sys.argv[1:]])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = f"Python {platform.python_version()}"
    return f"By `{command}` on {os.cpu_count()} cores with {python}, {versions}."


if __name__ == "__main__":
    main()
