"""copier.yml keeps the rules of the table, the questions, ownership and zero trust.

Each rule is a function that yields what breaks it. It finds nothing in our file, and something in a
file in which the rule is broken on purpose.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes
from rendering import ROOT

Documents = list[dict[str, Any]]
Rule = Callable[[Documents], Iterator[str]]

JINJA = Environment(autoescape=False)  # noqa: S701 - it renders paths, not pages
MOST_QUESTIONS = 12


def read_documents() -> Documents:
    return list(yaml.safe_load_all((ROOT / "copier.yml").read_text(encoding="utf-8")))


def settings(documents: Documents, name: str) -> list[Any]:
    """Return what each document says of a setting."""
    return [document[name] for document in documents if name in document]


def entries(documents: Documents, name: str) -> list[str]:
    """Return the entries of a list that several documents share."""
    return [entry for listed in settings(documents, name) for entry in listed]


def questions(documents: Documents) -> dict[str, dict[str, Any]]:
    return {
        name: question
        for document in documents
        for name, question in document.items()
        if not name.startswith("_")
    }


def is_asked(question: dict[str, Any]) -> bool:
    return question.get("when") is not False


def no_trust_is_needed(documents: Documents) -> Iterator[str]:
    for name in ("_tasks", "_jinja_extensions", "_migrations"):
        if settings(documents, name):
            yield f"{name} makes Copier ask for --trust"
    for external in settings(documents, "_external_data"):
        for path in map(PurePosixPath, external.values()):
            if path.is_absolute() or ".." in path.parts:
                yield f"{path} lies outside the project, for which Copier asks for --trust"


def mistyped_answers_stop_the_rendering(documents: Documents) -> Iterator[str]:
    if settings(documents, "_envops") != [{"undefined": "jinja2.StrictUndefined"}]:
        yield "_envops does not say StrictUndefined alone"


def copier_splits_entries(documents: Documents) -> Iterator[str]:
    if settings(documents, "_min_copier_version") != ["9.18.0"]:
        yield "a Copier older than 9.18.0 takes an entry for one pattern"


def patterns_hit_one_place(documents: Documents) -> Iterator[str]:
    for entry in entries(documents, "_exclude") + entries(documents, "_skip_if_exists"):
        for pattern in filter(None, re.sub(r"\{%.*?%\}", "", entry).splitlines()):
            if not pattern.startswith("/") or pattern.endswith("/"):
                yield f"{pattern} does not start with a slash, or ends with one"


def rows_survive_older_answers(documents: Documents) -> Iterator[str]:
    known = {"_copier_operation", *filter(is_computed_condition, questions(documents))}
    for entry in entries(documents, "_exclude") + entries(documents, "_skip_if_exists"):
        tree = JINJA.parse(entry)
        guarded = [
            node.node
            for node in tree.find_all(nodes.Filter)
            if node.name == "default" and node.args
        ]
        for name in tree.find_all(nodes.Name):
            if not any(name is node for node in guarded):
                yield f"{name.name} has no `| default(...)`"
            if name.name not in known:
                yield f"{name.name} is not a computed has_<thing>"


def is_computed_condition(name: str) -> bool:
    return name.startswith("has_")


def conditions_are_computed(documents: Documents) -> Iterator[str]:
    for name, question in questions(documents).items():
        if is_computed_condition(name) and (is_asked(question) or question.get("type") != "bool"):
            yield f"{name} is not a computed bool"


def the_users_list_is_literal_and_protects_always(documents: Documents) -> Iterator[str]:
    [yours] = [document for document in documents if "_skip_if_exists" in document]
    if yours["_exclude"] != yours["_skip_if_exists"]:
        yield "the two uses of the list differ"
    for entry in yours["_skip_if_exists"]:
        row = JINJA.from_string(entry)
        path = row.render()  # Copier tells the operation to _exclude only
        if "\n" in entry or not re.fullmatch(r"/\S*\w\S*", path):
            yield f"{entry} is not one literal path for _skip_if_exists"
        if row.render(_copier_operation="update") != path:
            yield f"{path} is touched by an update"
        if row.render(_copier_operation="copy"):
            yield f"{path} never arrives"
        if "{{" in entry:
            yield f"{entry} is computed"


def every_question_has_a_default(documents: Documents) -> Iterator[str]:
    for name, question in questions(documents).items():
        if "default" not in question:
            yield f"{name} has no default: the update that brings it ends in a traceback"


def asked_questions_are_few_and_checked(documents: Documents) -> Iterator[str]:
    asked = {name: asks for name, asks in questions(documents).items() if is_asked(asks)}
    if len(asked) > MOST_QUESTIONS:
        yield f"{len(asked)} questions are more than {MOST_QUESTIONS}"
    for name, question in asked.items():
        if not question.get("help"):
            yield f"{name} is asked without a question"
        if not question.get("validator") and not question.get("choices"):
            yield f"{name} takes anything"


def computed_answers_cannot_be_set(documents: Documents) -> Iterator[str]:
    for name, question in questions(documents).items():
        refusal = question.get("validator", "")
        if not is_asked(question) and (not refusal or "{" in refusal):
            yield f"{name} can be set by --data"


RULES: list[Rule] = [
    no_trust_is_needed,
    mistyped_answers_stop_the_rendering,
    copier_splits_entries,
    patterns_hit_one_place,
    rows_survive_older_answers,
    conditions_are_computed,
    the_users_list_is_literal_and_protects_always,
    every_question_has_a_default,
    asked_questions_are_few_and_checked,
    computed_answers_cannot_be_set,
]

UPDATE = "{% if _copier_operation | default('update') != 'copy' %}"


def set_in(key: str, value: object) -> Callable[[Documents], None]:
    """Return a change that sets a key of the first document that has it, or of the first."""

    def change(documents: Documents) -> None:
        next((each for each in documents if key in each), documents[0])[key] = value

    return change


def row(entry: str) -> Callable[[Documents], None]:
    """Return a change that adds a row to the table."""
    return lambda documents: documents.append({"_exclude": [entry]})


def yours(entry: str) -> Callable[[Documents], None]:
    """Return a change that adds an entry to the user's list, in both of its uses."""
    return lambda documents: documents[-1]["_skip_if_exists"].append(entry)


def unequal_lists(documents: Documents) -> None:
    documents[-1]["_exclude"] = documents[-1]["_exclude"][1:]


BROKEN: list[tuple[Rule, Callable[[Documents], None]]] = [
    (no_trust_is_needed, set_in("_tasks", ["git init"])),
    (no_trust_is_needed, set_in("_migrations", [])),
    (no_trust_is_needed, set_in("_jinja_extensions", ["copier_templates_extensions"])),
    (no_trust_is_needed, set_in("_external_data", {"other": "../other.yml"})),
    (mistyped_answers_stop_the_rendering, set_in("_envops", {})),
    (copier_splits_entries, set_in("_min_copier_version", "9.0.0")),
    (patterns_hit_one_place, row("conf")),
    (patterns_hit_one_place, row("{% if has_ci | default(false) %}\n/ci/\n{% endif %}")),
    (rows_survive_older_answers, row("{% if has_ci %}/ci{% endif %}")),
    (rows_survive_older_answers, row("{% if problem | default('binary') == 'x' %}/ci{% endif %}")),
    (conditions_are_computed, set_in("has_ci", {"type": "bool", "default": True})),
    (the_users_list_is_literal_and_protects_always, unequal_lists),
    (the_users_list_is_literal_and_protects_always, yours("/ci")),
    (the_users_list_is_literal_and_protects_always, yours(UPDATE + "/a\n/b{% endif %}")),
    (the_users_list_is_literal_and_protects_always, yours(UPDATE + "{{ x }}{% endif %}")),
    (
        the_users_list_is_literal_and_protects_always,
        yours("{% if _copier_operation | default('copy') != 'copy' %}/ci{% endif %}"),
    ),
    (every_question_has_a_default, set_in("ci", {"type": "str"})),
    (asked_questions_are_few_and_checked, set_in("ci", {"type": "str", "help": "Which?"})),
    (asked_questions_are_few_and_checked, set_in("ci", {"type": "str", "validator": "No."})),
    (
        asked_questions_are_few_and_checked,
        lambda documents: documents.append(
            {f"q{n}": {"help": "?", "choices": []} for n in range(9)}
        ),
    ),
    (computed_answers_cannot_be_set, set_in("has_ci", {"when": False, "default": True})),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps(rule: Rule) -> None:
    assert list(rule(read_documents())) == []


@pytest.mark.parametrize(("rule", "change"), BROKEN, ids=lambda part: part.__name__)
def test_a_broken_file_is_noticed(rule: Rule, change: Callable[[Documents], None]) -> None:
    documents = deepcopy(read_documents())
    change(documents)
    assert list(rule(documents))


def test_every_rule_is_broken_once_on_purpose() -> None:
    assert {rule for rule, _ in BROKEN} == set(RULES)
