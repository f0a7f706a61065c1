"""Updates of projects that teams have edited: what they cost, and how many do harm."""

import sys
from collections import Counter

from histories.many import play_all

HEADER = [
    *("histories", "updates", "edits refused", "conflicts", "lost edits", "orphans", "recreated"),
    *("wrong", "s a history"),
]
KINDS = ("conflict", "lost", "orphan", "recreated", "wrong")


def updated(seed: int, histories: int) -> list[list[str]]:
    """Play histories and return the one row; report those that went wrong on stderr."""
    findings: Counter[str] = Counter()
    seconds = 0.0
    updates = 0
    refused = 0
    for number, outcome in enumerate(play_all(range(seed, seed + histories)), start=1):
        if outcome.findings:
            sys.stderr.write(f"{outcome}\n")
        findings.update({finding.kind for finding in outcome.findings})
        seconds += outcome.seconds
        updates += outcome.updates
        refused += outcome.refused
        if number % 100 == 0:
            sys.stderr.write(f"· {number:,} of {histories:,} histories\n")
    harm = [f"**{findings[kind]}**" for kind in KINDS]
    return [[f"{histories:,}", f"{updates:,}", f"{refused:,}", *harm, f"{seconds / histories:.1f}"]]
