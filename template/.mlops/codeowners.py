"""Read CODEOWNERS, and say it in Azure's words, whose repositories do not read it."""

import re
from itertools import dropwhile
from pathlib import Path

from commands import Refusal


def read_owners(file: Path) -> list[tuple[str, str]]:
    """Return the patterns of CODEOWNERS in their order, and who owns what they fit."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    words = [line.partition("#")[0].split() for line in lines]
    return [(first, " ".join(rest)) for first, *rest in filter(None, words)]


def azure_policies(owners: list[tuple[str, str]]) -> list[str]:
    """Return each list of owners, and the filter that fits the files whose last line names them.

    Azure reads a filter from left to right, so a later line of other owners takes files out again.
    """
    policies = []
    for people in dict.fromkeys(people for _, people in owners if people):
        told = [("" if who == people else "!") + azure_pattern(what) for what, who in owners]
        kept: list[str] = []
        for pattern in dropwhile(lambda pattern: pattern.startswith("!"), told):
            whole = "*" in kept and not any(each.startswith("!") for each in kept)
            if pattern.startswith("!") or not whole:
                kept.append(pattern)
        policies.append(f"{azure_people(people)}|{';'.join(kept)}")
    return policies


def azure_pattern(pattern: str) -> str:
    """Return a pattern of CODEOWNERS as Azure reads it; raises Refusal where Azure cannot."""
    if re.search(r"[;|'\[\]^?!\\]", pattern):
        raise Refusal(f"CODEOWNERS: Azure Repos cannot read {pattern}: write a plainer pattern.")
    pattern = re.sub(r"\*+", "*", pattern.replace("**/", "*")) + "*" * pattern.endswith("/")
    return pattern if pattern[0] in "/*" else f"*/{pattern}"


def azure_people(people: str) -> str:
    """Return owners as Azure reads them; raises Refusal for one that is no address."""
    for owner in people.split():
        if not re.fullmatch(r"[\w.+-]+@[\w.-]+", owner):
            raise Refusal(f"CODEOWNERS: Azure Repos does not know {owner}: write a mail address.")
    return people.replace(" ", ";")
