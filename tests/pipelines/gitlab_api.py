"""The addresses of GitLab that a project asks: how an environment is protected, who approved."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from .address import answering

MAINTAINS = "token-of-a-maintainer"
PROJECT, JOB = 7, 17


@dataclass
class GitLabApi:
    """What GitLab knows; a test protects environments and says who approves."""

    approver: str = ""  # who approves whatever waits; nobody rejects it
    waited: list[str] = field(default_factory=list)
    rules: dict[str, list[dict[str, int]]] = field(default_factory=dict)
    approvals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def protect(self, environment: str) -> None:
        """Let an environment ask another person for an approval."""
        self.rules[environment] = [{"required_approvals": 1}]

    def unprotect(self, environment: str) -> None:
        """Let it ask nobody."""
        del self.rules[environment]

    def admits(self, environment: str) -> bool:
        """Tell whether a job may begin."""
        if environment not in self.rules:
            return True
        self.waited.append(environment)
        if self.approver:
            given = {"status": "approved", "user": {"username": self.approver}}
            self.approvals.setdefault(environment, []).append(given)
        return bool(self.approver)

    def answering(self) -> AbstractContextManager[str]:
        """Answer whoever shows the token of a maintainer; that of a job is not enough."""
        return answering(self.answer, "PRIVATE-TOKEN", MAINTAINS)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer an address; an unknown one is a KeyError. A deployment's id is its place."""
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
