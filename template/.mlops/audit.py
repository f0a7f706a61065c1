# /// script
# requires-python = ">=3.11"
# dependencies = ["pyyaml>=6.0.2"]
# ///
"""Refuse known vulnerabilities in what uv.lock pins, but for those that ci/audit.yml accepts.

uv asks a database of vulnerabilities for each package: OSV, or what the variable OSV_URL names. An
exception has an owner, a reason and a day on which it ends. What could not be asked is refused.
"""

import datetime
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from commands import Refusal

EXCEPTIONS = Path("ci/audit.yml")
LOCK = Path("uv.lock")
KEYS = {"id", "owner", "expires", "reason"}


def main() -> int:
    """Audit; return 1 and say why where something is wrong."""
    try:
        accepted = exceptions(datetime.datetime.now(datetime.UTC).date())
        report = ask()
        refuse_what_was_not_asked(report)
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 1
    open_ones = [found for found in report["vulnerabilities"] if not names(found) & set(accepted)]
    for found in open_ones:
        print(told(found), file=sys.stderr)
    used = set().union(*map(names, report["vulnerabilities"]))
    for name in accepted:
        print(accepted[name] if name in used else f"{EXCEPTIONS} accepts {name} in vain: remove it")
    if open_ones:
        print(f"Take a fixed version, `uv lock --upgrade-package NAME`, or see {EXCEPTIONS}.")
        return 1
    print(f"{report['summary']['audited_packages']} packages have no other known vulnerability.")
    return 0


def exceptions(today: datetime.date) -> dict[str, str]:
    """Return what is accepted, with words on it; refuse one that has ended or lacks a word."""
    accepted = {}
    for number, entry in enumerate(written(), start=1):
        if not isinstance(entry, dict) or {k for k, v in entry.items() if v} != KEYS:
            raise Refusal(f"{EXCEPTIONS}: entry {number} needs {', '.join(sorted(KEYS))}, no more.")
        ends = entry["expires"]
        if not isinstance(ends, datetime.date) or isinstance(ends, datetime.datetime):
            raise Refusal(f"{EXCEPTIONS}: {entry['id']}: expires must be a day such as 2026-12-31.")
        if ends < today:
            raise Refusal(
                f"{EXCEPTIONS}: {entry['id']} was accepted until {ends}. Take a fixed version, or "
                f"let {entry['owner']} decide anew."
            )
        words = f"{entry['id']} is accepted until {ends} by {entry['owner']}: {entry['reason']}"
        accepted[str(entry["id"])] = words
    return accepted


def written() -> list[Any]:
    """Return the entries of ci/audit.yml; a project without pipelines need not have it."""
    if not EXCEPTIONS.exists():
        return []
    try:
        content = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        words = " ".join(str(error).split())
        raise Refusal(f"{EXCEPTIONS} cannot be read, take back its last edit: {words}") from None
    if not isinstance(content, dict) or not isinstance(content.get("exceptions"), list):
        raise Refusal(f"{EXCEPTIONS} must hold a list named exceptions, which may be empty: [].")
    return list(content["exceptions"])


def ask() -> dict[str, Any]:
    """Return uv's report on all that is locked, for every system and every group."""
    if not LOCK.exists():
        raise Refusal(f"{LOCK} is missing: run `uvx nox -s setup`, and commit it.")
    features = ("--preview-features", "audit-command,json-output")
    where = [f"--service-url={url}"] if (url := os.environ.get("OSV_URL")) else []
    command = ["uv", "audit", *features, "--locked", "--output-format=json", *where]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in {0, 1} or not done.stdout.strip():  # 1: also with a report
        reason = done.stderr.strip() or "no reason"
        raise Refusal(f"Nothing is known of the packages in {LOCK}, for uv says:\n{reason}")
    try:
        report = json.loads(done.stdout)
        report["vulnerabilities"], report["summary"]["audited_packages"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise Refusal("This uv reports in another form: use the one that ci/ names.") from None
    return dict(report)


def refuse_what_was_not_asked(report: dict[str, Any]) -> None:
    """Compare the number of audited packages with those that uv.lock takes from an index."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8")).get("package", [])
    locked = {(p["name"], p["version"]) for p in packages if "registry" in p.get("source", {})}
    audited = report["summary"]["audited_packages"]
    if not locked or audited < len(locked):
        raise Refusal(f"Only {audited} of the {len(locked)} packages in {LOCK} were audited.")


def names(found: dict[str, Any]) -> set[str]:
    """Return the identifiers under which a vulnerability is known."""
    return {found["id"], found.get("display_id") or found["id"], *found.get("aliases", [])}


def told(found: dict[str, Any]) -> str:
    """Return a vulnerability as a line."""
    package = found["dependency"]
    fixed = ", ".join(found.get("fix_versions") or []) or "no version yet"
    summary = found.get("summary") or "no summary"
    return f"{package['name']} {package['version']}: {found['id']}: {summary}; fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
