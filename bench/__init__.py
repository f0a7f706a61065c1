"""What the template and its projects cost, as multiples of floors measured in the same run."""

import sys
from pathlib import Path

# The benches render the template with the helpers of the tests.
sys.path.append(str(Path(__file__).parent.parent / "tests"))
