"""The fields of the platform's records and settings, read from its source: name, type, meaning.

The meaning of a field is the text below it, which no program keeps. So the source is parsed and
not imported, which also takes far less time.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
PLATFORM = ROOT / "template/src/{{ package }}/mlops"
PLAIN = {  # one value, and several
    "Any": ("any value", "any values"),
    "Part": ("one value", "values"),
    "JsonValue": ("any value", "any values"),
    "PlainText": ("text", "texts"),
    "bool": ("true or false", "true or false"),
    "datetime.date": ("date", "dates"),
    "datetime.datetime": ("time", "times"),
    "float": ("number", "numbers"),
    "int": ("whole number", "whole numbers"),
    "pd.Timestamp": ("date", "dates"),
    "str": ("text", "texts"),
}
SHOWN_AS = {"SecretName": "`{secret: name}`"}  # a class that is written in one line of YAML
LOWER = {"ge": "{} or more", "gt": "above {}"}
UPPER = {"le": "at most {}", "lt": "below {}"}


@dataclass(frozen=True)
class Field:
    """A field of a class."""

    name: str
    """Its name."""
    type: ast.expr
    """Its annotation."""
    default: ast.expr | None
    """Its default value; None if it is required."""
    bounds: dict[str, object]
    """What `Field()` says about it: `ge`, `max_length`."""
    meaning: str
    """The text below it, in one line."""


@dataclass(frozen=True)
class Described:
    """A class with documented fields."""

    name: str
    """Its name."""
    bases: tuple[str, ...]
    """The names of the classes that it extends."""
    meaning: str
    """Its docstring, one line for each paragraph."""
    fields: tuple[Field, ...]
    """The fields that it adds."""
    constants: dict[str, object]
    """Its class variables with a plain value, such as `FORMAT`."""


@dataclass(frozen=True)
class Source:
    """The classes and types of some modules."""

    classes: dict[str, Described] = field(default_factory=dict)
    """The classes by name."""
    types: dict[str, ast.expr] = field(default_factory=dict)
    """What the name of a type stands for, such as `RiskTier`."""

    def fields(self, name: str) -> list[Field]:
        """Return all fields of a class, those of the classes that it extends first."""
        described = self.classes[name]
        above = [base for base in described.bases if base in self.classes]
        return [each for base in above for each in self.fields(base)] + list(described.fields)

    def parts(self, name: str) -> set[str]:
        """Return the names of the classes that a class extends or has in its fields."""
        described = self.classes[name]
        kinds = [field.type for field in described.fields]
        return {base for base in described.bases if base in self.classes}.union(
            *(self._named(kind) for kind in kinds)
        )

    def _named(self, kind: ast.expr) -> set[str]:
        """Return the names of the classes in a type."""
        names = {node.id for node in ast.walk(kind) if isinstance(node, ast.Name)}
        aliases = names.intersection(self.types)
        return names.intersection(self.classes).union(
            *(self._named(self.types[a]) for a in aliases)
        )

    def in_words(self, kind: ast.expr, *, several: bool = False, null: bool = False) -> str:
        """Return a type as a reader calls it; `null` names the missing value, too."""
        name = ast.unparse(kind)
        if name in SHOWN_AS:
            return SHOWN_AS[name]
        if name in PLAIN:
            return PLAIN[name][several]
        if name in self.classes:
            return f"[{name}](#{name.lower()})"
        if name in self.types:
            return self.in_words(self.types[name], several=several, null=null)
        if isinstance(kind, ast.BinOp):
            members = [each for each in members_of(kind) if ast.unparse(each) != "None"]
            words = [self.in_words(each, several=several, null=null) for each in members]
            is_optional = len(members) < len(members_of(kind))
            if is_optional and null:
                outer = "," if " of " in words[-1] else ""  # the whole, and not its parts
                words = [*words[:-1], f"{words[-1]}{outer}", "null"]
            return in_a_row(words)
        if isinstance(kind, ast.Subscript):
            return self._of_parts(kind, several=several, null=null)
        raise ValueError(f"the type {name} has no words; add them to tools/fields.py")

    def _of_parts(self, kind: ast.Subscript, *, several: bool, null: bool) -> str:
        """Return a type that is made of others, such as a list of texts."""
        outer = ast.unparse(kind.value)
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        if outer == "Literal":
            return in_a_row([f"`{ast.literal_eval(each)}`" for each in parts])
        if outer == "SerializeAsAny":
            return self.in_words(parts[0], several=several, null=null)
        inner = self.in_words(parts[-1 if outer == "dict" else 0], several=True, null=null)
        if outer == "dict":
            return f"mapping{'s' * several} of {inner}"
        if outer == "tuple":
            number = "" if ast.unparse(parts[-1]) == "..." else f"{len(parts)} "
            return f"list{'s' * several} of {number}{inner}"
        return f"{self.in_words(kind.value)} of {inner}"


def platform(module: str) -> ModuleType:
    """Import a module of the platform from the template."""
    package = "platform_of_the_template"
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(package, PLATFORM / "__init__.py")
        if spec is None:
            sys.exit(f"{PLATFORM} is not a package")
        sys.modules[package] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{package}.{module}")


def in_a_row(words: Iterable[str]) -> str:
    """Return alternatives with commas and one `or`; each may have one itself."""
    head, last_or, last = " or ".join(words).rpartition(" or ")
    return head.replace(" or ", ", ") + last_or + last


def members_of(kind: ast.expr) -> list[ast.expr]:
    """Return the types of which one is allowed, as in `int | None`."""
    if isinstance(kind, ast.BinOp):
        return [*members_of(kind.left), *members_of(kind.right)]
    return [kind]


def bounds_in_words(bounds: Mapping[str, object]) -> str:
    """Return which numbers are allowed, or how many characters a text has; may be empty."""
    least = bounds.get("min_length")
    most = bounds.get("max_length")
    if least is not None or most is not None:
        if least == most:
            return _characters(least)
        if most is None:
            return f"at least {_characters(least)}"
        if least is None:
            return f"at most {_characters(most)}"
        return f"{least} to {_characters(most)}"
    low = [text.format(f"{bounds[name]:g}") for name, text in LOWER.items() if name in bounds]
    high = [text.format(f"{bounds[name]:g}") for name, text in UPPER.items() if name in bounds]
    return ", ".join(low + high)


def _characters(number: object) -> str:
    return "one character" if number == 1 else f"{number} characters"


def read_source(paths: Iterable[Path], without_base: Container[str] = ()) -> Source:
    """Return the classes and types of modules; no two classes may have the same name.

    Of the classes that extend no other, only those in `without_base` are read.
    """
    source = Source()
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                if not node.bases and node.name not in without_base:
                    continue
                if node.name in source.classes:
                    raise ValueError(f"{path.name}: another module has a class {node.name}, too")
                source.classes[node.name] = _described(node)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Subscript):
                source.types[ast.unparse(node.targets[0])] = node.value
    return source


def _described(node: ast.ClassDef) -> Described:
    fields = []
    constants = {}
    for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.Assign):
            constants.update(_constant(statement.targets[0], statement.value))
        elif isinstance(statement, ast.AnnAssign):
            if ast.unparse(statement.annotation).startswith("ClassVar"):
                constants.update(_constant(statement.target, statement.value))
            else:
                fields.append(_field(node.name, statement, after))
    bases = tuple(ast.unparse(base) for base in node.bases)
    meaning = (ast.get_docstring(node) or "").split("\n\n")
    in_lines = "\n".join(one_line(paragraph) for paragraph in meaning)
    return Described(node.name, bases, in_lines, tuple(fields), constants)


def _constant(target: ast.expr, value: ast.expr | None) -> dict[str, object]:
    return {ast.unparse(target): value.value} if isinstance(value, ast.Constant) else {}


def _field(owner: str, statement: ast.AnnAssign, after: ast.stmt | None) -> Field:
    name = ast.unparse(statement.target)
    below = after.value if isinstance(after, ast.Expr) else None
    if below is None:
        raise ValueError(f"{owner}.{name} has no docstring; write one below it")
    default = statement.value
    bounds: dict[str, object] = {}
    if isinstance(default, ast.Call) and ast.unparse(default.func) == "Field":
        try:
            bounds = _bounds(default)
        except ValueError:
            raise ValueError(
                f"{owner}.{name}: write default and bounds as plain keyword values"
            ) from None
        named = {each.arg: each.value for each in default.keywords}
        default = named.get("default")
    return Field(name, statement.annotation, default, bounds, one_line(ast.literal_eval(below)))


def _bounds(call: ast.Call) -> dict[str, object]:
    """Return what `Field()` says about a field besides its default.

    Raises ValueError if that is not written as plain keyword values.
    """
    if call.args:
        raise ValueError(ast.unparse(call))
    added = [each for each in call.keywords if each.arg != "default"]
    return {str(each.arg): ast.literal_eval(each.value) for each in added}


def one_line(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())
