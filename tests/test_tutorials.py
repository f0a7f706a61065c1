"""The output that a tutorial shows is compared with what its commands print."""

from pathlib import Path

from tutorials import Step, steps


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
