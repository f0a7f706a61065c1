"""The modules of two versions are compared by the copies that they carry."""

import pytest
from rendering import platform

code = platform("steps.compare.code")


def test_a_module_that_differs_has_its_lines_counted() -> None:
    same = {"data.py": b"rows = 1\n"}
    first = {**same, "model.py": b"a = 1\nb = 2\n"}
    second = {**same, "model.py": b"a = 1\nb = 3\nc = 4\n"}
    [change] = code.compare_modules(first, second)
    assert (change.path, change.added, change.removed) == ("model.py", 2, 1)
    assert change.diff.splitlines() == ["@@ -1,2 +1,3 @@", " a = 1", "-b = 2", "+b = 3", "+c = 4"]


@pytest.mark.parametrize(("first", "second"), [({}, {"new.py": b"a\n"}), ({"new.py": b"a\n"}, {})])
def test_a_module_that_only_one_version_has_differs(
    first: dict[str, bytes], second: dict[str, bytes]
) -> None:
    [change] = code.compare_modules(first, second)
    assert (change.added, change.removed) == (len(second), len(first))


def test_a_long_difference_is_cut_but_counted_in_full() -> None:
    lines = b"".join(f"line {number}\n".encode() for number in range(1000))
    [change] = code.compare_modules({}, {"long.py": lines})
    assert change.added == 1000
    assert len(change.diff.splitlines()) == code.LONGEST + 1
    assert change.diff.endswith("more lines")
