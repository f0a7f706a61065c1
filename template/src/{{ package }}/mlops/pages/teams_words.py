"""The part of the model card that only the team can write: `docs/model-card.md`.

The file asks questions. One is open while its answer is empty, or still the invented one of the
example, which is recognized paragraph by paragraph. The card names the open questions.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from ..base.project import Project

PLACE = "docs/model-card.md"
LEAD = re.compile(r"\*\*(.+?)\.?\*\*")
UNANSWERED = re.compile(r"\*\*[^*]+[.?]\*\*[\s.…]*")  # a question and nothing else

# The beginning of the SHA-256 of each paragraph, item and table row of the example, as `digest`
# computes it: of the present one and of those that earlier versions of the template wrote. What is
# true of any model, such as the row of the owner, is not among them.
DIGESTS = """
06a6a5978d45 112d48e7a20c 1155eec2dab7 19614aeb4123 2c0a007b056c 2ec12004add2 33638070a723
4f22d68b92c3 5400609a6db2 57c3dbda62dc 6405ec376752 662b755118af 709e2ce57fa5 7a8317fd20a8
7c27a39bb016 8a9cb7b8c2eb 8bb41d222a67 942b6f153c51 9da23f5a8036 a9f6db16696e b1a7ebdcdcae
b74f159ed164 ba5ddf0d7f78 c12ed31b5a22 c13086a9f69c c3a19fd0346d c9c7995fcd05 cf122afe96dc
cf938089ab59 d47296440547 defb422da1d6 dfcf2fc802e1 ec834f1e4a06 ed55a7da4680 f6167c65f23c
"""
EXAMPLE = frozenset(DIGESTS.split())


@dataclass(frozen=True)
class Block:
    """A paragraph, an item of a list or a row of a table."""

    heading: str
    """The heading that it is below; empty at the beginning of the file."""
    text: str
    """Its words, with single spaces."""

    @property
    def name(self) -> str:
        """What to call it: its bold beginning, the first cell of its row, or its heading."""
        if self.text.startswith("|"):
            return self.text.strip("| ").partition("|")[0].strip()
        lead = LEAD.match(self.text)
        return lead[1] if lead else self.heading or "the introduction"


@dataclass(frozen=True)
class TeamsWords:
    """What the team says about the model."""

    md: Markup
    """As markdown."""
    html: Markup
    """As HTML."""
    place: str
    """The file that it comes from."""
    open: tuple[str, ...]
    """The questions that the team has not answered; empty if there are none."""


def read_words(project: Project) -> TeamsWords:
    """Return what the file says; without the file, the words are empty."""
    from markdown_it import MarkdownIt

    text = read_file(project) or ""
    below = re.sub(r"^(?=#)", "#", re.sub(r"\A# .*\n+", "", text), flags=re.MULTILINE)
    plain = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return TeamsWords(
        md=Markup(below.rstrip()),  # noqa: S704 - the card is markdown, too
        html=Markup(plain.render(below)),  # noqa: S704 - rendered without any markup of its own
        place=PLACE,
        open=open_questions(text),
    )


def read_file(project: Project) -> str | None:
    """Return the text of the file; None without it, as in a wheel or an image."""
    path = project.path(PLACE)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def open_questions(text: str) -> tuple[str, ...]:
    """Return the names of the questions whose answer is empty, or word for word the example's."""
    names = (block.name for block in blocks(text) if digest(block) in EXAMPLE or is_empty(block))
    return tuple(dict.fromkeys(names))


def is_empty(block: Block) -> bool:
    """Return whether a block asks something, and says nothing."""
    if not block.text.startswith("|"):
        return UNANSWERED.fullmatch(block.text) is not None
    question, *answers = (cell.strip(" .…") for cell in block.text.strip().strip("|").split("|"))
    return bool(question.strip("-:")) and bool(answers) and not any(answers)


def blocks(text: str) -> Iterator[Block]:
    """Yield the paragraphs, items and rows of a markdown text."""
    heading = ""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = line.lstrip().startswith(("#", "|", "- ", "* "))
        if lines and (starts or not line.strip()):
            yield Block(heading, " ".join(" ".join(lines).split()))
            lines = []
        if line.startswith("#"):
            heading = line.strip("# ") if line.startswith("##") else ""
        elif line.strip():
            lines.append(line)


def digest(block: Block) -> str:
    """Return the beginning of the SHA-256 of the words of a block."""
    return hashlib.sha256(block.text.encode()).hexdigest()[:12]
