"""A fake `docker` that records its calls in $NOTES, and refuses unknown arguments."""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path


def digest(tag: str) -> str:
    """Return the digest of an image that is pushed with a tag."""
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
    arguments = vars(parser.parse_args())
    if arguments.get("secret"):
        file = Path(dict(part.split("=") for part in arguments["secret"].split(","))["src"])
        arguments["secret"] = [file.read_text(encoding="utf-8"), oct(file.stat().st_mode)[-3:]]
    with notes.open("a", encoding="utf-8") as log:
        log.write(json.dumps(arguments) + "\n")
    if arguments["command"] == os.environ.get("BREAKS"):
        print("no space left on device", file=sys.stderr)
        return 1
    if arguments["command"] == "image":
        name = arguments["tag"].rpartition(":")[0]
        others = [f"elsewhere.example/other@sha256:{'6' * 64}"]
        print(json.dumps([{"RepoDigests": [*others, f"{name}@{digest(arguments['tag'])}"]}]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
