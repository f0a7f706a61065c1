"""What the template and its projects cost, as ratios to floors that the same run measures."""

import sys
from pathlib import Path

# The tests know how to render the template; a measurement needs the same.
sys.path.append(str(Path(__file__).parent.parent / "tests"))
