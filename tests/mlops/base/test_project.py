"""A project is found from each of its folders, and says its commands as a user types them."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from mlops.projects import TABLES, make_project
from rendering import ROOT, platform

project = platform("base.project")
errors = platform("base.errors")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a configuration, whose code runs, and which is the working directory."""
    monkeypatch.setattr(project, "CHECKOUT", tmp_path)
    (tmp_path / "conf").mkdir()
    base = {"tables": TABLES, "gate": {"thresholds": {"auc": {"min": 0.7}}}}
    (tmp_path / "conf/base.yml").write_text(yaml.safe_dump(base))
    for env in ("dev", "test", "prod"):
        (tmp_path / f"conf/{env}.yml").touch()
    answers = {"_commit": "v0.3.0", "project_name": "loan-risk", "problem": "binary", "ci": "none"}
    (tmp_path / ".copier-answers.yml").write_text(yaml.safe_dump(answers))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("env", ["dev", "test", "prod"])
def test_each_environment_is_opened_with_its_own_name(checkout: Path, env: str) -> None:
    opened = project.open_project(env)
    assert (opened.root, opened.env, opened.name) == (checkout, env, f"{env}.loan-risk")
    assert opened.template_version == "v0.3.0"


def test_a_project_is_found_from_a_folder_inside(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "notebooks/deep").mkdir(parents=True)
    monkeypatch.chdir(checkout / "notebooks/deep")
    assert project.open_project("dev").root == checkout


def copy_conf(source: Path, folder: Path, name: str) -> Path:
    """Give a folder the configuration of a project that has another name."""
    shutil.copytree(source / "conf", folder / "conf")
    answers = yaml.safe_load((source / ".copier-answers.yml").read_text())
    (folder / ".copier-answers.yml").write_text(yaml.safe_dump(answers | {"project_name": name}))
    return folder


def test_a_folder_with_its_own_conf_does_not_configure_the_code_of_another(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "inside").mkdir()
    for folder in (checkout / "inside", tmp_path_factory.mktemp("outside")):
        monkeypatch.chdir(copy_conf(checkout, folder, "other"))
        opened = project.open_project("prod")
        assert (opened.root, opened.settings.project_name) == (checkout, "loan-risk")


def test_a_wheel_reads_its_own_configuration_and_no_other(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "CHECKOUT", None)
    wheel = tmp_path_factory.mktemp("wheel")
    monkeypatch.setattr(project, "BUILD_FACTS", wheel)
    with pytest.raises(errors.Misconfigured, match=r"^answers.yml is missing; .* a wheel built wi"):
        project.open_project("dev")
    copy_conf(checkout, wheel, "built").joinpath(".copier-answers.yml").rename(
        wheel / "answers.yml"
    )
    (wheel / "conf/prod.yml").write_text("predictions: built\n")
    opened = project.open_project("prod")
    assert (opened.root, opened.name) == (checkout, "prod.built")
    assert opened.settings.predictions == "built"


def test_a_checkout_does_not_read_the_configuration_of_a_wheel(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = checkout / "src/loan_risk/_build"
    planted.mkdir(parents=True)
    copy_conf(checkout, planted, "planted").joinpath(".copier-answers.yml").rename(
        planted / "answers.yml"
    )
    monkeypatch.setattr(project, "BUILD_FACTS", planted)
    assert project.open_project("prod").settings.project_name == "loan-risk"
    (checkout / "conf/prod.yml").unlink()
    with pytest.raises(errors.Misconfigured, match=r"^conf/prod.yml is missing; restore the file"):
        project.open_project("prod")


def test_code_below_src_is_that_of_a_checkout() -> None:
    """The unit tests run the platform where it is in the template."""
    assert project.CHECKOUT == ROOT / "template"


def test_the_program_of_the_original_does_not_run_in_a_copy(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its .venv was copied, too, and so leads to the original."""
    platform_folder = f"src/{project.PACKAGE}/{project.PLATFORM.name}"
    copy = tmp_path_factory.mktemp("copy")
    for folder in (checkout, copy):
        (folder / platform_folder).mkdir(parents=True)
    project.refuse_copy()
    (copy / "notebooks").mkdir()
    monkeypatch.chdir(copy / "notebooks")
    with pytest.raises(errors.Misconfigured) as refusal:
        project.refuse_copy()
    assert f"works on the project in {checkout}, but it was started in {copy}" in str(refusal.value)
    (copy / "link").symlink_to(checkout)
    monkeypatch.chdir(copy / "link")
    project.refuse_copy()


@pytest.mark.parametrize("name", [".copier-answers.yml", "conf", "conf/base.yml", "conf/prod.yml"])
def test_configuration_behind_a_link_is_refused(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    (checkout / name).rename(elsewhere)
    (checkout / name).symlink_to(elsewhere)
    with pytest.raises(errors.Misconfigured, match=rf"^{name} is a link, so a review does not"):
        project.open_project("prod")


def test_configuration_that_is_no_file_is_missing(checkout: Path) -> None:
    (checkout / "conf/prod.yml").unlink()
    os.mkfifo(checkout / "conf/prod.yml")
    with pytest.raises(errors.Misconfigured, match=r"^conf/prod.yml is missing"):
        project.open_project("prod")


def test_a_project_knows_the_names_of_its_overrides(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.open_project("dev").overrides == ()
    monkeypatch.setenv("MLOPS_PREDICTIONS", "elsewhere")
    found = project.open_project("dev", ("time.train=3",)).overrides
    assert (checkout, found) == (checkout, ("MLOPS_PREDICTIONS", "--set time.train"))


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        errors.Misconfigured, match="environment qa does not exist; choose dev, test or prod"
    ):
        project.open_project("qa")


def test_the_name_in_the_registry_may_be_configured(tmp_path: Path) -> None:
    opened = make_project(tmp_path, registered_model="main.risk.loans", env="prod")
    assert opened.name == "main.risk.loans"


def test_a_command_is_shown_as_it_is_typed_here(tmp_path: Path) -> None:
    """A checkout has a lock file and runs its commands by uv; an installed wheel has neither."""
    assert make_project(tmp_path).command("gate 3") == "`loan-risk gate 3`"
    (tmp_path / "uv.lock").touch()
    assert make_project(tmp_path, env="prod").command("gate") == (
        "`uv run loan-risk gate --env prod`"
    )


def test_paths_start_from_the_projects_folder_and_are_shown_so(tmp_path: Path) -> None:
    opened = make_project(tmp_path)
    assert opened.path("data/x.csv") == tmp_path / "data/x.csv"
    assert opened.path("/data/x.csv") == Path("/data/x.csv")
    assert opened.shown(tmp_path / "data/x.csv") == Path("data/x.csv")
    assert opened.shown(Path("/data/x.csv")) == Path("/data/x.csv")


# Modules


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a user's package, whose modules are forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "loan_risk_0a1b2c3d"
    folder.mkdir()
    (folder / "data.py").write_text("NAME = __name__\n")
    (folder / "broken.py").write_text("import no_such_library\n")
    return folder


def test_a_users_module_comes_from_the_package_that_is_named(package: Path) -> None:
    assert project.user_module("data", package).NAME == "loan_risk_0a1b2c3d.data"


def test_a_missing_module_of_the_user_is_named(package: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"^features\.py is missing from the package"):
        project.user_module("features", package)


def test_a_library_that_a_users_module_lacks_is_its_own_error(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        project.user_module("broken", package)


def test_an_extra_that_is_missing_is_named_with_the_line_to_write() -> None:
    assert project.import_extra("json", "spark").loads("1") == 1
    with pytest.raises(errors.Misconfigured, match=r"^no_such_library is not inst.*\[mlops,lake\]"):
        project.import_extra("no_such_library", "lake")
