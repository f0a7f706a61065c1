"""Refuse a folder with files in it, which cookiecutter fills when it is told to overwrite."""

import sys
from pathlib import Path

FOLDER = Path.cwd()

if any(FOLDER.iterdir()):
    sys.exit(f"{FOLDER} holds files: name another project, or bring them into a new one.")
