"""The addresses of Azure DevOps that a project asks: environments, their checks, approvals."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .address import answering

TOKEN = "token-of-the-build-service"  # noqa: S105 - it opens nothing
APPROVAL = {"name": "Approval"}


@dataclass
class Api:
    """What an organization knows; a test protects environments and says who approves."""

    address: str = ""
    environments: list[str] = field(default_factory=list)
    checks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    approver: str = ""  # who approves whatever waits; nobody rejects it
    waited: list[str] = field(default_factory=list)
    approved: list[dict[str, str]] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which a run finds this organization, its project and itself."""
        return {
            "System.CollectionUri": f"{self.address}/",
            "System.TeamProject": "Credit Risk",
            "Build.BuildId": "17",
        }

    def protect(self, environment: str, **settings: Any) -> None:
        """Let an environment ask another person for an approval."""
        self.environments.append(environment)
        settings = {"approvers": [{"id": "1"}], "requesterCannotBeApprover": True, **settings}
        self.checks[environment] = [{"type": APPROVAL, "settings": settings}]

    def unprotect(self, environment: str) -> None:
        """Let it ask nobody."""
        self.checks[environment] = []

    def admits(self, environment: str, stage: str) -> bool:
        """Tell whether a deployment may begin."""
        if environment not in self.environments:
            self.environments.append(environment)
        if not any(check["type"] == APPROVAL for check in self.checks.get(environment, [])):
            return True
        self.waited.append(environment)
        if self.approver:
            self.approved.append({"stage": stage, "by": self.approver})
        return bool(self.approver)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer an address; an unknown one, or one with other parameters, is a KeyError."""
        parts = path.split("/")
        assert parts[1:3] == ["Credit Risk", "_apis"], path
        rest, version = "/".join(parts[3:]), query.pop("api-version")[0]
        if rest == "distributedtask/environments":
            asked = query.pop("name")[0]  # Azure also finds names that begin so
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
        """Yield the records of a run: what waits lies in a checkpoint, which lies in a stage."""
        for number, approval in enumerate(self.approved):
            stage, checkpoint = f"stage-{number}", f"checkpoint-{number}"
            of = {"identifier": approval["stage"], "parentId": None}
            yield {"id": stage, "type": "Stage", **of}
            yield {"id": checkpoint, "type": "Checkpoint", "identifier": "c", "parentId": stage}
            inside = {"identifier": "a", "parentId": checkpoint}
            yield {"id": f"approval-{number}", "type": "Checkpoint.Approval", **inside}


@contextlib.contextmanager
def organization() -> Iterator[Api]:
    """Answer on an address of this machine, for whoever shows the token."""
    api = Api()
    with answering(api.answer, "Authorization", f"Bearer {TOKEN}") as api.address:
        yield api
