"""What `_SUCCESS` says of a batch: other programs find the same keys in old and new ones."""

import shutil
import time
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pytest
from kept_records import kept, name_of, read
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
entries = platform("records.entry")
integrity = platform("records.integrity")
predictions = platform("records.predictions")
store = platform("records.store")
MlopsError = platform("base.errors").MlopsError


@pytest.mark.parametrize("path", kept("batches"), ids=name_of)
def test_the_facts_of_a_batch_keep_the_keys_of_older_ones(path: PurePosixPath) -> None:
    facts = predictions.BatchFacts.model_validate(read(path) | {"format": 2})
    assert facts.to_json() == {"format": 2, **read(path)}
    assert f"{facts.date}-batch-{facts.batch}" == path.stem
    assert facts.rows > 0


@pytest.mark.parametrize("path", kept("shadow"), ids=name_of)
def test_the_facts_of_a_shadow_batch_keep_the_keys_of_older_ones(path: PurePosixPath) -> None:
    facts = predictions.ShadowFacts.model_validate(read(path) | {"format": 2})
    assert facts.to_json() == {"format": 2, **read(path)}
    assert set(facts.psi) <= set(facts.difference)


def test_a_part_is_named_by_its_date_and_batch(tmp_path: Path) -> None:
    part = tmp_path / "date=2026-01-01/batch-0003/part.parquet"
    assert predictions.part_name(part) == "date=2026-01-01/batch-0003"


# What the journal says about batches

DATE = "2026-01-01"
PLACE = f"date={DATE}/batch-0001"


def entry(number: int, details: Any) -> Any:
    """Return an entry of the journal."""
    return entries.Entry(
        format=entries.Entry.FORMAT,
        number=number,
        time="2026-01-02T04:00:00+00:00",
        environment="dev",
        command=details.COMMAND,
        outcome="ok",
        subject="",
        as_of=DATE,
        details=details,
        actor="ann@host",
        actor_source="login",
        previous="0" * 64,
    )


def publish(root: Path, batch: str = "0001", *, known: bool = True) -> Any:
    """Publish a batch of one row; return its entry."""
    facts = {"batch": batch, "date": DATE, "version": 1, "rows": 1, "rows_per_second": 9}
    with predictions.stage(make_project(root)) as staged:
        pd.DataFrame({"score": [0.5]}).to_parquet(staged / predictions.PART)
        sha256 = integrity.sha256_of_file(staged / predictions.PART) if known else ""
        predictions.publish(make_project(root), staged, predictions.BatchFacts(**facts))
    return entry(int(batch), details.ScoreDetails(**facts, sha256=sha256))


def erase(root: Path, *, wholly: bool) -> Any:
    """Erase the rows of the first batch, or the batch; return the entry."""
    part = root / "predictions/dev" / PLACE / predictions.PART
    sha256 = ""
    if wholly:
        shutil.rmtree(part.parent)
    else:
        facts = part.with_name(predictions.COMPLETE)
        facts.write_text(facts.read_text().replace('"rows":1', '"rows":0'))
        pd.DataFrame({"score": []}).to_parquet(part)
        sha256 = integrity.sha256_of_file(part)
    file = details.ErasedFile(kind="prediction", name=PLACE, rows=1, sha256=sha256)
    return entry(8, details.EraseDetails(reason="keys", files=(file,), versions=()))


def problems(root: Path, *journal: Any, newest: int = 0) -> list[str]:
    return list(predictions.problems(make_project(root), [*journal], newest))


def change(root: Path, place: str = PLACE) -> None:
    pd.DataFrame({"score": [0.9]}).to_parquet(root / "predictions/dev" / place / predictions.PART)


def test_a_batch_as_it_was_published_is_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, publish(tmp_path)) == []


def test_a_changed_batch_is_a_problem(tmp_path: Path) -> None:
    published = publish(tmp_path)
    change(tmp_path)
    [problem] = problems(tmp_path, published)
    assert f"{PLACE} has changed since it was published" in problem
    parts = [tmp_path / "predictions/dev" / PLACE / predictions.PART]
    with pytest.raises(MlopsError, match=f"^the batch {PLACE} has changed since it was published"):
        list(predictions.read_parts(parts, [published]))


def test_an_answer_that_cannot_be_read_is_not_to_be_scored_again(tmp_path: Path) -> None:
    part = tmp_path / "predictions/dev/online/date=2026-01-17/a.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"damaged")
    with pytest.raises(MlopsError) as caught:
        list(predictions.read_parts([part], []))
    message = str(caught.value)
    assert message.startswith("online/date=2026-01-17/a.parquet cannot be read (")
    assert message.endswith("; restore the file from a backup.")


def test_only_the_newest_batches_are_read_where_that_is_enough(tmp_path: Path) -> None:
    journal = [publish(tmp_path, batch) for batch in ("0001", "0002")]
    change(tmp_path)
    assert len(problems(tmp_path, *journal)) == 1
    assert problems(tmp_path, *journal, newest=1) == []
    shutil.rmtree(tmp_path / "predictions/dev" / PLACE)
    assert "its files are gone" in problems(tmp_path, *journal, newest=1)[0]


def test_a_batch_of_an_older_template_is_not_compared(tmp_path: Path) -> None:
    published = publish(tmp_path, known=False)
    change(tmp_path)
    assert problems(tmp_path, published) == []
    shutil.rmtree(tmp_path / "predictions/dev" / PLACE)
    assert problems(tmp_path, published) == []


@pytest.mark.parametrize("wholly", [True, False])
def test_an_erased_batch_is_what_the_erasure_left(tmp_path: Path, *, wholly: bool) -> None:
    journal = [publish(tmp_path), erase(tmp_path, wholly=wholly)]
    assert problems(tmp_path, *journal) == []
    assert predictions.missing(make_project(tmp_path), journal, "2025-12-01", DATE) == []
    if not wholly:
        change(tmp_path)
        assert len(problems(tmp_path, *journal)) == 1


def test_a_batch_without_an_entry_is_a_problem(tmp_path: Path) -> None:
    journal = [publish(tmp_path), publish(tmp_path, "0002")]
    [problem] = problems(tmp_path, journal[0])
    assert "batch-0002 is published but has no entry" in problem
    [problem] = problems(tmp_path, journal[1])  # a run that was killed, and another one after it
    assert "batch-0001 is published but has no entry" in problem


@pytest.mark.parametrize("name", ["more.parquet", "more/part.parquet", "_hidden.parquet"])
def test_a_file_next_to_a_batch_is_a_problem(tmp_path: Path, name: str) -> None:
    published = publish(tmp_path)
    stray = tmp_path / "predictions/dev" / PLACE / name
    stray.parent.mkdir(exist_ok=True)
    stray.touch()
    [problem] = problems(tmp_path, published)
    assert problem.startswith(f"predictions/dev/{PLACE}/{name.partition('/')[0]} was not written")


def test_a_file_next_to_the_batches_of_a_date_is_a_problem(tmp_path: Path) -> None:
    published = publish(tmp_path)
    day = (tmp_path / "predictions/dev" / PLACE).parent
    (day / "zz.parquet").touch()
    [problem] = problems(tmp_path, published)
    assert problem.startswith(f"predictions/dev/{day.name}/zz.parquet is not a batch; delete it")


@pytest.mark.parametrize("name", ["batch-0000", "batch-0007", "batch-evil", "batch-evil.parquet"])
def test_a_folder_without_an_entry_is_a_problem_unless_a_run_may_be_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    published = publish(tmp_path)
    planted = tmp_path / f"predictions/dev/date={DATE}" / name
    planted.mkdir()
    assert len(problems(tmp_path, published)) == (0 if name[6:].isdigit() else 1)
    later = time.time() + 3600
    monkeypatch.setattr(predictions.time, "time", lambda: later)
    [problem] = problems(tmp_path, published)
    assert problem.startswith(f"predictions/dev/date={DATE}/{name} is not ")


@pytest.mark.parametrize(
    "name", ["evil.parquet", "evil/part.parquet", "date=evil/batch-0001/_SUCCESS"]
)
def test_a_file_next_to_the_dates_is_a_problem(tmp_path: Path, name: str) -> None:
    published = publish(tmp_path)
    planted = tmp_path / "predictions/dev" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.touch()
    top = name.partition("/")[0]
    assert (
        f"predictions/dev/{top} is not a date of the predictions"
        in problems(tmp_path, published)[0]
    )
    assert list(predictions.current_batches(make_project(tmp_path), [published])) == [
        pd.Timestamp(DATE)
    ]


@pytest.mark.parametrize("where", [PLACE, f"{PLACE}/part.parquet", f"date={DATE}/batch-0000"])
def test_a_link_next_to_or_in_a_batch_is_a_problem(tmp_path: Path, where: str) -> None:
    published = publish(tmp_path)
    link = tmp_path / "predictions/dev" / where
    elsewhere = tmp_path / "elsewhere"
    if link.exists():
        link.rename(elsewhere)
    else:
        elsewhere.mkdir()
    link.symlink_to(elsewhere)
    [problem] = problems(tmp_path, published)
    assert problem.startswith(f"predictions/dev/{where} is a symbolic link")


def test_a_file_next_to_a_batch_of_an_older_template_is_a_problem(tmp_path: Path) -> None:
    published = publish(tmp_path, known=False)
    (tmp_path / "predictions/dev" / PLACE / "more.parquet").touch()
    assert "more.parquet was not written by `score`" in problems(tmp_path, published)[0]


def test_an_erased_batch_that_is_there_again_is_a_problem(tmp_path: Path) -> None:
    journal = [publish(tmp_path), erase(tmp_path, wholly=True)]
    publish(tmp_path)
    [problem] = problems(tmp_path, *journal)
    assert f"{PLACE} was erased, and is there again" in problem
    assert predictions.current_batches(make_project(tmp_path), journal) == {}


@pytest.mark.parametrize(
    "name",
    [
        "_x/p.parquet",
        "_metadata_x/p.parquet",
        "_hidden.parquet",
        ".hidden/p.parquet",
        "_staged_1/p.parquet",
        f"date={DATE}/_hidden/p.parquet",
        f"date={DATE}/.p.parquet",
        f"date={DATE}/_unrecorded-mine/p.parquet",
        f"_shadow/{PLACE}/extra.parquet",
        "_shadow/_x/p.parquet",
        "_shadow/evil.parquet",
        f"_shadow/date={DATE}/_x/p.parquet",
    ],
)
def test_a_hidden_name_is_a_problem_because_not_every_reader_skips_it(
    tmp_path: Path, name: str
) -> None:
    """As DuckDB, Polars and Spark's `recursiveFileLookup` read them."""
    journal = [publish(tmp_path), shadow(tmp_path)]
    planted = tmp_path / "predictions/dev" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.touch()
    [problem] = problems(tmp_path, *journal)
    place = name.removesuffix("/p.parquet")
    assert problem.startswith(f"predictions/dev/{place} ")
    assert "delete " in problem


@pytest.mark.parametrize(
    "name",
    [
        f"_staged_{'1a' * 16}",
        f"date={DATE}/_unrecorded-batch-0001-{'1a' * 16}",
        f"{PLACE}/_erased_part.parquet",
    ],
)
def test_what_a_run_leaves_is_a_problem_once_no_run_can_be_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    published = publish(tmp_path)
    left = tmp_path / "predictions/dev" / name
    left.mkdir()
    assert problems(tmp_path, published) == []
    later = time.time() + 2 * predictions.DAY
    monkeypatch.setattr(predictions.time, "time", lambda: later)
    [problem] = problems(tmp_path, published)
    assert problem.startswith(f"predictions/dev/{name} ")
    assert "delete it" in problem or "run `erase` again" in problem


def test_what_macos_writes_into_a_folder_is_no_problem(tmp_path: Path) -> None:
    published = publish(tmp_path)
    for folder in ("", f"date={DATE}"):
        (tmp_path / "predictions/dev" / folder / ".DS_Store").touch()
    assert problems(tmp_path, published) == []


def shadow(root: Path, batch: str = "0001", *, known: bool = True) -> Any:
    """Publish a batch of one row in the shadow; return its entry."""
    facts = {"batch": batch, "date": DATE, "version": 2, "rows": 1, "difference": {}, "psi": {}}
    with predictions.stage(make_project(root)) as staged:
        pd.DataFrame({"score": [0.5]}).to_parquet(staged / predictions.PART)
        sha256 = integrity.sha256_of_file(staged / predictions.PART) if known else ""
        predictions.publish(
            make_project(root), staged, predictions.ShadowFacts(**facts), predictions.SHADOW
        )
    return entry(2, details.ShadowDetails(**facts, sha256=sha256))


def test_a_changed_batch_in_the_shadow_is_a_problem(tmp_path: Path) -> None:
    recorded = shadow(tmp_path)
    older = shadow(tmp_path, known=False)
    place = f"_shadow/{PLACE}"
    sha256 = recorded.details.sha256
    assert predictions.known_shadow_hashes([recorded]) == {place: sha256}
    assert predictions.known_shadow_hashes([older]) == {place: ""}
    assert problems(tmp_path, recorded) == []
    change(tmp_path, place)
    assert f"{place} has changed since it was published" in problems(tmp_path, recorded)[0]
    assert problems(tmp_path, recorded, newest=1) == []
    assert problems(tmp_path, older) == []


def test_other_facts_of_a_batch_in_the_shadow_are_a_problem(tmp_path: Path) -> None:
    recorded = shadow(tmp_path)
    facts = tmp_path / "predictions/dev/_shadow" / PLACE / predictions.COMPLETE
    facts.write_text(facts.read_text().replace('"rows":1', '"rows":99999'))
    [problem] = problems(tmp_path, recorded)
    assert problem.startswith(f"_SUCCESS of predictions/dev/_shadow/{PLACE} has changed")


def test_a_deleted_batch_in_the_shadow_is_a_problem(tmp_path: Path) -> None:
    recorded = shadow(tmp_path)
    shutil.rmtree(tmp_path / "predictions/dev/_shadow")
    [problem] = problems(tmp_path, recorded)
    assert problem.startswith(f"predictions/dev/_shadow/{PLACE} has an entry in the journal, but ")


def test_a_batch_in_the_shadow_without_an_entry_is_a_problem(tmp_path: Path) -> None:
    recorded = shadow(tmp_path)
    shadow(tmp_path, "0077")
    [problem] = problems(tmp_path, recorded)
    assert problem.startswith(
        f"predictions/dev/_shadow/date={DATE}/batch-0077 is published but has no entry"
    )


def test_the_shadow_behind_a_link_is_a_problem(tmp_path: Path) -> None:
    recorded = shadow(tmp_path)
    folder = tmp_path / "predictions/dev/_shadow"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    [problem] = problems(tmp_path, recorded)
    assert problem.startswith("predictions/dev/_shadow is a symbolic link")


# What monitor judges


def test_a_batch_without_an_entry_is_named_and_not_current(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    recorded = publish(tmp_path)
    publish(tmp_path, "0002")  # newer than the recorded one, of the same date
    for date in ("2025-11-01", "2025-12-01", "2026-02-01"):
        shutil.copytree(
            tmp_path / "predictions/dev" / PLACE,
            tmp_path / f"predictions/dev/date={date}/batch-0001",
        )
    current = predictions.current_batches(project, [recorded])
    assert current == {pd.Timestamp(DATE): tmp_path / "predictions/dev" / PLACE}
    unknown = predictions.unknown_batches(project, [recorded], "2025-11-01", "2026-01-31")
    assert unknown == ["date=2025-12-01/batch-0001", f"date={DATE}/batch-0002"]


def test_a_batch_that_is_being_recorded_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.time, "sleep", lambda _: None)
    recorded = publish(tmp_path)

    class Opened(store.Store):  # type: ignore[misc,name-defined]
        """A store whose journal gets an entry between two looks, or never."""

        project = make_project(tmp_path)

        def __init__(self, *looks: list[Any]) -> None:
            self.looks = iter(looks)

        @property
        def entries(self) -> list[Any]:
            return next(self.looks)

    assert Opened([], [recorded]).batch_problems() == []
    [found] = Opened([], []).batch_problems()
    assert PLACE in found
    assert Opened([], [recorded]).unknown_batches("2025-12-01", DATE) == []
    assert Opened([], []).unknown_batches("2025-12-01", DATE) == [PLACE]


@pytest.mark.parametrize("linked", ["date", "batch"])
def test_a_link_among_the_batches_is_a_problem(tmp_path: Path, linked: str) -> None:
    published = publish(tmp_path)
    batch = tmp_path / "predictions/dev" / PLACE
    place = batch.parent if linked == "date" else batch
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert "is a symbolic link" in problems(tmp_path, published)[-1]


def test_other_facts_of_a_batch_are_a_problem(tmp_path: Path) -> None:
    published = publish(tmp_path)
    facts = tmp_path / "predictions/dev" / PLACE / predictions.COMPLETE
    original = facts.read_text()
    others = [original.replace(f'"{key}":1', f'"{key}":2') for key in ("version", "rows")]
    for text in (*others, "[]", "no JSON"):
        facts.write_text(text)
        [problem] = problems(tmp_path, published)
        assert f"_SUCCESS of predictions/dev/{PLACE}" in problem


# A run that was killed after it had published its batch, and before it had written its entry


def score_entry(batch: str) -> Any:
    """Return the journal's entry of a batch of 2026-01-01."""
    return entry(
        1,
        details.ScoreDetails(batch=batch, date="2026-01-01", version=1, rows=1, rows_per_second=1),
    )


def publish_empty(project: Any, batch: str) -> Path:
    """Publish a batch of 2026-01-01."""
    facts = predictions.BatchFacts(
        batch=batch, date="2026-01-01", version=1, rows=1, rows_per_second=1
    )
    with predictions.stage(project) as staged:
        return Path(predictions.publish(project, staged, facts))


def test_a_batch_without_an_entry_makes_way_for_the_next_one(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    recorded = publish_empty(project, "0001")
    cut = publish_empty(project, "0002")
    (cut / "part.parquet").touch()
    assert predictions.next_batch(project, "2026-01-01", [score_entry("0001")]) == "0002"
    predictions.set_aside(project, "2026-01-01", "0002")
    assert list(predictions.current_batches(project, [score_entry("0001")]).values()) == [recorded]
    assert publish_empty(project, "0002").is_dir()
    leftovers = list(recorded.parent.glob("_unrecorded-batch-0002-*/part.parquet"))
    assert len(leftovers) == 1


def test_a_folder_with_another_name_does_not_count_as_a_batch(tmp_path: Path) -> None:
    project = make_project(tmp_path, tracking_uri="http://mlflow.bank.example")
    publish_empty(project, "0001").rename(tmp_path / "predictions/dev/date=2026-01-01/batch-evil")
    assert predictions.next_batch(project, "2026-01-01", []) == "0001"


def test_on_a_server_a_batch_without_an_entry_may_belong_to_a_run_that_is_at_work(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path, tracking_uri="http://mlflow.bank.example")
    publish_empty(project, "0001")
    assert predictions.next_batch(project, "2026-01-01", []) == "0002"


@pytest.mark.parametrize("link", ["_shadow", f"_shadow/date={DATE}", f"_shadow/{PLACE}"])
def test_a_batch_in_the_shadow_is_not_published_through_a_link(tmp_path: Path, link: str) -> None:
    project = make_project(tmp_path)
    other = tmp_path / "other/file"
    for name in (f"date={DATE}/batch-0001", "batch-0001", ""):
        (other / name).mkdir(parents=True, exist_ok=True)
        (other / name / "part.parquet").touch()
    path = tmp_path / "predictions/dev" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(other)
    facts = predictions.ShadowFacts(
        batch="0001", date=DATE, version=2, rows=1, difference={}, psi={}
    )
    with (
        predictions.stage(project) as staged,
        pytest.raises(MlopsError, match="is a symbolic link"),
    ):
        predictions.publish(project, staged, facts, "_shadow")
    assert len(list(other.rglob("part.parquet"))) == 3


def test_batches_behind_a_link_are_not_set_aside(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (tmp_path / "other/batch-0001").mkdir(parents=True)
    (tmp_path / "predictions/dev").mkdir(parents=True)
    (tmp_path / "predictions/dev" / f"date={DATE}").symlink_to(tmp_path / "other")
    with pytest.raises(MlopsError, match="is a symbolic link"):
        predictions.set_aside(project, DATE, "0001")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["batch-0001"]


def test_a_batch_that_is_taken_back_can_be_published_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    published = publish_empty(project, "0001")
    staged = tmp_path / "predictions/dev/_staged_1"
    predictions.take_back(published, staged)
    assert not predictions.has_predictions(project)
    assert list(staged.iterdir()) == []


def test_no_key_can_have_the_name_of_a_column_that_says_which_batch_a_row_is_from() -> None:
    """Such a column would overwrite the key."""
    assert set(predictions.Stamps.__annotations__) <= platform("data.contract").TAKEN
