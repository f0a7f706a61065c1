"""Rules of `erase`: which rows go, what replaces a file, and what a killed run leaves."""

import datetime
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
entry = platform("records.entry")
erase = platform("steps.erase.erase")
erasures = platform("records.erasures")
errors = platform("base.errors")
files = platform("steps.erase.files")
integrity = platform("records.integrity")
keys = platform("steps.erase.keys")
places = platform("steps.erase.places")
predictions = platform("records.predictions")

OLD = time.time() - 2 * 86_400
IBAN = "DE02120300000000202051"


def write(path: Path, **columns: list[Any]) -> Path:
    """Write a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path)
    return path


def batch(root: Path, date: str, *customers: str, number: str = "0001") -> Path:
    """Write a batch; return its Parquet file."""
    part = root / f"predictions/dev/date={date}/batch-{number}/part.parquet"
    write(part, customer=list(customers), score=[0.5] * len(customers))
    rows = len(customers)
    facts = {"format": 2, "batch": number, "date": date, "version": 1, "rows": rows}
    part.with_name("_SUCCESS").write_text(json.dumps(facts), encoding="utf-8")
    return part


def key_file(folder: Path, text: str, customer: str = "str") -> Any:
    file = folder / "persons.csv"
    file.write_text(text, encoding="utf-8")
    return keys.read_keys(file, {"customer": customer, "month": "int64"})


def recorded(*erased: Any, command: str = "erase", time: str = "2026-01-01T00:00:00+00:00") -> Any:
    """Return an entry of `erase`, or of `score` or its challenger for the batch in `erased`."""
    kinds = {
        "erase": lambda: details.EraseDetails(reason="keys", files=erased, versions=()),
        "score": lambda: details.ScoreDetails(
            date=erased[0],
            batch=erased[1],
            version=1,
            rows=1,
            rows_per_second=1,
            sha256="".join(erased[2:]),
        ),
        "shadow": lambda: details.ShadowDetails(
            date=erased[0], batch=erased[1], version=2, rows=1, sha256="".join(erased[2:])
        ),
    }
    return entry.Entry(
        format=entry.Entry.FORMAT,
        number=1,
        time=time,
        environment="dev",
        command=command,
        outcome="ok",
        subject="",
        as_of="",
        details=kinds[command](),
        actor="maria@build-host",
        actor_source="login",
        previous="0" * 64,
    )


def erased_file(name: str, sha256: str = "", kind: str = "prediction") -> Any:
    return details.ErasedFile(kind=kind, name=name, rows=1, sha256=sha256)


def store_of(*entries: Any, project: Any = None) -> Any:
    return SimpleNamespace(entries=list(entries), project=project)


# Keys


def test_a_row_is_found_by_all_columns_of_one_line(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", customer=["a", "a", "b"], month=[1, 2, 1], score=[1, 2, 3])
    assert keys.count_matches(part, key_file(tmp_path, "customer\na\n")) == 2
    assert keys.count_matches(part, key_file(tmp_path, "month,customer\n2,a\n1,b\n")) == 2
    assert keys.count_matches(part, key_file(tmp_path, "customer,month\nb,2\n")) == 0


def test_what_is_left_of_a_file_has_its_columns_and_types(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", customer=["a", "b"], n=[1, 2], at=[pd.Timestamp(0)] * 2)
    keys.write_without(part, key_file(tmp_path, "customer\na\n"), tmp_path / "y.parquet")
    whole = pd.read_parquet(part)
    left = pd.read_parquet(tmp_path / "y.parquet")
    pd.testing.assert_frame_equal(left, whole[1:].reset_index(drop=True))


def test_a_column_of_the_request_log_may_have_another_name(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", input_customer=["a", None], customer=["b", "a"])
    wanted = key_file(tmp_path, "customer\na\n")
    assert keys.count_matches(part, wanted) == 1
    assert keys.count_without_key(part, wanted) == 1


def test_a_file_without_the_column_is_not_searched(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", client=["a"])
    assert keys.count_matches(part, key_file(tmp_path, "customer\na\n")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "": "customer, month",
        "score\n1\n": "customer, month",  # would erase everybody with that score
        "customer,customer\na,a\n": "customer, month",
        "customer;month\n1;2\n": "separated by commas",
        "customer\n": "no line after its header",
        f"customer,month\n{IBAN}\n": "line 1 after",
        f"customer\n{IBAN},{IBAN}\n": "line 1 after",
        f"customer\na\n\n \n{IBAN}\n": "line 2 after",
    }.items(),
)
def test_a_file_of_keys_that_is_not_clear_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(errors.Misconfigured, match=words) as refusal:
        key_file(tmp_path, text)
    assert IBAN not in str(refusal.value)


def test_a_key_of_another_type_is_refused_without_being_quoted(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"line 2 .* customer is int; ") as refusal:
        key_file(tmp_path, f"customer\n1\n{IBAN}\n", customer="int64")
    assert IBAN not in str(refusal.value)


def test_a_key_that_an_older_file_cannot_hold_matches_no_row_there(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", customer=[1, 2])
    assert keys.count_matches(part, key_file(tmp_path, f"customer\n{IBAN}\n")) == 0
    assert keys.count_matches(part, key_file(tmp_path, f"customer\n{IBAN}\n2\n")) == 1


def test_a_row_without_a_key_matches_nobody(tmp_path: Path) -> None:
    part = write(tmp_path / "x.parquet", customer=["a", None], month=[None, 1.0])
    assert keys.count_matches(part, key_file(tmp_path, "customer\na\n")) == 1
    assert keys.count_matches(part, key_file(tmp_path, "customer,month\na,1\n")) == 0


# Retention


def test_each_kind_is_past_its_own_retention(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        time={"gate": 1},
        retention={"extracts": 1, "predictions": 2, "requests": 3},
    )
    batch(tmp_path, "2025-10-01", "a", "b")
    batch(tmp_path, "2025-11-01", "a")
    shadow = "predictions/dev/_shadow/date=2025-09-01/batch-0001/part.parquet"
    write(tmp_path / shadow, customer=["a"])
    for day in ("2025-09-30", "2025-10-01"):
        write(tmp_path / f"predictions/dev/online/date={day}/x.parquet", customer=["a"])
    extract = write(tmp_path / "extracts/dev/1a2b.parquet", customer=["a"])
    write(tmp_path / "extracts/dev/new.parquet", customer=["a"])
    os.utime(extract, (0, 0))
    search = erase._expired(project, {}, pd.Timestamp("2026-01-01"))
    assert {found.name: found.rows for found in search.found} == {
        "1a2b.parquet": 1,
        "date=2025-10-01/batch-0001": 2,
        "_shadow/date=2025-09-01/batch-0001": 1,
        "online/date=2025-09-30": 1,
    }


def test_without_a_retention_nothing_is_past_it(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="no retention is set"):
        erase._expired(make_project(tmp_path), {}, pd.Timestamp("2026-01-01"))


def test_what_monitor_reads_cannot_be_past_its_retention(tmp_path: Path) -> None:
    time = {"label_horizon": 3, "gate": 3}
    make_project(tmp_path, time=time, retention={"predictions": 7, "requests": 7})
    for key in ("predictions", "requests"):
        with pytest.raises(ValueError, match=rf"retention\.{key} is 6.*monitor .* 7 periods"):
            make_project(tmp_path, time=time, retention={key: 6})


def test_a_reference_date_in_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="2999-01-01 is in the future"):
        erase.erase(make_project(tmp_path), "2999-01-01", expired=True, keys=None, confirmed=True)


def test_the_command_needs_exactly_one_thing_to_erase(tmp_path: Path) -> None:
    for expired, file in ((False, None), (True, Path("persons.csv"))):
        with pytest.raises(errors.Misconfigured, match=r"--expired or --keys"):
            erase.erase(make_project(tmp_path), None, expired=expired, keys=file, confirmed=False)


# One run at a time


def test_no_rows_are_erased_while_a_batch_is_written(tmp_path: Path) -> None:
    staged = tmp_path / "predictions/dev/_staged_1"
    staged.mkdir(parents=True)
    with pytest.raises(errors.MlopsError, match="_staged_1"), erase._alone(make_project(tmp_path)):
        pass
    os.utime(staged, (OLD, OLD))
    with erase._alone(make_project(tmp_path)):
        pass


@pytest.mark.parametrize(
    ("command", "words"),
    [("erase", "are being erased by another"), ("monitor", "is being monitored by another")],
)
def test_no_rows_are_erased_while_another_process_needs_them(
    tmp_path: Path, command: str, words: str
) -> None:
    project = make_project(tmp_path)
    file = project.path(f"build/{command}-{project.env}.lock")
    file.parent.mkdir(parents=True)
    with (
        FileLock(file),  # as another process holds it
        pytest.raises(errors.MlopsError, match=words),
        erase._alone(project),
    ):
        pass


# Killed runs


def complete(root: Path, *entries: Any) -> None:
    """Complete what these entries have recorded."""
    project = make_project(root)
    erase._complete(project, erase._pending(project, store_of(*entries)))


def staged(tmp_path: Path) -> tuple[Path, Any]:
    """Return a batch whose new file is staged, and what the journal says of it."""
    part = batch(tmp_path, "2026-01-01", "a", "b")
    wanted = key_file(tmp_path, "customer\na\n")
    store = store_of(
        recorded("2026-01-01", "0001", command="score"), project=make_project(tmp_path)
    )
    [found] = erase._search_keys(store, wanted).found
    return part, erase._stage(found, wanted)


def test_a_file_that_was_recorded_but_not_replaced_is_replaced_by_the_next_run(
    tmp_path: Path,
) -> None:
    part, file = staged(tmp_path)
    complete(tmp_path, recorded(file))
    assert list(pd.read_parquet(part)["customer"]) == ["b"]
    assert integrity.sha256_of_file(part) == file.sha256
    assert json.loads(part.with_name("_SUCCESS").read_text())["rows"] == 1
    assert sorted(path.name for path in part.parent.iterdir()) == ["_SUCCESS", "part.parquet"]
    assert erase._pending(make_project(tmp_path), store_of(recorded(file))) == []


def test_an_interrupted_erasure_is_named_as_the_reason_of_another_hash(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    part, file = staged(tmp_path)
    published = recorded("2026-01-01", "0001", "1" * 64, command="score")
    [problem] = predictions.problems(project, [published, recorded(file)])
    assert "an erasure was interrupted" in problem
    with pytest.raises(errors.MlopsError, match="an erasure was interrupted"):
        list(predictions.read_parts([part], [published, recorded(file)]))


def test_a_file_that_was_staged_but_not_recorded_is_deleted(tmp_path: Path) -> None:
    part, _ = staged(tmp_path)
    complete(tmp_path)
    assert list(pd.read_parquet(part)["customer"]) == ["a", "b"]
    assert sorted(path.name for path in part.parent.iterdir()) == ["_SUCCESS", "part.parquet"]


def test_a_batch_that_was_recorded_but_not_deleted_is_deleted_by_the_next_run(
    tmp_path: Path,
) -> None:
    part = batch(tmp_path, "2026-01-01", "a")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    complete(tmp_path, recorded(erased_file("date=2026-01-01/batch-0001"), time=now))
    assert not part.parents[1].exists()


def test_an_extract_that_was_written_again_after_its_erasure_stays(tmp_path: Path) -> None:
    extract = write(tmp_path / "extracts/dev/1a2b.parquet", customer=["a"])
    complete(tmp_path, recorded(erased_file("1a2b.parquet", kind="extract")))
    assert extract.exists()


def test_rows_that_other_killed_runs_left_are_deleted_after_a_day(tmp_path: Path) -> None:
    left = [
        write(tmp_path / "extracts/dev/1a2b.tmp", customer=["a"]),
        write(tmp_path / "predictions/dev/_staged_1/part.parquet", customer=["a"]).parent,
        write(
            tmp_path / "predictions/dev/date=2026-01-01/_unrecorded-batch-0001-1/part.parquet",
            customer=["a"],
        ).parent,
        write(tmp_path / "predictions/dev/online/date=2026-01-01/_x.parquet", customer=["a"]),
        write(tmp_path / "predictions/dev/_shadow/online/date=2026-01-01/_x.parquet", c=["a"]),
    ]
    complete(tmp_path)
    assert all(path.exists() for path in left)
    for path in left:
        os.utime(path, (OLD, OLD))
    complete(tmp_path)
    assert not any(path.exists() for path in left)


class Journal:
    """A store of which the journal is a list; `after` runs once an entry has been written."""

    def __init__(self, project: Any, before: Callable[[], None], after: Callable[[], None]) -> None:
        self.project = project
        self.entries: list[Any] = [recorded("2026-01-01", "0001", command="score")]
        self._before = before
        self._after = after

    def record(self, details: Any, as_of: str) -> None:
        """Write an entry."""
        self._before()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.entries.append(recorded(*details.files, time=now))
        self._after()


def killed() -> None:
    raise KeyboardInterrupt


def survived() -> None:
    pass


@pytest.mark.parametrize(
    ("before", "after", "entries"), [(killed, survived, 0), (survived, killed, 1)]
)
def test_a_run_that_is_killed_leaves_all_rows_and_the_next_one_ends_as_if_it_had_not_been(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[], None],
    after: Callable[[], None],
    entries: int,
) -> None:
    project = make_project(tmp_path)
    part = batch(tmp_path, "2026-01-01", "a", "b")
    whole = part.read_bytes()
    store = Journal(project, before, after)
    wanted = key_file(tmp_path, "customer\na\n")
    monkeypatch.setattr(erase, "open_store", lambda _: store)
    monkeypatch.setattr(erase, "_cards", lambda *_: {})
    monkeypatch.setattr(erase, "_read_keys", lambda *_: wanted)

    def run() -> None:
        erase.erase(project, None, expired=False, keys=tmp_path / "persons.csv", confirmed=True)

    with pytest.raises(KeyboardInterrupt):
        run()
    shown = erase.erase(
        project, None, expired=False, keys=tmp_path / "persons.csv", confirmed=False
    )
    assert ("was interrupted" in shown.message) == bool(entries)
    assert part.read_bytes() == whole
    assert len(store.entries) == 1 + entries
    store._before = store._after = survived
    run()
    assert list(pd.read_parquet(part)["customer"]) == ["b"]
    assert len(store.entries) == 2
    [file] = store.entries[1].details.files
    assert file.sha256 == integrity.sha256_of_file(part)
    run()
    assert len(store.entries) == 2


@pytest.mark.parametrize("confirmed", [False, True])
def test_whoever_erases_a_person_reads_that_serve_may_not_have_written_yet(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    confirmed: bool,  # noqa: FBT001
) -> None:
    """Before its first writing there is no folder by which to know that one is running."""
    project = make_project(tmp_path)
    batch(tmp_path, "2026-01-01", "a", "b")
    store = Journal(project, survived, survived)
    wanted = key_file(tmp_path, "customer\na\n")
    monkeypatch.setattr(erase, "open_store", lambda _: store)
    monkeypatch.setattr(erase, "_cards", lambda *_: {})
    monkeypatch.setattr(erase, "_read_keys", lambda *_: wanted)
    found = erase.erase(
        project, None, expired=False, keys=tmp_path / "persons.csv", confirmed=confirmed
    )
    assert "; a running `serve` writes what it has answered after up to 10 sec" in found.message


# What somebody may have changed or planted


def test_a_batch_that_was_changed_is_not_vouched_for_by_its_erasure(tmp_path: Path) -> None:
    part = batch(tmp_path, "2026-01-01", "a", "b")
    published = recorded("2026-01-01", "0001", integrity.sha256_of_file(part), command="score")
    store = store_of(published, project=make_project(tmp_path))
    assert len(erase._search_keys(store, key_file(tmp_path, "customer\na\n")).found) == 1
    write(part, customer=["a", "b"], score=[0.5, 0.9])
    with pytest.raises(errors.MlopsError, match="has changed since it was published"):
        erase._search_keys(store, key_file(tmp_path, "customer\na\n"))


def test_a_batch_that_changes_during_its_erasure_is_not_vouched_for(tmp_path: Path) -> None:
    part = batch(tmp_path, "2026-01-01", "a", "b")
    published = recorded("2026-01-01", "0001", integrity.sha256_of_file(part), command="score")
    persons = key_file(tmp_path, "customer\na\n")
    store = store_of(published, project=make_project(tmp_path))
    [found] = erase._search_keys(store, persons).found
    staged = erase._stage(found, persons)
    assert staged.sha256 == integrity.sha256_of_file(erase.staged_path(part))
    write(part, customer=["a", "b"], score=[0.5, 0.9])
    with pytest.raises(errors.MlopsError, match=r"batch-0001/part\.parquet changed while its"):
        erase._stage(found, persons)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("date=2026-01-01/batch-0000/part.parquet", "has no entry for it, or says"),
        ("date=2026-01-02/batch-0001/part.parquet", "has no entry for it, or says"),
        ("_shadow/date=2026-01-01/batch-0002/part.parquet", "has no entry for it, or says"),
        ("_shadow/date=2026-01-01/batch-0001/part.parquet", "has changed since it was published"),
        (
            "date=2026-01-01/batch-0001/more.parquet",
            "^predictions/dev/date=2026-01-01/batch-0001/more.parquet was not written by",
        ),
    ],
)
def test_what_the_journal_does_not_know_is_not_vouched_for_by_its_erasure(
    tmp_path: Path, name: str, words: str
) -> None:
    part = batch(tmp_path, "2026-01-01", "b")
    shadow = write(tmp_path / "predictions/dev/_shadow/date=2026-01-01/batch-0001/part.parquet")
    entries = (
        recorded("2026-01-01", "0001", integrity.sha256_of_file(part), command="score"),
        recorded("2026-01-01", "0001", integrity.sha256_of_file(shadow), command="shadow"),
    )
    store = store_of(*entries, project=make_project(tmp_path))
    wanted = key_file(tmp_path, "customer\na\n")
    assert erase._search_keys(store, wanted).found == []
    write(tmp_path / "predictions/dev" / name, customer=["a", "c"])
    with pytest.raises(errors.MlopsError, match=words):
        erase._search_keys(store, wanted)


def test_a_batch_in_the_shadow_is_erased_from_if_its_entry_is_older_than_its_hash(
    tmp_path: Path,
) -> None:
    write(
        tmp_path / "predictions/dev/_shadow/date=2026-01-01/batch-0001/part.parquet", customer=["a"]
    )
    older = recorded("2026-01-01", "0001", command="shadow")
    store = store_of(older, project=make_project(tmp_path))
    [found] = erase._search_keys(store, key_file(tmp_path, "customer\na\n")).found
    assert found.name == "_shadow/date=2026-01-01/batch-0001"


def test_a_batch_may_be_erased_from_twice(tmp_path: Path) -> None:
    part = batch(tmp_path, "2026-01-01", "a", "b")
    now = integrity.sha256_of_file(part)
    entries = (
        recorded("2026-01-01", "0001", "0" * 64, command="score"),
        recorded(erased_file("date=2026-01-01/batch-0001", now)),
    )
    store = store_of(*entries, project=make_project(tmp_path))
    assert len(erase._search_keys(store, key_file(tmp_path, "customer\na\n")).found) == 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("extract", "../../elsewhere"),
        ("extract", "../dev/1a2b.parquet"),
        ("prediction", "date=2026-01-01/batch-0001/../../../elsewhere"),
        ("prediction", "date=2026-01-01"),
        ("request", "{folder}/elsewhere"),
        ("request", ".."),
        ("request", ""),
    ],
)
def test_a_forged_entry_deletes_nothing_elsewhere(tmp_path: Path, kind: str, name: str) -> None:
    """Without its guard, this deletes what the names say: nothing outside of the test's folder."""
    kept = write(tmp_path / "elsewhere/x.parquet", customer=["a"])
    file = erased_file(name.format(folder=tmp_path), kind=kind)
    forged = recorded(file, time="2999-01-01T00:00:00+00:00")
    with pytest.raises(errors.MlopsError, match="is not the name of one"):
        complete(tmp_path, forged)
    assert kept.exists()


@pytest.mark.parametrize(
    "link",
    [
        "extracts/dev/1a2b.parquet",
        "predictions/dev/date=2026-01-01",
        "predictions/dev/date=2026-01-02/batch-0001",
        "predictions/dev/online/date=2026-01-01",
        "predictions/dev/_shadow/date=2026-01-02/batch-0001",
        "predictions/dev/_shadow",
        "predictions/dev/online",
        "predictions/dev/_erased_x",
        "predictions/dev/_staged_x",
        "predictions/dev/date=2026-01-01/_unrecorded-batch-0001-x",
        "extracts/dev/1a2b.tmp",
        "extracts/dev/other/deep",
    ],
)
def test_a_link_is_not_followed(tmp_path: Path, link: str) -> None:
    project = make_project(tmp_path)
    target = batch(tmp_path / "elsewhere", "2026-01-01", "a")
    path = tmp_path / link
    path.parent.mkdir(parents=True)
    elsewhere = target if path.suffix else target.parent
    path.symlink_to(elsewhere.parent if link.endswith("dev/date=2026-01-01") else elsewhere)
    with pytest.raises(errors.MlopsError, match="is a symbolic link"):
        erase.erase(project, None, expired=True, keys=None, confirmed=False)


def test_the_folder_of_an_environment_may_be_a_link_to_a_mounted_disk(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    for folder in ("extracts", "predictions"):
        (tmp_path / f"disk/{folder}/date=2026-01-01").mkdir(parents=True)
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "dev").symlink_to(tmp_path / "disk" / folder)
    places.refuse_links(project)


@pytest.mark.parametrize("name", ["date=2026-01-01", "part.parquet"])
def test_deleting_a_link_leaves_what_it_points_to(tmp_path: Path, name: str) -> None:
    part = batch(tmp_path / "elsewhere", "2026-01-01", "a")
    link = tmp_path / "predictions/dev/_erased_x"
    link.parent.mkdir(parents=True)
    link.symlink_to(part.parent if name.startswith("date=") else part)
    files.delete(link)
    assert not link.is_symlink()
    assert sorted(path.name for path in part.parent.iterdir()) == ["_SUCCESS", "part.parquet"]


@pytest.mark.parametrize("hard", [False, True])
def test_what_replaces_a_file_is_not_written_through_a_link(tmp_path: Path, *, hard: bool) -> None:
    part = batch(tmp_path, "2026-01-01", "a", "b")
    elsewhere = write(tmp_path / "elsewhere.parquet", customer=["c"])
    before = elsewhere.read_bytes()
    for name in ("part.parquet", "_SUCCESS"):
        staged = erasures.staged_path(part.with_name(name))
        staged.hardlink_to(elsewhere) if hard else staged.symlink_to(elsewhere)
    keys.write_without(part, key_file(tmp_path, "customer\na\n"), erasures.staged_path(part))
    files.replace_by_staged(part)
    assert list(pd.read_parquet(part)["customer"]) == ["b"]
    assert elsewhere.read_bytes() == before


# What the journal says


def test_the_newest_entry_about_a_batch_counts() -> None:
    name = "date=2026-01-01/batch-0001"
    first = recorded(erased_file(name, "1" * 64))
    second = recorded(erased_file(name), erased_file("1a2b.parquet", kind="extract"))
    again = recorded("2026-01-01", "0001", command="score")
    assert erasures.last_erasures([first])[name].file.sha256 == "1" * 64
    assert erasures.last_erasures([first, second])[name].file.sha256 == ""
    assert list(erasures.last_erasures([first, second, again])) == ["1a2b.parquet"]
    assert erasures.last_erasures([first])[name].date == "2026-01-01"


def test_an_erasure_is_read_back_as_it_was_written() -> None:
    written = recorded(erased_file("date=2026-01-01/batch-0001", "1" * 64))
    assert entry.Entry.stored(written.to_json(), "").details == written.details
