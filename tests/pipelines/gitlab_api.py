"""The part of the GitLab API that a project uses: protection of environments, approvals."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from .address import answering

MAINTAINS = "token-of-a-maintainer"
PROJECT = 7
JOB = 17


@dataclass
class GitLabApi:
    """The state of GitLab; a test protects environments and names the approver."""

    approver: str = ""  # approves every request; none is rejected
    waited: list[str] = field(default_factory=list)
    rules: dict[str, list[dict[str, int]]] = field(default_factory=dict)
    approvals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def protect(self, environment: str) -> None:
        """Require another person's approval for an environment."""
        self.rules[environment] = [{"required_approvals": 1}]

    def unprotect(self, environment: str) -> None:
        """Remove the protection."""
        del self.rules[environment]

    def admits(self, environment: str) -> bool:
        """Return whether a job may start."""
        if environment not in self.rules:
            return True
        self.waited.append(environment)
        if self.approver:
            given = {"status": "approved", "user": {"username": self.approver}}
            self.approvals.setdefault(environment, []).append(given)
        return bool(self.approver)

    def answering(self) -> AbstractContextManager[str]:
        """Serve requests with the token of a maintainer; a job's token is not enough."""
        return answering(self.answer, "PRIVATE-TOKEN", MAINTAINS)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer a request; KeyError for an unknown path. A deployment's id is its position."""
        below = path.removeprefix(f"/api/v4/projects/{PROJECT}")
        deployed = sorted(self.approvals)
        if below == "/deployments":
            assert (query.pop("order_by"), query.pop("sort")) == (["id"], ["desc"])
            [environment] = query.pop("environment")
            reply: Any = [
                {"id": number, "deployable": {"id": JOB}}
                for number, name in enumerate(deployed)
                if name == environment
            ]
        elif below.startswith("/deployments/"):
            name = deployed[int(below.removeprefix("/deployments/"))]
            reply = {"approvals": self.approvals[name]}
        elif below:
            name = below.removeprefix("/protected_environments/")
            reply = {"approval_rules": self.rules[name]}
        else:
            reply = {"allow_pipeline_trigger_approve_deployment": False}
        assert not query, query
        return reply
