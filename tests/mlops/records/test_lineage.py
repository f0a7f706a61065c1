"""Lineage says which code, lock file and person a version comes from."""

import dataclasses
import hashlib
import importlib.util
import json
import marshal
import os
import pwd
import shutil
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlops.projects import TABLES, make_project
from rendering import commit, git, platform

commits = platform("records.commits")
lineage = platform("records.lineage")
project = platform("base.project")
reviewed = platform("base.reviewed")
snapshot = platform("records.snapshot")
errors = platform("base.errors")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a commit and a lock file."""
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / ".gitignore").write_text("build/\n")
    for name, text in {"conf/prod.yml": "# nothing\n", "src/loan_risk/data.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    commit(tmp_path)
    return tmp_path


def head(folder: Path) -> str:
    """Return the digest of the last commit."""
    return git(folder, "rev-parse", "HEAD").strip()


def repository_of(folder: Path) -> Any:
    """Return how git reads a repository."""
    return commits.Repository(lineage.GIT, folder, os.environ)


def test_the_files_are_compared_with_the_commit_that_is_recorded(checkout: Path) -> None:
    """Between two calls of git, a filter or another process can move HEAD to another commit."""
    recorded = head(checkout)
    (checkout / "src/loan_risk/data.py").write_text("SMUGGLED = True\n")
    commit(checkout)
    made = make_project(checkout)
    assert lineage.compare_with_commit(made, recorded).changed == ["src/loan_risk/data.py"]
    assert lineage.compare_with_commit(made, head(checkout)).changed == []


def test_a_checkout_names_its_commit_and_the_hash_of_its_lock(checkout: Path) -> None:
    facts = lineage.read_build_facts(make_project(checkout))
    assert facts.commit == git(checkout, "rev-parse", "HEAD").strip()
    assert facts.dirty is False
    assert facts.template == "v0.1.0"
    assert facts.lock_sha256 == hashlib.sha256(b"version = 1\n").hexdigest()


def test_a_changed_or_a_new_file_makes_a_checkout_dirty_and_an_ignored_one_does_not(
    checkout: Path,
) -> None:
    (checkout / "build").mkdir()
    (checkout / "build/x").touch()
    assert not lineage.read_build_facts(make_project(checkout)).dirty
    (checkout / "new.py").touch()
    assert lineage.read_build_facts(make_project(checkout)).dirty
    commit(checkout)
    assert not lineage.read_build_facts(make_project(checkout)).dirty
    (checkout / "uv.lock").write_text("version = 2\n")
    assert lineage.read_build_facts(make_project(checkout)).dirty


# What git was told to overlook, so that its status shows nothing


def assume_unchanged(checkout: Path) -> None:
    """Tell git not to look at a file, then change it."""
    git(checkout, "update-index", "--assume-unchanged", "conf/prod.yml")
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")


def skip_worktree(checkout: Path) -> None:
    """Tell git that the file is another one here, then change it."""
    git(checkout, "update-index", "--skip-worktree", "conf/prod.yml")
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")


def exclude_locally(checkout: Path) -> None:
    """Add code that git ignores in this clone only."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("extra.py\n")
    (checkout / "src/loan_risk/extra.py").write_text("x = 1\n")


def hide_a_library(checkout: Path) -> None:
    """Add a library that Python imports in place of a source file, and that git ignores."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("*.so\n")
    (checkout / "src/loan_risk/data.abi3.so").write_bytes(b"")


def hide_a_linked_package(checkout: Path) -> None:
    """Add a package elsewhere that Python imports in place of a module, and that git ignores."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("/src/loan_risk/data\n")
    elsewhere = checkout / "build/data"
    elsewhere.mkdir(parents=True)
    (elsewhere / "__init__.py").touch()
    (checkout / "src/loan_risk/data").symlink_to(elsewhere)


def hide_an_entry_point(checkout: Path) -> None:
    """Add the metadata of a package to what Python looks through, and have git ignore it."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("*-info/\n*-INFO/\n")
    for name in ("evil-1.0.dist-info/entry_points.txt", ".evil.EGG-INFO/entry_points.txt"):
        (checkout / "src" / name).parent.mkdir()
        (checkout / "src" / name).write_text("[mlflow.request_header_provider]\nx = evil\n")


def hide_code_among_build_facts(checkout: Path) -> None:
    """Add a module to the folder of a build, which git ignores."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("_build/\n")
    (checkout / "src/loan_risk/_build").mkdir()
    (checkout / "src/loan_risk/_build/evil.py").write_text("x = 1\n")


def hide_code_among_bytecode(checkout: Path) -> None:
    """Add bytecode that is nobody's cache, and can be imported by its name."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("__pycache__/\n")
    (checkout / "src/loan_risk/__pycache__").mkdir()
    (checkout / "src/loan_risk/__pycache__/evil.pyc").touch()


def hide_data(checkout: Path) -> None:
    """Add a file that is no code, but that code may read."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("*.csv\n")
    (checkout / "src/loan_risk/rates.csv").touch()


def ignore_configuration(checkout: Path) -> None:
    """Have an ignored file of configuration that no commit has."""
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("conf/test.yml\n")
    (checkout / "conf/test.yml").write_text("promotion: automatic\n")


def filter_content(checkout: Path) -> None:
    """Let a filter show git the old content of a changed file."""
    git(checkout, "config", "filter.old.clean", "printf '# nothing\\n'")
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/attributes").write_text("conf/prod.yml filter=old\n")
    (checkout / "conf/prod.yml").write_text("same: size")


def replace_commit(checkout: Path) -> None:
    """Let git take another commit for this one."""
    first = git(checkout, "rev-parse", "HEAD").strip()
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")
    commit(checkout)
    other = git(checkout, "rev-parse", "HEAD").strip()
    git(checkout, "reset", "--quiet", "--soft", first)
    git(checkout, "replace", first, other)


@pytest.mark.parametrize(
    "change",
    [
        assume_unchanged,
        skip_worktree,
        exclude_locally,
        hide_a_library,
        hide_a_linked_package,
        hide_an_entry_point,
        hide_code_among_build_facts,
        hide_code_among_bytecode,
        hide_data,
        ignore_configuration,
        filter_content,
        replace_commit,
    ],
)
def test_a_change_that_git_overlooks_makes_a_checkout_dirty(
    checkout: Path, change: Callable[[Path], None]
) -> None:
    change(checkout)
    assert git(checkout, "status", "--porcelain") == ""
    assert lineage.read_build_facts(make_project(checkout)).dirty


def overwrite(checkout: Path, name: str, changed: str) -> None:
    """Let git show one object under the name of another."""
    digests = [git(checkout, "rev-parse", each).strip() for each in (name, changed)]
    old, new = (checkout / f".git/objects/{each[:2]}/{each[2:]}" for each in digests)
    old.chmod(0o644)
    shutil.copyfile(new, old)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_an_overwritten_folder_of_the_commit_is_refused(checkout: Path, algorithm: str) -> None:
    shutil.rmtree(checkout / ".git")
    git(checkout, "init", "--quiet", f"--object-format={algorithm}")
    commit(checkout)
    project = make_project(checkout)
    assert not lineage.read_build_facts(project).dirty
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")
    commit(checkout)
    overwrite(checkout, "HEAD~:conf", "HEAD:conf")
    git(checkout, "reset", "--quiet", "--soft", "HEAD~")
    assert git(checkout, "status", "--porcelain") == ""
    with pytest.raises(errors.MlopsError, match="is not what its name stands for"):
        lineage.read_build_facts(project)


@pytest.mark.parametrize("suffix", ["", "^{tree}"])
def test_an_overwritten_commit_is_refused(checkout: Path, suffix: str) -> None:
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")
    commit(checkout)
    git(checkout, "reset", "--quiet", "--soft", "HEAD~")
    overwrite(checkout, f"HEAD{suffix}", f"ORIG_HEAD{suffix}")
    with pytest.raises(errors.MlopsError):  # git itself may notice
        lineage.read_build_facts(make_project(checkout))
    with pytest.raises(errors.MlopsError, match="is not what its name stands for"):
        lineage.committed_files(repository_of(checkout), head(checkout), "", ["conf"])


def test_a_machine_without_git_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(errors.MlopsError, match=r"^git is not installed"):
        lineage.read_build_facts(make_project(checkout))


def test_a_missing_object_of_the_commit_is_named(checkout: Path) -> None:
    digest = git(checkout, "rev-parse", "HEAD:src").strip()
    (checkout / f".git/objects/{digest[:2]}/{digest[2:]}").unlink()
    with pytest.raises(errors.MlopsError, match=f"has no object {digest}"):
        lineage.committed_files(repository_of(checkout), head(checkout), "", ["src"])


def test_a_project_may_be_in_a_folder_of_its_repository(checkout: Path) -> None:
    above = checkout / "models/credit"
    above.mkdir(parents=True)
    for name in ("src", "conf", "uv.lock"):
        shutil.move(checkout / name, above / name)
    commit(checkout)
    project = make_project(above)
    assert not lineage.read_build_facts(project).dirty
    assume_unchanged_file = "models/credit/conf/prod.yml"
    git(checkout, "update-index", "--assume-unchanged", assume_unchanged_file)
    (checkout / assume_unchanged_file).write_text("promotion: automatic\n")
    assert lineage.compare_with_commit(project, head(project.root)).changed == ["conf/prod.yml"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GIT_DIR", ".git"),
        ("GIT_WORK_TREE", ""),
        ("GIT_INDEX_FILE", ".git/index"),
        ("GIT_COMMON_DIR", ".git"),
    ],
)
def test_a_variable_that_shows_git_another_repository_is_refused(
    checkout: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "other"
    shutil.copytree(checkout, other)
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")
    commit(other)
    monkeypatch.setenv(variable, str(other / value))
    with pytest.raises(errors.MlopsError) as refusal:
        lineage.read_build_facts(make_project(checkout))
    assert str(refusal.value) == (
        f"the environment variable {variable} is {other / value}, which makes git use another "
        f"repository than that of this project, {checkout}; unset {variable}, and run the command "
        "again."
    )


def test_the_variables_of_a_hook_show_git_the_same_repository(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = lineage.read_build_facts(make_project(checkout))
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_WORK_TREE", ".")
    monkeypatch.setenv("GIT_INDEX_FILE", f"{checkout}/.git/next-index-7.lock")  # of a commit
    assert lineage.read_build_facts(make_project(checkout)) == expected
    assert not expected.dirty


def test_a_hook_in_a_worktree_is_one_of_the_same_repository(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path_factory.mktemp("trees") / "second"
    git(checkout, "worktree", "add", "--quiet", "--detach", str(tree))
    monkeypatch.setenv("GIT_DIR", f"{checkout}/.git/worktrees/second")
    monkeypatch.setenv("GIT_INDEX_FILE", f"{checkout}/.git/worktrees/second/index")
    assert not lineage.read_build_facts(make_project(tree)).dirty
    with pytest.raises(errors.MlopsError, match="the environment variable GIT_DIR is "):
        lineage.read_build_facts(make_project(checkout))


def test_the_folder_of_a_project_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "_build/loan-risk"
    (folder / "src").mkdir(parents=True)
    (folder / "uv.lock").touch()
    commit(folder)
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/exclude").write_text("extra.py\n")
    (folder / "src/extra.py").touch()
    assert lineage.compare_with_commit(make_project(folder), head(folder)).changed == [
        "src/extra.py"
    ]


def test_bytecode_leftovers_and_line_endings_of_windows_change_nothing(checkout: Path) -> None:
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/exclude").write_text("*\n")
    names = (
        "__pycache__/features.cpython-311.pyc",
        "__pycache__/features.cpython-311.pyc.140094",  # another process writes it
        "_build/build.json",
        "_build/conf/base.yml",
        ".features.py.swp",
        ".ipynb_checkpoints/a-checkpoint.py",
        "features.py~",
        ".DS_Store",
    )
    for name in names:
        (checkout / "src/loan_risk" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "src/loan_risk" / name).touch()
    (checkout / "src/loan_risk/.#features.py").symlink_to("ann@host.123")  # a lock of Emacs
    git(checkout, "config", "core.autocrlf", "true")
    (checkout / "conf/prod.yml").unlink()
    git(checkout, "checkout", "--", "conf/prod.yml")
    assert (checkout / "conf/prod.yml").read_bytes() == b"# nothing\r\n"
    assert not lineage.compare_with_commit(make_project(checkout), head(checkout)).changed


# Files that are others when they are compared


@pytest.fixture
def running(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The checkout, whose package runs; its modules are forgotten afterwards."""
    files = {
        "conf/base.yml": yaml.safe_dump(
            {"tables": TABLES, "gate": {"thresholds": {"auc": {"min": 0.7}}}}
        ),
        **{f"conf/{env}.yml": "# nothing\n" for env in ("dev", "test")},
        ".copier-answers.yml": "project_name: loan-risk\nproblem: binary\n",
        "src/running_risk/__init__.py": "",
        "src/running_risk/data.py": "NAME = 'committed'\n",
        "src/running_risk/parts/__init__.py": "from .names import NAME\n",
        "src/running_risk/parts/names.py": "from ..data import NAME\n",
        "src/running_risk/folder/names.py": "from ..parts import NAME\n",
        "src/running_risk/mlops/records/scorer.py": "NAME = 'committed'\n",
    }
    for name, text in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    commit(checkout)
    package = checkout / "src/running_risk"
    for module in (lineage, project, reviewed, snapshot):
        monkeypatch.setattr(module, "PACKAGE", "running_risk", raising=False)
        monkeypatch.setattr(module, "PACKAGE_ROOT", package, raising=False)
        monkeypatch.setattr(module, "PLATFORM", package / "mlops", raising=False)
        monkeypatch.setattr(module, "CHECKOUT", checkout, raising=False)
    monkeypatch.setattr(snapshot, "_folder_of_snapshots", lambda: checkout / "build/taken")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield checkout
    reviewed.import_only({})
    for name in [each for each in sys.modules if each.partition(".")[0] == "running_risk"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conf/prod.yml", "promotion: automatic\n"),
        (".copier-answers.yml", "project_name: loan-risk\nproblem: binary\nrisk_tier: low\n"),
    ],
)
def test_settings_that_were_others_when_they_were_read_decide_nothing(
    running: Path, name: str, text: str
) -> None:
    committed = (running / name).read_bytes()
    (running / name).write_text(text)
    opened = project.open_project("prod")
    (running / name).write_bytes(committed)
    assert lineage.read_build_facts(opened).dirty
    with pytest.raises(errors.MlopsError, match=f"differ from the last commit: {name};"):
        lineage.refuse_unreviewed(opened, "promote")
    lineage.refuse_unreviewed(project.open_project("prod"), "promote")


class Reached(Exception):
    """A command has come as far as the test looks."""


@pytest.mark.parametrize("name", ["data.py", "mlops/records/scorer.py"])
@pytest.mark.parametrize("env", ["dev", "test"])
def test_code_that_was_other_code_when_it_was_read_is_not_called_committed(
    running: Path, monkeypatch: pytest.MonkeyPatch, env: str, name: str
) -> None:
    """A file is exchanged before it is read for the n-th time, and restored afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, of the scorer
        train = platform("steps.train.train")
    read = Path.read_bytes
    reads = 0
    exchanged = 0

    def read_bytes(path: Path) -> bytes:
        nonlocal reads
        if path != running / "src/running_risk" / name:
            return read(path)
        reads += 1
        return b"NAME = 'exchanged'\n" if reads == exchanged else read(path)

    def stop(*_: object) -> None:
        raise Reached

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(train, "open_store", stop)
    monkeypatch.setattr(train, "read_contract", lambda *_: None)
    monkeypatch.setattr(train, "user_module", lambda *_: None)
    make = train.read_reviewed_facts
    facts: list[Any] = []

    def spy(*given: Any) -> Any:
        facts.append(make(*given))
        return facts[-1]

    monkeypatch.setattr(train, "read_reviewed_facts", spy)
    opened = project.open_project(env)
    while reads >= exchanged:
        exchanged += 1
        reads = 0
        shutil.rmtree(running / "build", ignore_errors=True)
        with pytest.raises((Reached, errors.MlopsError)) as ended:
            train.train_version(opened, "2026-01-01")
        taken = b"".join(map(read, (running / "build").rglob("*.py")))
        if ended.type is Reached:
            assert facts[-1].dirty is (env == "dev" and exchanged < reads + 1)
            assert b"exchanged" not in taken or facts[-1].dirty


def test_a_module_that_was_missing_when_code_was_read_is_a_change(running: Path) -> None:
    opened = project.open_project("dev")
    code = snapshot.read_code()
    assert not lineage.read_build_facts(opened, code).dirty
    del code["data.py"]
    assert lineage.read_build_facts(opened, code).dirty


def test_the_users_modules_are_imported_as_they_were_compared(running: Path) -> None:
    """Even if that is long before they are needed."""
    lineage.refuse_unreviewed(project.open_project("prod"), "score")
    (running / "src/running_risk/data.py").write_text("NAME = 'exchanged'\n")
    (running / "src/running_risk/added.py").touch()
    package = running / "src/running_risk"
    names = package / "parts/names.py"
    facts = names.stat()
    head = importlib.util.MAGIC_NUMBER + bytes(4)
    head += int(facts.st_mtime).to_bytes(4, "little") + facts.st_size.to_bytes(4, "little")
    cache = Path(importlib.util.cache_from_source(str(names)))
    cache.parent.mkdir()
    cache.write_bytes(head + marshal.dumps(compile("NAME = 'bytecode'", str(names), "exec")))
    for name in ("data", "parts", "parts.names", "folder.names"):
        assert project.user_module(name, package).NAME == "committed"
    with pytest.raises(errors.Misconfigured, match=r"^added\.py is missing"):
        project.user_module("added", package)


def test_in_dev_modules_are_imported_as_they_are(running: Path) -> None:
    lineage.refuse_unreviewed(project.open_project("prod"), "score")
    lineage.refuse_unreviewed(project.open_project("dev"), "score")
    (running / "src/running_risk/data.py").write_text("NAME = 'edited'\n")
    assert project.user_module("data", running / "src/running_risk").NAME == "edited"


@pytest.mark.parametrize("name", ["src/loan_risk/data.py", "src/loan_risk", "uv.lock"])
def test_a_committed_link_is_a_change_because_no_commit_has_its_target(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    target = tmp_path_factory.mktemp("shared") / "target"
    shutil.move(checkout / name, target)
    (checkout / name).symlink_to(target)
    commit(checkout)
    assert git(checkout, "status", "--porcelain") == ""
    assert lineage.read_build_facts(make_project(checkout)).dirty
    with pytest.raises(errors.MlopsError, match=f"but {name} is a link, and the commit does not"):
        lineage.refuse_unreviewed(make_project(checkout, env="prod"), "gate")


# Who may decide


@pytest.mark.parametrize("env", ["test", "prod"])
def test_beyond_dev_a_decision_needs_a_clean_tree(checkout: Path, env: str) -> None:
    there = make_project(checkout, env=env)
    dev = make_project(checkout)
    lineage.refuse_unreviewed(there, "gate")
    for name in ("conf/prod.yml", "a.txt", "b.txt", "c.txt"):
        (checkout / name).write_text("promotion: automatic\n")
    with pytest.raises(errors.MlopsError) as caught:
        lineage.refuse_unreviewed(there, "gate")
    assert str(caught.value) == (
        f"gate in {env} needs a clean tree, but these files differ from the last commit: "
        "a.txt, b.txt, c.txt and 1 more; have the changes reviewed and commit them, or undo them."
    )
    lineage.refuse_unreviewed(dev, "gate")


@pytest.mark.parametrize("dirty", [True, False])
def test_beyond_dev_a_decision_needs_a_wheel_of_committed_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, dirty: bool
) -> None:
    install(tmp_path, monkeypatch, dirty=dirty)
    project = make_project(tmp_path / "nowhere", env="prod")
    if not dirty:
        lineage.refuse_unreviewed(project, "gate")
        return
    with pytest.raises(errors.MlopsError, match="gate in prod needs a wheel of committed code"):
        lineage.refuse_unreviewed(project, "gate")


def test_a_checkout_does_not_read_the_facts_of_a_wheel(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = checkout / "src/loan_risk/_build"
    planted.mkdir()
    facts = {"commit": "abc", "dirty": False, "template": "v0.2.0", "lock_sha256": "00"}
    (planted / "build.json").write_text(json.dumps(facts))
    (planted / "requirements.txt").write_text("planted==1\n")
    monkeypatch.setattr(lineage, "BUILD_FACTS", planted)
    (checkout / "new.py").touch()
    found = lineage.read_build_facts(make_project(checkout))
    assert (found.commit, found.dirty) == (git(checkout, "rev-parse", "HEAD").strip(), True)
    monkeypatch.setenv("UV", "false")  # a program that fails
    with pytest.raises(errors.MlopsError, match=r"^uv cannot read the locked requirements"):
        lineage.locked_requirements(make_project(checkout))


def test_a_folder_without_a_commit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(errors.MlopsError, match="there is no git commit here, and the package"):
        lineage.read_build_facts(make_project(tmp_path))
    git(tmp_path, "init", "--quiet")
    with pytest.raises(errors.MlopsError, match="make a first commit"):
        lineage.read_build_facts(make_project(tmp_path))


def test_a_folder_of_another_user_is_named_with_the_remedy_of_git(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    with pytest.raises(errors.MlopsError) as caught:
        lineage.read_build_facts(make_project(checkout))
    assert "because another user owns it" in str(caught.value)
    assert f"`git config --global --add safe.directory {checkout}`" in str(caught.value)


def test_a_checkout_without_a_lock_is_refused(checkout: Path) -> None:
    (checkout / "uv.lock").unlink()
    with pytest.raises(errors.MlopsError, match=r"^uv.lock is missing; create it with `uv lock`"):
        lineage.read_build_facts(make_project(checkout))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, dirty: bool) -> dict[str, Any]:
    """Let the code run as a wheel with its facts in a folder; return these."""
    monkeypatch.setattr(lineage, "CHECKOUT", None)
    monkeypatch.setattr(lineage, "BUILD_FACTS", folder)
    facts = {"commit": "abc", "dirty": dirty, "template": "v0.2.0", "lock_sha256": "00"}
    (folder / "build.json").write_text(json.dumps(facts))
    return facts


def test_a_wheel_carries_its_facts_and_needs_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = install(tmp_path, monkeypatch, dirty=False)
    (tmp_path / "requirements.txt").write_text(
        "# by uv\nnumpy==2.3.1 \\\n    --hash=sha256:00\npandas==3.1.1 ; python_version > '3' \\\n"
    )
    project = make_project(tmp_path / "nowhere")
    assert dataclasses.asdict(lineage.read_build_facts(project)) == facts
    assert lineage.locked_requirements(project) == [
        "numpy==2.3.1",
        "pandas==3.1.1 ; python_version > '3'",
    ]


@pytest.mark.parametrize(
    ("keys", "same"),
    [
        ({}, True),
        ({"team": "Risk <risk@bank.example>"}, True),
        ({"monitoring": {"max_age": 3}}, True),
        ({"time": {"train": 6}}, False),
        ({"model": {"seed": 8}}, False),
        ({"model": {"params": {"depth": 3}}}, False),
        ({"tables": {"loans": {"kind": "files", "path": "x", "origin": "masked"}}}, False),
    ],
)
def test_the_hash_of_the_configuration_is_of_what_shapes_a_model(
    tmp_path: Path, keys: dict[str, Any], *, same: bool
) -> None:
    usual = lineage.configuration_hash(make_project(tmp_path))
    assert (lineage.configuration_hash(make_project(tmp_path, **keys)) == usual) is same


def test_a_key_that_a_table_may_have_changes_the_hash_only_if_it_is_set(tmp_path: Path) -> None:
    """Versions of before that key were trained with the same configuration."""
    loans = {"kind": "files", "path": "x", "origin": "masked"}
    usual = lineage.configuration_hash(make_project(tmp_path, tables={"loans": loans}))
    assert usual == "4b7e2ef6df224c226ae595868bf04304945c753803f17578484b01b41274423f"
    for key, value in {"thousands": ",", "date_format": "%d.%m.%Y", "zone": "UTC"}.items():
        changed = make_project(tmp_path, tables={"loans": loans | {key: value}})
        assert lineage.configuration_hash(changed) != usual


def test_the_order_of_params_does_not_change_the_hash(tmp_path: Path) -> None:
    one = make_project(tmp_path, model={"params": {"a": 1, "b": 2}})
    other = make_project(tmp_path, model={"params": {"b": 2, "a": 1}})
    assert lineage.configuration_hash(one) == lineage.configuration_hash(other)


@pytest.mark.parametrize(
    ("keys", "same"),
    [
        ({}, True),
        ({"team": "Risk <risk@bank.example>"}, False),
        ({"monitoring": {"max_age": 3}}, False),
        ({"predictions": "elsewhere"}, False),
    ],
)
def test_the_hash_of_the_settings_is_of_all_that_are_in_effect(
    tmp_path: Path, keys: dict[str, Any], *, same: bool
) -> None:
    usual = lineage.settings_hash(make_project(tmp_path))
    assert (lineage.settings_hash(make_project(tmp_path, **keys)) == usual) is same
    assert len(usual) == 64


# Who acts


@pytest.fixture
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in lineage.PIPELINES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.usefixtures("_no_pipeline")
def test_no_variable_changes_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    name = pwd.getpwuid(os.getuid()).pw_name
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "bob")
    found = lineage.current_actor()
    assert found == {"actor": f"{name}@{socket.gethostname()}", "actor_source": "login"}


@pytest.mark.usefixtures("_no_pipeline")
def test_who_acts_is_known_even_in_a_container_without_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setenv("USER", "loan-risk")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(lineage, "KUBERNETES", Path("/missing"))
    found = lineage.current_actor()
    assert found["actor"] == f"uid-{os.getuid()}@{socket.gethostname()}"
    assert found["actor_source"] == "uid"


@pytest.mark.usefixtures("_no_pipeline")
@pytest.mark.parametrize("variable", list(lineage.PIPELINES))
def test_a_pipeline_adds_who_started_it_and_never_hides_the_login(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = lineage.current_actor()["actor"]
    vendor, person = lineage.PIPELINES[variable]
    monkeypatch.setenv(person, "anna@bank.example")
    assert lineage.current_actor()["actor"] == login, "this is no run of a pipeline"
    monkeypatch.setenv(variable, "true")
    expected = {"actor": f"anna@bank.example via {vendor}, {login}"}
    assert lineage.current_actor() == expected | {"actor_source": "pipeline, login"}
    for name in ("", "anna\nvia", "x" * 200):
        monkeypatch.setenv(person, name)
        assert lineage.current_actor()["actor"] == login


def test_uv_is_found_by_its_variable_or_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV", "/opt/uv")
    assert lineage.uv_program() == "/opt/uv"
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.MlopsError, match="uv is not on PATH"):
        lineage.uv_program()
    (tmp_path / "uv").touch(mode=0o755)
    assert lineage.uv_program() == str(tmp_path / "uv")


def test_the_files_that_differ_between_two_commits_are_listed(checkout: Path) -> None:
    first = git(checkout, "rev-parse", "HEAD").strip()
    (checkout / "conf/prod.yml").write_text("promotion: automatic\n")
    (checkout / "conf/picture.png").write_bytes(b"\0")
    commit(checkout)
    second = git(checkout, "rev-parse", "HEAD").strip()
    project = make_project(checkout)
    found = lineage.changed_files(project, first, second)
    assert found == [("conf/picture.png", "-", "-"), ("conf/prod.yml", "1", "1")]
    assert lineage.changed_files(project, first, first) == []


@pytest.mark.parametrize("name", ["--output=stolen", "HEAD", "0" * 40])
def test_a_commit_that_git_does_not_know_is_named(checkout: Path, name: str) -> None:
    """A card comes from a store, so its commit must not be an option of git."""
    known = git(checkout, "rev-parse", "HEAD").strip()
    with pytest.raises(errors.MlopsError, match=name[:12]):
        lineage.changed_files(make_project(checkout), name, known)
    assert not (checkout / "stolen").exists()
