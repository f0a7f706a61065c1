"""Write the answer sheet; `name=value` replaces an answer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(".workshop").resolve()))

from workshop.modules.staleness import rebuilt
from workshop.place import Place
from workshop.sheet import fill

place = Place(Path.cwd())
details = rebuilt(place.journal()).details
answers = {
    "commit": details.commit[:7],
    "rows": details.rows["train"].source,
    "compared": "predictions",
}
fill(place, "5.5", answers, sys.argv[1:])
