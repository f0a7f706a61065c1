"""Refuse what looks like a secret: detect-secrets, which is asked twice about YAML.

It reads YAML for its values, which finds passwords without quotes, and then leaves out comments. So
a second look takes the lines as they stand.
"""

import sys
from pathlib import Path

from detect_secrets.pre_commit_hook import main
from detect_secrets.transformers.yaml import YAMLTransformer

if __name__ == "__main__":
    words = sys.argv[1:]
    found = main(words)
    YAMLTransformer.should_parse_file = lambda *_: False
    others = [w for w in words if Path(w).suffix in {".yml", ".yaml"} or not Path(w).is_file()]
    sys.exit(found or main(others))
