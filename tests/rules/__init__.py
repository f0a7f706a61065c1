"""The rules of the template, each a function that yields what breaks it in a template's folder."""

from . import answers, files, ownership, questions, shared, table
from .template import Rule

RULES: list[Rule] = [
    *questions.RULES,
    *table.RULES,
    *files.RULES,
    *ownership.RULES,
    *shared.RULES,
    *answers.RULES,
]
