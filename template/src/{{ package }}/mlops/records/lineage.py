"""Where a version comes from: code, environment and person.

A wheel carries these facts in `_build/`, written by `nox -s build`; in a checkout they come from
git and the lockfile. A checkout never reads `_build/`, which git ignores.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from ..base.errors import MlopsError
from ..base.people import is_name
from ..base.private import KUBERNETES
from ..base.project import ANSWERS_FILE, BUILD_FACTS, CHECKOUT, PACKAGE, Project, is_the_users
from ..base.reviewed import import_only
from .commits import Committed, Repository, committed_files, is_object

EXPORT = "export --quiet --frozen --no-dev --no-hashes --no-emit-project --no-header --no-annotate"

# What decides: each of these files must be as the commit has it, even if git overlooks a change.
LOCK = "uv.lock"
DECIDING = ("src", "conf", ANSWERS_FILE, "pyproject.toml", LOCK)
# What may be below src/ although no commit has it: bytecode, the facts that older templates built,
# and hidden files and backups of editors and systems. Python imports none of the latter, except
# through the metadata of a package, whose entry points it follows.
NOT_COMMITTED = re.compile(
    r"src/(.+/)?__pycache__/[^/]+\.[^/]+\.pyc(\.\d+)?"
    r"|src/[^/]+/_build/(answers\.yml|build\.json|requirements\.txt|conf/[^/]+\.yml)"
    r"|src/(.+/)?(\.[^/]+(/.+)?|[^/]+~|#[^/]+#|Thumbs\.db|desktop\.ini)"
)
METADATA = re.compile(r"\.(dist|egg)-info(/|$)", re.IGNORECASE)

# Variables that would show git another repository, and answers that it would give for another tree.
GIT_PLACES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")  # what git calls one in full
LOGIN = "login"  # the source of an actor whom the system knows by name
JOB = "job"  # that of a user who is not a person
DATABRICKS = Path("/databricks")  # on each machine of Databricks
GIT = ("git", "--no-replace-objects", "-c", "core.fsmonitor=false")

# By the variable that is set in each run: the vendor, and the variable with who started the run.
PIPELINES = {
    "GITHUB_ACTIONS": ("GitHub", "GITHUB_TRIGGERING_ACTOR"),
    "GITLAB_CI": ("GitLab", "GITLAB_USER_LOGIN"),
    "TF_BUILD": ("Azure DevOps", "BUILD_REQUESTEDFOREMAIL"),
}


@dataclass(frozen=True)
class BuildFacts:
    """The code and lockfile that a wheel or checkout consists of."""

    commit: str
    """The commit's full hash."""
    dirty: bool
    """Whether there were changes that the commit does not have."""
    template: str
    """The version of the template that rendered the platform."""
    lock_sha256: str
    """The SHA-256 of uv.lock."""


class Comparison(NamedTuple):
    """How a checkout, and what a command has read of it, compare with the commit."""

    changed: list[str]
    """The files that differ from the commit, links included."""
    links: list[str]
    """The links among the files that decide: the commit does not have what they point to."""
    lock: bytes | None
    """The content of uv.lock; None if it is missing."""
    package: dict[str, bytes]
    """The content of the package's files that the commit has, by path in the package."""


def read_build_facts(project: Project, code: Mapping[str, bytes] | None = None) -> BuildFacts:
    """Return the facts of the checkout that this code is in, or else of the wheel.

    `code` is what a command has read of the package, as `compare_with_commit` takes it. Raises
    MlopsError if there are none, or if a variable shows git another repository.
    """
    recorded = BUILD_FACTS / "build.json"
    if CHECKOUT is None and recorded.is_file():
        return BuildFacts(**json.loads(recorded.read_text(encoding="utf-8")))
    facts, _ = _read_checkout(project, code)
    return facts


def refuse_unreviewed(project: Project, command: str) -> None:
    """Raise MlopsError if a command would decide beyond dev by files that no commit has.

    If it does not, the user's modules in the checkout are imported as they were compared here.
    """
    import_only({})
    if project.env != "dev":
        read_reviewed_facts(project, command)


def read_reviewed_facts(
    project: Project, command: str, code: Mapping[str, bytes] | None = None
) -> BuildFacts:
    """Return the build facts as `read_build_facts` does.

    Raises MlopsError if a command would decide beyond dev by files that no commit has.
    """
    if CHECKOUT is None:
        facts = read_build_facts(project)
        if facts.dirty and project.env != "dev":
            raise MlopsError(
                f"{command} in {project.env} needs a wheel of committed code, and this one was "
                "built with uncommitted changes; commit them, build the wheel again with "
                "`uvx nox -s build`, and install it."
            )
        return facts
    facts, compared = _read_checkout(project, code)
    if project.env == "dev":
        return facts
    if not compared.changed:
        import_only(compared.package)
        return facts
    if compared.links:
        raise MlopsError(
            f"{command} in {project.env} needs the content of all files in the commit, but "
            f"{compared.links[0]} is a link, and the commit does not have what it points to; "
            "replace it with a copy of that, and commit the copy."
        )
    files = compared.changed
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    raise MlopsError(
        f"{command} in {project.env} needs a clean tree, but these files differ from the last "
        f"commit: {', '.join(files[:3])}{more}; have the changes reviewed and commit them, or undo "
        "them."
    )


def _read_checkout(
    project: Project, code: Mapping[str, bytes] | None
) -> tuple[BuildFacts, Comparison]:
    """Return the facts of a checkout, and how it compares with its commit."""
    try:
        _refuse_other_repository(project)
        commit = _output(project, *GIT, "rev-parse", "HEAD").strip()
        compared = compare_with_commit(project, commit, code)
    except (OSError, subprocess.CalledProcessError) as error:
        if shutil.which("git") is None:
            raise MlopsError(
                "git is not installed, and only git knows which commit this code is from; install "
                "git, or a wheel built with `uvx nox -s build`."
            ) from None
        said = str(getattr(error, "stderr", ""))
        if "dubious ownership" in said:
            remedy = said.strip().rpartition("\n")[2].strip()
            raise MlopsError(
                f"git does not read {project.root}, because another user owns it; let that user "
                f"run this command, or trust the folder with `{remedy}`."
            ) from None
        raise MlopsError(
            "it is not known which commit this code is from: there is no git commit here, and the "
            "package is not a wheel built with `uvx nox -s build`; make a first commit with "
            "`uvx nox -s setup`, or install such a wheel."
        ) from None
    if compared.lock is None:
        raise MlopsError("uv.lock is missing; create it with `uv lock` and commit it.")
    facts = BuildFacts(
        commit=commit,
        dirty=bool(compared.changed),
        template=project.template_version,
        lock_sha256=hashlib.sha256(compared.lock).hexdigest(),
    )
    return facts, compared


def compare_with_commit(
    project: Project, commit: str, code: Mapping[str, bytes] | None = None
) -> Comparison:
    """Compare a checkout with a commit, and what a command has read with both.

    Code and configuration are compared byte by byte with the commit, because git can be told to
    overlook a file (`update-index --assume-unchanged`, `.git/info/exclude`, a filter). The content
    of the files that the settings came from, and of `code`, is compared as the command has read it:
    the files may have been others then. `code` is by path in the package, and has all modules of
    the user. Raises MlopsError if an object of the commit was overwritten.
    """
    status = _output(
        project, *GIT, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal"
    )
    changed = {line[3:] for line in status.split("\0") if line}
    prefix = _output(project, *GIT, "rev-parse", "--show-prefix").rstrip("\n")
    repository = Repository(GIT, project.root, _environment())
    committed = committed_files(repository, commit, prefix, DECIDING)
    links = [name for name in (*DECIDING, *committed) if project.path(name).is_symlink()]
    changed.update(links)
    contents = {
        name: project.path(name).read_bytes()
        for name in (LOCK, *committed)
        if project.path(name).is_file()
    }
    for name in {LOCK, *committed}.difference(links):
        if not _is_committed(contents.get(name), committed.get(name)):
            changed.add(name)
    package = f"src/{PACKAGE}/"
    read = {**project.files, **{f"{package}{path}": text for path, text in (code or {}).items()}}
    for name, text in read.items():
        if not _is_committed(text, committed.get(name)):
            changed.add(name)
    if code is not None:
        modules = (name for name in committed if name.startswith(package))
        changed |= {n for n in modules if is_the_users(n.removeprefix(package)) and n not in read}
    for file in (*project.path("src").rglob("*"), *project.path("conf").rglob("*.yml")):
        name = file.relative_to(project.root).as_posix()
        if name not in committed and not _may_be_uncommitted(file, name):
            changed.add(name)
    return Comparison(
        changed=sorted(changed),
        links=links,
        lock=contents.get(LOCK),
        package={
            name.removeprefix(package): text
            for name, text in contents.items()
            if name.startswith(package)
        },
    )


def _may_be_uncommitted(file: Path, name: str) -> bool:
    """Return whether nothing can run or read what is at a path below src/ or conf/."""
    if file.is_dir() and not file.is_symlink():
        return True  # the files in it count
    return bool(NOT_COMMITTED.fullmatch(name)) and not METADATA.search(name)


def _is_committed(content: bytes | None, committed: Committed | None) -> bool:
    """Return whether a commit has a file's content; its line endings may be those of Windows.

    None is for a file that is missing.
    """
    if content is None or committed is None:
        return False
    unix = content.replace(b"\r\n", b"\n")
    return any(is_object("blob", each, committed.digest) for each in (content, unix))


def changed_files(project: Project, first: str, second: str) -> list[tuple[str, str, str]]:
    """Return the files below the project's folder that differ between two commits.

    With each come the numbers of added and of removed lines, `-` if it is not text. Raises
    MlopsError if git cannot compare the commits.
    """
    if CHECKOUT is None or shutil.which("git") is None:
        raise MlopsError(
            "only git knows what differs between two commits; run this command in a clone of the "
            "repository, where git is installed."
        )
    for commit in (first, second):
        try:
            if not COMMIT.fullmatch(commit):
                raise MlopsError(f"{commit} is not the hash of a commit; train a new version.")
            _output(project, *GIT, "cat-file", "commit", commit)
        except (OSError, subprocess.CalledProcessError):
            raise MlopsError(
                f"commit {commit[:12]} is not in this clone; fetch the branch that has it."
            ) from None
    options = ("--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative")
    text = _output(project, *GIT, "diff", *options, first, second, "--")
    lines = [line.split("\t", 2) for line in text.split("\0") if line]
    return [(path, added, removed) for added, removed, path in lines]


def locked_requirements(project: Project) -> list[str]:
    """Return the locked runtime requirements, one line each, without hashes."""
    recorded = BUILD_FACTS / "requirements.txt"
    if CHECKOUT is None and recorded.is_file():
        lines = recorded.read_text(encoding="utf-8").splitlines()
        return [line.removesuffix("\\").strip() for line in lines if line[:1].isalnum()]
    try:
        return _output(project, uv_program(), *EXPORT.split()).splitlines()
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.split())
        raise MlopsError(
            f"uv cannot read the locked requirements ({reason}); restore pyproject.toml and "
            "uv.lock with git; or correct pyproject.toml, run `uv lock`, and commit both files."
        ) from None


def uv_program() -> str:
    """Return the path of uv; raises MlopsError if it is missing."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise MlopsError(
            "uv is not on PATH, and only uv can read the lockfile; install uv as the README says."
        )
    return uv


def current_actor() -> dict[str, str]:
    """Return who runs this command (`actor`), and how that is known (`actor_source`).

    The system knows the login, which no variable changes. A pipeline adds who started the run. That
    comes from variables, so it never replaces the login.
    """
    login, source = _login()
    actor = f"{login}@{socket.gethostname()}"
    for variable, (vendor, person) in PIPELINES.items():
        name = os.environ.get(person, "")
        if variable in os.environ and is_name(name):
            return {"actor": f"{name} via {vendor}, {actor}", "actor_source": f"pipeline, {source}"}
    return {"actor": actor, "actor_source": source}


def _login() -> tuple[str, str]:
    """Return the name of the process's user, and whether it is a login, a job's or a number."""
    try:
        import pwd
    except ModuleNotFoundError:  # Windows, where the system itself answers the next call
        return os.getlogin(), LOGIN
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # the user of a container may have no name
        return f"uid-{os.getuid()}", JOB if KUBERNETES.exists() else "uid"
    return name, JOB if DATABRICKS.is_dir() else LOGIN


def configuration_hash(project: Project) -> str:
    """Return a SHA-256 of the settings that shape a model.

    Keys that tables did not have at first count if they are set: without them, the same settings
    keep their hash.
    """
    shaping = project.settings.model_dump(include={"tables", "time", "model", "problem"})
    for table in shaping["tables"].values():
        for key in ("thousands", "date_format", "zone"):
            if not table[key]:
                del table[key]
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()


def settings_hash(project: Project) -> str:
    """Return a SHA-256 of all settings that are in effect, with the overrides."""
    settings = project.settings.model_dump(mode="json")
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def as_tags(facts: BuildFacts) -> dict[str, str]:
    """Return lineage as tags for display; nothing reads them back."""
    return {f"mlops_{key}": str(value) for key, value in (asdict(facts) | current_actor()).items()}


def _output(project: Project, *command: str) -> str:
    done = subprocess.run(
        command, cwd=project.root, env=_environment(), capture_output=True, text=True, check=True
    )
    return done.stdout


def _refuse_other_repository(project: Project) -> None:
    """Raise MlopsError if a variable shows git another repository than that of the project.

    git sets these variables for hooks, whose repository is that of the project.
    """
    given = {name: Path(os.environ[name]) for name in GIT_PLACES[:4] if os.environ.get(name)}
    if not given:
        return
    facts = ("--absolute-git-dir", "--git-common-dir", "--show-toplevel")
    folder, common, top = map(Path, _output(project, *GIT, "rev-parse", *facts).splitlines())
    common = project.root / common
    expected = {"GIT_DIR": folder, "GIT_WORK_TREE": top, "GIT_COMMON_DIR": common}
    for name, path in given.items():
        if name == "GIT_INDEX_FILE":  # a hook may get another index of the same repository
            fits = path.absolute().parent.resolve() in (folder.resolve(), common.resolve())
        else:
            fits = path.resolve() == expected[name].resolve()
        if not fits:
            raise MlopsError(
                f"the environment variable {name} is {path}, which makes git use another "
                f"repository than that of this project, {project.root}; unset {name}, and run the "
                "command again."
            )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in GIT_PLACES}


def extract_path(project: Project, env: str, fingerprint: str) -> Path:
    """Return the path of the file that keeps the rows with a fingerprint."""
    return project.path(project.settings.extracts) / env / f"{fingerprint[:16]}.parquet"
