"""Each kind of error has its exit code, and errors of others become one sentence."""

import importlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from rendering import platform

errors = platform("base.errors")


def test_a_shell_can_tell_the_kinds_apart() -> None:
    """The codes of docs/reference/commands.md."""
    codes = {
        "MlopsError": 1,
        "Misconfigured": 2,
        "Rejected": 3,
        "PersonNeeded": 4,
        "Unreachable": 5,
    }
    assert {name: getattr(errors, name).exit_code for name in codes} == codes
    assert all(issubclass(getattr(errors, name), errors.MlopsError) for name in codes)


@pytest.mark.parametrize(
    ("lookup", "named"),
    [
        (lambda frame: frame["absent"], "column absent is"),
        (lambda frame: frame[["amount", "absent"]], "column absent is"),
        (lambda frame: frame[["absent", "gone"]], "columns absent, gone are"),
        (lambda frame: frame.drop(columns="absent"), "column absent is"),
        (lambda frame: frame.merge(frame, on="absent"), "column absent is"),
    ],
    ids=["a column", "columns", "columns alone", "a column to drop", "a column to join on"],
)
def test_a_column_that_a_users_function_does_not_find_is_named(lookup, named: str) -> None:  # type: ignore[no-untyped-def]
    """The errors are those that pandas raises."""
    frame = pd.DataFrame({"amount": [1.0]})
    with pytest.raises(errors.MlopsError) as caught, errors.user_function("data.inputs"):
        lookup(frame)
    assert str(caught.value) == (
        f"data.inputs: {named} missing; correct data.py, or the table that it reads."
    )


def test_a_column_that_only_schema_py_names_is_named() -> None:
    """As in the example: `applications[list(Inputs.to_schema().columns)]`."""
    columns = [f"measurement_{number}" for number in (1, 2)]  # no line of this file names them
    frame = pd.DataFrame({"amount": [1.0], columns[1]: 2.0})
    with pytest.raises(errors.MlopsError) as caught, errors.user_function("data.inputs", columns):
        frame[columns]
    assert str(caught.value).startswith(f"data.inputs: column {columns[0]} is missing; ")
    many = [f"measurement_{number}" for number in range(3, 20)]  # pandas writes several lines
    with pytest.raises(errors.MlopsError) as caught, errors.user_function("data.inputs", many):
        frame[many]
    assert f"columns {', '.join(many)} are missing; " in str(caught.value)
    with pytest.raises(errors.MlopsError) as caught, errors.user_function("data.inputs", columns):
        frame[[columns[0], IBAN]]
    assert IBAN not in str(caught.value)


def test_a_defect_of_a_users_function_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), errors.user_function("data.inputs"):
        _ = 1 / 0


@pytest.mark.parametrize(
    "raised",
    [FileNotFoundError("gone"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), KeyError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_be_read_is_one_sentence_with_a_remedy(raised: Exception) -> None:
    with pytest.raises(errors.MlopsError) as caught, errors.reading("x.csv", "deliver it again"):
        raise raised
    assert str(caught.value).startswith("x.csv cannot be read (")
    assert str(caught.value).endswith("); deliver it again.")


def test_a_reason_of_several_lines_becomes_one() -> None:
    with pytest.raises(errors.MlopsError) as caught, errors.reading("x", "ask"):
        raise ValueError("first line.\n  second line.\n")
    assert str(caught.value) == "x cannot be read (first line. second line); ask."


def test_arrow_raises_nothing_else_for_a_broken_file() -> None:
    """So that a table of files needs no list of Arrow's own errors."""
    with pytest.raises(errors.MlopsError), errors.reading("x.parquet", "ask"):
        pq.read_table(pa.BufferReader(b"PAR1 not Parquet"))


def test_a_librarys_own_error_is_given_by_the_caller() -> None:
    class LakeError(Exception):
        pass

    with pytest.raises(LakeError), errors.reading("lake", "ask"):
        raise LakeError
    with pytest.raises(errors.MlopsError), errors.reading("lake", "ask", LakeError):
        raise LakeError("no log")


def test_an_error_that_is_already_a_sentence_stays_as_it_is() -> None:
    with pytest.raises(errors.Unreachable, match=r"^it sleeps$"), errors.reading("lake", "ask"):
        raise errors.Unreachable("it sleeps")


# What an error of others may quote


IBAN = f"DE{89}370400440532013000"  # in no line of this file's code


@pytest.mark.parametrize(
    "lookup",
    [
        lambda key: {"car": 1}[key],
        lambda key: pd.Series({"car": 1})[key],
        lambda key: pd.DataFrame({"a": [1]}, ["car"]).loc[[key]],
    ],
    ids=["a dictionary", "a series", "a frame"],
)
def test_a_value_that_a_users_function_looks_up_is_not_quoted(lookup) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(errors.MlopsError) as caught, errors.user_function("data.inputs"):
        lookup(IBAN)
    assert IBAN not in str(caught.value)
    assert "a column or another key is missing in test_errors.py, line " in str(caught.value)


def test_a_value_that_cannot_be_read_is_not_quoted() -> None:
    with pytest.raises(errors.MlopsError) as caught, errors.reading("x.csv", "deliver it again"):
        float(IBAN)
    assert str(caught.value) == (
        "x.csv cannot be read (could not convert string to float: '…'); deliver it again."
    )


def test_a_name_that_cannot_be_read_is_quoted() -> None:
    with pytest.raises(errors.MlopsError, match="'income'"), errors.reading("x.csv", "ask"):
        pd.read_csv(io.StringIO("a,b\n1,2\n"), usecols=["income"])


def test_an_error_of_user_code_is_summarized_by_its_type_and_place() -> None:
    with pytest.raises(ValueError, match=IBAN) as caught:
        float(IBAN)
    summary = errors.summarize(caught.value)
    assert re.fullmatch(r"ValueError in test_errors.py, line \d+", summary)
    assert errors.summarize(errors.MlopsError("a sentence")) == "a sentence"
    missing = "ModuleNotFoundError: No module named 'gone'"
    assert errors.summarize(ModuleNotFoundError("No module named 'gone'")) == missing


def test_a_trace_has_the_lines_of_all_causes_and_no_text() -> None:
    def fail() -> None:
        try:
            float(IBAN)
        except ValueError:
            raise KeyError(IBAN) from None

    def fail_again() -> None:
        try:
            fail()
        except KeyError as error:
            raise RuntimeError(IBAN) from error

    with pytest.raises(RuntimeError) as caught:
        fail_again()
    trace = errors.trace(caught.value)
    assert IBAN not in trace
    assert [line for line in trace.splitlines() if line.endswith("Error")] == [
        "KeyError",
        "RuntimeError",
    ]
    assert "raise KeyError(IBAN) from None" in trace


CUSTOMER = f"C{31}156"  # in no line of this file's code


@pytest.mark.parametrize(
    ("fail", "shown"),
    [
        (
            lambda: Path("/archive/" + CUSTOMER).read_text(),
            "FileNotFoundError: No such file or dir",
        ),
        (lambda: pd.read_csv("/archive/" + CUSTOMER), "FileNotFoundError: No such file or dir"),
        (lambda: getattr(pd.DataFrame(), "of_" + CUSTOMER), "AttributeError in "),
        (lambda: eval(CUSTOMER), "NameError in "),  # noqa: S307
        (lambda: importlib.import_module("plug_" + CUSTOMER), "ModuleNotFoundError in "),
        (lambda: fail_with(OSError(CUSTOMER)), "OSError in "),
        (lambda: fail_with(OSError(5, CUSTOMER)), "OSError: Input/output error in "),
        (lambda: fail_with(AttributeError(CUSTOMER)), "AttributeError in "),
        (lambda: fail_with(SyntaxError(CUSTOMER)), "SyntaxError in "),
    ],
)
def test_no_error_of_user_code_quotes_a_name_made_of_a_value(
    fail: Callable[[], object], shown: str
) -> None:
    with pytest.raises(Exception, match=CUSTOMER) as caught:
        fail()
    summary = errors.summarize(caught.value)
    assert CUSTOMER not in summary
    assert summary.startswith(shown)
    assert " in test_errors.py, line " in summary


@pytest.mark.parametrize(
    ("fail", "shown"),
    [
        (
            lambda: Path("lookup/rates.csv").read_text(),
            "directory: 'lookup/rates.csv'",
        ),
        (lambda: Path(Path.cwd(), "rates.csv").read_text(), "/rates.csv'"),
        (lambda: pd.DataFrame().amounts, "'DataFrame' object has no attribute 'amounts'"),
        (lambda: undefined_amount, "name 'undefined_amount' is not defined"),  # type: ignore[name-defined]  # noqa: F821
        (lambda: importlib.import_module("gone_package"), "No module named 'gone_package'"),
    ],
)
def test_an_error_of_user_code_names_what_the_code_itself_names(
    fail: Callable[[], object], shown: str
) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        fail()
    assert shown in errors.summarize(caught.value)


def fail_with(error: Exception) -> None:
    raise error


def test_the_row_of_a_csv_file_is_not_quoted() -> None:
    with pytest.raises(errors.MlopsError) as caught, errors.reading("x.csv", "deliver it again"):
        csv.read_csv(io.BytesIO(b"key,name,age\nK1203,Mueller,45,6\n"))
    assert "Mueller" not in str(caught.value)
    assert "Expected 3 columns, got 4: …" in str(caught.value)
