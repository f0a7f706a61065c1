"""Each rule of the template is broken on purpose in a copy, and must report it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rules import RULES
from rules.answers import kept_answers_are_taken
from rules.files import (
    imports_alone_carry_jinja_in_tests,
    names_carry_no_condition,
    plain_files_hold_no_jinja,
    source_carries_no_jinja,
)
from rules.ownership import (
    every_entry_of_the_users_list_owns_something,
    every_path_has_one_owner,
    the_list_holds,
    the_platforms_folders_are_wholly_the_platforms,
)
from rules.questions import (
    asked_questions_are_few_and_checked,
    computed_answers_cannot_be_set,
    conditions_are_computed,
    copier_splits_entries,
    every_question_has_a_default,
    mistyped_answers_stop_the_rendering,
    no_trust_is_needed,
)
from rules.shared import (
    answers_lie_apart,
    owners_are_told_and_lie_apart,
    shared_files_end_with_the_users,
    tables_offer_a_place,
)
from rules.table import (
    patterns_hit_one_place,
    rows_survive_older_answers,
    the_users_list_is_literal_and_protects_always,
)
from rules.template import Documents, Rule, Template

Break = Callable[[Path], None]

UPDATE = "{% if _copier_operation | default('update') != 'copy' %}"
MINE = f'  - "{UPDATE}/README.md{{% endif %}}"\n'
SOURCE = "template/src/{{ package }}"
PROJECT = "template/pyproject.toml.jinja"
IGNORED = "template/.gitignore"
HOOKS = "template/.pre-commit-config.yaml"
LIST = "template/.mlops/files.jinja"
OFFER = '# Yours: add below, such as `keywords = ["risk"]`.\n'


def replace(name: str, old: str, new: str) -> Break:
    """Return a change that replaces a text, which must exist."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def write(name: str, text: str) -> Break:
    """Return a change that adds a file."""

    def change(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return change


def set_in(key: str, value: object) -> Break:
    """Return a change that sets a key of the first document that has it, or of the first."""

    def change(documents: Documents) -> None:
        next((each for each in documents if key in each), documents[0])[key] = value

    return in_documents(change)


def row(entry: str) -> Break:
    """Return a change that adds a row to the table."""
    return in_documents(lambda documents: documents.append({"_exclude": [entry]}))


def yours(entry: str) -> Break:
    """Return a change that adds an entry to the user's list, in both of its uses."""

    def change(documents: Documents) -> None:
        documents[-1]["_skip_if_exists"] = [*documents[-1]["_skip_if_exists"], entry]
        documents[-1]["_exclude"] = documents[-1]["_skip_if_exists"]

    return in_documents(change)


def in_documents(change: Callable[[Documents], None]) -> Break:
    """Return a change of copier.yml."""

    def rewrite(folder: Path) -> None:
        path = folder / "copier.yml"
        documents: list[dict[str, Any]] = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        change(documents)
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")

    return rewrite


def unequal_lists(documents: Documents) -> None:
    documents[-1]["_exclude"] = documents[-1]["_exclude"][1:]


def thirteen_questions(documents: Documents) -> None:
    documents.append({f"q{n}": {"help": "?", "default": 1, "choices": [1]} for n in range(13)})


BROKEN: list[tuple[Rule, str, Break]] = [
    (no_trust_is_needed, "a task", set_in("_tasks", ["git init"])),
    (no_trust_is_needed, "a migration", set_in("_migrations", ["git init"])),
    (no_trust_is_needed, "an extension", set_in("_jinja_extensions", ["others.Extension"])),
    (no_trust_is_needed, "data from outside", set_in("_external_data", {"other": "../x.yml"})),
    (mistyped_answers_stop_the_rendering, "StrictUndefined dropped", set_in("_envops", {})),
    (copier_splits_entries, "an older Copier", set_in("_min_copier_version", "9.0.0")),
    (patterns_hit_one_place, "no anchor", row("conf")),
    (
        patterns_hit_one_place,
        "a slash at the end",
        row("{% if has_ci | default(false) %}\n/ci/\n{% endif %}"),
    ),
    (rows_survive_older_answers, "a row without default", row("{% if has_ci %}/ci{% endif %}")),
    (
        rows_survive_older_answers,
        "a row that names an answer",
        row("{% if problem | default('binary') == 'x' %}/ci{% endif %}"),
    ),
    (
        conditions_are_computed,
        "a condition that is asked",
        set_in("has_ci", {"type": "bool", "default": True}),
    ),
    (
        the_users_list_is_literal_and_protects_always,
        "two lists",
        in_documents(unequal_lists),
    ),
    (the_users_list_is_literal_and_protects_always, "an entry for all operations", yours("/ci")),
    (
        the_users_list_is_literal_and_protects_always,
        "two paths in an entry",
        yours(f"{UPDATE}/a\n/b{{% endif %}}"),
    ),
    (
        the_users_list_is_literal_and_protects_always,
        "a computed path",
        yours(UPDATE + "{{ x }}{% endif %}"),
    ),
    (
        the_users_list_is_literal_and_protects_always,
        "an entry that copies",
        yours("{% if _copier_operation | default('copy') != 'copy' %}/ci{% endif %}"),
    ),
    (every_question_has_a_default, "a question without default", set_in("ci", {"type": "str"})),
    (
        asked_questions_are_few_and_checked,
        "no question mark",
        set_in("ci", {"type": "str", "validator": "No."}),
    ),
    (
        asked_questions_are_few_and_checked,
        "no validator",
        set_in("ci", {"type": "str", "help": "Which?"}),
    ),
    (asked_questions_are_few_and_checked, "too many", in_documents(thirteen_questions)),
    (
        computed_answers_cannot_be_set,
        "a computed answer without refusal",
        set_in("has_ci", {"when": False, "default": True}),
    ),
    (
        names_carry_no_condition,
        "a conditional file",
        write("template/{% if has_ci %}ci.yml{% endif %}", "on: push\n"),
    ),
    (
        plain_files_hold_no_jinja,
        "braces in a platform file",
        replace("template/noxfile.py", "import nox\n", "import nox\nX = '{{ x }}'\n"),
    ),
    (
        plain_files_hold_no_jinja,
        "braces in an example",
        replace("examples/binary/model.py", "import", "# {% x %}\nimport"),
    ),
    (
        source_carries_no_jinja,
        "a condition in source",
        write(f"{SOURCE}/data.py.jinja", "{% if problem == 'binary' %}\nX = 1\n{% endif %}\n"),
    ),
    (
        imports_alone_carry_jinja_in_tests,
        "a condition in a test",
        replace(
            "template/tests/mlops/test_rows.py.jinja", "\ndef ", "\nX = '{{ package }}'\n\ndef "
        ),
    ),
    (every_path_has_one_owner, "an exclude dropped", replace("copier.yml", MINE, "")),
    (
        every_path_has_one_owner,
        "a platform file that is not listed",
        replace(LIST, '  "noxfile.py",\n', ""),
    ),
    (
        every_path_has_one_owner,
        "a user file that is listed",
        replace(LIST, '  "noxfile.py",\n', '  "noxfile.py",\n  "conf/*",\n'),
    ),
    (every_path_has_one_owner, "a file of nobody", write("template/Makefile", "all:\n")),
    (
        the_platforms_folders_are_wholly_the_platforms,
        "a user file in a platform folder",
        replace(LIST, '  "tests/mlops/*",\n', ""),
    ),
    (
        the_list_holds,
        "a checksum of something else",
        replace(LIST, 'content | hash("sha256")', '"x" | hash("sha256")'),
    ),
    (
        every_entry_of_the_users_list_owns_something,
        "a dead entry",
        replace("copier.yml", MINE, MINE + MINE.replace("README.md", "gone")),
    ),
    (
        owners_are_told_and_lie_apart,
        "a user's line below a platform's, in a table",
        replace(PROJECT, "# Yours: the share", "# The share"),
    ),
    (
        owners_are_told_and_lie_apart,
        "a user's line below a platform's, ignored paths",
        replace(IGNORED, "\n# Yours: add below.\n", ""),
    ),
    (
        owners_are_told_and_lie_apart,
        "a platform's line below a user's",
        replace(PROJECT, 'version = "0.1.0"\n\n', 'version = "0.1.0"\n'),
    ),
    (answers_lie_apart, "two answers", replace(PROJECT, 'readme = "README.md"\n', "")),
    (answers_lie_apart, "an answer and the version", replace(PROJECT, OFFER, "")),
    (
        shared_files_end_with_the_users,
        "a platform's part at the end",
        replace(HOOKS, "  # Yours: add below.\n", ""),
    ),
    (
        shared_files_end_with_the_users,
        "the last comment touches a hook",
        replace(HOOKS, "  # The platform's part ends here.\n", ""),
    ),
    (
        tables_offer_a_place,
        "a table without a place",
        replace(PROJECT, "# Yours: add below; tables", "# Tables"),
    ),
    (
        kept_answers_are_taken,
        "a tighter validator",
        replace("copier.yml", "project_name | length > 40", "project_name | length > 30"),
    ),
    (
        kept_answers_are_taken,
        "a choice removed",
        replace("copier.yml", "value: multiclass", "value: several"),
    ),
]


@pytest.fixture(scope="module")
def source(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the template that the rules read, in a plain folder."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("copier.yml", "taken.txt"):
        shutil.copyfile(template / name, folder / name)
    for name in ("template", "examples", "tests/answers"):
        shutil.copytree(template / name, folder / name)
    return folder


@pytest.fixture
def broken(source: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy in which a test breaks a rule."""
    folder = shutil.copytree(source, tmp_path / "broken")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("rule", "change"),
    [pytest.param(rule, change, id=f"{rule.__name__}: {how}") for rule, how, change in BROKEN],
)
def test_a_broken_rule_is_noticed(broken: Path, rule: Rule, change: Break) -> None:
    change(broken)
    assert next(rule(Template(broken)), "")


def test_every_rule_is_broken_on_purpose() -> None:
    assert {rule for rule, *_ in BROKEN} == set(RULES)
