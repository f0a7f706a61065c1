"""Compute the names that a project cannot have, for its package would hide a module or be hidden.

`./nox -s names` writes them to taken.txt, which copier.yml includes. A name is there only if a
project of that name breaks: one that Python reserves, a module of the standard library, what a
project and its tools install, by the name of the distribution and by the name of the import, and a
program that its scripts call.
"""

import keyword
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FILE = ROOT / "taken.txt"
PROJECT = ROOT / "template/pyproject.toml.jinja"
HEADER = """\
{#- Names that a project cannot have, for its package would hide a module, or be hidden by one.
    `./nox -s names` computes them; tools/taken.py says which and why. -#}
"""
POSSIBLE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")  # as a project's package
MODULES = ("conftest", "mlops", "noxfile", "test", "tests")  # of every project
PROGRAMS = (  # that its scripts call: the one of the project's name would come first
    *("az", "buildah", "databricks", "docker", "gh", "git", "glab", "kubectl"),
    *("podman", "uv", "uvx"),
)
BUILD = ("hatchling", "tomlkit", "trove_classifiers")  # what builds a release, not installed here
OTHER_PYTHONS = (  # modules of other versions that a project may run on
    *("aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils"),
    *("imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes"),
    *("smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
)


def main() -> None:
    """Write taken.txt."""
    FILE.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the names of each kind as a paragraph, after a comment that says what it holds."""
    parts = [
        f"{{# {title} #}}\n{textwrap.fill(' '.join(names), 100)}\n"
        for title, names in kinds().items()
    ]
    return HEADER + "".join(parts)


def kinds() -> dict[str, list[str]]:
    """Return the names of each kind; one of several kinds is in the first of them."""
    found: dict[str, Iterable[str]] = {
        "Python's keywords": keyword.kwlist,
        "Python's standard library": [*sys.stdlib_module_names, *OTHER_PYTHONS],
        "what a project installs": names_of_dependencies(project_requirements()),
        "what builds a release of a project": BUILD,
        "modules of every project, and programs that it calls": [*MODULES, *PROGRAMS],
    }
    seen: set[str] = set()
    kept: dict[str, list[str]] = {}
    for title, names in found.items():
        new = {name for name in names if POSSIBLE.fullmatch(name)} - seen
        seen |= new
        kept[title] = sorted(new)
    return kept


def project_requirements() -> list[Requirement]:
    """Return what a project needs to run and to be developed, extras included."""
    lines = re.sub(r"\{\{.*?\}\}", "", PROJECT.read_text(encoding="utf-8"))
    found = re.findall(r'"([a-z][\w.-]*(?:\[\w+\])?[>~]=[^"]*)"', lines)
    return [Requirement(line) for line in found if not line.startswith("hatchling")]


def names_of_dependencies(requirements: Iterable[Requirement]) -> Iterator[str]:
    """Yield what the distributions, and all that they need, are called and bring to import."""
    todo = list(requirements)
    seen: set[str] = set()
    while todo:
        name = canonicalize_name(todo.pop().name)
        if name in seen:
            continue
        seen.add(name)
        needs = [Requirement(need) for need in distribution(name).requires or []]
        todo += [need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    yield from (name.replace("-", "_") for name in seen)
    for module, distributions in packages_distributions().items():
        if seen & {canonicalize_name(name) for name in distributions}:
            yield module


if __name__ == "__main__":
    main()
