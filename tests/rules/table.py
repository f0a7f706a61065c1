"""The rules of the table of what is rendered when, and of the user's list."""

import re
from collections.abc import Iterator

from jinja2 import Environment, nodes

from .template import Rule, Template, is_computed_condition

ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - it renders paths, not pages


def patterns_hit_one_place(template: Template) -> Iterator[str]:
    for entry in template.entries("_exclude") + template.entries("_skip_if_exists"):
        for pattern in filter(None, re.sub(r"\{%.*?%\}", "", entry).splitlines()):
            if not pattern.startswith("/") or pattern.endswith("/"):
                yield f"{pattern} does not start with a slash, or ends with one"


def rows_survive_older_answers(template: Template) -> Iterator[str]:
    known = {"_copier_operation", *filter(is_computed_condition, template.questions)}
    for entry in template.entries("_exclude") + template.entries("_skip_if_exists"):
        tree = ENVIRONMENT.parse(entry)
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


def the_users_list_is_literal_and_protects_always(template: Template) -> Iterator[str]:
    yours = template.documents[-1]
    if yours["_exclude"] != yours["_skip_if_exists"]:
        yield "the two uses of the list differ"
    for entry in yours["_skip_if_exists"]:
        row = ENVIRONMENT.from_string(entry)
        path = row.render()  # Copier tells the operation to _exclude only
        if "\n" in entry or not re.fullmatch(r"/\S*\w\S*", path):
            yield f"{entry} is not one literal path for _skip_if_exists"
        if row.render(_copier_operation="update") != path:
            yield f"{path} is touched by an update"
        if row.render(_copier_operation="copy"):
            yield f"{path} never arrives"
        if "{{" in entry:
            yield f"{entry} is computed"


RULES: list[Rule] = [
    patterns_hit_one_place,
    rows_survive_older_answers,
    the_users_list_is_literal_and_protects_always,
]
