"""What the clean interpreter says of an error in the code of a version."""

import subprocess
import sys
from pathlib import Path

import pytest
from rendering import platform

clean_interpreter = platform("steps.gate.clean_interpreter")

FAKES = """
import os, sys, types
sys.path.insert(0, sys.argv[2])
pyfunc = types.SimpleNamespace(load_model=lambda *_, **__: __import__("scorer"))
sys.modules["mlflow"] = types.SimpleNamespace(pyfunc=pyfunc)
sys.modules["pandas"] = types.SimpleNamespace(read_parquet=lambda _: None)
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("open('/archive/' + key)", "FileNotFoundError, whose text may quote a value of a row"),
        ("getattr(sys, 'of_' + key)", "AttributeError, whose text may quote a value of a row"),
        ("raise OSError(f'no file for {key}')", "OSError, whose text may quote a value of a row"),
        ("float(key)", "ValueError, whose text may quote a value of a row"),
        ("open('rates.csv')", "No such file or directory: 'rates.csv'"),
        ("sys.unknown", "module 'sys' has no attribute 'unknown'"),
        ("import gone", "ModuleNotFoundError: import of gone halted"),
        ("1 +", "SyntaxError: invalid syntax"),
    ],
)
def test_no_error_of_a_version_quotes_a_value(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "scorer.py").write_text(f"import sys\nkey = f'C{{31}}156'\n{code}\n")
    command = [sys.executable, "-I", "-c", FAKES + clean_interpreter.PROGRAM, "gone", f"{tmp_path}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "C31156" not in done.stderr
