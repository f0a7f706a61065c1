"""Change .copier-answers.yml, as with an editor: name the new address; `typed`: and the version."""

import re
import subprocess
import sys
from pathlib import Path

CLONE = Path("build/goldsmith").resolve()
tags = ["git", "describe", "--tags", "--abbrev=0"]
lines = {"_src_path": str(CLONE)}
if "typed" in sys.argv:
    lines["_commit"] = subprocess.check_output(tags, cwd=CLONE, text=True).strip()
file = Path(".copier-answers.yml")
text = file.read_text(encoding="utf-8")
for name, value in lines.items():
    old = re.search(rf"^{name}: .*$", text, re.MULTILINE)
    text = text.replace(old.group(), f"{name}: {value}")
file.write_text(text, encoding="utf-8")
