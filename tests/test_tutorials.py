"""The output that a tutorial or a how-to shows is compared with what its commands print."""

import re
from pathlib import Path

from rendering import ROOT
from tutorials import GUIDES, Step, in_dev, outputs, steps

COMPARED = re.compile(r"""missing\(\s*"([\w-]+)",\s*(["'])(.+?)\2,""")


def test_the_output_after_a_command_belongs_to_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```\nls\n```\n\n```text\na\n```\n\n```\nrm a\n```\n\n```yaml\nkey: 1\n```\n")
    assert steps(page) == [Step(["ls"], ["a"]), Step(["rm a"])]


def test_figures_and_what_is_left_out_may_differ() -> None:
    step = Step(["gate"], ["auc  0.7694  >= 0.7", "…", "ok  version 1 … the gate"])
    printed = "auc    0.71    >= 0.7\nbrier  0.1\nok  version 12 passed the gate\n"
    assert step.missing(printed) == []


def test_other_words_and_another_order_are_noticed() -> None:
    printed = "auc  0.7\nok  version 1 passed\n"
    assert Step([], ["ok  version 1 failed"]).missing(printed) == ["ok  version 1 failed"]
    assert Step([], ["ok  version 1 passed", "auc  0.7"]).missing(printed) == ["auc  0.7"]


def test_an_output_of_prod_is_compared_with_one_of_dev() -> None:
    line = "ok  version 2 of prod.loan-risk in predictions/prod/date=1: `rollback 1 --env prod`"
    assert in_dev(line) == "ok  version 2 of dev.loan-risk in predictions/dev/date=1: `rollback 1`"
    assert in_dev("tables of production") == "tables of production"


def test_every_output_of_a_how_to_is_compared_by_a_test() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    compared = {(guide, command) for guide, _, command in COMPARED.findall(sources)}
    promised = {
        (page.stem, step.commands[0]) for page in GUIDES.glob("*.md") for step in outputs(page)
    }
    assert promised
    assert promised == compared
