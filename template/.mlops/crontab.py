"""Print what runs when in an environment, and the lines by which cron starts it on this machine.

Everything that is not a line for cron is printed as a comment.
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
    """Print the schedules; return 2 where conf/ has none or is wrong.

    The arguments are the name of the program, its package and the environment.
    """
    name, package, env = sys.argv[1:]
    try:
        schedules = read_schedules(package, env)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    now = datetime.datetime.now(datetime.UTC)
    print(f"# {name} in {env}, with the next three times of each command:")
    for schedule in schedules:
        next_times = [f"{time:%Y-%m-%d %H:%M}" for time in islice(schedule.times_after(now), 3)]
        print(f"# {schedule.command}: {schedule.description}: {', '.join(next_times)}")
    if Path("deploy").exists():
        print("# The deployed release contains these schedules; its scheduler starts the commands.")
        return 0
    print("# cron can start them here: paste these lines into `crontab -e`.")
    print("\n".join(crontab(schedules, name, env, now)))
    return 0


def read_schedules(package: str, env: str) -> list[Schedule]:
    """Return the schedules of an environment; raise Refusal where it has none."""
    schedules = read(settings_of(package, env).schedules)
    if not schedules:
        raise Refusal(
            f"conf/{env}.yml has no schedules. Add some, for example:\n\n"
            f"schedules:\n  score: {EXAMPLE}"
        )
    return schedules


def crontab(
    schedules: list[Schedule], name: str, env: str, now: datetime.datetime
) -> Iterator[str]:
    """Yield the lines of a crontab; a command does not start while it is still running."""
    folder = shlex.quote(str(Path.cwd()))
    uv = shlex.quote(shutil.which("uv") or "uv")
    has_other_zone = not all(is_local(schedule.zone, now) for schedule in schedules)
    if has_other_zone:
        yield "# This machine is in another time zone. cronie understands CRON_TZ; Debian's cron"
        yield "# does not, and uses the machine's clock: set the machine's zone, or install cronie."
    zone = ""
    for schedule in sorted(schedules, key=lambda each: each.zone):
        if has_other_zone and schedule.zone != zone:
            zone = schedule.zone
            yield f"CRON_TZ={zone}"
        log = f"{LOGS}/{schedule.command}-{env}.log"
        command = f"{uv} run --locked {name} {' '.join(schedule.arguments)} --env {env}"
        line = f"cd {folder} && mkdir -p {LOGS} && flock -n {log} {command} >> {log} 2>&1"
        # In a crontab, a % without a backslash ends the command.
        yield f"{schedule.cron} {line}".replace("%", r"\%")


def is_local(zone: str, now: datetime.datetime) -> bool:
    """Return whether this machine's clock agrees with a zone throughout the next two years."""
    for days in range(AHEAD):
        moment = now + datetime.timedelta(days)
        local_offset = moment.astimezone().utcoffset()
        if local_offset != moment.astimezone(ZoneInfo(zone)).utcoffset():
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
