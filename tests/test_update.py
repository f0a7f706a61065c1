"""Updates bring what is the platform's and leave what is the user's, without trust or conflict."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import copier
import pytest
import yaml
from conftest import Rendered
from rendering import (
    PLACES,
    PROBLEMS,
    VENDORS,
    append,
    commit,
    contents,
    files,
    git,
    render,
    replace,
    update,
)

SOURCE = "template/src/{{ package }}"
PACKAGE = "src/loan_risk"


@pytest.fixture
def template_copy(small_template: Path, tmp_path: Path) -> Path:
    """The template at v0.1.0, to release newer versions of."""
    return shutil.copytree(small_template, tmp_path / "template")


@pytest.fixture(scope="module")
def at_work(small_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project born at v0.1.0, in which a team has edited, added and deleted its own files."""
    return work_in(render(small_template, tmp_path_factory.mktemp("born") / "loan-risk"))


@pytest.fixture
def team_project(at_work: Path, small_template: Path, template_copy: Path, tmp_path: Path) -> Path:
    """A copy of that project, born from the copy of the template."""
    folder = shutil.copytree(at_work, tmp_path / "loan-risk")
    replace(folder / ".copier-answers.yml", str(small_template), str(template_copy))
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def with_pipelines(at_work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That project, grown by pipelines. Do not edit it."""
    folder = shutil.copytree(at_work, tmp_path_factory.mktemp("grown") / "loan-risk")
    update(folder, data={"ci": "azure-devops"}, vcs_ref=copier.VcsRef.CURRENT)
    commit(folder)
    return folder


def work_in(folder: Path) -> Path:
    """Commit a project, and a team's work after it."""
    commit(folder)
    append(folder / PACKAGE / "data.py", '\nSOURCE = "the warehouse"\n')
    append(folder / "conf/prod.yml", "\n# ours\n")
    append(folder / ".gitignore", "/ours/\n")
    uv(folder, "add", "xgboost>=3.0", "altair>=5.0", "zstandard>=0.20")
    uv(folder, "add", "--dev", "bandit>=1.7")
    uv(folder, "remove", "altair")
    (folder / PACKAGE / "warehouse.py").write_text('"""Ours."""\n', encoding="utf-8")
    (folder / PACKAGE / "synthetic.py").unlink()
    shutil.rmtree(folder / "docs")
    commit(folder)
    return folder


def uv(folder: Path, *arguments: str) -> None:
    """Run uv on a project's own list of requirements, without asking an index."""
    command = [sys.executable, "-m", "uv", *arguments, "--frozen", "--offline", "--quiet"]
    subprocess.run(command, cwd=folder, check=True)


def release(template: Path, tag: str) -> None:
    """Change files of every owner in the template, and tag them."""
    append(template / SOURCE / "mlops/base/errors.py", f"\nRELEASE = '{tag}'\n")
    (template / SOURCE / f"mlops/new_{tag[1]}.py").write_text('"""New."""\n', encoding="utf-8")
    append(template / "template/noxfile.py", f"\n# {tag}\n")
    for name in ("data.py", "features.py", "synthetic.py"):
        append(template / SOURCE / name, f"\n# {tag}\n")
    (template / SOURCE / f"idea_{tag[1]}.py").write_text('"""An idea."""\n', encoding="utf-8")
    append(template / "template/README.md.jinja", f"\n{tag}\n")
    append(template / "template/conf/base.yml.jinja", f"\n# {tag}\n")
    shared = template / "template/pyproject.toml.jinja"
    replace(
        shared, "[project.optional-dependencies]\n", f"[project.optional-dependencies]\n# {tag}\n"
    )
    commit(template, tag)


def mine(folder: Path) -> dict[str, bytes]:
    """Return the user's files of a project."""
    listed = (folder / ".mlops/files").read_text(encoding="utf-8")
    shared = {".gitignore", ".pre-commit-config.yaml", "pyproject.toml"}
    not_mine = shared | {".copier-answers.yml", ".mlops/files"}
    return {
        name: content
        for name, content in contents(folder).items()
        if name not in not_mine and f"  {name}\n" not in listed
    }


def assert_clean(folder: Path) -> None:
    """Assert that no conflict is left, and that the platform's files are as rendered."""
    assert git(folder, "ls-files", "--unmerged") == ""
    assert not [name for name in files(folder) if name.endswith(".rej")]
    for name, content in contents(folder).items():
        assert not re.search(b"^(<<<<<<<|>>>>>>>) ", content, re.MULTILINE), name
    check = ["sha256sum", "--check", "--strict", "--quiet", ".mlops/files"]
    assert subprocess.run(check, cwd=folder, check=False).returncode == 0


def version(folder: Path) -> str:
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_bytes())
    return str(answers["_commit"])


def test_an_update_brings_the_platforms_and_keeps_the_users(
    template_copy: Path, team_project: Path
) -> None:
    before = mine(team_project)
    release(template_copy, "v0.2.0")
    update(team_project)
    assert_clean(team_project)
    assert version(team_project) == "v0.2.0"
    assert mine(team_project) == before
    assert "RELEASE" in (team_project / PACKAGE / "mlops/base/errors.py").read_text(
        encoding="utf-8"
    )
    assert (team_project / PACKAGE / "mlops/new_0.py").exists()
    shared = (team_project / "pyproject.toml").read_text(encoding="utf-8")
    assert '"xgboost>=3.0",' in shared
    assert '"bandit>=1.7",' in shared
    assert "altair" not in shared
    assert "# v0.2.0" in shared
    assert "/ours/" in (team_project / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_untouched_project_updates_to_the_next_version(
    template: Path, small_template: Path, tmp_path: Path, problem: str
) -> None:
    """One of them with the whole platform."""
    source = template if problem == "binary" else small_template
    newer = shutil.copytree(source, tmp_path / "template")
    folder = render(newer, tmp_path / "loan-risk", problem=problem)
    commit(folder)
    release(newer, "v0.2.0")
    update(folder)
    assert_clean(folder)
    assert version(folder) == "v0.2.0"


@pytest.mark.full
def test_updates_follow_one_another(template_copy: Path, team_project: Path) -> None:
    before = mine(team_project)
    for tag in ("v0.2.0", "v1.0.0", "v2.0.0"):
        release(template_copy, tag)
        update(team_project)
        assert_clean(team_project)
        commit(team_project)
    assert version(team_project) == "v2.0.0"
    assert mine(team_project) == before


def test_a_version_without_changes_changes_the_version_alone(
    template_copy: Path, team_project: Path
) -> None:
    commit(template_copy, "v0.2.0")
    update(team_project)
    changed = git(team_project, "diff", "--name-only", "HEAD").split()
    assert changed == [".copier-answers.yml"]


def test_an_answer_changes_without_a_new_version(team_project: Path) -> None:
    before = mine(team_project)
    update(team_project, data={"risk_tier": "high"}, vcs_ref=copier.VcsRef.CURRENT)
    assert_clean(team_project)
    assert mine(team_project) == before
    changed = git(team_project, "diff", "--name-only", "HEAD").split()
    assert changed == [".copier-answers.yml"]


@pytest.mark.parametrize(
    "answer",
    [{"project_name": "credit-risk"}, {"problem": "regression"}, {"package": "other"}],
    ids=lambda answer: next(iter(answer)),
)
def test_changing_a_fixed_answer_writes_nothing(
    template_copy: Path, team_project: Path, answer: dict[str, str]
) -> None:
    release(template_copy, "v0.2.0")
    before = contents(team_project)
    with pytest.raises(ValueError, match=r"cannot change|leave it out of --data"):
        update(team_project, data=answer)
    assert contents(team_project) == before


def test_recopying_leaves_the_users_files(template_copy: Path, team_project: Path) -> None:
    release(template_copy, "v0.2.0")
    before = mine(team_project)
    copier.run_recopy(team_project, defaults=True, overwrite=True, quiet=True)
    assert mine(team_project).items() >= before.items()


def test_a_copy_into_a_folder_with_work_leaves_it(template_copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "loan-risk"
    data = folder / PACKAGE / "data.py"
    data.parent.mkdir(parents=True)
    data.write_text("# ours\n", encoding="utf-8")
    copier.run_copy(str(template_copy), folder, defaults=True, overwrite=True, quiet=True)
    assert data.read_text(encoding="utf-8") == "# ours\n"
    assert (folder / PACKAGE / "features.py").exists()


def test_a_version_with_a_new_question_and_row_arrives(
    template_copy: Path, team_project: Path
) -> None:
    """The rows of the table meet answers that know nothing of the question."""
    before = mine(team_project)
    questions = """
---
lab: {type: str, help: "Which?", default: none, choices: [none, cloud]}
has_cloud: {type: bool, when: false, default: "{{ lab == 'cloud' }}"}
---
_exclude:
  - "{% if not has_cloud | default(false) %}\\n/.cloud\\n{% endif %}"
"""
    append(template_copy / "copier.yml", questions)
    workflow = template_copy / "template/.cloud/lab.yml"
    workflow.parent.mkdir()
    workflow.write_text("on: push\n", encoding="utf-8")
    commit(template_copy, "v0.2.0")

    update(team_project)
    assert_clean(team_project)
    assert not (team_project / ".cloud").exists()
    commit(team_project)

    update(team_project, data={"lab": "cloud"}, vcs_ref=copier.VcsRef.CURRENT)
    assert (team_project / ".cloud/lab.yml").exists()
    commit(team_project)

    update(team_project, data={"lab": "none"}, vcs_ref=copier.VcsRef.CURRENT)
    assert not (team_project / ".cloud").exists()
    assert mine(team_project) == before


@pytest.mark.parametrize("vendor", VENDORS[1:])
def test_a_project_grows_by_pipelines_and_no_file_of_python_changes(
    vendor: str, team_project: Path, rendered: Rendered
) -> None:
    before = contents(team_project)
    update(team_project, data={"ci": vendor}, vcs_ref=copier.VcsRef.CURRENT)
    assert_clean(team_project)
    after = contents(team_project)
    brought = set(files(rendered(ci=vendor))) - set(files(rendered()))
    brought -= {".devcontainer/devcontainer.json"}  # the user's, rendered for new projects only
    assert not brought & before.keys()
    assert {name for name in after if before.get(name) != after[name]} == {
        *(".copier-answers.yml", ".mlops/files", *brought),
    }
    commit(team_project)
    update(team_project, data={"ci": "none"}, vcs_ref=copier.VcsRef.CURRENT)
    assert contents(team_project) == before


@pytest.mark.parametrize("place", PLACES[1:], ids=lambda place: "-".join(place.values()))
def test_a_project_grows_by_a_place_and_no_file_of_python_changes(
    place: dict[str, str], with_pipelines: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(with_pipelines, tmp_path / "loan-risk")
    before = contents(project)
    update(project, data=place, vcs_ref=copier.VcsRef.CURRENT)
    assert_clean(project)
    after = contents(project)
    assert before.keys() <= after.keys() | {"Dockerfile", ".dockerignore", ".mlops/container.py"}
    changed = {name for name in before if after.get(name, before[name]) != before[name]}
    told = {".copier-answers.yml", ".mlops/files", "ci/azure-devops/release.yml"}
    assert told <= changed <= told | {"pyproject.toml"}, "which limits pandas for Databricks"
    assert any(name.startswith("deploy/") for name in after)
    commit(project)
    update(project, data={"compute": "local"}, vcs_ref=copier.VcsRef.CURRENT)
    assert contents(project) == before


def test_a_project_changes_its_vendor(team_project: Path, rendered: Rendered) -> None:
    update(team_project, data={"ci": "github"}, vcs_ref=copier.VcsRef.CURRENT)
    append(team_project / "ci/audit.yml", "# ours\n")
    commit(team_project)
    update(team_project, data={"ci": "azure-devops"}, vcs_ref=copier.VcsRef.CURRENT)
    assert_clean(team_project)
    theirs = set(files(rendered(ci="github"))) - set(files(rendered(ci="azure-devops")))
    assert theirs
    assert not theirs & set(files(team_project))
    assert (team_project / "azure-pipelines.yml").exists()
    assert (team_project / "ci/audit.yml").read_text("utf-8").endswith("# ours\n")


def test_pipeline_variables_belong_to_the_user(template_copy: Path, team_project: Path) -> None:
    update(team_project, data={"ci": "azure-devops"}, vcs_ref=copier.VcsRef.CURRENT)
    variables = team_project / "ci/variables.azure-devops.yml"
    replace(variables, "Azure Pipelines", "the bank's")
    (team_project / "ci/audit.yml").unlink()
    commit(team_project)
    edited = variables.read_bytes()
    release(template_copy, "v0.2.0")
    weekly = "azure-devops/maintenance.yml.jinja"
    for name in ("variables.azure-devops.yml.jinja", "audit.yml", weekly):
        append(template_copy / "template/ci" / name, "\n# v0.3.0\n")
    commit(template_copy, "v0.3.0")
    update(team_project)
    assert_clean(team_project)
    assert variables.read_bytes() == edited
    brought = team_project / "ci" / weekly.removesuffix(".jinja")
    assert "# v0.3.0" in brought.read_text(encoding="utf-8")


def test_a_file_that_becomes_the_users_is_left_to_them(
    template_copy: Path, team_project: Path
) -> None:
    """Ownership may move towards the user; the list is literal for this reason."""
    append(team_project / "noxfile.py", "\n# ours\n")
    commit(team_project)
    replace(
        template_copy / "copier.yml",
        "_exclude: &yours\n",
        "_exclude: &yours\n"
        "  - \"{% if _copier_operation | default('update') != 'copy' %}/noxfile.py{% endif %}\"\n",
    )
    replace(template_copy / "template/.mlops/files.jinja", '  "noxfile.py",\n', "")
    append(template_copy / "template/noxfile.py", "\n# theirs\n")
    commit(template_copy, "v0.2.0")
    update(team_project)
    assert_clean(team_project)
    kept = (team_project / "noxfile.py").read_text(encoding="utf-8")
    assert kept.endswith("# ours\n")
    assert "# theirs" not in kept


def test_a_platform_file_that_the_template_drops_goes(
    template_copy: Path, team_project: Path
) -> None:
    (template_copy / SOURCE / "mlops/base/console.py").unlink()
    commit(template_copy, "v0.2.0")
    update(team_project)
    assert_clean(team_project)
    assert not (team_project / PACKAGE / "mlops/base/console.py").exists()


def test_carriage_returns_of_windows_make_no_conflict(
    template_copy: Path, team_project: Path
) -> None:
    noxfile = team_project / "noxfile.py"
    noxfile.write_bytes(noxfile.read_bytes().replace(b"\n", b"\r\n"))
    release(template_copy, "v0.2.0")
    commit(team_project)  # .gitattributes stores it with plain line endings
    update(team_project)
    assert git(team_project, "ls-files", "--unmerged") == ""
    assert b"# v0.2.0" in noxfile.read_bytes()
