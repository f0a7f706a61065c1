"""The rules of the template's own files."""

import re
from collections.abc import Iterator

from .template import JINJA, Rule, Template


def names_carry_no_condition(template: Template) -> Iterator[str]:
    for name in template.files("template"):
        if set(re.findall(r"\{.*?\}\}?", name)) - {"{{ package }}"}:
            yield f"{name} has a condition in its name: presence belongs in the table"


def plain_files_hold_no_jinja(template: Template) -> Iterator[str]:
    """Included files are rendered, and plain files are included, for their checksums."""
    for name in [*template.files("examples"), *template.files("template")]:
        if not name.endswith(".jinja") and any(mark in template.read(name) for mark in JINJA):
            yield f"{name} holds Jinja and is not called .jinja"


def source_carries_no_jinja(template: Template) -> Iterator[str]:
    for name in template.files("template/src"):
        include = r"\{% include 'examples/' ~ problem ~ '/\w+\.py' %\}"
        if name.endswith(".py.jinja") and not re.fullmatch(include, template.read(name)):
            yield f"{name} is more than one include without a final newline"


def imports_alone_carry_jinja_in_tests(template: Template) -> Iterator[str]:
    for name in template.files("template/tests"):
        for line in template.read(name).splitlines():
            imports = re.match(r"\s*(from|import) ", line)
            if name.endswith(".py.jinja") and any(m in line for m in JINJA) and not imports:
                yield f"{name} has Jinja elsewhere: {line}"


RULES: list[Rule] = [
    names_carry_no_condition,
    plain_files_hold_no_jinja,
    source_carries_no_jinja,
    imports_alone_carry_jinja_in_tests,
]
