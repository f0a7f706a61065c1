"""What `_SUCCESS` says of a batch: older ones are read."""

from pathlib import Path

import pytest
from kept_records import kept, name_of, read
from rendering import platform

predictions = platform("records.predictions")


@pytest.mark.parametrize("path", kept("batches"), ids=name_of)
def test_the_facts_of_an_older_batch_are_read(path: Path) -> None:
    facts = predictions.BatchFacts.read(read(path), "the batch")
    assert f"{facts.date}-batch-{facts.batch}" == path.stem
    assert facts.rows > 0


@pytest.mark.parametrize("path", kept("shadow"), ids=name_of)
def test_the_facts_of_an_older_shadow_batch_are_read(path: Path) -> None:
    facts = predictions.ShadowFacts.read(read(path), "the shadow")
    assert set(facts.psi) <= set(facts.difference)


def test_a_part_is_named_by_its_date_and_batch(tmp_path: Path) -> None:
    part = tmp_path / "date=2026-01-01/batch-0003/part.parquet"
    assert predictions.part_name(part) == "date=2026-01-01/batch-0003"
