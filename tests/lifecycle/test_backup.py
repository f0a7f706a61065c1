"""The page about backups is true: its commands save a project and bring it back."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

from tutorials import BLOCK, GUIDES, in_dev, missing

from lifecycle import behind
from lifecycle.project import AS_OF, Project

PAGE = GUIDES / "back-up-and-restore.md"


def commands(heading: str) -> list[str]:
    """Return the commands below a heading of the page, which are for prod, as for dev."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = [in_dev(text) for kind, text in BLOCK.findall(section) if not kind]
    return [line for block in blocks for line in block.splitlines()]


def follow(project: Project, lines: list[str]) -> None:
    """Run the commands of the page in a project; each must succeed."""
    variables: dict[str, str] = {}
    for line in lines:
        expanded = Template(line).substitute(variables)
        words = shlex.split(expanded)
        if words[0] == "export":
            variables |= dict([words[1].split("=", maxsplit=1)])
        elif words[:3] == ["uv", "run", project.name]:
            answer = project.run(*words[3:])
            if words[3:] == ["doctor"]:
                assert missing("back-up-and-restore", "doctor", answer.said) == []
        else:
            python = shlex.quote(sys.executable)
            command = expanded.replace("uv run python", python)
            subprocess.run(["bash", "-euc", command], cwd=project.folder, check=True)


def contents(project: Project) -> dict[str, bytes]:
    """Return every file of the store, except the database."""
    roots = ("mlartifacts", "predictions", "extracts")
    files = [path for root in roots for path in project.path(root).rglob("*") if path.is_file()]
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in files}


def damage(project: Project) -> None:
    """Damage the store as a failing disk does."""
    project.path("mlflow.db").write_bytes(b"")
    Path(f"{project.path('mlflow.db')}-wal").write_bytes(b"of another database")
    for path in project.path("mlartifacts").rglob("entry.json"):
        path.unlink()
    for path in project.path("predictions").rglob("part.parquet"):
        path.write_bytes(b"")


def test_what_was_backed_up_is_restored_and_an_older_backup_is_noticed(scored: Project) -> None:
    before = contents(scored)
    entries = scored.call(behind.entries)
    follow(scored, commands("Back up a local project"))
    damage(scored)
    restore = commands("Restore a local project")
    follow(scored, restore)
    assert contents(scored) == before
    assert scored.call(behind.entries) == entries
    assert scored.run("score", "--as-of", AS_OF).facts["batch"] == "0002"

    scored.run("status", "--anchor", "../anchors")  # as every later backup does
    shutil.rmtree(scored.path("../damaged"))
    *moving, comparing, _ = restore
    follow(scored, moving)
    answer = scored.run(*shlex.split(comparing)[3:], code=1)
    assert f"entry {len(entries) + 1} is anchored: an older state" in answer.said
    assert scored.run("status").facts["entries"] == len(entries)  # sound in itself
