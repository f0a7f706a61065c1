"""The part of the Azure DevOps API that a project uses: environments, checks, approvals."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .address import answering

TOKEN = "token-of-the-build-service"  # noqa: S105 - a fake
APPROVAL = {"name": "Approval"}


@dataclass
class Api:
    """The state of an organization; a test protects environments and names the approver."""

    address: str = ""
    environments: list[str] = field(default_factory=list)
    checks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    approver: str = ""  # approves every request; none is rejected
    waited: list[str] = field(default_factory=list)
    approved: list[dict[str, str]] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that tell a run its organization, project and id."""
        return {
            "System.CollectionUri": f"{self.address}/",
            "System.TeamProject": "Credit Risk",
            "Build.BuildId": "17",
        }

    def protect(self, environment: str, **settings: Any) -> None:
        """Require another person's approval for an environment."""
        self.environments.append(environment)
        settings = {"approvers": [{"id": "1"}], "requesterCannotBeApprover": True, **settings}
        self.checks[environment] = [{"type": APPROVAL, "settings": settings}]

    def unprotect(self, environment: str) -> None:
        """Remove the protection."""
        self.checks[environment] = []

    def admits(self, environment: str, stage: str) -> bool:
        """Return whether a deployment may start."""
        if environment not in self.environments:
            self.environments.append(environment)
        if not any(check["type"] == APPROVAL for check in self.checks.get(environment, [])):
            return True
        self.waited.append(environment)
        if self.approver:
            self.approved.append({"stage": stage, "by": self.approver})
        return bool(self.approver)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer a request; raise KeyError for an unknown path or other parameters."""
        parts = path.split("/")
        assert parts[1:3] == ["Credit Risk", "_apis"], path
        rest = "/".join(parts[3:])
        version = query.pop("api-version")[0]
        if rest == "distributedtask/environments":
            asked = query.pop("name")[0]  # Azure matches prefixes of names
            found = [n for n in self.environments if n.startswith(asked)]
            reply: Any = {"value": [{"id": self.environments.index(n), "name": n} for n in found]}
        elif rest == "pipelines/checks/configurations" and version == "7.1-preview.1":
            assert query.pop("resourceType") == ["environment"]
            shown = query.pop("$expand", [""]) == ["settings"]
            checks = self.checks.get(self.environments[int(query.pop("resourceId")[0])], [])
            reply = {"value": [c if shown else {"type": c["type"]} for c in checks]}
        elif rest == "build/builds/17/timeline":
            reply = {"records": list(self.timeline())}
        elif rest.startswith("pipelines/approvals/") and query.pop("$expand") == ["steps"]:
            by = self.approved[int(parts[-1].removeprefix("approval-"))]["by"]
            step = {"status": "approved", "actualApprover": {"uniqueName": by}}
            reply = {"status": "approved", "steps": [step]}
        else:
            raise KeyError(path)
        assert not query, query
        return reply

    def timeline(self) -> Iterator[dict[str, Any]]:
        """Yield the records of a run: approvals are in a checkpoint, which is in a stage."""
        for number, approval in enumerate(self.approved):
            stage = f"stage-{number}"
            checkpoint = f"checkpoint-{number}"
            of = {"identifier": approval["stage"], "parentId": None}
            yield {"id": stage, "type": "Stage", **of}
            yield {"id": checkpoint, "type": "Checkpoint", "identifier": "c", "parentId": stage}
            inside = {"identifier": "a", "parentId": checkpoint}
            yield {"id": f"approval-{number}", "type": "Checkpoint.Approval", **inside}


@contextlib.contextmanager
def organization() -> Iterator[Api]:
    """Serve locally, for requests with the token."""
    api = Api()
    with answering(api.answer, "Authorization", f"Bearer {TOKEN}") as api.address:
        yield api
