"""`./nox -s fleet -- repos.txt` shows each repository's version, and how its update would go.

The list has one repository per line, a folder or an address; `#` starts a comment. Each repository
is cloned, and the clone is updated to the newest release tagged here. The repositories themselves
stay as they are. The exit code is 1 if one of them is broken or would not update cleanly.
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

from .survey import RepositoryStatus, survey
from .versions import TEMPLATE, Refused, normalize_address, releases, remotes

HEADER = ("repository", "version", "newest", "behind", "update")


def main() -> int:
    """Survey the repositories of the list, and print the result."""
    parser = argparse.ArgumentParser(prog="./nox -s fleet --", description=__doc__)
    parser.add_argument("list", type=Path, metavar="repos.txt")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--template",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="another address of this template, in addition to its folder and its remotes",
    )
    jobs = 2 * (os.cpu_count() or 1)  # an update waits for git half of the time
    parser.add_argument(
        "--jobs",
        type=int,
        default=jobs,
        help="how many repositories to try at once; default: %(default)s",
    )
    options = parser.parse_args()
    try:
        repositories = read_list(options.list)
        tags = require_releases()
    except Refused as refusal:
        sys.exit(str(refusal))
    addresses = [str(TEMPLATE), *remotes(TEMPLATE), *options.template]
    template = {normalize_address(address) for address in addresses}
    with ThreadPoolExecutor(max(options.jobs, 1)) as pool:
        statuses = list(pool.map(partial(survey, releases=tags, template=template), repositories))
    if options.json:
        print(json.dumps([asdict(status) for status in statuses], indent=2))
    else:
        print(table(statuses))
    return 0 if all(status.fine for status in statuses) else 1


def require_releases() -> list[str]:
    """Return the template's releases; raise Refused where there is none."""
    tags = releases(TEMPLATE)
    if not tags:
        raise Refused("The template has no release tag here: run `git fetch --tags`.")
    return tags


def read_list(file: Path) -> list[str]:
    """Return the folders and addresses of a list, each once.

    A relative folder counts from the folder of the list.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from None
    entries = [line.split(" #")[0].strip() for line in lines if not line.lstrip().startswith("#")]
    if not any(entries):
        raise Refused(f"{file} names no repository: write one folder or address per line.")
    return list(dict.fromkeys(absolute(file.parent, entry) for entry in entries if entry))


def absolute(base: Path, entry: str) -> str:
    """Return an address unchanged, and a folder as an absolute path."""
    path = base / Path(entry).expanduser()
    is_address = ":" in entry and not path.exists()
    return entry if is_address else str(path.resolve())


def table(statuses: Collection[RepositoryStatus]) -> str:
    """Return a table with a row for each repository, and a summary below it."""
    rows = [HEADER, *map(cells, statuses)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    fine = sum(status.fine for status in statuses)
    summary = f"{fine} of {len(statuses)} update cleanly or are current."
    return "\n".join([*lines, "", summary])


def cells(status: RepositoryStatus) -> tuple[str, ...]:
    """Return the cells of a repository's row."""
    return (
        status.repository,
        status.version or "-",
        status.newest,
        "-" if status.behind is None else str(status.behind),
        "; ".join(remarks(status)),
    )


def remarks(status: RepositoryStatus) -> Iterator[str]:
    """Yield what the last column says about an update."""
    if status.error:
        yield status.error
    elif not status.behind:
        yield "current"
    elif status.fine:
        yield "clean"
    if status.conflicts:
        yield f"conflict in {', '.join(status.conflicts)}"
    if status.answers:
        yield f"changes the answers {', '.join(status.answers)}"
    if status.edited:
        yield f"edited files of the platform: {', '.join(status.edited)}"


if __name__ == "__main__":
    sys.exit(main())
