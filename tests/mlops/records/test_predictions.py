"""What `_SUCCESS` says of a batch: other programs find the same keys in old and new ones."""

from pathlib import Path

import pytest
from kept_records import kept, name_of, read
from rendering import platform

predictions = platform("records.predictions")


@pytest.mark.parametrize("path", kept("batches"), ids=name_of)
def test_the_facts_of_a_batch_keep_the_keys_of_older_ones(path: Path) -> None:
    facts = predictions.BatchFacts.model_validate(read(path) | {"format": 2})
    assert facts.to_json() == {"format": 2, **read(path)}
    assert f"{facts.date}-batch-{facts.batch}" == path.stem
    assert facts.rows > 0


@pytest.mark.parametrize("path", kept("shadow"), ids=name_of)
def test_the_facts_of_a_shadow_batch_keep_the_keys_of_older_ones(path: Path) -> None:
    facts = predictions.ShadowFacts.model_validate(read(path) | {"format": 2})
    assert facts.to_json() == {"format": 2, **read(path)}
    assert set(facts.psi) <= set(facts.difference)


def test_a_part_is_named_by_its_date_and_batch(tmp_path: Path) -> None:
    part = tmp_path / "date=2026-01-01/batch-0003/part.parquet"
    assert predictions.part_name(part) == "date=2026-01-01/batch-0003"
