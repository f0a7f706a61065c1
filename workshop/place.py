"""The participant's project, as the checks read it."""

import importlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .missing import Missing

PACKAGE = "loan_risk"
PROGRAM = "loan-risk"
HOME = ".workshop"  # the folder of the workshop in the project


@dataclass(frozen=True)
class Place:
    """A project in a folder.

    What the platform has stored is read by the platform's own functions, so it is available only
    to an interpreter that has the project's packages. Nothing here writes.
    """

    folder: Path

    def path(self, name: str) -> Path:
        """Return a path in the project."""
        return self.folder / name

    def text(self, name: str) -> str:
        """Return the text of a file; empty if there is none."""
        file = self.path(name)
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def yaml(self, name: str) -> dict[str, Any]:
        """Return the content of a file in conf/."""
        import yaml  # not there before the first exercise

        try:
            content = yaml.safe_load(self.text(name)) or {}
        except yaml.YAMLError as error:
            raise Missing(
                f"{name} is not valid YAML: {' '.join(str(error).split())}.",
                "Every command reads the configuration first.",
                f"Correct that line, or see what `git diff {name}` shows.",
            ) from None
        if not isinstance(content, dict):
            raise Missing(
                f"{name} does not consist of lines `name: value`.",
                "Every command reads the configuration first.",
                f"Correct the file, or see what `git diff {name}` shows.",
            )
        return content

    def git(self, *arguments: str) -> str:
        """Return the output of git; empty if it fails."""
        # Without the option, `status` may write the index, which `watch` takes for a change.
        command = ["git", "--no-optional-locks", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    @property
    def changed(self) -> list[str]:
        """The files that are not committed as they are."""
        lines = self.git("status", "--porcelain", "--untracked-files=all").splitlines()
        return [line.split(maxsplit=1)[1] for line in lines]

    @property
    def environment(self) -> Path:
        """The folder of the project's environment."""
        return self.path(os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv"))

    @property
    def programs(self) -> Path:
        """The folder of the programs in the project's environment."""
        return self.environment / ("Scripts" if os.name == "nt" else "bin")

    def answers(self, number: str) -> dict[str, Any]:
        """Return the answers that the participant wrote for an exercise."""
        name = f"{HOME}/answers/{number}.toml"
        try:
            return tomllib.loads(self.text(name))
        except tomllib.TOMLDecodeError as error:
            raise Missing(
                f"{name} cannot be read: {error}.",
                "The check reads your answers from this file, so each line must be valid TOML.",
                'Put texts in quotation marks, as in: commit = "1a2b3c4"',
            ) from None

    def platform(self, module: str) -> Any:  # mypy cannot know the participant's package
        """Import a module of the project's platform: `records.journal`."""
        return self.module(f"mlops.{module}")

    def module(self, name: str) -> Any:
        """Import a module of the project: `features`."""
        source = str(self.path("src"))
        if source not in sys.path:
            sys.path.insert(0, source)
        try:
            return importlib.import_module(f"{PACKAGE}.{name}")
        except Exception as error:
            if name.startswith("mlops."):
                raise
            raise Missing(
                f"src/{PACKAGE}/{name}.py cannot be imported: {type(error).__name__}: {error}.",
                "Every command of the model imports this file first.",
                f"Correct that line, or see what `git diff` shows of {name}.py.",
            ) from error

    def own(self, module: str, name: str) -> Any:
        """Return what a module of the project must define: the function `labels` of `data`."""
        part = getattr(self.module(module), name, None)
        if part is None:
            raise Missing(
                f"src/{PACKAGE}/{module}.py defines no {name}.",
                "The platform looks for it under this name.",
                f"Write it again, or see what `git diff` shows of {module}.py.",
            )
        return part

    @staticmethod
    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the project; Missing if it fails."""
        try:
            return function(*arguments)
        except Exception as error:
            raise Missing(
                f"{function.__name__} fails: {type(error).__name__}: {error}.",
                "Training would fail in the same place.",
                "Correct the function, and check again.",
            ) from error

    def settings(self, env: str = "dev") -> Any:
        """Return the settings of an environment; the platform's error if they are wrong."""
        return self.platform("base.project").open_project(env).settings

    def journal(self, env: str = "dev") -> "Journal":
        """Return what an environment has recorded."""
        return Journal(self, env)


@dataclass(frozen=True)
class Journal:
    """The journal, the versions and the verdicts of one environment."""

    place: Place
    env: str

    @cached_property
    def _store(self) -> Any:
        """The platform's store; None if this environment has none, which is not created here."""
        if not self.place.path("mlflow.db").is_file():
            return None
        project = self.place.platform("base.project").open_project(self.env)
        client = self.place.platform("records.tracking").connect(project)
        if project.name not in {model.name for model in client.search_registered_models()}:
            return None
        return self.place.platform("records.store").open_store(project)

    @cached_property
    def entries(self) -> list[Any]:
        """All entries, oldest first."""
        return list(self._store.entries) if self._store else []

    def of(self, *commands: str) -> list[Any]:
        """Return the entries of these commands, oldest first."""
        return [entry for entry in self.entries if entry.command in commands]

    def last(self, command: str) -> Any:
        """Return the newest entry of a command; Missing if there is none."""
        entries = self.of(command)
        if not entries:
            raise self._emptied(f"entry of `{command}`")
        return entries[-1]

    def trained(self, version: str) -> Any:
        """Return the entry about the training of a version; Missing if there is none."""
        for entry in self.of("train"):
            if entry.subject == version:
                return entry
        raise self._emptied(f"version {version}" if version else "champion")

    def _emptied(self, lacking: str) -> Missing:
        return Missing(
            f"{self.env} has no {lacking}.",
            "An exercise before this one has left it in mlflow.db, and it is gone.",
            "Reset this exercise: `uvx nox -s workshop -- reset`.",
        )

    def verdicts(self, version: str) -> list[Any]:
        """Return the entries of the gate about a version, oldest first."""
        return [entry for entry in self.of("gate") if entry.subject == version]

    def checks(self, verdict: Any) -> dict[str, Any]:
        """Return the checks behind a verdict by their names."""
        text = self._store.journal.evidence(verdict, verdict.details.evidence_sha256)
        evidence = self.place.platform("records.evidence").read_evidence(text, "the evidence")
        return {check.name: check for check in evidence.checks}

    def card(self, version: str) -> Any:
        """Return the card of a version, with its columns, parameters, figures and rows."""
        number = int(self.trained(version).subject)
        return self._store.fetch(number).card

    @property
    def champion(self) -> str:
        """The version in use according to the journal; empty if there is none."""
        number = self._store.recorded_champion if self._store else None
        return str(number or "")
