"""docker, without its daemon: notes what it is asked and refuses what it does not know.

It lies on PATH under the name of the program, and keeps its notes in $NOTES.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path


def digest(tag: str) -> str:
    """Return the digest of what is pushed as a tag."""
    return f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"


def main() -> int:
    notes = Path(os.environ["NOTES"])
    parser = argparse.ArgumentParser(allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", allow_abbrev=False)
    build.add_argument("--file", required=True)
    build.add_argument("--tag", required=True)
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("--secret", default="")
    build.add_argument("context")
    push = commands.add_parser("push", allow_abbrev=False)
    push.add_argument("tag")
    image = commands.add_parser("image", allow_abbrev=False)
    image.add_argument("verb", choices=["inspect"])
    image.add_argument("tag")
    asked = vars(parser.parse_args())
    if asked.get("secret"):
        file = Path(dict(part.split("=") for part in asked["secret"].split(","))["src"])
        asked["secret"] = [file.read_text(encoding="utf-8"), oct(file.stat().st_mode)[-3:]]
    with notes.open("a", encoding="utf-8") as log:
        log.write(json.dumps(asked) + "\n")
    if asked["command"] == os.environ.get("BREAKS"):
        print("no space left on device", file=sys.stderr)
        return 1
    if asked["command"] == "image":
        name = asked["tag"].rpartition(":")[0]
        others = [f"elsewhere.example/other@sha256:{'6' * 64}"]
        print(json.dumps([{"RepoDigests": [*others, f"{name}@{digest(asked['tag'])}"]}]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
