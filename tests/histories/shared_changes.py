"""Changes that a release makes to shared files, in the platform's part only."""

import re
from collections.abc import Callable

from .changes import Change, Draft

PROJECT = "template/pyproject.toml.jinja"
IGNORED = "template/.gitignore"
HOOKS = "template/.pre-commit-config.yaml"

LISTS = ("mlops = [\n", "mlops-dev = [\n")  # the extra and the group of the platform's requirements
SETTINGS = {  # tables, and settings that a release may add
    "[tool.mypy]\n": "pretty = true\n show_error_context = true\n color_output = false\n",
    "[tool.pytest.ini_options]\n": "console_output_style = 'count'\n junit_family = 'xunit2'\n",
    "[tool.coverage.run]\n": "relative_files = true\n",
}


def a_new_requirement(draft: Draft) -> None:
    lines, write = requirements(draft)
    line = f'    "new-{draft.number()}>=1.0",\n'
    lines.insert(draft.rng.choice([draft.rng.randint(0, len(lines)), len(lines)]), line)
    write(lines)


def a_changed_requirement(draft: Draft) -> None:
    lines, write = requirements(draft)
    place = draft.rng.randrange(len(lines))
    lines[place] = re.sub(r'[\d.]+",$', f'{draft.number()}.0",', lines[place])
    write(lines)


def a_dropped_requirement(draft: Draft) -> None:
    lines, write = requirements(draft)
    lines.pop(draft.rng.randrange(len(lines)))
    write(lines)


def a_new_extra(draft: Draft) -> None:
    """Add an extra above the platform's: `uv add --optional` writes below it."""
    extra = f'serve-{draft.number()} = ["uvicorn>=0.30"]\n'
    draft.replace(PROJECT, "mlops = [\n", extra + "mlops = [\n")


def a_new_group(draft: Draft) -> None:
    """Add a group above the platform's: `uv add --group` writes below it."""
    group = f'mlops-docs-{draft.number()} = ["zensical>=0.0.70"]\n'
    draft.replace(PROJECT, "mlops-dev = [\n", group + "mlops-dev = [\n")


def a_new_script(draft: Draft) -> None:
    anchor = "[project.scripts]\n# The platform's.\n"
    script = f'new-{draft.number()} = "{{{{ package }}}}.mlops.cli:main"\n'
    draft.replace(PROJECT, anchor, anchor + script)


def another_python(draft: Draft) -> None:
    """Raise the required Python, but not above the one that runs this, because uv checks it."""
    found = re.search(r"(?m)^requires-python = .*$", draft.read(PROJECT))
    assert found
    low = draft.rng.choice(["3.11.1", "3.11.2"])
    high = draft.rng.choice(["3.14", "3.15"])
    draft.replace(PROJECT, found[0], f'requires-python = ">={low},<{high}"')


def a_new_tool_setting(draft: Draft) -> bool:
    """Add a setting as the first or the last of the platform's in a table."""
    table, settings = draft.rng.choice(sorted(SETTINGS.items()))
    setting = draft.rng.choice(settings.splitlines()).strip() + "\n"
    before, rest = draft.read(PROJECT).split(table)
    lines, gap, after = rest.partition("\n\n")
    if setting.partition("=")[0] in lines:  # it may exist with another value
        return False
    theirs, yours, mine = (lines + "\n").partition("# Yours")
    comment, *others = theirs.splitlines(keepends=True)
    changed = (
        [comment, *others, setting] if draft.rng.random() < 0.5 else [comment, setting, *others]
    )
    draft.write(PROJECT, before + table + "".join(changed) + yours + mine + gap[1:] + after)
    return True


def a_changed_tool_setting(draft: Draft) -> None:
    old, new = ('"-ra", ', '"-ra", "-q", ') if draft.rng.random() < 0.5 else ("true\n", "false\n")
    text = draft.read(PROJECT)
    if old in text:
        draft.replace(PROJECT, old, new)


def a_new_table(draft: Draft) -> None:
    table = f"[tool.new-{draft.number()}]\n# The platform's.\nuse = true\n\n"
    draft.replace(PROJECT, "[tool.ruff]\n", table + "[tool.ruff]\n")


def a_new_ignored_path(draft: Draft) -> None:
    theirs, *yours = draft.read(IGNORED).partition("\n# Yours")
    lines = theirs.splitlines(keepends=True)
    lines.insert(draft.rng.randint(1, len(lines)), f"/new-{draft.number()}/\n")
    draft.write(IGNORED, "".join(lines + yours))


def a_path_no_longer_ignored(draft: Draft) -> None:
    theirs, *yours = draft.read(IGNORED).partition("\n# Yours")
    lines = theirs.splitlines(keepends=True)
    lines.pop(draft.rng.randrange(1, len(lines)))
    draft.write(IGNORED, "".join(lines + yours))


def a_new_hook(draft: Draft) -> None:
    head, hooks, tail = hooks_of(draft)
    name = f"new-{draft.number()}"
    lines = [f"- id: {name}", f"  name: {name}", "  entry: uv run true", "  language: system"]
    hook = "".join(f"      {line}\n" for line in lines)
    hooks.insert(draft.rng.randint(0, len(hooks)), hook)
    draft.write(HOOKS, head + "".join(hooks) + tail)


def a_changed_hook(draft: Draft) -> None:
    head, hooks, tail = hooks_of(draft)
    place = draft.rng.randrange(len(hooks))
    hooks[place] = hooks[place].replace("entry: ", f"entry: env CHANGE={draft.number()} ", 1)
    draft.write(HOOKS, head + "".join(hooks) + tail)


def a_dropped_hook(draft: Draft) -> None:
    head, hooks, tail = hooks_of(draft)
    hooks.pop(draft.rng.randrange(len(hooks)))
    draft.write(HOOKS, head + "".join(hooks) + tail)


def requirements(draft: Draft) -> tuple[list[str], Callable[[list[str]], None]]:
    """Return the lines of one of the platform's lists, and a function that replaces them."""
    before, start, rest = draft.read(PROJECT).partition(draft.rng.choice(LISTS))
    lines, end, after = rest.partition("]\n")

    def write(changed: list[str]) -> None:
        draft.write(PROJECT, before + start + "".join(changed) + end + after)

    return lines.splitlines(keepends=True), write


def hooks_of(draft: Draft) -> tuple[str, list[str], str]:
    """Return the text before the platform's hooks, the hooks, and the text after them."""
    theirs, yours, mine = draft.read(HOOKS).partition("  # The platform's part ends here.\n")
    assert yours, "a release must not write into the user's part"
    head, *hooks = re.split(r"(?m)^(?=      - id: )", theirs)
    return head, hooks, yours + mine


CHANGES: tuple[Change, ...] = (
    a_new_requirement,
    a_changed_requirement,
    a_dropped_requirement,
    a_new_extra,
    a_new_group,
    a_new_script,
    another_python,
    a_new_tool_setting,
    a_changed_tool_setting,
    a_new_table,
    a_new_ignored_path,
    a_path_no_longer_ignored,
    a_new_hook,
    a_changed_hook,
    a_dropped_hook,
)
