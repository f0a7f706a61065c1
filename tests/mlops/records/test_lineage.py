"""Lineage says which code, lock file and person a version comes from."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import commit, git, platform

lineage = platform("records.lineage")
errors = platform("base.errors")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a commit and a lock file."""
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / ".gitignore").write_text("build/\n")
    commit(tmp_path)
    return tmp_path


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


def test_a_folder_without_a_commit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(errors.MlopsError, match="neither build facts nor a git commit"):
        lineage.read_build_facts(make_project(tmp_path))
    git(tmp_path, "init", "--quiet")
    with pytest.raises(errors.MlopsError, match="commit first"):
        lineage.read_build_facts(make_project(tmp_path))


def test_a_checkout_without_a_lock_is_refused(checkout: Path) -> None:
    (checkout / "uv.lock").unlink()
    with pytest.raises(errors.MlopsError, match=r"^uv.lock is missing; create it with `uv lock`"):
        lineage.read_build_facts(make_project(checkout))


def test_a_wheel_carries_its_facts_and_needs_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "BUILD_FACTS", tmp_path)
    facts = {"commit": "abc", "dirty": False, "template": "v0.2.0", "lock_sha256": "00"}
    (tmp_path / "build.json").write_text(json.dumps(facts))
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
        ({"tables": {"loans": {"kind": "synthetic", "origin": "masked"}}}, False),
    ],
)
def test_the_hash_of_the_configuration_is_of_what_shapes_a_model(
    tmp_path: Path, keys: dict[str, Any], *, same: bool
) -> None:
    usual = lineage.configuration_hash(make_project(tmp_path))
    assert (lineage.configuration_hash(make_project(tmp_path, **keys)) == usual) is same


def test_the_order_of_params_does_not_change_the_hash(tmp_path: Path) -> None:
    one = make_project(tmp_path, model={"params": {"a": 1, "b": 2}})
    other = make_project(tmp_path, model={"params": {"b": 2, "a": 1}})
    assert lineage.configuration_hash(one) == lineage.configuration_hash(other)


def test_who_acts_is_known_even_in_a_container_without_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    assert "@" in lineage.current_actor()["actor"]
    monkeypatch.setattr(lineage.getpass, "getuser", nobody)
    assert lineage.current_actor()["actor"].startswith("unknown@")


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
