"""Each command reports the resources that it used, and the runs and the journal keep them."""

from lifecycle import behind
from lifecycle.project import AS_OF, Facts, Project

SECONDS = {"wall_seconds", "cpu_seconds", "peak_memory_mb"}
ROWS = SECONDS | {"rows_per_second"}


def check(used: Facts, names: set[str]) -> None:
    assert set(used) == names
    assert all(value > 0 for value in used.values()), used


def test_every_command_reports_its_resources(scored: Project) -> None:
    check(scored.run("status").facts["resources"], SECONDS)
    check(scored.run("promote", "7", code=1).facts["resources"], SECONDS)

    used = scored.run("score", "--as-of", AS_OF).facts["resources"]
    check(used, ROWS)
    assert scored.call(behind.entries)[-1]["details"]["resources"] == used

    used = scored.run("monitor", "--as-of", AS_OF).facts["resources"]
    check(used, ROWS)
    assert scored.call(behind.monitoring)["metrics"].items() >= used.items()

    scored.run("pause", "a test")
    check(scored.call(behind.entries)[-1]["details"]["resources"], SECONDS)
    check(scored.call(behind.training, "dev.loan-risk", 1)["resources"], ROWS)
