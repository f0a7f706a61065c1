"""`nox -s update` prepares, checks and publishes an update, or says why it cannot.

Most tests update a small project of a small template, which has the current updater, and
checks that a test can make fail. git, Copier and the remote are real; a vendor's program is a fake
that records its calls.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from conftest import Rendered
from desks import add_program
from filelock import FileLock
from packaging.requirements import Requirement
from programs import write_program
from rendering import ROOT, commit, contents, files, git, render

UPDATER = ROOT / "template/.mlops"
OTHERS = (  # what comes with answers that the small template does not ask for
    *("__*", "vendors", "ab_initio.py", "approve.py", "bootstrap.py", "container.py", "deploy.py"),
)
BRANCH = "template-update"

SMALL_TEMPLATE = {
    "copier.yml": """
_subdirectory: template
package: {type: str, when: false, default: loan_risk}
has_ci: {type: bool, when: false, default: true}
risk_tier: {type: str, default: medium, choices: [low, medium, high]}
""",
    "CHANGELOG.md": "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- The first version.\n",
    "template/.copier-answers.yml.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    "template/.gitignore": "/build/\n__pycache__/\n",
    "template/noxfile.py": "# The checks.\n",
    "template/pyproject.toml": """
[project]
name = "loan-risk"
version = "0.1.0"
description = "Theirs."
requires-python = ">=3.11"
""",
}


class Run(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    said: str


class Desk(NamedTuple):
    """A project with a template, a remote, and the programs on its PATH."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "größe und maß/loan-risk"

    @property
    def template(self) -> Path:
        return Path(str(answers(self.project)["_src_path"]))

    @property
    def remote(self) -> Path:
        return Path(git(self.project, "remote", "get-url", "origin").strip())

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    def run(self, script: str, *arguments: str, **env: str) -> Run:
        """Run a script of .mlops as its session does."""
        path = f"{self.programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
        done = subprocess.run(
            [sys.executable, f".mlops/{script}.py", *arguments],
            cwd=self.project,
            env=os.environ | {"PATH": path + os.environ["PATH"]} | QUIET | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Run(done.returncode, done.stdout + done.stderr)

    def outcome(self) -> dict[str, str]:
        """Return the outcome of the preparation."""
        file = self.project / "build/update/outcome.json"
        return dict(json.loads(file.read_text(encoding="utf-8")))

    def calls(self) -> list[list[str]]:
        """Return the calls of the vendor's program, without listings."""
        file = self.programs / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [call for call in map(json.loads, lines) if "list" not in call]

    def pushed(self) -> str:
        """Return the commit on the update branch of the remote."""
        return git(self.remote, "for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")


SECRET = "a-secret-of-a-parent"  # noqa: S105 - an example
QUIET = {"PYTHONDONTWRITEBYTECODE": "1"}  # so that only the updater's files appear
SECRETS = (
    *("GH_TOKEN", "SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT", "AWS_SECRET_ACCESS_KEY"),
    *("DATABASE_URL", "KUBECONFIG", "PGPASSFILE", "MLOPS_SECRET_WAREHOUSE", "AZURE_STORAGE_SAS"),
    "ANYTHING_ELSE",
)
LOGINS = ("SSH_AUTH_SOCK", "GIT_CONFIG_VALUE_0", "CI_REPOSITORY_URL")


def write(folder: Path, written: dict[str, str]) -> None:
    """Write files, given by path."""
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip("\n"), encoding="utf-8")


def answers(project: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8")))


def answer(project: Path, **changed: object) -> None:
    """Edit stored answers by hand and commit them."""
    stored = yaml.safe_dump(answers(project) | changed)
    (project / ".copier-answers.yml").write_text(stored, encoding="utf-8")
    commit(project)


def release(template: Path, tag: str, changed: dict[str, str] | None = None) -> None:
    """Release a version of the small template, with a changelog entry."""
    write(template, changed or {"template/noxfile.py": f"# The checks of {tag}.\n"})
    log = template / "CHANGELOG.md"
    heading, rest = log.read_text(encoding="utf-8").split("\n\n", 1)
    log.write_text(f"{heading}\n\n## [{tag[1:]}]\n\n- What {tag} brings.\n\n{rest}", "utf-8")
    commit(template, tag)


def sign(desk: Desk) -> None:
    """Configure the team's identity for this repository only."""
    git(desk.project, "config", "user.name", "Team")
    git(desk.project, "config", "user.email", "team@bank.example")


def own_template(desk: Desk) -> Path:
    """Give a desk its own template, to release from or to remove."""
    template = shutil.copytree(desk.template, desk.root / "own")
    answer(desk.project, _src_path=str(template))
    return template


def add_remote(desk: Desk, host: str) -> None:
    """Give a project a remote at a host, and push its commits."""
    remote = desk.root / host / "loan-risk.git"
    git(desk.root, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    if "origin" in git(desk.project, "remote"):
        git(desk.project, "remote", "remove", "origin")
    git(desk.project, "remote", "add", "origin", str(remote))
    git(desk.project, "push", "--quiet", "origin", "main")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A project generated from v0.1.0 of a small template, which now has v0.2.0 and v0.3.0."""
    desk = Desk(tmp_path_factory.mktemp("updater"))
    template = desk.root / "template"
    write(template, SMALL_TEMPLATE)
    shutil.copytree(UPDATER, template / "template/.mlops", ignore=shutil.ignore_patterns(*OTHERS))
    commit(template, "v0.1.0")
    render(template, desk.project)
    commit(desk.project)
    sign(desk)
    add_program(desk.programs, "uvx", "uvx")
    release(template, "v0.2.0")
    release(template, "v0.3.0")
    return desk


@pytest.fixture(scope="module")
def prepared(first: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The project with a prepared update that passed its checks. Copy it before use."""
    desk = Desk(shutil.copytree(first.root, tmp_path_factory.mktemp("prepared") / "desk"))
    done = desk.run(
        "update", **dict.fromkeys((*SECRETS, *LOGINS, "UV_INDEX_OURS_PASSWORD"), SECRET)
    )
    assert done.code == 0, done.said
    return desk


@pytest.fixture
def desk(first: Desk, tmp_path: Path) -> Desk:
    """The project before its update, with a remote."""
    return copied(first, tmp_path)


@pytest.fixture
def ready(prepared: Desk, tmp_path: Path) -> Desk:
    """The project with an update to publish, with a remote."""
    return copied(prepared, tmp_path)


def copied(source: Desk, folder: Path, host: str = "github.example") -> Desk:
    desk = Desk(shutil.copytree(source.root, folder / "desk"))
    add_remote(desk, host)
    add_program(desk.programs, "gh", "vendor")
    return desk


def state(project: Path) -> tuple[str, dict[str, bytes]]:
    """Return what an update must not change: commits, branches and every file."""
    kept = {name: what for name, what in contents(project).items() if not name.startswith("build/")}
    return git(project, "show-ref") + git(project, "status", "--short", "--branch"), kept


def test_nothing_new_changes_nothing_and_publishes_nothing(desk: Desk) -> None:
    answer(desk.project, _commit="v0.3.0")
    before = state(desk.project)
    done = desk.run("update")
    assert done == Run(0, "Nothing to do: v0.3.0 is the newest version of the template.\n")
    assert desk.run("publish").said.startswith("Nothing to publish")
    assert state(desk.project) == before
    assert desk.pushed() == ""
    assert desk.calls() == []


def test_preparing_an_update_leaves_working_tree_and_branches_alone(
    first: Desk, prepared: Desk
) -> None:
    assert state(prepared.project) == state(first.project)
    assert sorted(files(prepared.project / "build")) == [
        "update/branch.bundle",
        "update/outcome.json",
    ]


def test_a_prepared_update_can_be_pulled(ready: Desk) -> None:
    take = f"pull build/update/branch.bundle {BRANCH}"
    git(ready.project, *take.split())
    assert answers(ready.project)["_commit"] == "v0.3.0"
    assert (ready.project / "uv.lock").exists()
    assert git(ready.project, "status", "--porcelain") == ""


def test_no_secret_reaches_the_checks(prepared: Desk) -> None:
    checked = json.loads((prepared.programs / "checked").read_text(encoding="utf-8"))
    assert checked["arguments"] == ["nox"]
    assert not checked["env"].keys() & {*SECRETS, *LOGINS, "VIRTUAL_ENV"}
    assert "UV_INDEX_OURS_PASSWORD" in checked["env"], "packages come from a private index"


def test_the_checks_read_no_environment_of_another_process(prepared: Desk) -> None:
    """On Linux, /proc shows the environment of every process of the same user."""
    checked = json.loads((prepared.programs / "checked").read_text(encoding="utf-8"))
    assert {name.partition("=")[0] for name in checked["readable"]} <= {"UV_INDEX_OURS_PASSWORD"}


@pytest.mark.parametrize(
    "attack",
    ["umount /proc", "umount -l /proc", "unshare -Urm umount /proc", "nsenter -t 1 -a true"],
)
def test_what_is_separated_cannot_join_the_other_processes_again(attack: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(UPDATER)!r}); import unreviewed as u; "
    code += "print(' '.join(u.separation()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    look = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c ^MARK="
    found = subprocess.run(
        [*done.stdout.split(), "env", "-u", "MARK", "sh", "-c", f"{attack} 2>/dev/null; {look}"],
        env=os.environ | {"MARK": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == "0\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://db"),
        ("MLOPS_SECRET_WAREHOUSE", "x"),
        ("AZURE_STORAGE_SAS", "x"),
        ("WAREHOUSE", "postgresql://user:word@db"),
    ],
    ids=["a database", "a secret of conf", "a signature", "an address with a password"],
)
def test_without_separation_a_secret_in_the_environment_stops_the_update(
    desk: Desk, name: str, value: str
) -> None:
    write_program(desk.programs / "unshare", "#!/bin/sh\nexit 1\n")
    done = desk.run("update", **{name: value})
    assert done.code == 1
    assert f"{name} is set" in done.said
    assert "unshare" in done.said
    assert not (desk.programs / "checked").exists()


def test_without_separation_a_secret_of_a_parent_stops_the_update(desk: Desk) -> None:
    write_program(desk.programs / "unshare", "#!/bin/sh\nexit 1\n")
    path = f"{desk.programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
    shell = f"env -u DATABASE_URL {sys.executable} .mlops/update.py; exit $?"
    done = subprocess.run(
        ["sh", "-c", shell],
        cwd=desk.project,
        env=os.environ | QUIET | {"PATH": path + os.environ["PATH"], "DATABASE_URL": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DATABASE_URL is set" in done.stderr


VENDORS = {"github": "gh", "gitlab.bank/mirrors/github": "glab", "dev.azure.com": "az"}


@pytest.mark.parametrize(("host", "name"), VENDORS.items())
def test_one_pull_request_is_opened_and_then_updated(
    host: str, name: str, prepared: Desk, tmp_path: Path
) -> None:
    desk = copied(prepared, tmp_path, host)
    add_program(desk.programs, name, "vendor")
    done = desk.run("publish")
    assert done.code == 0, done.said
    assert "https://vendor.example/7" in done.said
    assert git(desk.remote, "log", "-1", "--format=%an %s", BRANCH) == (
        "Team chore: update the template from v0.1.0 to v0.3.0\n"
    )
    assert desk.run("publish").code == 0
    opened, *renewed = desk.calls()
    assert {"create", f"--title={desk.outcome()['title']}"} <= set(opened)
    assert any(word.endswith("=main") for word in opened), "it goes to main"
    [text] = [word for word in opened if re.match("--(body|description)=", word)]
    assert "What v0.3.0 brings." in text
    assert "What v0.2.0 brings." in text
    assert "The first version" not in text
    for call in renewed:
        assert call[0] == name
        assert "create" not in call
        assert {"7", "--id=7"} & set(call)
    assert not [call for call in desk.calls() if {"--draft", "--undo", "--draft=true"} & set(call)]


@pytest.mark.full
def test_the_same_update_twice_is_the_same_commit(ready: Desk) -> None:
    """Vendors withdraw approvals when another commit is pushed."""
    ready.run("publish")
    before = ready.pushed()
    assert ready.run("update").code == 0
    ready.run("publish")
    assert ready.pushed() == before


@pytest.mark.full
def test_failing_checks_make_a_draft_and_passing_ones_make_it_ready(desk: Desk) -> None:
    write(desk.project, {"broken": ""})
    commit(desk.project)
    done = desk.run("update")
    assert done.code == 1
    assert "a check speaks" in done.said
    assert "`uvx nox` fails with the update." in done.said
    assert desk.run("publish").code == 0
    (desk.project / "broken").unlink()
    commit(desk.project)
    assert desk.run("update").code == 0
    assert desk.run("publish").code == 0
    opened, edited, made_ready = desk.calls()
    assert "--draft" in opened
    [text] = [word for word in opened if word.startswith("--body=")]
    assert text.startswith("--body=**This update needs you.** `uvx nox` fails with the update.")
    assert "git switch template-update" in text
    assert "What v0.3.0 brings." in text
    assert not [word for word in edited if "needs you" in word]
    assert made_ready == ["gh", "pr", "ready", "7"]


@pytest.mark.full
def test_a_conflict_makes_a_draft_and_blocks_the_next_update_until_resolved(
    desk: Desk,
) -> None:
    project = desk.project
    theirs = SMALL_TEMPLATE["template/pyproject.toml"]
    release(
        own_template(desk), "v0.4.0", {"template/pyproject.toml": theirs.replace("Th", "New th")}
    )
    mine = theirs.replace("Theirs.", "Ours.").lstrip()
    (project / "pyproject.toml").write_text(mine, encoding="utf-8")
    commit(project)
    done = desk.run("update")
    assert done.code == 1
    assert "The update conflicts with your changes in pyproject.toml." in done.said
    assert not (desk.programs / "checked").exists(), "a file with markers is no code to check"
    assert (project / "pyproject.toml").read_text(encoding="utf-8") == mine
    assert desk.run("publish").code == 0
    assert "--draft" in desk.calls()[0]

    git(project, "pull", "--quiet", "build/update/branch.bundle", BRANCH)
    assert "<<<<<<< before updating" in (project / "pyproject.toml").read_text(encoding="utf-8")
    done = desk.run("update")
    assert done.code == 1
    assert "pyproject.toml contains a conflict of an earlier update" in done.said


@pytest.mark.full
def test_a_lock_that_cannot_be_updated_makes_a_draft(desk: Desk) -> None:
    needs = 'dependencies = ["gone @ file:///nowhere/gone-1-py3-none-any.whl"]\n'
    with (desk.project / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write(needs)
    commit(desk.project)
    done = desk.run("update")
    assert done.code == 1
    assert "`uv lock` finds no compatible versions." in done.said
    assert desk.outcome()["problem"]


@pytest.mark.full
def test_an_answer_that_would_change_stops_the_update(desk: Desk) -> None:
    template = own_template(desk)
    answer(desk.project, risk_tier="high")
    copier_yml = (template / "copier.yml").read_text(encoding="utf-8")
    release(template, "v0.4.0", {"copier.yml": copier_yml.replace(", high", "")})
    before = state(desk.project)
    done = desk.run("update")
    assert done.code == 1
    assert "change the answer risk_tier from 'high' to 'medium'" in done.said
    assert "--data risk_tier=" in done.said
    assert desk.run("publish").said.startswith("Nothing is prepared")
    assert state(desk.project) == before


def test_a_problem_makes_the_pull_request_a_draft_until_it_is_fixed(ready: Desk) -> None:
    right = ready.outcome()
    file = ready.project / "build/update/outcome.json"
    for problem, last in [
        ("It fails.", "--draft"),
        ("", "gh pr ready 7"),
        ("It fails.", "gh pr ready 7 --undo"),
    ]:
        file.write_text(json.dumps(right | {"problem": problem}), encoding="utf-8")
        assert ready.run("publish").code == 0
        assert " ".join(ready.calls()[-1]).find(last) >= 0
    [said] = [word for word in ready.calls()[0] if word.startswith("--body=")]
    assert said.startswith("--body=**This update needs you.** It fails.")


def test_a_strangers_pull_request_of_the_same_branch_is_not_touched(ready: Desk) -> None:
    theirs = [{"number": 3, "isCrossRepository": True}]
    (ready.programs / "open.json").write_text(json.dumps(theirs), encoding="utf-8")
    assert ready.run("publish").code == 0
    [call] = ready.calls()
    assert "create" in call


def test_a_persons_commit_on_the_branch_is_never_overwritten(ready: Desk, tmp_path: Path) -> None:
    assert ready.run("publish").code == 0
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", f"--branch={BRANCH}", str(ready.remote), str(clone))
    write(clone, {"fixed.py": ""})
    commit(clone)
    git(clone, "push", "--quiet")
    before = ready.pushed()
    done = ready.run("publish")
    assert done.code == 1
    assert "template-update on origin has a commit that no update made" in done.said
    assert ready.pushed() == before


def test_an_amended_commit_counts_as_a_persons(ready: Desk, tmp_path: Path) -> None:
    assert ready.run("publish").code == 0
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", f"--branch={BRANCH}", str(ready.remote), str(clone))
    write(clone, {"fixed.py": ""})
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--amend", "--no-edit")
    git(clone, "push", "--quiet", "--force")
    assert "no update made" in ready.run("publish").said


def test_a_commit_pushed_meanwhile_is_never_overwritten(ready: Desk) -> None:
    git_itself = shutil.which("git")
    theirs = git(ready.project, "commit-tree", "-m", "theirs", "HEAD^{tree}").strip()
    push = f"'{git_itself}' push --quiet '{ready.remote}' {theirs}:refs/heads/{BRANCH}"
    wrapper = f'#!/bin/sh\ncase "$*" in *" push "*) {push} ;; esac\nexec \'{git_itself}\' "$@"\n'
    write_program(ready.programs / "git", wrapper)
    assert ready.run("publish").code == 1
    assert ready.pushed().strip() == theirs


def test_a_pipelines_second_job_publishes_from_a_shallow_clone_on_no_branch(ready: Desk) -> None:
    """It has the first job's artifact, and main has newer commits by now."""
    elsewhere = Desk(ready.root / "second job")
    shutil.copytree(ready.programs, elsewhere.programs)
    write(ready.project, {"later.py": ""})
    commit(ready.project)
    git(ready.project, "push", "--quiet", "origin", "main")
    address = ready.remote.as_uri()
    git(ready.root, "clone", "--quiet", "--depth=1", address, str(elsewhere.project))
    git(elsewhere.project, "switch", "--quiet", "--detach")
    shutil.copytree(ready.project / "build", elsewhere.project / "build")
    done = elsewhere.run("publish")
    assert done.code == 0, done.said
    assert ready.pushed() != ""
    assert "--base=main" in elsewhere.calls()[0]


def test_a_file_that_new_code_may_have_written_is_not_executed(ready: Desk) -> None:
    """The step with the token reads a file that the checks may have changed."""
    file = ready.project / "build/update/outcome.json"
    trap = {"base": f"--upload-pack=touch {ready.root}/trapped;"}
    file.write_text(json.dumps(ready.outcome() | trap), encoding="utf-8")
    done = ready.run("publish")
    assert done.code == 1
    assert "outcome.json names no commit" in done.said
    assert not (ready.root / "trapped").exists()


def test_an_incomplete_outcome_is_refused(ready: Desk) -> None:
    (ready.project / "build/update/outcome.json").write_text('{"title": "cho', encoding="utf-8")
    assert ready.run("publish").said.startswith("Nothing is prepared")


def test_without_a_vendor_it_pushes_and_says_which_pull_request_to_open(ready: Desk) -> None:
    done = ready.run("publish", "--vendor=none", "--base=trunk")
    assert done.code == 0
    assert "Open a pull request from template-update to trunk" in done.said
    assert "What v0.3.0 brings." in (ready.project / "build/update/pull_request.md").read_text(
        "utf-8"
    )
    assert ready.pushed() != ""
    assert ready.calls() == []


def test_an_unreachable_remote_loses_nothing(ready: Desk) -> None:
    away = ready.remote.rename(ready.root / "away")
    done = ready.run("publish")
    assert done.code == 1
    assert "Repeat when origin answers" in done.said
    away.rename(ready.root / "github.example/loan-risk.git")
    assert ready.run("publish").code == 0


def test_a_vendors_refusal_is_quoted_and_retried(ready: Desk) -> None:
    (ready.programs / "offline").write_text("")
    done = ready.run("publish")
    assert done == Run(1, "gh says: not logged in.\n")
    (ready.programs / "offline").unlink()
    assert ready.run("publish").code == 0
    assert "create" in ready.calls()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--remote=elsewhere"], "No such remote 'elsewhere'"),
        (["--vendor=gitlab"], "glab is not on PATH: install it, or use --vendor=none."),
        (["--branch=x"], "unrecognized arguments: --branch=x"),
    ],
)
def test_the_error_says_what_cannot_be_published(
    arguments: list[str], sentence: str, ready: Desk
) -> None:
    done = ready.run("publish", *arguments)
    assert done.code in {1, 2}
    assert sentence in done.said
    assert ready.pushed() == ""


def untagged(desk: Desk) -> None:
    template = own_template(desk)
    for tag in git(template, "tag").split():
        git(template, "tag", "--delete", tag)
    answer(desk.project, _commit=git(template, "rev-parse", "HEAD").strip())


def without_template(desk: Desk) -> None:
    shutil.rmtree(own_template(desk))


def without_tag(desk: Desk) -> None:
    git(own_template(desk), "tag", "--delete", "v0.1.0")


def without_answers(desk: Desk) -> None:
    (desk.project / ".copier-answers.yml").unlink()
    commit(desk.project)


def broken_answers(desk: Desk) -> None:
    (desk.project / ".copier-answers.yml").write_text("{_commit: v0.1.0", encoding="utf-8")
    commit(desk.project)


def dirty(desk: Desk) -> None:
    write(desk.project, {"my notes.py": ""})


def edited_platform(desk: Desk) -> None:
    write(desk.project, {"noxfile.py": "# Ours.\n"})
    commit(desk.project)


def rejected(desk: Desk) -> None:
    write(desk.project, {"pyproject.toml.rej": "-a\n+b\n"})
    commit(desk.project)


def no_place(desk: Desk) -> None:
    shutil.rmtree(desk.project / "build", ignore_errors=True)
    (desk.project / "build").write_text("", encoding="utf-8")
    (desk.project / ".git/info/exclude").write_text("/build\n", encoding="utf-8")


def no_repository(desk: Desk) -> None:
    shutil.rmtree(desk.project / ".git")


def relative_template(desk: Desk) -> None:
    """Name the template as from the folder in which `copier copy` ran."""
    answer(desk.project, _src_path=os.path.relpath(own_template(desk), desk.project))


REFUSALS: list[tuple[Callable[[Desk], object], str]] = [
    (untagged, "has no version: an update needs a tag"),
    (without_template, "is _src_path in .copier-answers.yml: correct _src_path to the template's"),
    (relative_template, "correct _src_path to the template's address or to its absolute path, /"),
    (
        lambda desk: answer(desk.project, _src_path="../gone"),
        "There is no template at ../gone, which is _src_path in .copier-answers.yml: correct ",
    ),
    (without_answers, ".copier-answers.yml, which names the template, is missing: restore it."),
    (broken_answers, ".copier-answers.yml cannot be read, undo its last edit: "),
    (lambda desk: answer(desk.project, _commit=7), "has no text for _commit"),
    (lambda desk: answer(desk.project, _src_path=None), "has no text for _src_path"),
    (dirty, "my notes.py"),
    (edited_platform, "noxfile.py is the platform's and differs"),
    (rejected, "pyproject.toml.rej contains a conflict of an earlier update"),
    (no_place, "build"),
    (no_repository, "not a git repository"),
]
SLOW_REFUSALS: list[tuple[Callable[[Desk], object], str]] = [
    (
        lambda desk: answer(desk.project, _src_path="https://localhost:1/gone.git"),
        "ls-remote https://localhost:1/gone.git`; if it has moved, correct _src_path in .copier-a",
    ),
    (without_tag, "Unknown revision: 'v0.1.0'"),
    (
        lambda desk: answer(desk.project, risk_tier=["high"]),
        "copier says: Could not convert ['high'] to string. If an answer in .copier-answers.yml is",
    ),
    (
        lambda desk: answer(desk.project, risk_tier="extreme"),
        "Invalid choice for 'risk_tier': 'extreme' is not in ['low', 'medium', 'high'].",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        *(pytest.param(*case, id=case[1]) for case in REFUSALS),
        *(pytest.param(*case, id=case[1], marks=pytest.mark.full) for case in SLOW_REFUSALS),
    ],
)
def test_the_error_says_what_cannot_be_updated(
    spoil: Callable[[Desk], object], sentence: str, desk: Desk
) -> None:
    spoil(desk)
    before = contents(desk.project)
    done = desk.run("update")
    assert done.code == 1
    assert sentence in done.said
    assert len(done.said.splitlines()) <= 4, done.said
    after = contents(desk.project)
    assert {name: what for name, what in after.items() if not name.startswith("build/")} == before


def test_a_refused_update_discards_an_older_prepared_one(ready: Desk) -> None:
    dirty(ready)
    assert ready.run("update").code == 1
    assert ready.run("publish").said.startswith("Nothing is prepared")


@pytest.mark.full
def test_a_detached_shallow_clone_updates(desk: Desk) -> None:
    shallow = Desk(desk.root / "shallow")
    shutil.copytree(desk.programs, shallow.programs)
    write(desk.project, {"second.py": ""})
    commit(desk.project)
    git(desk.project, "push", "--quiet", "origin", "main")
    git(desk.root, "clone", "--quiet", "--depth=1", desk.remote.as_uri(), str(shallow.project))
    git(shallow.project, "switch", "--quiet", "--detach")
    sign(shallow)
    done = shallow.run("update")
    assert done.code == 0, done.said
    assert shallow.run("publish").code == 0
    assert git(desk.remote, "rev-list", "--count", f"main..{BRANCH}") == "1\n"


@pytest.mark.full
@pytest.mark.parametrize("how", ["folder", pytest.param("submodule", marks=pytest.mark.wide)])
def test_a_project_in_a_larger_repository_updates(how: str, desk: Desk, tmp_path: Path) -> None:
    larger = tmp_path / "larger"
    inner = Desk(larger / "desk")
    write(larger, {"README.md": "Larger.\n"})
    if how == "folder":
        shutil.copytree(desk.project, inner.project, ignore=shutil.ignore_patterns(".git"))
        commit(larger)
    else:
        commit(larger)
        file = ("-c", "protocol.file.allow=always")
        name = inner.project.relative_to(larger).as_posix()
        git(larger, *file, "submodule", "--quiet", "add", str(desk.remote), name)
        commit(larger)
    shutil.copytree(desk.programs, inner.programs)
    (larger / ".git/info/exclude").write_text("programs\n", encoding="utf-8")
    sign(inner)
    done = inner.run("update")
    assert done.code == 0, done.said
    [take] = re.findall(r"git (pull .+?)   ", done.said)
    git(inner.project, *shlex.split(take))
    assert answers(inner.project)["_commit"] == "v0.3.0"
    assert git(inner.project, "log", "-1", "--format=%an") == "Team\n"
    assert "pyproject" not in git(inner.project, "show", "--name-only", "HEAD")


@pytest.mark.full
def test_a_killed_update_changes_nothing_and_the_next_one_works(desk: Desk) -> None:
    before = state(desk.project)
    sleeper = f"#!{sys.executable}\nimport time\nprint('checking', flush=True)\ntime.sleep(60)\n"
    waking = (desk.programs / "uvx").read_text(encoding="utf-8")
    (desk.programs / "uvx").write_text(sleeper, encoding="utf-8")
    path = f"{desk.programs}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, ".mlops/update.py"],
        cwd=desk.project,
        env=os.environ | {"PATH": path} | QUIET,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert any("checking" in line for line in running.stdout)
        os.killpg(running.pid, signal.SIGKILL)
    assert state(desk.project) == before
    assert desk.run("publish").said.startswith("Nothing is prepared")
    (desk.programs / "uvx").write_text(waking, encoding="utf-8")
    assert desk.run("update").code == 0
    assert sorted(files(desk.project / "build")) == ["update/branch.bundle", "update/outcome.json"]


def test_the_updater_requires_a_copier_new_enough_for_the_template() -> None:
    script = (UPDATER / "update.py").read_text(encoding="utf-8")
    [asked] = map(Requirement, re.findall(r'^# .*"(copier.+?)"', script, re.MULTILINE))
    least = next(yaml.safe_load_all((ROOT / "copier.yml").read_text("utf-8")))
    below = {"9.17.0": False, least["_min_copier_version"]: True, "10.0.0": False}
    assert {version: asked.specifier.contains(version) for version in below} == below


def test_the_session_runs_the_scripts_and_signs_as_the_team(
    new_project: Rendered, tmp_path: Path
) -> None:
    project = new_project(ci="github")
    add_program(tmp_path / "programs", "uv", "uvx")
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_AUTHOR")}
    env["PATH"] = f"{tmp_path / 'programs'}{os.pathsep}{env['PATH']}"
    for words, command in {
        (): [".mlops/update.py"],
        ("publish", "--base=main"): [".mlops/publish.py", "--base=main"],
    }.items():
        nox = [sys.executable, "-m", "nox", "--session", "update", "--", *words]
        subprocess.run(nox, cwd=project, env=env, check=True, capture_output=True)
        seen = json.loads((tmp_path / "programs/checked").read_text(encoding="utf-8"))
        assert seen["arguments"] == ["run", "--script", *command]
        assert seen["env"]["GIT_AUTHOR_EMAIL"] == "data-science@example.com"


@pytest.fixture(scope="module")
def real(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the real template, generated at v0.1.0, while the template has v0.2.0."""
    folder = tmp_path_factory.mktemp("real")
    newer = shutil.copytree(template, folder / "template")
    project = render(newer, folder / "loan-risk", ci="github")
    commit(project)
    with (newer / "template/noxfile.py").open("a", encoding="utf-8") as noxfile:
        noxfile.write("\n\n# v0.2.0\n")
    commit(newer, "v0.2.0")
    return project


def run_nox(project: Path, quick: dict[str, str], *arguments: str) -> Run:
    """Run nox as a person does, with uv's caches and without a name for git."""
    done = subprocess.run(
        ["uvx", "nox", *arguments],
        cwd=project,
        env=os.environ | quick,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


@pytest.mark.full
def test_a_real_project_updates_by_its_session_and_its_own_checks(
    real: Path, quick: dict[str, str]
) -> None:
    git(real.parent, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(real, "remote", "add", "origin", str(real.parent / "remote.git"))
    git(real, "push", "--quiet", "origin", "main")
    done = run_nox(real, quick, "-s", "update")
    assert done.code == 0, done.said[-3000:]
    assert "Session lint was successful" in done.said
    assert "Session tests was successful" in done.said
    done = run_nox(real, quick, "-s", "update", "--", "publish")
    assert done.code == 0, done.said[-3000:]
    changed = git(real.parent / "remote.git", "diff", "--name-only", "main", BRANCH).split()
    assert changed == [".copier-answers.yml", ".mlops/files", "noxfile.py", "uv.lock"]


@pytest.mark.full
def test_the_checks_refuse_what_an_update_could_not_merge(
    real: Path, quick: dict[str, str]
) -> None:
    """Renovate commits what Copier leaves, markers too; the project's own checks stop it."""
    conflict = "<<<<<<< before updating\na\n=======\nb\n>>>>>>> after updating\n"
    write(real, {"notes.md": conflict, "pyproject.toml.rej": "-a\n+b\n"})
    done = run_nox(real, quick, "-s", "lint")
    assert done.code == 1
    failed = re.findall(r"^(no .+?)\.+Failed$", done.said, re.MULTILINE)
    assert failed == ["no conflict markers", "no rejected changes"]


RENOVATE = "39.264.1"  # the newest that runs on Node.js 20


@pytest.fixture(scope="module")
def renovate() -> Path:
    """The programs of Renovate itself, which npm brings once."""
    folder = ROOT / "build/renovate" / RENOVATE
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "complete").exists():
            how = ["--ignore-scripts", "--no-audit", "--no-fund", f"--prefix={folder}"]
            subprocess.run(["npm", "install", *how, f"renovate@{RENOVATE}"], check=True)
            (folder / "complete").touch()
    return folder / "node_modules/.bin"


@pytest.mark.full
@pytest.mark.wide
def test_renovate_takes_the_configuration_of_the_guide(renovate: Path) -> None:
    program = renovate / "renovate-config-validator"
    subprocess.run([program, "--strict", ROOT / "docs/how-to/renovate.json"], check=True)


@pytest.mark.full
@pytest.mark.wide
def test_renovate_finds_the_next_version_of_the_template(
    renovate: Path, real: Path, tmp_path: Path
) -> None:
    project = tmp_path / "loan-risk"
    shutil.copytree(real, project, ignore=shutil.ignore_patterns(".venv", "build"))
    shutil.copy(ROOT / "docs/how-to/renovate.json", project)
    address = Path(answers(project)["_src_path"]).as_uri()
    answer(project, _src_path=address)
    settings = {"LOG_FORMAT": "json", "LOG_LEVEL": "debug", "RENOVATE_BASE_DIR": str(tmp_path)}
    done = subprocess.run(
        [renovate / "renovate", "--platform=local", "--dry-run=lookup"],
        cwd=project,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    entries = map(json.loads, filter(None, done.stdout.splitlines()))
    [found] = [entry for entry in entries if entry["msg"] == "packageFiles with updates"]
    [file] = found["config"].pop("copier")
    assert found["config"] == {}, "it looks after the template alone"
    assert file["packageFile"] == ".copier-answers.yml"
    [template] = file["deps"]
    assert (template["packageName"], template["currentValue"]) == (address, "v0.1.0")
    assert [update["newValue"] for update in template["updates"]] == ["v0.2.0"]
