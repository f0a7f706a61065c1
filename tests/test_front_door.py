"""cookiecutter and cruft generate the same project as Copier, and Copier can update it.

Both run as programs, without prompting, on a template given by address or path.
"""

import json
import os
import shutil
import signal
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from programs import write_python
from rendering import ROOT, commit, contents, git, update

Run = subprocess.CompletedProcess[str]
Door = list[Path | str]

PROGRAMS = Path(sysconfig.get_path("scripts"))
COOKIECUTTER: Door = [PROGRAMS / "cookiecutter"]
CRUFT: Door = [PROGRAMS / "cruft", "create"]
NAME = "loan-risk"
ANSWERS = {
    "description": 'Predicts what a {{ "claim" }} costs.',
    "team": "Größe & Co <claims@bank.example>",
    "problem": "regression",
    "risk_tier": "high",
}


@pytest.fixture
def source(template: Path, tmp_path: Path) -> Path:
    """The template's repository: v0.1.0, then v0.2.0, then an unreleased commit."""
    folder = shutil.copytree(template, tmp_path / "source")
    for tag in ("v0.2.0", ""):
        with (folder / "template/noxfile.py").open("a", encoding="utf-8") as file:
            file.write(f"\n# {tag or 'not released'}\n")
        commit(folder, tag)
    return folder


@pytest.fixture
def server(source: Path, tmp_path: Path) -> Path:
    """The template as a bare repository on a server."""
    folder = tmp_path / "server/goldsmith.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(source), str(folder))
    return folder


@pytest.fixture
def address(server: Path) -> str:
    """The address of the server; cruft reads a file:// address as a path, so it gets `server`."""
    return server.as_uri()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a user works, with the caches of the programs outside of it."""
    folder = tmp_path / "desk"
    folder.mkdir()
    settings = {name: str(tmp_path / name) for name in ("cookiecutters_dir", "replay_dir")}
    (tmp_path / "settings.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(tmp_path / "settings.yml"))
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "copier"))
    monkeypatch.setenv("PWD", str(folder))
    return folder


@pytest.fixture
def alone(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A cookiecutter command on a machine that has neither Copier nor uv."""
    folder = desk.parent / "alone"
    venv.create(folder, with_pip=False)
    places = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", vars=places))
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    tools = desk.parent / "tools"
    tools.mkdir()
    for place in filter(os.path.isdir, os.environ["PATH"].split(os.pathsep)):
        for tool in Path(place).iterdir():
            if tool.name not in {"copier", "uv", "uvx"} and not os.path.lexists(tools / tool.name):
                (tools / tool.name).symlink_to(tool)
    monkeypatch.setenv("PATH", str(tools))
    return [Path(sysconfig.get_path("scripts", vars=places)) / "python", "-m", "cookiecutter"]


def fake_program(desk: Path, program: str, *lines: str) -> None:
    """Put a Python program of these lines on PATH."""
    text = "\n".join(["import os, pathlib, signal, sys, time", *lines])
    write_python(desk.parent / "tools" / program, text)


def run(desk: Path, *command: object, typed: str = "") -> Run:
    """Run a program; `typed` is what the user types into it."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=desk,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        start_new_session=True,  # so that an interrupt does not reach the test
    )


def make(door: Door, desk: Path, template: object, *options: str, **extra: str) -> Run:
    """Generate a project with cookiecutter or cruft, without prompts."""
    context = {"project_name": NAME, **extra}
    arguments = [f"{name}={value}" for name, value in context.items()]
    if door == CRUFT:
        arguments = ["--extra-context", json.dumps(context)]
    return run(desk, *door, "--no-input", template, *options, *arguments)


def write(file: Path, answers: object) -> str:
    """Write a file of answers, and return its name."""
    file.write_text(yaml.safe_dump(answers), encoding="utf-8")
    return file.name


def assert_same(desk: Path, template: object, version: str, answers: dict[str, str]) -> None:
    """Assert that the project equals what `copier copy` generates from these answers."""
    made = desk / NAME
    copied = desk.parent / version / NAME
    copier.run_copy(str(template), copied, answers, vcs_ref=version, defaults=True, quiet=True)
    (made / ".cruft.json").unlink(missing_ok=True)  # cruft's own
    assert contents(made) == contents(copied)
    for name in contents(copied):
        assert (made / name).stat().st_mode == (copied / name).stat().st_mode, name


def setting(name: str) -> Any:
    """Return a setting or a question of copier.yml."""
    text = (ROOT / "copier.yml").read_text(encoding="utf-8")
    return next(document[name] for document in yaml.safe_load_all(text) if name in document)


def stored(folder: Path) -> dict[str, str]:
    """Return the answers that Copier stored in a project."""
    answers: dict[str, str] = yaml.safe_load((folder / ".copier-answers.yml").read_bytes())
    return answers


def assert_refused(failed: Run, desk: Path, sentence: str) -> None:
    """Assert that a run failed with this sentence on a line, and left no folder."""
    assert failed.returncode != 0
    assert sentence in failed.stderr
    assert [line for line in failed.stderr.splitlines() if sentence in line and line[-1] == "."]
    assert not [path for path in desk.iterdir() if path.is_dir()]


def test_cookiecutter_generates_the_same_as_copier(address: str, desk: Path) -> None:
    file = write(desk / "answers.yml", ANSWERS)
    made = make(COOKIECUTTER, desk, address, _data_file=file)
    assert made.returncode == 0, made.stderr
    assert_same(desk, address, "v0.2.0", ANSWERS)


@pytest.mark.full
@pytest.mark.wide  # as in the first half of the next test
def test_cruft_generates_the_same_as_copier(server: Path, desk: Path) -> None:
    made = make(CRUFT, desk, server, "--checkout=v0.1.0")
    assert made.returncode == 0, made.stderr
    assert_same(desk, server, "v0.1.0", {})


@pytest.mark.full
@pytest.mark.parametrize("door", [COOKIECUTTER, CRUFT], ids=["cookiecutter", "cruft"])
@pytest.mark.parametrize(
    ("problem", "tier"),
    [
        ("binary", "low"),
        pytest.param("multiclass", "medium", marks=pytest.mark.wide),
        pytest.param("regression", "high", marks=pytest.mark.wide),
    ],
)
def test_a_project_from_either_door_updates(
    server: Path, desk: Path, door: Door, problem: str, tier: str
) -> None:
    address = server if door == CRUFT else server.as_uri()
    answers = {"project_name": NAME, "problem": problem, "risk_tier": tier}
    file = write(desk / 'my "own" \\ {{ Größe }}.yml', answers)
    made = make(door, desk, address, "--checkout=v0.1.0", _data_file=file)
    assert made.returncode == 0, made.stderr
    assert_same(desk, address, "v0.1.0", answers)

    commit(desk / NAME)
    update(desk / NAME)
    assert_same(desk, address, "v0.2.0", answers)


@pytest.mark.full
def test_cruft_uses_the_commit_that_it_records(source: Path, server: Path, desk: Path) -> None:
    made = make(CRUFT, desk, server)
    assert made.returncode == 0, made.stderr
    written = json.loads((desk / NAME / ".cruft.json").read_bytes())
    assert written["commit"] == git(source, "rev-parse", "HEAD").strip()
    assert stored(desk / NAME)["_commit"] == git(source, "describe", "--tags").strip()


@pytest.mark.full
def test_cookiecutter_asks_only_for_the_name(address: str, desk: Path) -> None:
    made = run(desk, *COOKIECUTTER, address, typed=f"{NAME}\n")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("?") == 1
    assert stored(desk / NAME)["project_name"] == NAME
    assert "_data_file=answers.yml" in made.stderr


@pytest.mark.full
@pytest.mark.wide  # the next test stores one, too
def test_a_path_is_stored_as_absolute(source: Path, desk: Path) -> None:
    made = make(COOKIECUTTER, desk, "../source", "--output-dir=new")
    assert made.returncode == 0, made.stderr
    assert stored(desk / "new" / NAME)["_src_path"] == str(source)


@pytest.mark.full
def test_a_path_is_found_if_pwd_is_wrong(
    source: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that starts cookiecutter in another folder does not update PWD."""
    monkeypatch.setenv("PWD", str(ROOT / "docs"))
    made = make(COOKIECUTTER, desk, "../source")
    assert made.returncode == 0, made.stderr
    assert stored(desk / NAME)["_src_path"] == str(source)


@pytest.mark.full
def test_an_address_is_stored_so_that_copier_can_read_it(source: Path, desk: Path) -> None:
    """Copier recognizes a repository by a final .git; cookiecutter needs no such ending."""
    made = make(COOKIECUTTER, desk, f"git+{source.as_uri()}")
    assert made.returncode == 0, made.stderr
    assert stored(desk / NAME)["_src_path"] == f"git+{source.as_uri()}"

    made = make(COOKIECUTTER, desk, "source", project_name="credit-risk")  # from the cache
    assert made.returncode == 0, made.stderr
    assert stored(desk / "credit-risk")["_src_path"] == f"git+{source.as_uri()}"


@pytest.mark.full
def test_without_copier_uv_runs_it(address: str, alone: Door, desk: Path) -> None:
    (desk.parent / "tools/uvx").symlink_to(PROGRAMS / "uvx")
    made = make(alone, desk, address)
    assert made.returncode == 0, made.stderr
    assert_same(desk, address, "v0.2.0", {})


@pytest.mark.full
def test_uv_runs_a_copier_new_enough_for_the_template(
    template: Path, alone: Door, desk: Path
) -> None:
    fake_program(desk, "uvx", "sys.exit(' '.join(sys.argv[2:5]))")
    failed = make(alone, desk, template)
    assert f"--from=copier>={setting('_min_copier_version')} copier copy\n" in failed.stderr
    assert_refused(failed, desk, "see its output above.")


def test_without_copier_and_uv_the_error_says_so(template: Path, alone: Door, desk: Path) -> None:
    assert_refused(make(alone, desk, template), desk, "install it, or uv")


def test_a_copier_that_fails_midway_leaves_nothing(template: Path, alone: Door, desk: Path) -> None:
    """Nor in an empty folder that existed before, which cookiecutter would not clean up."""
    fake_program(
        desk,
        "copier",
        "pathlib.Path(sys.argv[-1], 'src').mkdir()",
        "pathlib.Path(sys.argv[-1], 'src/data.py').touch()",
        "raise OSError('No space left on device')",
    )
    assert_refused(
        make(alone, desk, template), desk, "Copier did not generate the project: No space left"
    )
    (desk / NAME).mkdir()
    make(alone, desk, template, "--overwrite-if-exists")
    assert list((desk / NAME).iterdir()) == []


@pytest.mark.full
def test_an_interruption_leaves_nothing(template: Path, alone: Door, desk: Path) -> None:
    fake_program(
        desk,
        "copier",
        "pathlib.Path(sys.argv[-1], 'README.md').touch()",
        "os.killpg(0, signal.SIGINT)",
        "time.sleep(60)",
    )
    # A background job ignores interrupts, and a child process would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert make(alone, desk, template).returncode != 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(desk.iterdir()) == []


def test_a_bad_name_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, project_name="Loan Risk")
    assert_refused(failed, desk, "Write lower-case letters, digits and single hyphens")


@pytest.mark.full
@pytest.mark.parametrize(
    "door",
    [COOKIECUTTER, pytest.param(CRUFT, marks=pytest.mark.wide)],  # it runs the same hook
    ids=["cookiecutter", "cruft"],
)
def test_a_bad_answer_leaves_nothing(template: Path, desk: Path, door: Door) -> None:
    file = write(desk / "answers.yml", {"team": "nobody"})
    failed = make(door, desk, template, _data_file=file)
    assert_refused(failed, desk, "Write a name (letters, digits, spaces")


@pytest.mark.full
def test_an_unknown_version_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, "--checkout=v9.9.9")
    assert_refused(failed, desk, "Unknown revision: 'v9.9.9'")


BAD_FILES = {
    "other name": ("project_name: credit-risk", "pass project_name=credit-risk as well."),
    "no yaml": ("team: [", "cannot be read: while parsing"),
    "no mapping": ("- regression", "write one per line"),
    "empty": ("", "write one per line"),
}


@pytest.mark.full
@pytest.mark.parametrize(("text", "sentence"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_answers_file_leaves_nothing(
    template: Path, desk: Path, text: str, sentence: str
) -> None:
    (desk / "answers.yml").write_text(text, encoding="utf-8")
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, sentence)


def test_a_missing_answers_file_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, "answers.yml does not exist: write its absolute path.")


@pytest.mark.full
def test_an_ambiguous_relative_path_is_refused(
    template: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(desk / "answers.yml", {"problem": "regression"})
    write(desk.parent / "answers.yml", {"problem": "multiclass"})
    monkeypatch.setenv("PWD", str(desk.parent))
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, "answers.yml exists in more than one place")


@pytest.mark.full
def test_a_cached_template_without_an_origin_is_refused(template: Path, desk: Path) -> None:
    """Its path in the cache would be of no use on another machine."""
    shutil.copytree(template, desk.parent / "cookiecutters_dir/goldsmith")
    failed = make(COOKIECUTTER, desk, "goldsmith")
    assert_refused(
        failed, desk, "goldsmith has no remote named origin: pass the template's address instead."
    )


@pytest.mark.full
def test_a_folder_without_versions_is_refused(template: Path, desk: Path) -> None:
    """Such as an unpacked archive: an update could not find the old version of its files."""
    plain = shutil.copytree(template, desk.parent / "plain", ignore=shutil.ignore_patterns(".git"))
    assert_refused(make(COOKIECUTTER, desk, plain), desk, "plain is not a git repository")


def test_a_folder_with_files_is_left_alone(template: Path, desk: Path) -> None:
    (desk / NAME).mkdir()
    (desk / NAME / ".gitkeep").write_text("ours\n", encoding="utf-8")
    failed = make(COOKIECUTTER, desk, template, "--overwrite-if-exists")
    assert failed.returncode != 0
    assert f"{desk / NAME} contains files: choose another project name" in failed.stderr
    assert contents(desk / NAME) == {".gitkeep": b"ours\n"}


def test_cookiecutter_json_agrees_with_copier_yml() -> None:
    asked = json.loads((ROOT / "cookiecutter.json").read_bytes())
    assert [name for name in asked if not name.startswith("_")] == ["project_name"]
    assert asked["__prompts__"] == {"project_name": setting("project_name")["help"]}
    assert asked["_copier"] == f"copier>={setting('_min_copier_version')}"
