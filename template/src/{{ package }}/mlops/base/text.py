"""Text that crosses a border: to a screen, a log, the journal, an alert or another person.

It may come from a user, a file or a table, so it must not act on a terminal or a pipeline.
"""

import re

# What moves a cursor, hides or reorders text, or starts a line: also in other scripts than Latin.
CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)  # of Azure DevOps and GitHub, anywhere
COMMAND_AT_START = re.compile(r"^(\s*):(?=:)")  # of GitHub
COMMAND_IN_CELL = re.compile(":(?=:)")  # the same, where a line may be wrapped anywhere
ANCHOR = re.compile("(?<=journal-anchor)/")  # of `records/anchor.py`, which only it may print
QUOTED = re.compile(r"""b?['"].*['"]|b?['"].*""", re.DOTALL)  # a value may contain quotes
ROW = re.compile(r"(CSV parse error: [^:]*, got \d+: ).*", re.DOTALL)  # Arrow appends the row
NUMBER = re.compile(r"\d[\d.,]{4,}\d")
VALUE = re.compile(r"(\bvalue:? )[^\s'\"]*\d[^\s'\"]*", re.IGNORECASE)  # also of fewer digits
MORE = "…"


def plain(text: str) -> str:
    r"""Return a text as one line in which nothing acts on a terminal or a pipeline.

    Control characters, line breaks and the starts of pipelines' commands and of anchors appear as
    escapes, such as `\n` and `\x1b`.
    """
    shown = CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
    shown = COMMAND.sub(r"\\x23", shown)
    shown = ANCHOR.sub(r"\\x2f", shown)
    return COMMAND_AT_START.sub(r"\1\\x3a", shown)


def plain_lines(text: str) -> str:
    """Return a text of several lines, each of them plain."""
    return "\n".join(map(plain, text.split("\n")))


def plain_cell(text: str) -> str:
    """Return a text that stays plain wherever a table wraps it."""
    return COMMAND_IN_CELL.sub(r"\\x3a", plain(text))


def hide_values(text: str) -> str:
    """Return the text of another program's error without what may be a value of a row.

    That is all from the first quote to the last, long numbers, a number that is called a value, and
    the row of a CSV file. Other text stays. Pass the whole text: a value may have line breaks.
    """
    text = ROW.sub(rf"\g<1>{MORE}", text)
    text = QUOTED.sub(f"'{MORE}'", text)
    return NUMBER.sub(MORE, VALUE.sub(rf"\g<1>{MORE}", text))
