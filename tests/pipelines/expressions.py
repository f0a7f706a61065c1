"""The expressions of Azure Pipelines that our files use; any other is an error."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(r"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<name>[A-Za-z_]\w*)|(?P<mark>[.,()\[\]]))")
Values = Mapping[str, Any]


class Unmodelled(Exception):
    """A feature of Azure Pipelines that this runner does not model: it must not be skipped."""


@dataclass
class Expression:
    """A parser and evaluator of one expression."""

    text: str
    values: Values
    functions: Mapping[str, Callable[..., Any]]
    at: int = 0

    def evaluate(self) -> Any:
        """Return the value of the expression."""
        value = self.part()
        if self.text[self.at :].strip():
            raise Unmodelled(f"{self.text!r} goes on after a value")
        return value

    def part(self) -> Any:
        """Evaluate a literal, a function call or a path."""
        kind, word = self.next()
        if kind == "text":
            return word.replace("''", "'")
        if kind != "name":
            raise Unmodelled(f"{self.text!r}: {word!r} starts no value")
        if self.sees("("):
            return self.call(word)
        if word not in self.values:
            raise Unmodelled(f"{self.text!r}: {word} is nothing that is known here")
        return self.path(self.values[word])

    def call(self, name: str) -> Any:
        arguments = []
        while not self.sees(")"):
            arguments.append(self.part())
            self.sees(",")
        if name not in self.functions:
            raise Unmodelled(f"{self.text!r}: the function {name} is not modelled")
        return self.functions[name](*arguments)

    def path(self, value: Any) -> Any:
        """Follow `.name` and `['name']`; a missing value is null, as at Azure."""
        while True:
            if self.sees("."):
                value = (value or {}).get(self.next()[1])
            elif self.sees("["):
                value = (value or {}).get(self.part())
                self.sees("]")
            else:
                return value

    def next(self) -> tuple[str, str]:
        found = TOKEN.match(self.text, self.at)
        if not found:
            raise Unmodelled(f"{self.text!r}: cannot be read at {self.text[self.at :]!r}")
        self.at = found.end()
        return str(found.lastgroup), str(found[str(found.lastgroup)])

    def sees(self, mark: str) -> bool:
        found = TOKEN.match(self.text, self.at)
        if found and found["mark"] == mark:
            self.at = found.end()
            return True
        return False


LOGIC: dict[str, Callable[..., Any]] = {
    "and": lambda *sides: all(sides),
    "format": lambda text, *values: text.format(*values),
    "eq": lambda left, right: left == right,
    "not": lambda value: not value,
}
