"""The guides from nothing to a release in prod: a test runs each command, or it is listed.

docs/verified.md lists the commands that need an account; a test runs every other one.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import Rendered
from pipelines.databricks_project import configure
from rendering import ROOT, git

GUIDES = (
    "bootstrap",
    "check-every-change",
    "check-with-azure-devops",
    "check-with-github",
    "check-with-gitlab",
    "deploy-to-databricks",
    "deploy-to-kubernetes",
    "release-code",
    "release-with-a-pipeline",
    "schedule-the-steps",
    "schedule-with-data-factory",
)
ACCOUNT = ("az", "databricks", "gh", "glab", "kubectl")
BLOCK = re.compile(r"^ *```.*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)  # a list indents them
HERE = ("export", "git", "uv", "uvx")
RUN = {  # the test that runs this kind of command
    "export IMAGE_REPOSITORY=": "test_an_image_is_pushed_and_identified_by_its_registry_digest",
    "git add --all": "test_a_project_grows_as_the_guide_says",
    "git commit --message ": "test_a_project_grows_as_the_guide_says",
    "git push": "test_a_good_change_passes",
    "uv lock": "test_a_project_grows_as_the_guide_says",
    "uvx copier update ": "test_a_project_grows_as_the_guide_says",
    "uvx nox -s bootstrap": "test_a_session_of_the_guides_runs",
    "uvx nox -s build": "test_one_release_goes_to_test_and_then_to_prod",
    "uvx nox -s deploy -- ": "test_one_release_goes_to_test_and_then_to_prod",
    "uvx nox -s rehearse": "test_a_new_project_passes",
    "uvx nox -s schedules": "test_a_session_of_the_guides_runs",
}


def lines(*programs: str) -> Iterator[str]:
    """Yield the commands of the guides that start with one of these programs."""
    for guide in GUIDES:
        text = (ROOT / f"docs/how-to/{guide}.md").read_text(encoding="utf-8")
        for block in BLOCK.findall(text):
            commands = map(str.lstrip, block.splitlines())
            yield from (each for each in commands if each.split(" ")[0] in programs)


def listed() -> list[str]:
    """Return the commands that need an account according to docs/verified.md."""
    text = (ROOT / "docs/verified.md").read_text(encoding="utf-8")
    section = text.partition("## Commands of the guides\n")[2].partition("\n## ")[0]
    return [
        command
        for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
        for command in re.findall(r"`(.+?)`", row)
    ]


def test_exactly_the_commands_that_need_an_account_are_listed() -> None:
    known = listed()
    used = list(lines(*ACCOUNT))
    assert used
    unlisted = [line for line in used if not line.startswith(tuple(known))]
    assert unlisted == []
    assert [each for each in known if not any(line.startswith(each) for line in used)] == []


def test_every_other_command_is_run_by_an_existing_test() -> None:
    assert [line for line in lines(*HERE) if not line.startswith(tuple(RUN))] == []
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in RUN.values() if f"def {name}(" not in sources] == []


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize(
    "line",
    sorted({line for line in lines("uvx") if line.startswith("uvx copier update ")}),
    ids=str,
)
def test_a_project_grows_as_the_guide_says(line: str, project: Path) -> None:
    words = shlex.split(line)[1:]
    subprocess.run([sys.executable, "-m", *words], cwd=project, check=True, capture_output=True)
    subprocess.run(["uv", "lock", "--quiet"], cwd=project, check=True)
    git(project, "add", "--all")
    git(project, "commit", "--message", "feat: the project grows")
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    given = dict(word.split("=") for word in words if "=" in word and not word.startswith("-"))
    assert given
    assert given.items() <= answers.items()


@pytest.mark.full
@pytest.mark.parametrize(
    ("line", "words"),
    {
        "uvx nox -s bootstrap": "build/bootstrap",
        "uvx nox -s schedules": "score",
        "uvx nox -s schedules -- test": "score",
    }.items(),
)
def test_a_session_of_the_guides_runs(
    line: str, words: str, locked_project: Rendered, tools: Path, quick: dict[str, str]
) -> None:
    assert line in lines("uvx")
    project = locked_project(ci="azure-devops")
    for env in ("test", "prod"):
        schedule = {"every": "month", "day": 2, "at": "06:00", "zone": "Europe/Berlin"}
        configure(project, env, schedules={"score": schedule})
    done = subprocess.run(
        line.split(),
        cwd=project,
        env=os.environ | quick | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
