"""Tell what runs when in one environment, and the lines by which cron starts it on this machine.

All that is not a line for cron is a comment to it.
"""

import datetime
import shlex
import shutil
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from commands import Refusal
from release import settings_of
from schedules import AHEAD, EXAMPLE, Schedule, read

LOGS = "build/schedules"


def main() -> int:
    """Print; arguments: the program's name, its package, the environment. Return a code."""
    name, package, env = sys.argv[1:]
    try:
        planned = plan(package, env)
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 2
    now = datetime.datetime.now(datetime.UTC)
    print(f"# {name} in {env}, and the next three times of each:")
    for schedule in planned:
        times = ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in islice(schedule.coming(now), 3))
        print(f"# {schedule.command}: {schedule.words}: {times}")
    if Path("deploy").exists():
        print("# The release that is deployed carries these to the one scheduler that starts them.")
        return 0
    print("# Here cron can start them: `crontab -e` takes these lines.")
    print("\n".join(lines(planned, name, env, now)))
    return 0


def plan(package: str, env: str) -> list[Schedule]:
    """Return the schedules of an environment; raises Refusal where there are none."""
    planned = read(settings_of(package, env).schedules)
    if not planned:
        where = f"conf/{env}.yml names no schedules. Write into it, for example"
        raise Refusal(f"{where}:\n\nschedules:\n  score: {EXAMPLE}")
    return planned


def lines(planned: list[Schedule], name: str, env: str, now: datetime.datetime) -> Iterator[str]:
    """Yield the lines of a crontab, by which a command does not start while it runs."""
    folder, uv = (shlex.quote(path) for path in (str(Path.cwd()), shutil.which("uv") or "uv"))
    foreign = not all(is_here(schedule.zone, now) for schedule in planned)
    if foreign:
        yield "# This machine lives in another zone. cronie knows CRON_TZ; Debian's own cron does"
        yield "# not, and starts them by the machine's clock: set its zone, or install cronie."
    zone = ""
    for schedule in sorted(planned, key=lambda one: one.zone):
        if foreign and schedule.zone != zone:
            zone = schedule.zone
            yield f"CRON_TZ={zone}"
        log = f"{LOGS}/{schedule.command}-{env}.log"
        run = f"{uv} run --locked {name} {' '.join(schedule.typed)} --env {env}"
        line = f"cd {folder} && mkdir -p {LOGS} && flock -n {log} {run} >> {log} 2>&1"
        yield f"{schedule.cron} {line}".replace("%", r"\%")  # cron ends a command at a bare one


def is_here(zone: str, now: datetime.datetime) -> bool:
    """Tell whether this machine's clock shows that zone's time, for the next two years."""
    moments = (now + datetime.timedelta(days) for days in range(AHEAD))
    return all(
        moment.astimezone().utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset()
        for moment in moments
    )


if __name__ == "__main__":
    sys.exit(main())
