"""Text from users, files and tables acts on no terminal and no pipeline, and quotes no row."""

import ast
import json
from pathlib import Path

import pytest
from rendering import ROOT, platform

text = platform("base.text")
console = platform("base.console")

ATTACKS = {
    "a colour": ("\x1b[31mred", r"\x1b[31mred"),
    "a title of the window": ("\x1b]0;done\x07", r"\x1b]0;done\x07"),
    "a line of its own": ("odd\nok  all is well", r"odd\nok  all is well"),
    "a line that is overwritten": ("failed\rok    ", r"failed\rok    "),
    "a control of 8 bits": ("\x9b31m", r"\x9b31m"),
    "text in another order": ("a\u202eb", r"a\u202eb"),
    "text that is not seen": ("a\u200bb", r"a\u200bb"),
    "a line of Unicode": ("a\u2028b", r"a\u2028b"),
    "half a character": ("\ud800", r"\ud800"),
    "a variable of Azure": ("x ##vso[task.setvariable variable=a]b", r"x \x23#vso["),
    "the same in capitals": ("##VSO[task.complete]", r"\x23#VSO[task"),
    "a command of GitHub": ("::set-output name=a::b", r"\x3a:set-output name=a::b"),
    "the same after spaces": ("  ::error::b", r"  \x3a:error::b"),
    "the older form": ("x ##[add-path]/tmp", r"x \x23#[add-path]"),
    "an anchor of the journal": ("a journal-anchor/1 model=b", r"a journal-anchor\x2f1 model=b"),
    "a section of GitLab": ("section_start:1:x\r\x1b[0Kx", r"section_start:1:x\r\x1b[0Kx"),
}


@pytest.mark.parametrize(("attack", "shown"), ATTACKS.values(), ids=ATTACKS)
def test_nothing_acts_on_a_terminal_or_a_pipeline(attack: str, shown: str) -> None:
    assert text.plain(attack).startswith(shown)
    assert text.plain(attack).isprintable()
    assert text.plain(text.plain(attack)) == text.plain(attack)


@pytest.mark.parametrize(
    "harmless", ["größe: 3 Äpfel, 100% #1 [numpy] a::b", "C:\\models", "日本語", "a ## b"]
)
def test_other_text_stays_as_it_is(harmless: str) -> None:
    assert text.plain(harmless) == harmless


@pytest.mark.parametrize("attack", [attack for attack, _ in ATTACKS.values()], ids=ATTACKS)
def test_every_screen_and_json_uses_it(
    attack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with console.screen.capture() as captured:
        console.print_step(attack)
        console.print_result("failed", attack)
        console.print_table((attack, "verdict"), ((attack, "passed"),))
    lines = captured.get().split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") or "##" in line for line in lines)
    console.print_json(console.Outcome("failed", attack))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "##" not in printed
    assert json.loads(printed)["message"] == attack


@pytest.mark.parametrize("command", ["::stop-commands::x", "##vso[task.complete]", "##[add-path]/"])
@pytest.mark.parametrize("filler", ["x" * 139, "x" * 70, "word " * 30])
def test_no_line_of_a_wrapped_table_begins_with_a_command(command: str, filler: str) -> None:
    for cells in ((f"{filler} {command} y",), ("", f"{filler}{command} y"), (filler, command * 40)):
        with console.screen.capture() as captured:
            console.print_table(("name", "reason")[: len(cells)], (cells,))
        for line in captured.get().split("\n"):
            assert not line.lstrip().startswith("::")
            assert "##" not in line


def test_a_traceback_is_escaped_line_by_line() -> None:
    error = ValueError("odd\n::error::x\n  ##vso[task.complete]\x1b[2J\njournal-anchor/1")
    with pytest.raises(ValueError, match="odd") as caught:
        raise error
    lines = platform("base.errors").full_trace(caught.value).split("\n")
    assert lines[0] == "Traceback (most recent call last):"
    shown = ["ValueError: odd", r"\x3a:error::x", r"  \x23#vso[task.complete]\x1b[2J"]
    assert lines[-5:] == [*shown, r"journal-anchor\x2f1", ""]


def test_what_a_person_writes_into_the_journal_is_plain() -> None:
    details = platform("records.details")
    assert details.PauseDetails(reason="odd\x1b[2J\nok").reason == r"odd\x1b[2J\nok"
    rollback = details.RollbackDetails(back_to=1, reason="##vso[task.complete]", batches=())
    assert rollback.reason == r"\x23#vso[task.complete]"


def test_scripts_and_platform_escape_alike() -> None:
    """The scripts of .mlops run where the package is not installed, so they have a copy."""

    def source(file: Path, names: set[str]) -> dict[str, str]:
        nodes = ast.parse(file.read_text(encoding="utf-8")).body
        found = {}
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = ast.unparse(node.value)
            elif isinstance(node, ast.FunctionDef):
                found[node.name] = ast.unparse(node.body[1:])  # type: ignore[arg-type]
        return {name: found[name] for name in names}

    names = {"CONTROL", "COMMAND", "COMMAND_AT_START", "ANCHOR", "plain"}
    platforms = source(ROOT / "template/src/{{ package }}/mlops/base/text.py", names)
    assert source(ROOT / "template/.mlops/commands.py", names) == platforms


# Errors of others


IBAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("quoted", "kept"),
    [
        (f"could not convert string to float: '{IBAN}'", "could not convert string to float"),
        (f'invalid input syntax for type numeric: "{IBAN}"', "invalid input syntax"),
        (f"Value {IBAN[2:]} is out of range", "is out of range"),
        (f"no number: \"Anna 'Annie' {IBAN}\"", "no number"),
        (f'no number: "Anna "Annie" {IBAN}"', "no number"),
        (f'no number: "Anna " {IBAN}', "no number"),
        (f'no number: "Anna\n{IBAN}', "no number"),
        ("Expected 3 fields in line 5, saw 4", "Expected 3 fields in line 5, saw 4"),
    ],
)
def test_what_may_be_a_value_is_hidden(quoted: str, kept: str) -> None:
    hidden = text.hide_values(quoted)
    assert IBAN[2:] not in hidden
    assert "Ann" not in hidden
    assert kept in hidden


@pytest.mark.parametrize("value", ["12345", "-1.5"])
def test_a_short_number_is_hidden_where_it_is_called_a_value(value: str) -> None:
    assert text.hide_values(f"Integer value {value} not in range") == (
        "Integer value … not in range"
    )
