"""Files come as they were written, in pieces, and only if they agree with their control files."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlops.projects import make_project
from rendering import platform

files = platform("data.files")
file_formats = platform("data.file_formats")
control_files = platform("data.control_files")
errors = platform("base.errors")
windows = platform("base.windows")
request = platform("data.request")
settings = platform("base.settings")

JANUARY = windows.Window(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01"))
ROWS = pd.DataFrame(
    {
        "loan": ["007", "NA", 'Häuser|""neu""', None, "x,y;z"],
        "amount": [1.5, 1e-300, None, -0.0, 12345678.25],
        "day": pd.date_range("2025-12-31", periods=5, freq="12D"),
    }
)
GERMAN = {"separator": ";", "decimal": ",", "encoding": "latin-1"}

Read = Callable[..., list[pd.DataFrame]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads the files of `path` in a project of `tmp_path`."""

    def read_files(path: str, window: object = None, rows: int = 65_536, **keys: Any) -> Any:
        project = make_project(tmp_path, scoring={"batch_rows": rows})
        table = settings.Table(kind="files", origin="masked", path=path, **keys)
        asked = request.TableRequest(project, "loans", table, window, text=("loan",))
        return list(files.read_pieces(asked))

    return read_files


# Rows


@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_parquet_gives_the_rows_that_were_written_in_pieces(
    tmp_path: Path, read: Read, rows: int
) -> None:
    ROWS.to_parquet(tmp_path / "a.parquet", row_group_size=3)
    frames = read("a.parquet", rows=rows)
    assert max(map(len, frames)) <= rows
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), ROWS)


@pytest.mark.parametrize("dialect", [{}, GERMAN], ids=["English", "German"])
@pytest.mark.parametrize("rows", [2, 100])
def test_csv_gives_the_rows_that_were_written_in_pieces(
    tmp_path: Path, read: Read, rows: int, dialect: dict[str, str]
) -> None:
    """Leading zeros, the text NA, quotes, separators inside a value and a missing text included."""
    written = {"sep" if key == "separator" else key: value for key, value in dialect.items()}
    ROWS.to_csv(tmp_path / "a.csv", index=False, **written)  # type: ignore[call-overload]
    frames = read("a.csv", rows=rows, **dialect)
    assert max(map(len, frames)) <= rows
    found = pd.concat(frames, ignore_index=True)
    assert list(found["loan"].isna()) == list(ROWS["loan"].isna())
    assert list(found["loan"].dropna()) == list(ROWS["loan"].dropna())
    pd.testing.assert_series_equal(found["amount"], ROWS["amount"])
    assert list(pd.to_datetime(found["day"])) == list(ROWS["day"])


def test_only_the_named_columns_are_read_in_their_order(tmp_path: Path, read: Read) -> None:
    ROWS.to_parquet(tmp_path / "a.parquet")
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    assert list(read("a.parquet", columns=("day", "loan"))[0]) == ["day", "loan"]
    assert set(read("a.csv", columns=("day", "loan"))[0]) == {"day", "loan"}


def test_files_follow_one_another_by_name(tmp_path: Path, read: Read) -> None:
    for name in ("2026-02", "2025-12", "2026-01"):
        ROWS.assign(file=name).to_parquet(tmp_path / f"{name}.parquet")
    found = pd.concat(read("*.parquet"))
    assert list(found["file"].unique()) == ["2025-12", "2026-01", "2026-02"]


def test_a_folder_of_spark_is_read_like_a_file_without_its_marks(
    tmp_path: Path, read: Read
) -> None:
    folder = tmp_path / "a.parquet"
    folder.mkdir()
    ROWS[:2].to_parquet(folder / "part-00000.snappy.parquet")
    ROWS[2:].to_parquet(folder / "part-00001.snappy.parquet")
    for mark in ("_SUCCESS", "_metadata.parquet", ".part-00000.crc.parquet"):
        (folder / mark).write_text("not Parquet")
    pd.testing.assert_frame_equal(pd.concat(read("*.parquet"), ignore_index=True), ROWS)


def test_a_file_without_rows_gives_its_columns(tmp_path: Path, read: Read) -> None:
    ROWS.head(0).to_parquet(tmp_path / "a.parquet")
    ROWS.head(0).to_csv(tmp_path / "a.csv", index=False)
    for name in ("a.parquet", "a.csv"):
        [frame] = read(name)
        assert (list(frame), len(frame)) == (list(ROWS), 0)


# The window


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ns"), pa.date32()])
def test_row_groups_outside_the_window_are_not_read(
    tmp_path: Path, read: Read, kind: pa.DataType
) -> None:
    """A group per row: those of January remain, and the window's end is outside."""
    days = [f"{day:%Y-%m-%d}" for day in ROWS["day"]]
    days[-1] = "2026-02-01"
    typed = pa.table({"day": pa.array(pd.to_datetime(days).to_pydatetime()).cast(kind)})
    pq.write_table(typed, tmp_path / "a.parquet", row_group_size=1)
    found = pd.concat(read("a.parquet", JANUARY, time="day"))
    assert [str(day)[:10] for day in found["day"]] == ["2026-01-12", "2026-01-24"]


@pytest.mark.parametrize("time", ["loan", "absent", None])
def test_a_time_of_no_type_leaves_the_rows_to_the_caller(
    tmp_path: Path, read: Read, time: str | None
) -> None:
    ROWS.to_parquet(tmp_path / "a.parquet")
    assert sum(map(len, read("a.parquet", JANUARY, time=time))) == len(ROWS)


# What is refused


def refused(read: Read, path: str, **keys: Any) -> str:
    """Return the sentence with which a table is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        read(path, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_pattern_without_a_file_is_refused(read: Read) -> None:
    assert refused(read, "no-*.csv") == (
        "table loans: no file matches no-*.csv; add one, or correct tables.loans.path."
    )


@pytest.mark.parametrize("name", ["b.parquet", "b.csv"])
def test_a_file_that_lacks_a_column_of_an_earlier_one_is_refused(
    tmp_path: Path, read: Read, name: str
) -> None:
    ROWS.to_parquet(tmp_path / "a.parquet")
    less = ROWS.drop(columns=["day", "amount"])
    less.to_parquet(tmp_path / "b.parquet") if name == "b.parquet" else less.to_csv(tmp_path / name)
    assert f"{name} does not have all columns of an earlier file (missing: amount, day)" in refused(
        read, "*.*"
    )


def test_a_file_without_rows_sets_no_example_for_later_ones(tmp_path: Path, read: Read) -> None:
    ROWS.assign(more=1).head(0).to_parquet(tmp_path / "a.parquet")
    ROWS.to_parquet(tmp_path / "b.parquet")
    assert sum(map(len, read("*.parquet"))) == len(ROWS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1 not Parquet"),
        ("a.csv", b""),
        ("a.csv", b'loan,day\n"007,1\n'),
        ("a.csv.gz", gzip.compress(b"loan,day\n" + b"007,1\n" * 9)[:-9]),
        ("a.csv.zip", b"PK, but no archive"),
    ],
    ids=["not Parquet", "empty", "an open quote", "cut off", "no archive"],
)
def test_a_broken_file_is_refused_with_its_name(
    tmp_path: Path, read: Read, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    message = refused(read, name)
    assert message.startswith(f"table loans: {name} cannot be read (")
    assert message.endswith("replace the file, or correct tables.loans in conf/.")


# Control files


def deliver(folder: Path, name: str = "a", **stated: object) -> None:
    """Write a file and its control file, which states other facts where some are given."""
    file = folder / f"{name}.csv"
    ROWS.to_csv(file, index=False)
    facts = {"rows": len(ROWS), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()} | stated
    lines = [f"{key}={value}" for key, value in facts.items()]
    file.with_suffix(".ctl").write_text("\n".join(lines))


@pytest.mark.parametrize("form", ["{}\n{}\n", "{}|{}", "{} , {}", "ROWS={2}; {1}; job=A7\r\n"])
@pytest.mark.parametrize("kind", ["sha256", "sha512", "sha1", "md5"])
def test_a_control_file_may_have_any_of_its_forms(
    tmp_path: Path, read: Read, form: str, kind: str
) -> None:
    deliver(tmp_path)
    digest = hashlib.new(kind, (tmp_path / "a.csv").read_bytes()).hexdigest().upper()
    text = form.format(f"rows={len(ROWS)}", f"{kind} = {digest}", len(ROWS))
    (tmp_path / "a.ctl").write_text(text)
    assert sum(map(len, read("*.csv", control="*.ctl"))) == len(ROWS)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"rows": 6}, "a.csv has 5 rows, but its control file a.ctl states 6"),
        ({"sha256": "00"}, "the sha256 of a.csv is not the one that its control file a.ctl states"),
        ({"rows": "many"}, "the control file a.ctl cannot be read"),
        ({"rows": ""}, "a.ctl does not state rows"),
        ({"delivered": "yesterday morning"}, "the control file a.ctl cannot be read"),
        ({"delivered": "01.02.2026 04:00"}, "the control file a.ctl cannot be read"),
    ],
)
def test_a_control_file_that_disagrees_is_refused(
    tmp_path: Path, read: Read, stated: dict[str, Any], words: str
) -> None:
    deliver(tmp_path, **stated)
    assert words in refused(read, "*.csv", control="*.ctl")


def test_letters_of_another_encoding_in_a_control_file_do_not_count(
    tmp_path: Path, read: Read
) -> None:
    deliver(tmp_path)
    with (tmp_path / "a.ctl").open("ab") as control:
        control.write("\njob=Prüfung".encode("latin-1"))
    assert sum(map(len, read("*.csv", control="*.ctl"))) == len(ROWS)


def test_a_file_whose_control_file_is_missing_is_refused(tmp_path: Path, read: Read) -> None:
    deliver(tmp_path)
    (tmp_path / "a.ctl").unlink()
    assert "the control file a.ctl cannot be read" in refused(read, "*.csv", control="*.ctl")


def test_a_control_file_whose_file_is_missing_is_refused(tmp_path: Path, read: Read) -> None:
    deliver(tmp_path)
    deliver(tmp_path, "b")
    (tmp_path / "b.csv").unlink()
    message = refused(read, "*.csv", control="*.ctl")
    assert message == (
        "table loans: the control file b.ctl is there, but its data file b.csv is not; ask whoever "
        "delivers the table for the data file."
    )


def test_a_control_file_whose_file_is_missing_is_refused_in_a_folder_with_brackets(
    tmp_path: Path, read: Read
) -> None:
    folder = tmp_path / "risk [1]"
    folder.mkdir()
    deliver(folder)
    deliver(folder, "b")
    (folder / "b.csv").unlink()
    assert "b.ctl is there" in refused(read, "risk [1]/*.csv", control="*.ctl")


def test_a_control_file_of_another_table_in_the_same_folder_is_left_alone(
    tmp_path: Path, read: Read
) -> None:
    deliver(tmp_path, "loans-1")
    (tmp_path / "outcomes-1.ctl").write_text("rows=1")
    assert sum(map(len, read("loans-*.csv", control="*.ctl"))) == len(ROWS)


def test_a_file_that_is_written_again_is_compared_again(tmp_path: Path, read: Read) -> None:
    deliver(tmp_path)
    read("*.csv", control="*.ctl")
    (tmp_path / "a.csv").write_text("loan,amount,day\n")
    assert "a.csv has 0 rows, but its control file a.ctl states 5" in refused(
        read, "*.csv", control="*.ctl"
    )


def test_the_newest_delivery_must_not_be_late(tmp_path: Path, read: Read) -> None:
    """The window ends on 1 February, and a delivery may come 24 hours before."""
    keys = {"control": "*.ctl", "max_late": 24, "window": JANUARY}
    deliver(tmp_path, "a", delivered="2025-12-01")
    deliver(tmp_path, "b", delivered="2026-01-30T23:59")
    message = refused(read, "*.csv", **keys)
    assert "loans is late: its newest delivery is from 2026-01-30 23:59:00" in message
    assert "2026-01-31 00:00:00" in message


@pytest.mark.parametrize("delivered", ["2026-01-31T00:00", "2026-02-01 04:00"])
def test_a_delivery_in_time_is_read(tmp_path: Path, read: Read, delivered: str) -> None:
    deliver(tmp_path, "a", delivered="2025-12-01")
    deliver(tmp_path, "b", delivered=delivered)
    frames = read("*.csv", JANUARY, control="*.ctl", max_late=24)
    assert sum(map(len, frames)) == 2 * len(ROWS)


def test_a_delivery_without_its_time_is_refused_only_where_the_time_counts(
    tmp_path: Path, read: Read
) -> None:
    deliver(tmp_path)
    read("*.csv", control="*.ctl", window=JANUARY)
    read("*.csv", control="*.ctl", max_late=24)
    keys = {"control": "*.ctl", "max_late": 24, "window": JANUARY}
    assert "no control file states when its file was delivered" in refused(read, "*.csv", **keys)
