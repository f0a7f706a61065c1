"""The scripts of bootstrap: run twice, against programs that refuse what the real ones refuse."""

import copy
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Rendered
from vendors.az import az
from vendors.programs import State, Vendors, on_path

AZURE = {
    "ORGANIZATION": "https://dev.azure.com/bank",
    "PROJECT": "Credit Risk",
    "APPROVERS": "approvers@bank.example",
    "TENANT": "tenant-1",
    "TEST_SUBSCRIPTION": "subscription-test",
    "PROD_SUBSCRIPTION": "subscription-prod",
    "TEST_WORKSPACE": "/subscriptions/test/workspaces/risk",
    "PROD_WORKSPACE": "/subscriptions/prod/workspaces/risk",
}
GROUP = "11111111-2222-3333-4444-555555555555"
TEAM, DATA = "data-science@example.com", "data@bank.example"


class Office:
    """A project, the people who run its scripts, and the vendors they run them against."""

    def __init__(self, project: Path, programs: Path, vendors: Vendors) -> None:
        self.project, self.vendors = project, vendors
        self.env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def write(self) -> tuple[int, str]:
        """Write the scripts."""
        return self.call(sys.executable, ".mlops/bootstrap.py")

    def run(self, script: str, *words: str, told: str = "") -> tuple[int, str]:
        """Run a script as the person who is meant to, who exports what another one was told."""
        self.env |= dict(re.findall(r"^export (\w+)='?([^\s']+)'?$", told, re.MULTILINE))
        return self.call("bash", f"build/bootstrap/{script}", *words)

    def call(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.project,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def state(self) -> State:
        """Return what the vendors know now."""
        return copy.deepcopy(self.vendors.states)


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Vendors]:
    with on_path(tmp_path / "programs", {"az": az}) as vendors:
        yield vendors


@pytest.fixture
def office(new_project: Rendered, tmp_path: Path, vendors: Vendors) -> Office:
    """The project goes to Databricks by Azure DevOps."""
    project = new_project(ci="azure-devops", compute="databricks")
    office = Office(project, tmp_path / "programs", vendors)
    office.env |= AZURE
    vendors.states["az"] = {"people": {AZURE["APPROVERS"]: GROUP, TEAM: "team", DATA: "data"}}
    assert office.write()[0] == 0
    return office


def everything(office: Office) -> str:
    """Let each person run the own script, in the order of the how-to; return what was said."""
    said = ""
    for script in ("entra.sh", "ci.sh", "entra.sh", "repository.sh"):
        code, told = office.run(script, told=said)
        assert code == 0, told
        said += told
    return said


def test_all_of_azure_is_set_up_and_nothing_changes_the_second_time(office: Office) -> None:
    everything(office)
    state, changes = office.state(), len(office.vendors.changes)
    assert changes > 20
    told = everything(office)
    assert (office.state(), len(office.vendors.changes)) == (state, changes)
    assert not re.search("^(made|set|mended|later|left)", told, re.MULTILINE)


def test_nobody_approves_for_prod_what_he_started(office: Office) -> None:
    everything(office)
    [rule] = [c for c in office.state()["az"]["checks"] if c["type"]["name"] == "Approval"]
    assert rule["settings"]["requesterCannotBeApprover"] is True
    assert rule["settings"]["approvers"] == [{"id": GROUP}]
