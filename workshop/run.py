"""Start the workshop from its copy in a project, where this file is next to the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from workshop.engine import main

sys.exit(main())
