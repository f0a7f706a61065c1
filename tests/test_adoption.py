"""Existing repositories are adopted with the commands of the how-to, and then update."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import write_program
from rendering import ROOT, commit, contents, files, git

GUIDE = ROOT / "docs/how-to/adopt-an-existing-repository.md"
CHAPTERS = {"other_template": "From another template", "scripts": "From notebooks and scripts"}

OTHER_TEMPLATE = {
    ".gitignore": "/models/\n*.egg-info/\n",
    "Makefile": "data:\n\tpython -m churn.dataset\n",
    "README.md": "# Churn\n\nWho leaves, and why.\n",
    "noxfile.py": '"""Ours."""\n',
    "pyproject.toml": """[build-system]
requires = ["flit_core>=3.2,<4"]
build-backend = "flit_core.buildapi"

[project]
name = "churn"
version = "0.3.0"
description = "Who leaves, and why."
dependencies = ["loguru>=0.7", "pandas>=2.2.3"]

[tool.ruff]
line-length = 99
""",
    "data/raw/.gitkeep": "",
    "docs/index.md": "# Our documentation\n",
    "notebooks/1.0-exploration.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4}\n',
    "references/dictionary.md": "tenure: months\n",
    "src/churn/__init__.py": "from churn import config\n",
    "src/churn/config.py": "RAW = 'data/raw'\n",
    "src/churn/dataset.py": "def main() -> None: ...\n",
    "src/churn/features.py": "def tenure(frame):\n    return frame['months']\n",
    "src/churn/modeling/train.py": "def main() -> None: ...\n",
    "tests/test_data.py": "def test_code_is_tested() -> None:\n    assert True\n",
}
SCRIPTS = {
    "analysis.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4}\n',
    "train.py": "import pandas as pd\n\nprint(pd.read_csv('data/customers.csv'))\n",
    "requirements.txt": "loguru>=0.7\nlightgbm\n",
    "data/customers.csv": "customer,months\n1,12\n",
}
SHARED = {"pyproject.toml", ".gitignore", ".pre-commit-config.yaml", "noxfile.py"}


@pytest.fixture
def newer_template(template: Path, tmp_path: Path) -> Path:
    """The template at v0.1.0, in which tests release newer versions."""
    return shutil.copytree(template, tmp_path / "template")


def write(folder: Path, texts: dict[str, str]) -> Path:
    """Create a folder with these files."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def blocks(chapter: str) -> Iterator[str]:
    """Yield the command blocks of a chapter."""
    text = GUIDE.read_text(encoding="utf-8").partition(f"\n## {chapter}\n")[2]
    yield from re.findall(r"^```\n(.+?)^```", text.split("\n## ")[0], re.DOTALL | re.MULTILINE)


def follow(block: str, folder: Path, template: Path) -> str:
    """Run a block of commands in a folder; uvx finds the programs that are installed already."""
    programs = write_program(
        folder.parent / "programs/uvx", '#!/bin/sh\nexec "$PYTHON" -m "$@"\n'
    ).parent
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    env = os.environ | {f"GIT_{name}": "analyst@bank.example" for name in names}
    env |= {"PYTHON": sys.executable, "GIT_PAGER": "cat"}
    env["PATH"] = os.pathsep.join(
        [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    typed = block.replace("<address>", shlex.quote(str(template)))
    done = subprocess.run(
        ["bash", "-ec", typed], cwd=folder, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{typed}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def release(template: Path, tag: str) -> None:
    """Change files of every owner in the template, and tag them."""
    package = template / "template/src/{{ package }}"
    for file in (
        package / "features.py",
        package / "mlops/base/errors.py",
        template / "template/noxfile.py",
        template / "template/README.md.jinja",
    ):
        file.write_text(f"{file.read_text(encoding='utf-8')}\n# {tag}\n", encoding="utf-8")
    for name, anchor in {
        "pyproject.toml.jinja": "[project.optional-dependencies]\n",
        ".gitignore": "/build/\n",
    }.items():
        shared = template / "template" / name
        text = shared.read_text(encoding="utf-8")
        assert anchor in text
        shared.write_text(text.replace(anchor, f"{anchor}# {tag}\n", 1), encoding="utf-8")
    commit(template, tag)


def update_twice(template: Path, folder: Path) -> None:
    """Update to two versions with the last command of the how-to."""
    [command] = re.findall(r"`(uvx copier update.*?)`", GUIDE.read_text(encoding="utf-8"))
    for tag in ("v0.2.0", "v0.3.0"):
        release(template, tag)
        follow(f"{command}\n", folder, template)
        assert git(folder, "ls-files", "--unmerged") == ""
        assert not [name for name in files(folder) if name.endswith(".rej")]
        for name in (
            ".gitignore",
            "pyproject.toml",
            "noxfile.py",
            "src/churn/mlops/base/errors.py",
        ):
            assert f"# {tag}\n" in (folder / name).read_text(encoding="utf-8"), name
        commit(folder)


def test_the_first_step_overwrites_nothing(template: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "old-churn", OTHER_TEMPLATE)
    commit(folder)
    before = contents(folder)
    follow(next(blocks(CHAPTERS["other_template"])), folder, template)
    assert contents(folder).items() >= before.items()
    assert (folder / "src/churn/mlops/steps/gate/gate.py").exists()
    assert git(folder, "diff", "--name-only", "--diff-filter=MD", "main") == ""


@pytest.mark.full
def test_a_repository_of_another_template_is_adopted_and_updates(
    newer_template: Path, tmp_path: Path
) -> None:
    folder = write(tmp_path / "old-churn", OTHER_TEMPLATE)
    commit(folder)
    before = contents(folder)
    said = [follow(block, folder, newer_template) for block in blocks(CHAPTERS["other_template"])]

    changed = set(git(folder, "diff", "--name-only", "--diff-filter=MD", "main").split())
    assert changed == SHARED - {".pre-commit-config.yaml"}  # it had none
    assert (folder / "own_noxfile.py").read_text(encoding="utf-8") == OTHER_TEMPLATE["noxfile.py"]
    assert OTHER_TEMPLATE[".gitignore"] in (folder / ".gitignore").read_text(encoding="utf-8")
    shared = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert '"loguru>=0.7",' in shared
    assert '"churn[mlops]",' in shared
    assert any('version = "0.3.0"' in words for words in said)  # has to be copied by hand
    by_hand = shared.replace('version = "0.1.0"', 'version = "0.3.0"')
    assert "# Yours: exemptions" in by_hand
    by_hand = by_hand.replace("# Yours: exemptions", "line-length = 99\n# Yours: exemptions")
    (folder / "pyproject.toml").write_text(by_hand, encoding="utf-8")
    commit(folder)

    update_twice(newer_template, folder)
    kept = {name: content for name, content in before.items() if name not in SHARED}
    assert contents(folder).items() >= kept.items()
    shared = (folder / "pyproject.toml").read_text(encoding="utf-8")
    for line in ('"loguru>=0.7",', 'version = "0.3.0"', "line-length = 99"):
        assert line in shared, line


@pytest.mark.full
@pytest.mark.wide  # the test above adopts and updates in CI
def test_a_notebook_and_a_script_are_adopted_and_update(
    newer_template: Path, tmp_path: Path
) -> None:
    folder = write(tmp_path / "churn analysis", SCRIPTS)
    before = contents(folder)
    for block in blocks(CHAPTERS["scripts"]):
        follow(block, folder, newer_template)
    shared = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert '"lightgbm",' in shared
    assert '"loguru>=0.7",' in shared
    update_twice(newer_template, folder)
    after = contents(folder)
    assert after["notebooks/analysis.ipynb"] == before["analysis.ipynb"]
    assert after["train.py"] == before["train.py"]
    assert after["data/customers.csv"] == before["data/customers.csv"]
    assert '"lightgbm",' in (folder / "pyproject.toml").read_text(encoding="utf-8")
