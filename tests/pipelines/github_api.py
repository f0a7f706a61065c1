"""The part of the GitHub API that a project uses: protection of environments, approvals."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from .address import answering
from .git_host import READS

REPOSITORY = "bank/loan-risk"
RULE = {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"id": 1}]}


@dataclass
class GitHubApi:
    """The state of GitHub; a test protects environments and names the approver."""

    approver: str = ""  # approves every request; none is rejected
    waited: list[str] = field(default_factory=list)
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    approvals: list[dict[str, Any]] = field(default_factory=list)

    def protect(self, environment: str) -> None:
        """Require another person's approval for an environment."""
        self.rules[environment] = [RULE]

    def unprotect(self, environment: str) -> None:
        """Remove the protection."""
        self.rules[environment] = []

    def admits(self, environment: str) -> bool:
        """Return whether a job may start; a new environment is open."""
        if not self.rules.setdefault(environment, []):
            return True
        self.waited.append(environment)
        if self.approver:
            by = {"login": self.approver}
            of = [{"name": environment}]
            self.approvals.append({"state": "approved", "user": by, "environments": of})
        return bool(self.approver)

    def answering(self) -> AbstractContextManager[str]:
        """Serve requests with the token of a run."""
        return answering(self.answer, "Authorization", f"Bearer {READS}")

    def token_request(self, address: str) -> dict[str, str]:
        """Return the variables with which a job requests its own token."""
        url = f"{address}/token?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": READS}

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer a request; raise KeyError for an unknown path."""
        if path == "/token":
            return {"value": f"token-for-{query['audience'][0]}"}
        assert not query, query
        below = path.removeprefix(f"/repos/{REPOSITORY}/")
        if below == "actions/runs/1/approvals":
            return self.approvals
        return {"protection_rules": self.rules[below.removeprefix("environments/")]}
