"""Refuse what looks like a secret, by running detect-secrets twice on YAML.

It parses YAML to find passwords without quotes, but then skips comments. The second run reads the
file line by line, comments included.
"""

import sys
from pathlib import Path

from detect_secrets.pre_commit_hook import main
from detect_secrets.transformers.yaml import YAMLTransformer

if __name__ == "__main__":
    arguments = sys.argv[1:]
    code = main(arguments)
    YAMLTransformer.should_parse_file = lambda *_: False
    options_and_yaml = [
        argument
        for argument in arguments
        if Path(argument).suffix in {".yml", ".yaml"} or not Path(argument).is_file()
    ]
    sys.exit(code or main(options_and_yaml))
