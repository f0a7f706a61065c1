"""Module 7: for platform teams."""

import re
from collections.abc import Iterator

from ..exercise import Exercise, Module
from ..missing import Missing
from ..newer import ANSWERS, CLONE, SETTINGS, SOURCE, TAG, edit, git
from ..place import Place
from ..start import remove
from .own_data import PYTEST_CACHE, last_run
from .updates import MARKERS, PLATFORM, users

MONTHS = 6
NEXT = "v2027.2.0"
NUMBER = NEXT.removeprefix("v")
AGE = re.compile(r"max_age: Periods = Field\(default=(\d+)")
TO_DO = "### What to do"
FLEET = "build/fleet"
TEAMS = ("mortgages", "cards")
WISH = 24  # months, which the team mortgages has typed into a file of the platform's
TOOLS = f"uvx --directory {CLONE} --from copier"
TEST = f"{TOOLS} --with pytest python -m pytest tests/test_bank.py"
RELEASE = f"{TOOLS} python ../../.workshop/workshop/exercises/7.2/release.py {NEXT}"
SURVEY = f"{TOOLS} python -m tools.fleet ../fleet/repos.txt"


def open_clone(place: Place) -> Place:
    """Return the clone of the template; Missing if it is not there."""
    clone = Place(place.path(CLONE))
    if not clone.path(".git").exists():
        raise Missing(
            f"The template is not in {CLONE}.",
            "Module 6 has put a clone there, and everything in this module happens in it.",
            "Reset this exercise: `uvx nox -s workshop -- reset`.",
        )
    return clone


def check_change(place: Place) -> Iterator[str]:
    """The clone has a change of the platform, with a test, in a commit."""
    clone = open_clone(place)
    if PLATFORM in place.changed:
        raise Missing(
            "You have changed the platform in this project only.",
            "The other projects keep what they have, and the next update of this one meets your "
            "edit. What all projects get is in the template.",
            f"Run `git restore {PLATFORM}`, and go to {CLONE}.",
        )
    changed = changed_files(clone)
    if not changed:
        raise Missing(
            f"Nothing has changed since {TAG}.",
            "A rule of the bank that is in a mail is followed by those who have read it. In the "
            "platform it holds for every project.",
            f"In {CLONE}, set the default of max_age in {SOURCE}/{SETTINGS} to {MONTHS}.",
        )
    for name in changed:
        if is_users(clone, name):
            raise Missing(
                f"{name} is a file of the user's.",
                "New projects get it, and those that exist never do: an update leaves what is "
                "theirs. The model that is two years old is in one of those.",
                f"Undo it, and change the default in {SOURCE}/{SETTINGS}.",
            )
    found = AGE.search(clone.text(f"{SOURCE}/{SETTINGS}"))
    if not found or int(found[1]) != MONTHS:
        raise Missing(
            f"A model still counts as old after {found[1] if found else 'other'} months.",
            f"The bank has decided on {MONTHS}. The default holds wherever conf/ says nothing.",
            f"In {SOURCE}/{SETTINGS}, write `max_age: Periods = Field(default={MONTHS}, ge=1)`.",
        )
    yield f"In every project, a model counts as old after {MONTHS} months, unless conf/ says more."
    _check_test(clone, changed)
    yield "A test says so, and passes."
    if clone.changed:
        raise Missing(
            f"{clone.changed[0]} is not committed.",
            "A release is a commit with a name, so the change has to be in one.",
            f"In {CLONE}, run `git add --all` and `git commit`.",
        )
    yield "The change is committed."


def changed_files(clone: Place) -> list[str]:
    """Return what differs from the last release, committed or not."""
    new = clone.git("ls-files", "--others", "--exclude-standard").splitlines()
    return sorted({*clone.git("diff", "--name-only", TAG).splitlines(), *new})


def is_users(clone: Place, name: str) -> bool:
    """Return whether a file of the template is the user's in a project."""
    path = name.removeprefix("template/").replace("{{ package }}", "loan_risk")
    return name.startswith("template/") and any(
        re.fullmatch(rf"{pattern}(\.jinja|/.*)?", path)
        for pattern in (entry.replace("*", "[^/]*") for entry in users_then(clone))
    )


def users_then(clone: Place) -> list[str]:
    """Return the patterns of the user's files in the last release."""
    return users(clone.git("show", f"{TAG}:copier.yml"))


def _check_test(clone: Place, changed: list[str]) -> None:
    tests = [name for name in changed if re.fullmatch(r"tests/(.*/)?test_\w+\.py", name)]
    tests = [name for name in tests if "max_age" in clone.text(name)]
    if not tests:
        raise Missing(
            "No test says so.",
            "In a year somebody tidies up this line. A test tells them that it was a decision.",
            f"Write tests/test_bank.py in {CLONE}, and see it fail with the old value.",
        )
    cache = clone.path(PYTEST_CACHE)
    changed_on = max(clone.path(name).stat().st_mtime for name in (*tests, f"{SOURCE}/{SETTINGS}"))
    ran = clone.text(f"{PYTEST_CACHE}/nodeids")
    if not any(name in ran for name in tests) or last_run(clone) < changed_on:
        raise Missing(
            "The test has not run since your last change.",
            "A test that nobody has seen fail may test nothing, and one that nobody has seen pass "
            "may fail.",
            f"Run `{TEST}`.",
        )
    failed = cache / "lastfailed"
    if failed.is_file() and any(name in failed.read_text(encoding="utf-8") for name in tests):
        raise Missing(
            "The test fails.",
            "Either the test is wrong or the platform is. No release is made until you know.",
            f"Run `{TEST}`, and read what it says after `E`.",
        )


def check_release(place: Place) -> Iterator[str]:
    """A version is tagged, and the rules of a release hold for it."""
    clone = open_clone(place)
    if clone.git("log", "-1", "--format=%s", TAG) != f"chore: release {TAG}":
        raise Missing(
            f"{TAG} was moved.",
            "Projects were updated to it, and start their next update from it. They would lose "
            "what lies between the old place and the new one, and nobody would notice.",
            f"Reset this exercise. What you want to release becomes {NEXT}.",
        )
    still = users(clone.text("copier.yml"))
    lost = [name for name in users_then(clone) if name not in still]
    if lost:
        raise Missing(
            f"copier.yml no longer lists {lost[0]} as the user's.",
            "The next update would merge the template's version into a file that a team has "
            "written. After that, nobody would trust an update again.",
            f"Put the line back. The platform's defaults are in {SOURCE}/{SETTINGS}.",
        )
    yield "What is the user's stays the user's."
    _check_notes(clone)
    yield "The changelog says what changes, and what to do."
    notes = clone.git("for-each-ref", "--format=%(contents)", f"refs/tags/{NEXT}")
    if not notes:
        raise Missing(
            f"{NEXT} is not tagged.",
            "Projects update from tag to tag. A commit without one reaches nobody.",
            f"Run `{RELEASE}`. If it refuses, it says why.",
        )
    if TO_DO not in notes:
        raise Missing(
            f"{NEXT} was tagged by hand.",
            "`git tag` asks nothing. A tag that breaks projects can never be taken back, because "
            "somebody may have updated to it.",
            f"Reset this exercise, and run `{RELEASE}`.",
        )
    found = AGE.search(clone.git("show", f"{NEXT}:{SOURCE}/{SETTINGS}"))
    if not found or int(found[1]) != MONTHS:
        raise Missing(
            f"{NEXT} does not contain your change.",
            "A release is what its tag points to.",
            "Reset this exercise, and release what you have changed in 7.1.",
        )
    yield f"{NEXT} is tagged, and the rules of a release held."


def _check_notes(clone: Place) -> None:
    _, _, section = clone.text("CHANGELOG.md").partition(f"\n## [{NUMBER}] - ")
    section = section.partition("\n## [")[0]
    if not section:
        raise Missing(
            f"CHANGELOG.md says nothing about {NUMBER}.",
            "The owner of a project reads this before an update. Without it they read a diff, or "
            "nothing.",
            f"Below `## [Unreleased]`, write `## [{NUMBER}] - 2027-06-07` and what changes.",
        )
    if not section.partition(TO_DO)[2].strip():
        raise Missing(
            f"The notes of {NUMBER} do not say what to do.",
            "Forty teams would each find out for themselves whether they have to do something.",
            f"Add `{TO_DO}`, and below it what the owner of a project does, or `Nothing.`",
        )


def found_fleet(place: Place) -> None:
    """Put the repositories of two other teams into build/fleet; one has edited the platform."""
    for team in TEAMS:
        folder = place.path(f"{FLEET}/{team}")
        remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        git(place.folder, "clone", "--quiet", ".", str(folder))
        git(folder, "remote", "remove", "origin")
    place.path(f"{FLEET}/repos.txt").write_text("".join(f"{team}\n" for team in sorted(TEAMS)))
    folder = place.path(f"{FLEET}/mortgages")
    field = "max_age: Periods = Field(default="
    edit(folder / PLATFORM, f"{field}12", f"{field}{WISH}")
    author = ("-c", "user.name=Mortgages", "-c", "user.email=mortgages@bank.example")
    message = "--message=feat: keep a model for two years"
    git(folder, *author, "commit", "--quiet", "--all", "--no-verify", "--no-gpg-sign", message)


def check_fleet(place: Place) -> Iterator[str]:
    """The repositories of both teams have the new version, and keep what is theirs."""
    clone = open_clone(place)
    newest = clone.git("show", f"{NEXT}:{SOURCE}/{SETTINGS}")
    for team in TEAMS:
        repository = Place(place.path(f"{FLEET}/{team}"))
        if not repository.path(".git").exists():
            raise Missing(
                f"The repository of {team} is not in {FLEET}.",
                "The exercise began with a clone there.",
                "Reset this exercise: `uvx nox -s workshop -- reset`.",
            )
        _check_repository(repository, team, newest)
        yield f"{team} has {NEXT}, without a conflict and in a commit."
        if team == "mortgages":
            _check_wish(repository)
            yield f"mortgages keeps its {WISH} months, where an update leaves them alone."


def _check_wish(repository: Place) -> None:
    monitoring = repository.yaml("conf/base.yml").get("monitoring")
    if not isinstance(monitoring, dict) or monitoring.get("max_age") != WISH:
        raise Missing(
            f"The team mortgages has lost its {WISH} months.",
            "They wrote it into the wrong file, and they had a reason. If an update takes away "
            "what a team needs, they will not take another one.",
            f"In conf/base.yml of mortgages, write `max_age: {WISH}` below `monitoring:`, and "
            "commit.",
        )


def _check_repository(repository: Place, team: str, newest: str) -> None:
    conflicting = repository.git("grep", "-l", "--extended-regexp", MARKERS).splitlines()
    if conflicting:
        raise Missing(
            f"{conflicting[0]} of {team} is left with a conflict.",
            "Copier reports success even then. With the markers, no command of that team works.",
            f"Undo it in {FLEET}/{team}: `git reset --hard`. Restore the platform's file first, "
            "commit, and update again.",
        )
    version = str(repository.yaml(ANSWERS).get("_commit"))
    if version != NEXT:
        raise Missing(
            f"{team} is at {version}.",
            "A release is worth something when the projects have it. Of ten versions in use, each "
            "has defects of its own.",
            f"See what would happen, with `{SURVEY}`. Then update it.",
        )
    if repository.text(PLATFORM).strip() != newest:
        raise Missing(
            f"{team} has its own {PLATFORM}.",
            "It says that a model may be older, and says so where no review looks. The next "
            "release that changes this file would conflict again.",
            "Restore the platform's file from before the edit, and write the wish into conf/.",
        )
    if repository.changed:
        raise Missing(
            f"{repository.changed[0]} of {team} is not committed.",
            "Their next release is built from a commit, and so still from the old platform.",
            f"Run `git add --all` and `git commit` in {FLEET}/{team}.",
        )


MODULE = Module(
    7,
    "For platform teams",
    "7-for-platform-teams.md",
    (
        Exercise(
            "7.1",
            "Change the template",
            f"In every project, a model counts as old after {MONTHS} months, and a test says so.",
            (
                "What all projects get is the platform's: a default, and not a line in conf/.",
                f"The default is in {SOURCE}/{SETTINGS}; look for max_age.",
                "Write the test first, run it, change the default, run it again, commit.",
            ),
            check_change,
        ),
        Exercise(
            "7.2",
            "Release it",
            f"{NEXT} is tagged, with notes for the owners of projects, and no rule is broken.",
            (
                "Three files name a version: CHANGELOG.md, pyproject.toml, tests/answers/.",
                "The program says which rule is broken, and tags when none is.",
                f"Run `{RELEASE}`.",
            ),
            check_release,
        ),
        Exercise(
            "7.3",
            "Roll it out",
            "Two other teams have the release, and what one of them needs is where it belongs.",
            (
                "`tools.fleet` tries each update in a clone, and names what would conflict.",
                "mortgages has edited a file of the platform. What did they want?",
                "Restore the file, write their wish into conf/base.yml, commit, and update.",
            ),
            check_fleet,
            found_fleet,
        ),
    ),
)
