"""Programs on a desk that stand in for those of a vendor."""

from pathlib import Path

from programs import write_python

FAKES = {
    # runs no checks, fails where a file says so, and records its environment
    "uvx": """
import json, os, pathlib, sys
readable = []
for file in pathlib.Path("/proc").glob("[0-9]*/environ"):
    try:
        readable += [name for name in file.read_text().split("\\0") if "of-a-parent" in name]
    except OSError:
        pass
checked = {"arguments": sys.argv[1:], "env": dict(os.environ), "readable": readable}
(HERE / "checked").write_text(json.dumps(checked))
print("a check speaks")
sys.exit(pathlib.Path("broken").exists())
""",
    # remembers the pull request it opened, and answers like the vendor's program
    "vendor": """
import json, sys
NAME = pathlib.Path(__file__).name
OPEN = {
    "gh": {"number": 7, "isCrossRepository": False},
    "glab": {"iid": 7, "source_project_id": 1, "target_project_id": 1},
    "az": {"pullRequestId": 7, "forkSource": None},
}
with (HERE / "calls").open("a") as calls:
    calls.write(json.dumps([NAME, *sys.argv[1:]]) + "\\n")
if (HERE / "offline").exists():
    sys.exit("Error: not logged in")
state = HERE / "open.json"
if "list" in sys.argv:
    print(state.read_text() if state.exists() else "[]")
if "create" in sys.argv:
    state.write_text(json.dumps([OPEN[NAME]]))
    print("https://vendor.example/7")
""",
}


def add_program(folder: Path, name: str, fake: str) -> None:
    """Put a program on the PATH of a desk."""
    head = "import pathlib\nHERE = pathlib.Path(__file__).parent\n"
    write_python(folder / name, head + FAKES[fake])
