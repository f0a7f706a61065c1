"""A team edits its project while the template changes: no update does harm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from histories.checks import Update
from histories.history import SOUND, begin
from histories.many import HISTORIES_PER_CHAIN, play_all
from histories.quick import quick_copier, scratch
from histories.releases import SOUND as RUNNING
from histories.releases import UPPER_LAYERS, Chain
from rendering import commit, contents, update


def test_no_update_does_harm() -> None:
    """A few histories of a small platform; `./nox -s bench -- update` plays a thousand."""
    assert_no_harm(range(4), left_out=UPPER_LAYERS)


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize("first", range(100, 200, HISTORIES_PER_CHAIN))
def test_no_update_does_harm_in_many_histories(first: int) -> None:
    assert_no_harm(range(first, first + HISTORIES_PER_CHAIN))


def assert_no_harm(numbers: range, left_out: str = "$^") -> None:
    outcomes = list(play_all(numbers, processes=1, left_out=left_out))
    assert len(outcomes) == len(numbers)
    assert sum(outcome.updates for outcome in outcomes) >= len(numbers)
    assert not [str(outcome) for outcome in outcomes if outcome.findings]


def test_a_cached_copier_writes_the_same(tmp_path: Path) -> None:
    """Tests use Copier with a cache; it must write the same as the one that users run."""
    chain = Chain(tmp_path, 3, left_out=UPPER_LAYERS)
    quick_folder = tmp_path / "quick/loan-risk"
    plain_folder = tmp_path / "plain/loan-risk"
    chain.render(quick_folder, 0, {"project_name": "loan-risk"})
    commit(quick_folder)
    update(quick_folder)
    copy = ["copy", f"--vcs-ref={chain.releases[0].tag}", "--data=project_name=loan-risk"]
    copy += [str(chain.template), str(plain_folder)]
    for arguments in (copy, ["update", str(plain_folder)]):
        command = [sys.executable, "-m", "copier", *arguments, "--defaults", "--quiet"]
        subprocess.run(command, check=True)
        commit(plain_folder)
    quick = contents(quick_folder)
    plain = contents(plain_folder)
    for name in (quick.keys() | plain.keys()) - {
        ".copier-answers.yml"
    }:  # it names the template's folder
        assert quick[name] == plain[name], name


BASE = {
    ".mlops/files": b"0  mlops.py\n0  old.py\n",
    ".copier-answers.yml": b"_commit: v1\n",
    ".gitignore": b"/a/\n# Yours\n",
    "mlops.py": b"1\n",
    "old.py": b"1\n",
}
NEXT = {
    ".mlops/files": b"0  mlops.py\n",
    ".copier-answers.yml": b"_commit: v2\n",
    ".gitignore": b"/a/\n/b/\n# Yours\n",
    "mlops.py": b"2\n",
    "idea.py": b"",
}
OURS = {".gitignore": b"/a/\n# Yours\n/ours/\n", "ours.py": b"1\n"}
MERGED = {".gitignore": b"/a/\n/b/\n# Yours\n/ours/\n", "ours.py": b"1\n"}
AFTER = {name: content for name, content in (NEXT | MERGED).items() if name != "idea.py"}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"ours.py": b"2\n"}, "lost"),
        ({"ours.py": None}, "lost"),
        ({".gitignore": NEXT[".gitignore"]}, "lost"),
        ({".gitignore": OURS[".gitignore"]}, "wrong"),
        ({".gitignore": b"/ours/\n/a/\n/b/\n# Yours\n"}, "wrong"),
        ({".gitignore": None}, "lost"),
        ({"ours.py": b"<<<<<<< before updating\n"}, "conflict"),
        ({"mlops.py.rej": b""}, "conflict"),
        ({"old.py": b"1\n"}, "orphan"),
        ({"mlops.py": b"1\n"}, "wrong"),
        ({"idea.py": b""}, "recreated"),
        ({".copier-answers.yml": b"_commit: v2\ntier: low\n"}, "wrong"),
        ({"ci/audit.yml": b"exceptions: []\n"}, "wrong"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else part,
)
def test_a_history_notices_each_fault(change: dict[str, bytes | None], kind: str) -> None:
    after = {name: text for name, text in (AFTER | change).items() if text is not None}
    assert kind in {finding.kind for finding in Update(BASE | OURS, after, BASE, NEXT).findings()}


def test_a_history_notices_nothing_in_a_good_update() -> None:
    assert list(Update(BASE | OURS, AFTER, BASE, NEXT).findings()) == []


@pytest.mark.full
@pytest.mark.parametrize("number", range(3))
@pytest.mark.wide
def test_an_updated_project_still_runs(number: int) -> None:
    """After releases and edits that keep a project working, lint, types and tests still pass."""
    with scratch() as folder, quick_copier(folder):
        history = begin(Chain(folder, number, RUNNING), number, SOUND)
        lock(history.project.folder)  # later it requires invented packages, which cannot be locked
        history.play()
        assert not history.outcome.findings, str(history.outcome)
        for command in (["ruff", "check"], ["mypy"], ["pytest", "-q", "-p", "no:cacheprovider"]):
            run = subprocess.run(
                [sys.executable, "-m", *command],
                cwd=history.project.folder,
                env=os.environ | {"PYTHONPATH": "src"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, "\n".join([*history.outcome.story, run.stdout, run.stderr])


def lock(folder: Path) -> None:
    """Lock a project as `nox -s setup` does."""
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
    commit(folder)
