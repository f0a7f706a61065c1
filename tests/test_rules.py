"""The template keeps its rules; test_broken_rules.py shows that each of them can be broken."""

from pathlib import Path

import pytest
from rules import RULES
from rules.template import Rule, Template


@pytest.fixture(scope="module")
def here(template: Path) -> Template:
    """The template in this repository; the rules share its rendering."""
    return Template(template)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps(rule: Rule, here: Template) -> None:
    assert list(rule(here)) == []
