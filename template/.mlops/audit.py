# /// script
# requires-python = ">=3.11"
# dependencies = ["pyyaml>=6.0.2"]
# ///
"""Refuse known vulnerabilities in the packages of uv.lock, except those that ci/audit.yml accepts.

uv looks each package up in a vulnerability database: OSV, or the one at the address in OSV_URL. An
exception has an owner, a reason and an expiry date. If a package is not audited, the audit fails.
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

from commands import Refusal, plain

EXCEPTIONS = Path("ci/audit.yml")
LOCK = Path("uv.lock")
KEYS = {"id", "owner", "expires", "reason"}


def main() -> int:
    """Audit the packages; return 1 where one is vulnerable, or where the audit is not possible."""
    try:
        accepted = read_accepted(datetime.datetime.now(datetime.UTC).date())
        report = run_audit()
        refuse_incomplete_audit(report)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    known_names: set[str] = set()
    open_vulnerabilities = []
    for vulnerability in report["vulnerabilities"]:
        names = names_of(vulnerability)
        known_names |= names
        if names.isdisjoint(accepted):
            open_vulnerabilities.append(vulnerability)
    for vulnerability in open_vulnerabilities:
        print(description(vulnerability), file=sys.stderr)
    for name, text in accepted.items():
        if name in known_names:
            print(text)
        else:
            print(f"{EXCEPTIONS}: no locked package has {name} any more: remove this entry.")
    if open_vulnerabilities:
        print(
            "Upgrade to a fixed version with `uv lock --upgrade-package NAME`, or accept the "
            f"vulnerability until a date in {EXCEPTIONS}."
        )
        return 1
    print(f"{report['summary']['audited_packages']} packages have no other known vulnerability.")
    return 0


def read_accepted(today: datetime.date) -> dict[str, str]:
    """Return a sentence about each accepted vulnerability, by its identifier.

    Raises Refusal for an entry that is incomplete or has expired.
    """
    accepted = {}
    for number, entry in enumerate(read_exceptions(), start=1):
        if not isinstance(entry, dict) or {key for key, value in entry.items() if value} != KEYS:
            keys = ", ".join(sorted(KEYS))
            raise Refusal(f"{EXCEPTIONS}: entry {number} must have the keys {keys}, and no others.")
        name = str(entry["id"])
        owner = entry["owner"]
        expires = entry["expires"]
        if not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime):
            raise Refusal(f"{EXCEPTIONS}: {name}: expires must be a date such as 2026-12-31.")
        if expires < today:
            raise Refusal(
                f"{EXCEPTIONS}: {name} was accepted until {expires}. Upgrade to a fixed version, "
                f"or let {owner} decide again."
            )
        sentence = f"{name} is accepted until {expires} by {owner}: {entry['reason']}"
        accepted[name] = plain(sentence)
    return accepted


def read_exceptions() -> list[Any]:
    """Return the entries of ci/audit.yml; a project without pipelines need not have the file."""
    if not EXCEPTIONS.exists():
        return []
    try:
        content = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise Refusal(f"{EXCEPTIONS} cannot be read, undo its last edit: {reason}") from None
    if not isinstance(content, dict) or not isinstance(content.get("exceptions"), list):
        raise Refusal(
            f"{EXCEPTIONS} must contain a list named exceptions, which may be empty: exceptions: []"
        )
    return list(content["exceptions"])


def run_audit() -> dict[str, Any]:
    """Return uv's report on all locked packages, for every system and every group."""
    if not LOCK.exists():
        raise Refusal(f"{LOCK} is missing: run `uvx nox -s setup`, and commit the file.")
    command = ["uv", "audit", "--preview-features", "audit-command,json-output"]
    command += ["--locked", "--output-format=json"]
    database = os.environ.get("OSV_URL")
    if database:
        command.append(f"--service-url={database}")
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    # uv also returns 1 with a complete report, where it found vulnerabilities.
    if done.returncode not in {0, 1} or not done.stdout.strip():
        reason = done.stderr.strip() or "no reason"
        raise Refusal(f"The packages in {LOCK} could not be audited. uv says:\n{reason}")
    try:
        report = json.loads(done.stdout)
        report["vulnerabilities"], report["summary"]["audited_packages"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise Refusal(
            "The report of `uv audit` has an unknown format: use the version of uv that your "
            "pipelines use."
        ) from None
    return dict(report)


def refuse_incomplete_audit(report: dict[str, Any]) -> None:
    """Raise Refusal where fewer packages were audited than uv.lock takes from an index."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8")).get("package", [])
    locked = {
        (package["name"], package["version"])
        for package in packages
        if "registry" in package.get("source", {})
    }
    audited = report["summary"]["audited_packages"]
    if not locked or audited < len(locked):
        raise Refusal(f"Only {audited} of the {len(locked)} packages in {LOCK} were audited.")


def names_of(vulnerability: dict[str, Any]) -> set[str]:
    """Return the identifiers under which a vulnerability is known."""
    names = {vulnerability["id"], *vulnerability.get("aliases", [])}
    display_name = vulnerability.get("display_id")
    return names | {display_name} if display_name else names


def description(vulnerability: dict[str, Any]) -> str:
    """Return a vulnerability as one line."""
    package = vulnerability["dependency"]
    summary = vulnerability.get("summary") or "no summary"
    fixed = ", ".join(vulnerability.get("fix_versions") or []) or "no version yet"
    return plain(
        f"{package['name']} {package['version']}: {vulnerability['id']}: {summary}; "
        f"fixed in {fixed}"
    )


if __name__ == "__main__":
    sys.exit(main())
