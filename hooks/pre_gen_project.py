"""Refuse a folder that contains files: with --overwrite-if-exists, cookiecutter would use it."""

import sys
from pathlib import Path

FOLDER = Path.cwd()

if any(FOLDER.iterdir()):
    sys.exit(f"{FOLDER} contains files: choose another project name, or empty the folder first.")
