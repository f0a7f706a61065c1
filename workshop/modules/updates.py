"""Module 6: stay current."""

import json
import re
from collections.abc import Iterable, Iterator

from .. import newer
from ..exercise import Exercise, Module
from ..missing import Missing
from ..newer import ANSWERS, CLONE, SETTINGS, SOURCE, TAG
from ..place import PACKAGE, PROGRAM, Place
from .staleness import NEXT_YEAR

UPDATE = "uvx copier update --defaults"
VENDOR = "azure-devops"
GROW = f"{UPDATE} --vcs-ref=:current: --data ci={VENDOR}"
PIPELINES = {
    "azure-devops": "azure-pipelines.yml",
    "github": ".github/workflows/checks.yml",
    "gitlab": ".gitlab-ci.yml",
}
RECORD = "build/release/release.json"
MARKERS = "^(<<<<<<< before updating|>>>>>>> after updating)"
PLATFORM = f"src/{PACKAGE}/{SETTINGS}"
USERS = re.compile(r"^  - .*_copier_operation.*%\}/(\S+?)\{% endif %\}", re.MULTILINE)


def check_update(place: Place) -> Iterator[str]:
    """The project has the newest version of the template, and a version was judged under it."""
    clone = Place(place.path(CLONE))
    newest = clone.git("show", f"{TAG}:{SOURCE}/{SETTINGS}") if clone.folder.is_dir() else ""
    if not newest:
        raise Missing(
            f"The template is not in {CLONE}.",
            "The exercise began with a clone there, in which a newer version is released.",
            "Reset this exercise: `uvx nox -s workshop -- reset`.",
        )
    _check_conflicts(place)
    version = str(place.yaml(ANSWERS).get("_commit"))
    if version != TAG and place.text(PLATFORM).strip() == newest:
        raise Missing(
            f"{SETTINGS} is that of {TAG}, and the project is still at {version}.",
            "You have copied one file. The next update cannot tell your copy from an edit of "
            "yours, and the other files of the release are missing.",
            f"Undo it: `git restore src`. Then run `{UPDATE}`.",
        )
    if version != TAG:
        _explain_old_version(place, version)
    if place.text(PLATFORM).strip() != newest:
        raise Missing(
            f"{ANSWERS} says {TAG}, and the platform's files are older.",
            "This file tells the next update where it starts. What lies between the true version "
            "and the one that you typed would never arrive.",
            f"Undo the edit: `git restore {ANSWERS}`. Then run `{UPDATE}`.",
        )
    yield f"The project has the platform of {TAG}."
    changed = _changed_files(place, f"_commit: {TAG}", users(clone.text("copier.yml")))
    if changed:
        raise Missing(
            f"{changed[0]} has changed together with the template's version.",
            "It is yours, and an update never touches what is yours. `copier copy` does not know "
            "what you have deleted, and writes it again.",
            f"Reset this exercise, and run `{UPDATE}`.",
        )
    yield "No file of yours has changed."
    _check_committed(place, f"chore: update the template to {TAG}")
    yield "The update is committed."
    journal = place.journal()
    trained = journal.last("train")
    template = journal.card(trained.subject).lineage.template
    if template != TAG:
        raise Missing(
            f"Version {trained.subject} was trained with {template} of the template.",
            "An update changes no version: the champion goes on with the code that it carries. "
            "Train one now, so that you see today what the new platform says about your model.",
            f"Run `uv run {PROGRAM} train --as-of {NEXT_YEAR[-1]}`, then gate it.",
        )
    yield f"Version {trained.subject} was trained with it."
    verdicts = journal.verdicts(trained.subject)
    if not verdicts:
        raise Missing(
            f"The gate has not judged version {trained.subject}.",
            "The release has changed a limit of the gate. Find out whether your model keeps it "
            "before the next one has to go live.",
            f"Run `uv run {PROGRAM} gate`, and read the row `one column`.",
        )
    column = journal.checks(verdicts[-1]).get("one column")
    judged = f"one column: {column.figure}, limit {column.limit}" if column else "no column"
    yield f"The new gate has judged it: {verdicts[-1].details.verdict} ({judged})."


def users(text: str) -> list[str]:
    """Return the patterns of the user's files, as copier.yml of the template lists them."""
    return USERS.findall(text)


def _explain_old_version(place: Place, version: str) -> None:
    source = newer.address(place)
    if source != str(place.path(CLONE).resolve()):
        raise Missing(
            f"The project is at {version}, and looks for newer versions in {source}.",
            "The platform team has moved the template. Whoever does not know the new address gets "
            "no more updates, and no message about it.",
            f"In {ANSWERS}, write `_src_path: {place.path(CLONE).resolve()}`, and commit.",
        )
    raise Missing(
        f"The project is at {version}; {TAG} is released.",
        "A fix that has not arrived protects nobody. The longer you wait, the more you have to "
        "read at once.",
        f"Run `{UPDATE}`.",
    )


def _check_conflicts(place: Place) -> None:
    conflicting = place.git("grep", "-l", "--extended-regexp", MARKERS).splitlines()
    if conflicting:
        raise Missing(
            f"{conflicting[0]} is left with a conflict.",
            "You have edited a line that the release changes, too. Copier writes both versions "
            "into the file, and reports success.",
            "Reset this exercise. The platform's files are never edited: `uvx nox -s lint` says "
            "where your wish belongs, such as conf/.",
        )


def _check_committed(place: Place, message: str) -> None:
    if place.changed:
        raise Missing(
            f"{place.changed[0]} is not committed.",
            "Copier only changes files. The commit is the change that another person reviews, and "
            "that you can take back.",
            f'Run `git add --all`, then `git commit --message "{message}"`.',
        )


def _changed_files(place: Place, answer: str, patterns: Iterable[str]) -> list[str]:
    """Return the files that changed together with an answer, which may not be committed yet."""
    paths = [f":(glob){pattern}" for pattern in patterns]
    commit = place.git("log", "-1", "--format=%H", f"-S{answer}", "--", ANSWERS)
    if answer in place.git("show", f"HEAD:{ANSWERS}"):
        return place.git("diff", "--name-only", f"{commit}~1", commit, "--", *paths).splitlines()
    options = ("status", "--porcelain", "--untracked-files=all")
    return [line[2:].strip() for line in place.git(*options, "--", *paths).splitlines()]


def check_delivery(place: Place) -> Iterator[str]:
    """The project has pipelines, and what they would release is built."""
    _check_conflicts(place)
    vendor = str(place.yaml(ANSWERS).get("ci", "none"))
    there = [name for name, file in PIPELINES.items() if place.path(file).is_file()]
    if vendor == "none" and there:
        raise Missing(
            f"{PIPELINES[there[0]]} is there, and {ANSWERS} says `ci: none`.",
            "A file that the template does not know of is never updated. Next year it calls a "
            "session that has another name.",
            f"Delete it, and run `{GROW}`.",
        )
    if vendor == "none":
        raise Missing(
            f"No pipeline checks a change: {ANSWERS} says `ci: none`.",
            "So far everything depends on people who run the checks on their laptop.",
            f"Run `{GROW}`.",
        )
    if vendor not in there:
        raise Missing(
            f"{ANSWERS} says `ci: {vendor}`, and {PIPELINES[vendor]} is not there.",
            "This file is Copier's memory of what it has rendered. An answer that you type there "
            "brings no file, now or later.",
            f"Undo the edit: `git restore {ANSWERS}`. Then run `{GROW}`.",
        )
    yield f"{PIPELINES[vendor]} is there, and the project knows why."
    _check_committed(place, "ci: check each change with Azure DevOps")
    changed = _changed_files(place, f"ci: {vendor}", ("src", "tests", "conf"))
    if changed:
        raise Missing(
            f"{changed[0]} has changed together with the answer.",
            "A new answer adds files, and changes no Python file and no setting. What else is in "
            "the commit hides in a change that nobody expects it in.",
            f"Reset this exercise, and commit nothing but what `{GROW}` has brought.",
        )
    yield "It is committed, and no Python file and no setting has changed."
    record = json.loads(place.text(RECORD) or "{}")
    if not record:
        raise Missing(
            "No release is built.",
            "On main, the pipeline builds once what then goes to each environment. What it runs "
            "is a session of nox, so you know today whether it works.",
            "Run `uvx nox -s build`.",
        )
    if record["dirty"]:
        raise Missing(
            f"The release {record['version']} was built with changes that are in no commit.",
            "Nobody could say later what is in it. It is good for trying out, and no environment "
            "takes it.",
            "Commit, and run `uvx nox -s build` without --allow-dirty.",
        )
    if record["commit"] != place.git("rev-parse", "HEAD"):
        raise Missing(
            f"The release {record['version']} is not of your last commit.",
            "A pipeline builds the commit that was merged, and no other one.",
            "Run `uvx nox -s build` again.",
        )
    yield f"{record['version']} is built as the pipeline would build it."


MODULE = Module(
    6,
    "Stay current",
    "6-stay-current.md",
    (
        Exercise(
            "6.1",
            "A newer template",
            "The project has the template's newest version, no file of yours has changed, and the "
            "new gate has judged your model.",
            (
                f"{ANSWERS} says where the template is, and which version the project has.",
                f"Commit the new address, then run `{UPDATE}`, and read `git status`.",
                "Commit the update, then train and gate. Nothing has to be promoted.",
            ),
            check_update,
            newer.deliver,
        ),
        Exercise(
            "6.2",
            "Add pipelines",
            "The project has the pipelines of Azure DevOps, and the release that they would build.",
            (
                "It is an answer to one of the template's questions: ci.",
                "`--vcs-ref=:current:` keeps the version, `--data` changes an answer.",
                "Commit, then run the session that a pipeline runs on main: build.",
            ),
            check_delivery,
        ),
    ),
)
