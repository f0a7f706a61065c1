"""A fake `az` that keeps a data factory in a file, and records its calls.

It supports the few commands that a deployment needs, and refuses every other argument.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

STATE = Path(os.environ.get("AZ_STATE", "azure.json"))
WHERE = {"--resource-group": "rg-risk-prod", "--subscription": "risk-prod"}
FACTORY = {"--factory-name": "adf-risk-prod", **WHERE}
QUIET = {"--only-show-errors": ""}


class Az:
    """One call of the program."""

    def __init__(self, words: list[str]) -> None:
        self.state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8"))
        self.state["calls"].append(words)
        self.words = words
        pairs = [word.partition("=") for word in words]
        self.verb = [word for word in words if "=" not in word and not word.startswith("-")]
        self.options = {key: value for key, _, value in pairs if key.startswith("-")}
        self.values = {key: value for key, sign, value in pairs if sign and key[0] != "-"}

    def run(self) -> None:
        """Run the command."""
        if self.verb == ["datafactory", "trigger", "list"]:
            self.take({**FACTORY, "--output": "json"})
            found = self.state["triggers"].items()
            print(json.dumps([{"name": n, "properties": {"runtimeState": s}} for n, s in found]))
        elif self.verb[:2] == ["datafactory", "trigger"]:
            self.turn(*self.verb[2:])
        elif self.verb == ["deployment", "group", "create"]:
            self.deploy()
        else:
            self.fail(f"unrecognized: {self.words}")
        self.keep()

    def turn(self, action: str) -> None:
        """Start, stop or delete a trigger."""
        name = self.options.pop("--name", "")
        triggers = self.state["triggers"]
        self.take(FACTORY | ({"--yes": ""} if action == "delete" else {}))
        if name not in triggers:
            self.fail(f"The document could not be retrieved because it does not exist: {name}")
        if action == "delete":
            if triggers.pop(name) == "Started":
                self.fail(f"{name} is enabled")
        else:
            triggers[name] = {"start": "Started", "stop": "Stopped"}[action]

    def deploy(self) -> None:
        """Create or change what a template describes."""
        file = Path(self.options.pop("--template-file", ""))
        expected = {"--name": "loan_risk_prod_jobs", "--mode": "Incremental", "--output": "none"}
        self.take({**WHERE, **expected, "--parameters": ""})
        template = json.loads(file.read_text(encoding="utf-8"))
        if set(self.values) != set(template["parameters"]):
            self.fail(f"InvalidTemplate: {sorted(self.values)}")
        if self.state["broken"]:
            self.fail("The linked service databricks_prod does not exist.")
        for one in template["resources"]:
            kind = one["type"].rpartition("/")[2]
            name = one["name"].partition("/")[2]
            if kind == "triggers":
                if self.state["triggers"].get(name) == "Started":
                    self.fail(f"Cannot update enabled Trigger; needs to be disabled first: {name}")
                self.state["triggers"][name] = "Stopped"
            text = json.dumps(one)
            for key, value in self.values.items():
                text = text.replace(f"[parameters('{key}')]", value)
            self.state["resources"][f"{kind}/{name}"] = json.loads(text)

    def take(self, expected: dict[str, str]) -> None:
        """Refuse options that are not exactly these."""
        if self.options != expected | QUIET:
            self.fail(f"unrecognized arguments: {self.words}")

    def fail(self, reason: str) -> NoReturn:
        """Print the reason and exit; what was done before stays done."""
        self.keep()
        sys.exit(f"ERROR: {reason}")

    def keep(self) -> None:
        """Save the current state."""
        STATE.write_text(json.dumps(self.state), encoding="utf-8")


if __name__ == "__main__":
    Az(sys.argv[1:]).run()
