"""cookiecutter and cruft give what Copier gives: the same files, which later updates reach.

Both run as programs, on a template that an address or a path names, and ask nothing.
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
    """The template's repository: v0.1.0, then v0.2.0, then a commit that is not released."""
    folder = shutil.copytree(template, tmp_path / "source")
    for tag in ("v0.2.0", ""):
        with (folder / "template/noxfile.py").open("a", encoding="utf-8") as file:
            file.write(f"\n# {tag or 'not released'}\n")
        commit(folder, tag)
    return folder


@pytest.fixture
def server(source: Path, tmp_path: Path) -> Path:
    """The template on a server."""
    folder = tmp_path / "server/goldsmith.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(source), str(folder))
    return folder


@pytest.fixture
def address(server: Path) -> str:
    """Its address; cruft takes a file's for a path, and so has the server itself."""
    return server.as_uri()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a user works; what the programs remember lies elsewhere."""
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
    """The command of a cookiecutter on a machine that has neither Copier nor uv."""
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


def pretend(desk: Path, program: str, *lines: str) -> None:
    """Put a program of these lines among the tools."""
    text = "\n".join(["import os, pathlib, signal, sys, time", *lines])
    write_python(desk.parent / "tools" / program, text)


def run(desk: Path, *command: object, typed: str = "") -> Run:
    """Run a program, with what a user types into it."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=desk,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        start_new_session=True,  # so that a test interrupts it alone
    )


def make(door: Door, desk: Path, template: object, *options: str, **told: str) -> Run:
    """Make a project through a door, without being asked."""
    context = {"project_name": NAME, **told}
    words = [f"{name}={value}" for name, value in context.items()]
    if door == CRUFT:
        words = ["--extra-context", json.dumps(context)]
    return run(desk, *door, "--no-input", template, *options, *words)


def write(file: Path, answers: object) -> str:
    """Write a file of answers, and return its name."""
    file.write_text(yaml.safe_dump(answers), encoding="utf-8")
    return file.name


def assert_same(desk: Path, template: object, version: str, answers: dict[str, str]) -> None:
    """Assert that the project is what `copier copy` makes of these answers."""
    made, copied = desk / NAME, desk.parent / version / NAME
    copier.run_copy(str(template), copied, answers, vcs_ref=version, defaults=True, quiet=True)
    (made / ".cruft.json").unlink(missing_ok=True)  # cruft's own
    assert contents(made) == contents(copied)
    for name in contents(copied):
        assert (made / name).stat().st_mode == (copied / name).stat().st_mode, name


def setting(name: str) -> Any:
    """Return what copier.yml says of a setting or question."""
    text = (ROOT / "copier.yml").read_text(encoding="utf-8")
    return next(each[name] for each in yaml.safe_load_all(text) if name in each)


def stored(folder: Path) -> dict[str, str]:
    """Return what Copier remembers in a project."""
    answers: dict[str, str] = yaml.safe_load((folder / ".copier-answers.yml").read_bytes())
    return answers


def assert_refused(failed: Run, desk: Path, sentence: str) -> None:
    """Assert that it failed with a line that says this, and left no folder."""
    assert failed.returncode != 0
    assert sentence in failed.stderr
    assert [line for line in failed.stderr.splitlines() if sentence in line and line[-1] == "."]
    assert not [path for path in desk.iterdir() if path.is_dir()]


def test_cookiecutter_gives_what_copier_gives(address: str, desk: Path) -> None:
    file = write(desk / "answers.yml", ANSWERS)
    made = make(COOKIECUTTER, desk, address, _data_file=file)
    assert made.returncode == 0, made.stderr
    assert_same(desk, address, "v0.2.0", ANSWERS)


@pytest.mark.full
def test_cruft_gives_what_copier_gives(server: Path, desk: Path) -> None:
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
def test_what_a_door_gives_is_updated(
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
def test_cruft_takes_the_commit_that_it_writes_down(source: Path, server: Path, desk: Path) -> None:
    made = make(CRUFT, desk, server)
    assert made.returncode == 0, made.stderr
    written = json.loads((desk / NAME / ".cruft.json").read_bytes())
    assert written["commit"] == git(source, "rev-parse", "HEAD").strip()
    assert stored(desk / NAME)["_commit"] == git(source, "describe", "--tags").strip()


@pytest.mark.full
def test_cookiecutter_asks_the_name_alone(address: str, desk: Path) -> None:
    made = run(desk, *COOKIECUTTER, address, typed=f"{NAME}\n")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("?") == 1
    assert stored(desk / NAME)["project_name"] == NAME
    assert "_data_file=answers.yml" in made.stderr


@pytest.mark.full
def test_a_path_is_stored_whole(source: Path, desk: Path) -> None:
    made = make(COOKIECUTTER, desk, "../source", "--output-dir=new")
    assert made.returncode == 0, made.stderr
    assert stored(desk / "new" / NAME)["_src_path"] == str(source)


@pytest.mark.full
def test_a_path_is_found_without_a_shell(
    source: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that starts cookiecutter elsewhere leaves PWD as its own shell set it."""
    monkeypatch.setenv("PWD", str(ROOT / "docs"))
    made = make(COOKIECUTTER, desk, "../source")
    assert made.returncode == 0, made.stderr
    assert stored(desk / NAME)["_src_path"] == str(source)


@pytest.mark.full
def test_an_address_is_stored_as_copier_reads_it(source: Path, desk: Path) -> None:
    """Copier knows a repository by .git at the address's end; cookiecutter takes others too."""
    made = make(COOKIECUTTER, desk, f"git+{source.as_uri()}")
    assert made.returncode == 0, made.stderr
    assert stored(desk / NAME)["_src_path"] == f"git+{source.as_uri()}"

    made = make(COOKIECUTTER, desk, "source", project_name="credit-risk")  # as it lies in the cache
    assert made.returncode == 0, made.stderr
    assert stored(desk / "credit-risk")["_src_path"] == f"git+{source.as_uri()}"


@pytest.mark.full
def test_without_copier_uv_brings_it(address: str, alone: Door, desk: Path) -> None:
    (desk.parent / "tools/uvx").symlink_to(PROGRAMS / "uvx")
    made = make(alone, desk, address)
    assert made.returncode == 0, made.stderr
    assert_same(desk, address, "v0.2.0", {})


@pytest.mark.full
def test_uv_is_asked_for_a_copier_that_reads_the_template(
    template: Path, alone: Door, desk: Path
) -> None:
    pretend(desk, "uvx", "sys.exit(' '.join(sys.argv[2:5]))")
    failed = make(alone, desk, template)
    assert f"--from=copier>={setting('_min_copier_version')} copier copy\n" in failed.stderr
    assert_refused(failed, desk, "its reason stands above.")


def test_without_copier_and_uv_it_says_so(template: Path, alone: Door, desk: Path) -> None:
    assert_refused(make(alone, desk, template), desk, "install it, or uv")


def test_a_copier_that_fails_half_way_leaves_nothing(
    template: Path, alone: Door, desk: Path
) -> None:
    """Also in an empty folder that was there before, which cookiecutter would leave as it is."""
    pretend(
        desk,
        "copier",
        "pathlib.Path(sys.argv[-1], 'src').mkdir()",
        "pathlib.Path(sys.argv[-1], 'src/data.py').touch()",
        "raise OSError('No space left on device')",
    )
    assert_refused(make(alone, desk, template), desk, "Copier made no project: No space left")
    (desk / NAME).mkdir()
    make(alone, desk, template, "--overwrite-if-exists")
    assert list((desk / NAME).iterdir()) == []


@pytest.mark.full
def test_an_interruption_leaves_nothing(template: Path, alone: Door, desk: Path) -> None:
    pretend(
        desk,
        "copier",
        "pathlib.Path(sys.argv[-1], 'README.md').touch()",
        "os.killpg(0, signal.SIGINT)",
        "time.sleep(60)",
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # else one that is ignored,
    try:  # as of a job in the background, would be ignored by cookiecutter, too
        assert make(alone, desk, template).returncode != 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(desk.iterdir()) == []


def test_a_bad_name_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, project_name="Loan Risk")
    assert_refused(failed, desk, "Write lower-case letters, digits and single hyphens")


@pytest.mark.full
@pytest.mark.parametrize("door", [COOKIECUTTER, CRUFT], ids=["cookiecutter", "cruft"])
def test_a_bad_answer_leaves_nothing(template: Path, desk: Path, door: Door) -> None:
    file = write(desk / "answers.yml", {"team": "nobody"})
    failed = make(door, desk, template, _data_file=file)
    assert_refused(failed, desk, "Write a name (letters, digits, spaces")


@pytest.mark.full
def test_an_unknown_version_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, "--checkout=v9.9.9")
    assert_refused(failed, desk, "Unknown revision: 'v9.9.9'")


BAD_FILES = {
    "other name": ("project_name: credit-risk", "answer so, with project_name=credit-risk."),
    "no yaml": ("team: [", "which cannot be read: while parsing"),
    "no mapping": ("- regression", "write a line for each"),
    "empty": ("", "write a line for each"),
}


@pytest.mark.full
@pytest.mark.parametrize(("text", "sentence"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_of_answers_leaves_nothing(
    template: Path, desk: Path, text: str, sentence: str
) -> None:
    (desk / "answers.yml").write_text(text, encoding="utf-8")
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, sentence)


def test_a_missing_file_of_answers_leaves_nothing(template: Path, desk: Path) -> None:
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, "answers.yml is not there: write its whole path.")


@pytest.mark.full
def test_a_name_in_two_places_is_not_guessed(
    template: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(desk / "answers.yml", {"problem": "regression"})
    write(desk.parent / "answers.yml", {"problem": "multiclass"})
    monkeypatch.setenv("PWD", str(desk.parent))
    failed = make(COOKIECUTTER, desk, template, _data_file="answers.yml")
    assert_refused(failed, desk, "answers.yml stands in more than one place")


@pytest.mark.full
def test_a_clone_in_the_cache_without_an_origin_is_refused(template: Path, desk: Path) -> None:
    """Updates could not find the cache on another machine."""
    shutil.copytree(template, desk.parent / "cookiecutters_dir/goldsmith")
    failed = make(COOKIECUTTER, desk, "goldsmith")
    assert_refused(failed, desk, "goldsmith has no origin: name the template's address.")


@pytest.mark.full
def test_a_folder_without_versions_is_refused(template: Path, desk: Path) -> None:
    """As an archive unpacks it: no update would find what its files were."""
    plain = shutil.copytree(template, desk.parent / "plain", ignore=shutil.ignore_patterns(".git"))
    assert_refused(make(COOKIECUTTER, desk, plain), desk, "plain is no git repository")


def test_a_folder_with_files_is_left_alone(template: Path, desk: Path) -> None:
    (desk / NAME).mkdir()
    (desk / NAME / ".gitkeep").write_text("ours\n", encoding="utf-8")
    failed = make(COOKIECUTTER, desk, template, "--overwrite-if-exists")
    assert failed.returncode != 0
    assert f"{desk / NAME} holds files: name another project" in failed.stderr
    assert contents(desk / NAME) == {".gitkeep": b"ours\n"}


def test_the_front_door_restates_nothing_that_differs() -> None:
    asked = json.loads((ROOT / "cookiecutter.json").read_bytes())
    assert [name for name in asked if not name.startswith("_")] == ["project_name"]
    assert asked["__prompts__"] == {"project_name": setting("project_name")["help"]}
    assert asked["_copier"] == f"copier>={setting('_min_copier_version')}"
