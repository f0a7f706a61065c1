"""Remove one guard after another, and show that a test notices each.

A guard is a line of code that refuses something. `tools/guards.toml` lists the guards: what each
one stops, the line, what is there without it, and the test that must fail then. `./nox -s guards`
copies the repository, runs these tests on the unchanged copy, where all must pass, and then once
for each guard without it. `./nox -s guards -- NAME ...` tries only the guards that are named, and
`--write` writes the table of docs/reference/guards.md.

Without its guard, a test does what the guard prevents. So a test may name only files of its own
temporary folder: nothing else may be read, run or deleted if the guard is gone.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.versions import git

ROOT = Path(__file__).parent.parent
LIST = ROOT / "tools/guards.toml"
PAGE = ROOT / "docs/reference/guards.md"
PLATFORM = "template/src/{{ package }}/mlops"
HEADING = "| guard | stops | code | test |\n|---|---|---|---|\n"
PYTEST = ("-m", "pytest", "-q", "--numprocesses=0", "-p", "no:cacheprovider")
IDENTITY = ("-c", "user.name=Guards", "-c", "user.email=guards@bank.example")
TESTS_FAILED = 1  # pytest's exit code; others mean that a test could not even start


@dataclass(frozen=True)
class Guard:
    """A line of code that refuses something."""

    name: str
    """What is refused, in a few words; unique."""
    stops: str
    """The attack or mistake that would succeed without the guard."""
    file: str
    """Path of the file; relative to the platform's folder, or else to the repository."""
    code: str
    """The line, without its indentation; it occurs once in the file."""
    test: str
    """The test that fails without the guard, as pytest names it."""
    without: str = "if False:"
    """What is there without the guard."""

    def path(self, root: Path) -> Path:
        """Return the path of the file in a copy of the repository."""
        platform = root / PLATFORM / self.file
        return platform if platform.is_file() else root / self.file

    def row(self) -> str:
        """Return the guard's row of the table."""
        test = self.test.replace("::", "` `")
        return f"| {self.name} | {self.stops} | `{self.file}` | `{test}` |\n"


def read_guards() -> list[Guard]:
    """Return the guards of the list, in its order."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))["guard"]
    return [Guard(**each) for each in listed]


def page(guards: Sequence[Guard]) -> str:
    """Return the text of docs/reference/guards.md with the table of these guards."""
    introduction = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    return introduction + HEADING + "".join(guard.row() for guard in guards)


def main() -> None:
    """Try the guards that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="./nox -s guards --", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of guards; default: all")
    parser.add_argument("--write", action="store_true", help=f"only write {PAGE.name}")
    options = parser.parse_args()
    guards = read_guards()
    if options.write:
        PAGE.write_text(page(guards), encoding="utf-8")
        return
    unknown = set(options.names) - {guard.name for guard in guards}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; tools/guards.toml has the names")
    chosen = [guard for guard in guards if guard.name in options.names or not options.names]
    survivors = try_guards(chosen)
    if survivors:
        sys.exit(f"No test noticed that these guards were removed: {', '.join(survivors)}.")
    print(f"{len(chosen)} guards were removed one at a time; a test noticed each.")


def try_guards(guards: Sequence[Guard]) -> list[str]:
    """Return the names of the guards whose removal no test noticed.

    Ends the program if a test fails although no guard is removed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = copy_repository(Path(temporary) / "goldsmith")
        tests = sorted({guard.test for guard in guards})
        unchanged = run(copy, *tests)
        if unchanged.returncode:
            sys.exit(f"{unchanged.stdout}\nThese tests fail with every guard in place.")
        return [guard.name for guard in guards if not is_noticed(copy, guard)]


def copy_repository(folder: Path) -> Path:
    """Copy what git knows and what it would add, and commit it: tests render the newest commit."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # not deleted since it was added to the index
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, *IDENTITY, "commit", "--quiet", "--message", "chore: copy for the guards")
    return folder


def is_noticed(copy: Path, guard: Guard) -> bool:
    """Remove a guard in the copy, run its test, and put the guard back."""
    file = guard.path(copy)
    original = file.read_text(encoding="utf-8")
    file.write_text(removed(original, guard), encoding="utf-8")
    try:
        done = run(copy, guard.test)
    finally:
        file.write_text(original, encoding="utf-8")
    noticed = done.returncode == TESTS_FAILED
    print(f"{'noticed' if noticed else 'NOT NOTICED':12} {guard.name}", flush=True)
    if done.returncode not in (0, TESTS_FAILED):
        print(done.stdout)
    return noticed


def removed(text: str, guard: Guard) -> str:
    """Return the text of the guard's file without the guard."""
    if text.count(guard.code) != 1:
        sys.exit(
            f"{guard.file} contains the code of the guard {guard.name!r} {text.count(guard.code)} "
            "times instead of once; correct tools/guards.toml."
        )
    return text.replace(guard.code, guard.without)


def run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a copy of the repository."""
    return subprocess.run(
        [sys.executable, *PYTEST, *tests], cwd=copy, text=True, capture_output=True, check=False
    )


if __name__ == "__main__":
    main()
