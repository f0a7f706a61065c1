"""The rules of what copier.yml asks, and of what it needs to be trusted with."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from .template import Rule, Template, is_asked, is_computed_condition

MOST_QUESTIONS = 12


def no_trust_is_needed(template: Template) -> Iterator[str]:
    for name in ("_tasks", "_jinja_extensions", "_migrations"):
        if template.settings(name):
            yield f"{name} makes Copier ask for --trust"
    for external in template.settings("_external_data"):
        for path in map(PurePosixPath, external.values()):
            if path.is_absolute() or ".." in path.parts:
                yield f"{path} lies outside the project, for which Copier asks for --trust"


def mistyped_answers_stop_the_rendering(template: Template) -> Iterator[str]:
    if template.settings("_envops") != [{"undefined": "jinja2.StrictUndefined"}]:
        yield "_envops does not say StrictUndefined alone"


def copier_splits_entries(template: Template) -> Iterator[str]:
    if template.settings("_min_copier_version") != ["9.18.0"]:
        yield "a Copier older than 9.18.0 takes an entry for one pattern"


def conditions_are_computed(template: Template) -> Iterator[str]:
    for name, question in template.questions.items():
        if is_computed_condition(name) and (is_asked(question) or question.get("type") != "bool"):
            yield f"{name} is not a computed bool"


def every_question_has_a_default(template: Template) -> Iterator[str]:
    for name, question in template.questions.items():
        if "default" not in question:
            yield f"{name} has no default: the update that brings it ends in a traceback"


def asked_questions_are_few_and_checked(template: Template) -> Iterator[str]:
    asked = {name: asks for name, asks in template.questions.items() if is_asked(asks)}
    if len(asked) > MOST_QUESTIONS:
        yield f"{len(asked)} questions are more than {MOST_QUESTIONS}"
    for name, question in asked.items():
        if not question.get("help"):
            yield f"{name} is asked without a question"
        if not question.get("validator") and not question.get("choices"):
            yield f"{name} takes anything"


def computed_answers_cannot_be_set(template: Template) -> Iterator[str]:
    for name, question in template.questions.items():
        refusal = question.get("validator", "")
        if not is_asked(question) and (not refusal or "{" in refusal):
            yield f"{name} can be set by --data"


RULES: list[Rule] = [
    no_trust_is_needed,
    mistyped_answers_stop_the_rendering,
    copier_splits_entries,
    conditions_are_computed,
    every_question_has_a_default,
    asked_questions_are_few_and_checked,
    computed_answers_cannot_be_set,
]
