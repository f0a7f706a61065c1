"""The runbook of a project has a row for all that the platform reports, and what it prints."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Rendered
from rendering import FENCE, PLATFORM, ROOT, platform
from typer.main import get_command

CODE = re.compile(r"`([^`]+)`")
VARYING = re.compile(r"prod\.loan-risk|loan-risk|scores jumped|predictions/\S+|[\d,.-]*\d|…")


@pytest.fixture(scope="module")
def runbook(rendered: Rendered) -> str:
    """The runbook of a project of the default answers."""
    return (rendered() / "docs/runbook.md").read_text(encoding="utf-8")


def rows_of(runbook: str, heading: str, column: str) -> dict[str, str]:
    """Return the code in the first cells of a table, each with the last cell of its row."""
    part = runbook.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = part.partition(f"\n| {column} |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {code: row[-1] for row in rows for code in CODE.findall(row[0])}


def test_every_command_in_the_text_names_prod(runbook: str) -> None:
    """Without --env, a command acts on dev; tables are short, as the line below the title says."""
    text = "\n".join(line for line in runbook.splitlines() if not line.startswith("|"))
    commands = get_command(platform("cli").app).commands  # type: ignore[attr-defined]
    typed = [*CODE.findall(FENCE.sub("", text)), *"".join(FENCE.findall(text)).splitlines()]
    whole = [each for each in typed if each.startswith("uv run loan-risk ")]
    assert len(whole) > 12
    assert [each for each in whole if not each.endswith("--env prod")] == []
    assert [each for each in typed if " " in each and each.split()[0] in commands] == []


def test_every_exit_code_has_a_row(runbook: str) -> None:
    rows = re.findall(r"^\| (\d) \|", runbook, re.MULTILINE)
    errors = platform("base.errors")
    codes = {each.exit_code for each in (errors.MlopsError, *errors.MlopsError.__subclasses__())}
    assert sorted(map(int, rows)) == sorted({0, *codes})


def test_every_decision_that_is_sent_has_a_row(runbook: str) -> None:
    rows = rows_of(runbook, "A message arrives", "message")
    assert set(platform("figures.decision").DECISIONS) < rows.keys()


def test_every_reason_of_monitor_has_a_row(runbook: str) -> None:
    rows = rows_of(runbook, "A message arrives", "reason")
    known = list(sentences())
    assert len(known) > 20
    for sentence, calls_for_action in known:
        fitting = [action for phrase, action in rows.items() if phrase in sentence]
        assert fitting, f"no row of the runbook has: {sentence}"
        assert calls_for_action != fitting[0].startswith("Nothing"), sentence
    for phrase in rows:
        assert any(phrase in sentence for sentence, _ in known), f"nothing says: {phrase}"


def sentences() -> Iterator[tuple[str, bool]]:
    """Yield what `monitor` can say, `…` for values, and whether it calls for an action."""
    figures = [PLATFORM / f"figures/{name}.py" for name in ("decision", "calibration")]
    for file in (*figures, *(PLATFORM / "steps/monitor").glob("*.py")):
        for call in calls(file, "Finding"):
            decision, sentence = call.args
            if isinstance(sentence, ast.JoinedStr | ast.BinOp):
                yield text_of(sentence), ast.unparse(decision) != "HEALTHY"
            else:
                assert ast.unparse(sentence) in ("sentence", "str(error).removesuffix('.')")
    undated = platform("data.window_rows").describe_undated({"applied_on": 1})
    yield from ((sentence, False) for sentence in undated)


def test_every_check_of_the_gate_has_a_row(runbook: str) -> None:
    rows = rows_of(runbook, "The gate rejects a version", "check")
    page = (ROOT / "docs/reference/gate.md").read_text(encoding="utf-8")
    explained = CODE.findall("".join(re.findall(r"^\| (?!check)(.+?) \|", page, re.MULTILINE)))
    files = [*(PLATFORM / "steps/gate").glob("*.py"), PLATFORM / "steps/reasons.py"]
    names = {name for file in files for name in checks(file)}
    assert len(names) > 15
    assert names == rows.keys() - {"auc"}, "the example of a metric"
    assert names == {*explained} - {"auc"}


def checks(file: Path) -> Iterator[str]:
    """Yield the names of the gate's checks, `…` for values."""
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    for call in calls(file, "check"):
        name = call.args[0]
        if not isinstance(name, ast.Name):
            yield text_of(name)
        elif name.id in constants:
            yield constants[name.id]
        else:  # of a metric, or of a slice
            assert file.stem in ("checks", "comparison"), ast.unparse(call)


def calls(file: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def text_of(node: ast.expr) -> str:
    """Return a text in code, with `…` for what is computed."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return "…"


def test_commands_print_what_the_runbook_shows(runbook: str) -> None:
    sources = "".join(file.read_text("utf-8") for file in (PLATFORM / "steps").rglob("*.py"))
    constants = [
        node.value
        for node in ast.walk(ast.parse(sources.replace("from __future__", "# ")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    shown = [line for block in FENCE.findall(runbook) for line in block.splitlines()]
    shown = [line.removeprefix("ok  ") for line in shown if line.startswith("ok  ")]
    assert len(shown) > 5
    for line in shown:
        for part in filter(str.strip, re.split(r"; |" + VARYING.pattern, line)):
            assert any(part.strip() in each for each in constants), f"nothing prints: {part}"


@pytest.mark.parametrize("outcome", ["is the champion", "waits for approval", "rejected"])
def test_the_runbook_quotes_what_retrain_ends_with(runbook: str, outcome: str) -> None:
    assert outcome in rows_of(runbook, "A message arrives", "message")
    files = [PLATFORM / f"steps/{name}.py" for name in ("retrain", "promote", "gate/gate")]
    assert any(outcome in file.read_text(encoding="utf-8") for file in files)
