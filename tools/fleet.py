"""`./nox -s fleet -- repos.txt` tells each repository's version, and how its update would go.

The list names a repository a line, by its folder or address; `#` begins a comment. Each one is
cloned, and the clone is updated from the template as it is tagged here. The repositories stay as
they are. The exit code is 1 when one of them is broken, or would not update cleanly.
"""

import argparse
import json
import os
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from .survey import Row, survey
from .versions import HERE, Refused, normal, releases, remotes

HEADER = ("repository", "version", "newest", "behind", "update")


def main() -> int:
    """Survey what the list names, and print it."""
    parser = argparse.ArgumentParser(prog="./nox -s fleet --", description=__doc__)
    parser.add_argument("list", type=Path, metavar="repos.txt")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument(
        "--template",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="one more address of this template; its folder and its remotes are known",
    )
    jobs = 2 * (os.cpu_count() or 1)  # an update waits for git as long as it computes
    parser.add_argument("--jobs", type=int, default=jobs, help="at once; default: %(default)s")
    asked = parser.parse_args()
    try:
        repositories = read_list(asked.list)
        tags = require_releases()
    except Refused as refusal:
        sys.exit(str(refusal))
    known = {normal(address) for address in [str(HERE), *remotes(HERE), *asked.template]}
    with ThreadPoolExecutor(max(asked.jobs, 1)) as pool:
        rows = list(pool.map(partial(survey, releases=tags, template=known), repositories))
    print(json.dumps([asdict(row) for row in rows], indent=2) if asked.json else table(rows))
    return int(not all(row.fine for row in rows))


def require_releases() -> list[str]:
    """Return the template's releases, of which there must be one."""
    if not (tags := releases(HERE)):
        raise Refused("The template has no release here: fetch them by `git fetch --tags`.")
    return tags


def read_list(file: Path) -> list[str]:
    """Return the folders and addresses of a list, each once; a folder counts from the list's."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from None
    named = [line.split(" #")[0].strip() for line in lines if not line.lstrip().startswith("#")]
    if not any(named):
        raise Refused(f"{file} names no repository: write a folder or an address a line.")
    return list(dict.fromkeys(place(file.parent, name) for name in named if name))


def place(folder: Path, name: str) -> str:
    """Return an address as it is, and a folder as an absolute one."""
    path = folder / Path(name).expanduser()
    return name if ":" in name and not path.exists() else str(path.resolve())


def table(rows: Collection[Row]) -> str:
    """Return the rows as a table, and a sum below it."""
    lines = [HEADER, *(tuple(cells(row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    fine = sum(row.fine for row in rows)
    return "\n".join([*padded, "", f"{fine} of {len(rows)} update cleanly or are current."])


def cells(row: Row) -> Iterator[str]:
    """Yield what the table says of a repository."""
    yield row.repository
    yield row.version or "-"
    yield row.newest
    yield "-" if row.behind is None else str(row.behind)
    yield "; ".join(findings(row))


def findings(row: Row) -> Iterator[str]:
    """Yield what there is to say of an update."""
    if row.error:
        yield row.error
    elif not row.behind:
        yield "current"
    elif row.fine:
        yield "clean"
    if row.conflicts:
        yield f"conflict in {', '.join(row.conflicts)}"
    if row.answers:
        yield f"changes the answers {', '.join(row.answers)}"
    if row.edited:
        yield f"edited files of the platform: {', '.join(row.edited)}"


if __name__ == "__main__":
    sys.exit(main())
