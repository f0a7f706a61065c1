"""Changes that a release makes to the files of the platform and to those of the user."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

Answers = dict[str, str]
SOURCE = "template/src/{{ package }}"


@dataclass(frozen=True)
class Question:
    """An invented question, and its former names."""

    name: str
    choices: tuple[str, ...]
    default: str
    former: tuple[str, ...] = ()


@dataclass
class Draft:
    """The template while a release is prepared, and what was invented for it so far."""

    folder: Path
    rng: Random
    count: int = 0
    asked: dict[Question, str] = field(default_factory=dict)  # and their text in copier.yml
    folders: list[str] = field(default_factory=list)  # of the platform, in every project
    given: set[str] = field(default_factory=set)  # paths that became the user's
    carry: list[Callable[[Answers], None]] = field(default_factory=list)

    def number(self) -> int:
        """Return a number that makes a name unique."""
        self.count += 1
        return self.count

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that must exist."""
        text = self.read(name)
        if old not in text:
            raise LookupError(
                f"{name} does not contain {old!r}: adapt the simulation to its new text"
            )
        self.write(name, text.replace(old, new, 1))

    def ask(self, question: Question, text: str) -> None:
        """Add a question to copier.yml; existing projects get its default."""
        self.asked[question] = text
        self.write("copier.yml", f"{self.read('copier.yml')}\n---\n{text}")
        self.carry.append(lambda answers: answers.update({question.name: question.default}))

    def rename_answer(self, old: str, new: str) -> None:
        """Keep an answer under another name."""
        self.carry.append(lambda answers: answers.update({new: answers.pop(old)}))

    def pick(self, pattern: str) -> Path | None:
        """Return a random file of the template, or None where no path matches."""
        matching = sorted(path for path in self.folder.glob(pattern) if path.is_file())
        return self.rng.choice(matching) if matching else None


Change = Callable[[Draft], bool | None]  # returns False where there was nothing to change


def a_new_module(draft: Draft) -> None:
    number = draft.number()
    draft.write(f"{SOURCE}/mlops/new_{number}.py", f'"""Added by change {number}."""\n')


def a_new_test(draft: Draft) -> None:
    number = draft.number()
    text = f"def test_new_{number}() -> None:\n    assert __name__\n"
    draft.write(f"template/tests/mlops/test_new_{number}.py", text)


def a_changed_module(draft: Draft) -> None:
    """Insert a comment below the docstring, or append it."""
    path = draft.pick(f"{SOURCE}/mlops/*.py")
    assert path
    head, quotes, rest = path.read_text(encoding="utf-8").partition('"""\n')
    line = f"\n# Change {draft.number()}.\n"
    text = head + quotes + (line + rest if draft.rng.random() < 0.5 else rest + line)
    path.write_text(text, encoding="utf-8")


def a_changed_session(draft: Draft) -> None:
    number = draft.number()
    session = (
        f'\n\n@nox.session\ndef new_{number}(session: nox.Session) -> None:\n    """Do it."""\n'
    )
    draft.write("template/noxfile.py", draft.read("template/noxfile.py") + session)


def a_deleted_module(draft: Draft) -> bool:
    path = draft.pick(f"{SOURCE}/mlops/[!_]*.py")
    if path:
        path.unlink()
    return bool(path)


def a_deleted_new_module(draft: Draft) -> bool:
    path = draft.pick(f"{SOURCE}/mlops/new_*.py")
    if path:
        path.unlink()
    return bool(path)


def a_renamed_module(draft: Draft) -> bool:
    path = draft.pick(f"{SOURCE}/mlops/new_*.py")
    if path:
        path.rename(path.with_name(f"new_{draft.number()}.py"))
    return bool(path)


def a_new_folder(draft: Draft) -> None:
    name = f".platform-{draft.number()}"
    draft.write(f"template/{name}/settings.yml", f"name: {name}\n")
    draft.replace("template/.mlops/files.jinja", "[\n", f'[\n  "{name}/*",\n')
    draft.folders.append(name)


def a_folder_that_becomes_the_users(draft: Draft) -> bool:
    """Add it to the literal list of the user's files, and remove it from the platform's list."""
    if not draft.folders:
        return False
    name = draft.folders.pop(draft.rng.randrange(len(draft.folders)))
    draft.replace("template/.mlops/files.jinja", f'  "{name}/*",\n', "")
    give_to_user(draft, name)
    draft.given.add(f"{name}/settings.yml")
    return True


def a_session_file_that_becomes_the_users(draft: Draft) -> bool:
    if "noxfile.py" in draft.given:
        return False
    draft.replace("template/.mlops/files.jinja", '  "noxfile.py",\n', "")
    give_to_user(draft, "noxfile.py")
    draft.given.add("noxfile.py")
    return True


def give_to_user(draft: Draft, path: str) -> None:
    """Add a path to the list of the user's files."""
    condition = "{% if _copier_operation | default('update') != 'copy' %}"
    entry = f'  - "{condition}/{path}{{% endif %}}"\n'
    draft.replace("copier.yml", "_exclude: &yours\n", f"_exclude: &yours\n{entry}")


def a_changed_attribute(draft: Draft) -> None:
    name = "template/.gitattributes"
    draft.write(name, f"{draft.read(name)}*.new{draft.number()} binary\n")


def a_new_setting(draft: Draft) -> None:
    line = f"    new_{draft.number()}: int = 0\n"
    anchor = "    seed: int = 7\n"
    draft.replace(f"{SOURCE}/mlops/base/settings.py", anchor, anchor + line)


USERS = (
    "README.md.jinja CHANGELOG.md AGENTS.md.jinja CODEOWNERS.jinja .editorconfig conf/*.yml "
    "docs/*.md src/*/*.py tests/model/*.jinja"
)


def a_changed_user_file(draft: Draft) -> None:
    path = draft.pick(f"template/{draft.rng.choice(USERS.split())}")
    if path:
        path.write_text(f"{path.read_text('utf-8')}# Change {draft.number()}.\n", encoding="utf-8")


def a_new_user_file(draft: Draft) -> None:
    places = [SOURCE, "template/conf", "template/docs", "template/tests/model"]
    draft.write(f"{draft.rng.choice(places)}/idea_{draft.number()}.py", '"""An idea."""\n')


def a_deleted_user_file(draft: Draft) -> bool:
    name = draft.rng.choice(["docs/*.md", "AGENTS.md*", "tests/model/test_*", "src/*/synthetic.py"])
    path = draft.pick(f"template/{name}")
    if path:
        path.unlink()
    return bool(path)


CHANGES: tuple[Change, ...] = (
    a_new_module,
    a_new_test,
    a_changed_module,
    a_changed_session,
    a_deleted_module,
    a_deleted_new_module,
    a_renamed_module,
    a_new_folder,
    a_new_folder,
    a_folder_that_becomes_the_users,
    a_session_file_that_becomes_the_users,
    a_changed_attribute,
    a_new_setting,
    a_changed_user_file,
    a_new_user_file,
    a_deleted_user_file,
)
UNSOUND: set[Change] = {a_deleted_module, a_deleted_user_file}  # what remains does not run
