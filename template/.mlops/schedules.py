"""Read `schedules:` of conf/: which command runs when, in words and as cron and Quartz write it.

A time of day that a change of clocks skips or repeats is refused, because schedulers differ in
what they do on that day.
"""

import datetime
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from commands import Refusal

COMMANDS = ("score", "monitor", "retrain", "train")  # what may run without a person
EVERY = ("day", "week", "month")
KEYS = ("every", "day", "at", "zone")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLE = '{every: month, day: 2, at: "06:00", zone: Europe/Berlin}'
ZONES = available_timezones() - {"Factory", "localtime"}  # which are no places
AHEAD = 731  # two years of days, in which each clock of a zone has changed


@dataclass(frozen=True)
class Schedule:
    """When a command runs."""

    command: str
    every: str
    at: datetime.time
    zone: str
    day: int = 0  # of the month; of the week from 1, Monday, to 7; 0 where it runs every day

    @property
    def typed(self) -> tuple[str, ...]:
        """What a scheduler writes after the program's name; it trains only where that helps."""
        return (self.command, "--changed") if self.command == "train" else (self.command,)

    @property
    def cron(self) -> str:
        """Minute, hour, day of the month, month, day of the week from 0, Sunday."""
        of_month = self.day if self.every == "month" else "*"
        of_week = self.day % 7 if self.every == "week" else "*"
        return f"{self.at.minute} {self.at.hour} {of_month} * {of_week}"

    @property
    def quartz(self) -> str:
        """Second, minute, hour, day of the month, month, day of the week; ? is the day not asked.

        Quartz counts the week from 1, Sunday; a name cannot be mistaken.
        """
        days = "* * ?"
        if self.every == "week":
            days = f"? * {self.weekday[:3].upper()}"
        elif self.every == "month":
            days = f"{self.day} * ?"
        return f"0 {self.at.minute} {self.at.hour} {days}"

    @property
    def weekday(self) -> str:
        """The name of its day of the week."""
        return WEEKDAYS[self.day - 1]

    @property
    def words(self) -> str:
        """When it runs, for a person."""
        days = ""
        if self.every == "week":
            days = f" on {self.weekday.capitalize()}"
        elif self.every == "month":
            days = f" on day {self.day}"
        return f"every {self.every}{days} at {self.at:%H:%M}, {self.zone}"

    def coming(self, after: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yield the moments at which it runs after a moment, which has a zone."""
        zone = ZoneInfo(self.zone)
        today = after.astimezone(zone).date()
        for days in count():
            date = today + datetime.timedelta(days)
            moment = datetime.datetime.combine(date, self.at, zone)
            day = {"day": 0, "week": date.isoweekday(), "month": date.day}[self.every]
            if day == self.day and moment > after:
                yield moment


def read(written: Mapping[str, Any], today: datetime.date | None = None) -> list[Schedule]:
    """Return the schedules of one environment; `null` in place of a schedule is none.

    Raises Refusal where one is not as it must be, or runs at a time that clocks skip or repeat
    within two years from `today`.
    """
    start = today or datetime.datetime.now(datetime.UTC).date()
    for command in written:
        _refuse_unknown("schedules", command, COMMANDS)
    found = [_schedule(name, entry) for name, entry in written.items() if entry is not None]
    for schedule in found:
        _refuse_changing_clocks(schedule, start)
    return found


def _schedule(command: str, entry: Any) -> Schedule:
    key = f"schedules.{command}"
    if not isinstance(entry, dict):
        raise Refusal(f"{key}: write {EXAMPLE}, or null for never.")
    for name in entry:
        _refuse_unknown(key, name, KEYS)
    for name in ("every", "at", "zone"):
        if name not in entry:
            raise Refusal(f"{key}.{name} is missing: write something like {EXAMPLE}.")
    every, at, zone = entry["every"], entry["at"], entry["zone"]
    if every not in EVERY:
        raise Refusal(f"{key}.every: {every} is unknown; write day, week or month.")
    if not isinstance(at, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
        raise Refusal(f'{key}.at: write hours and minutes in quotes, such as "06:00".')
    if zone not in ZONES:
        near = difflib.get_close_matches(str(zone), ZONES, n=1, cutoff=0)
        raise Refusal(f"{key}.zone: {zone} is no time zone; did you mean {near[0]}?")
    return Schedule(command, every, datetime.time.fromisoformat(at), zone, _day(key, entry))


def _day(key: str, entry: dict[str, Any]) -> int:
    """Return the day of a schedule as a number."""
    every, day = entry["every"], entry.get("day")
    if every == "day":
        if day is not None:
            raise Refusal(f"{key}.day: remove it, or write every: week or every: month.")
        return 0
    if every == "week":
        if day not in WEEKDAYS:
            raise Refusal(f"{key}.day: write a day of the week, such as monday.")
        return WEEKDAYS.index(day) + 1
    if type(day) is not int or not 1 <= day <= 28:
        raise Refusal(f"{key}.day: write 1 to 28; the days 29 to 31 are missing in some months.")
    return day


def _refuse_unknown(section: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0)
        raise Refusal(f"unknown key {section}.{name}; did you mean {section}.{near[0]}?")


def _refuse_changing_clocks(schedule: Schedule, today: datetime.date) -> None:
    change = _changed(schedule, today)
    if change is None:
        return
    minutes = schedule.at.hour * 60 + schedule.at.minute
    steps = [sign * step for step in range(30, 24 * 60, 30) for sign in (1, -1)]
    others = [divmod(minutes + step, 60) for step in steps if 0 <= minutes + step < 24 * 60]
    near = (replace(schedule, at=datetime.time(*other)) for other in others)
    safe = next(other for other in near if _changed(other, today) is None)
    key, when = f"schedules.{schedule.command}.at", f"{schedule.at:%H:%M} on {change.date()}"
    offsets = [change.replace(fold=fold).utcoffset() or datetime.timedelta() for fold in (0, 1)]
    does = "skips" if offsets[0] < offsets[1] else "repeats"
    raise Refusal(f"{key}: in {schedule.zone} the clock {does} {when}; take {safe.at:%H:%M}.")


def _changed(schedule: Schedule, today: datetime.date) -> datetime.datetime | None:
    """Return the first of its times that the clock skips or repeats; a change may hit any date."""
    zone = ZoneInfo(schedule.zone)
    for date in (today + datetime.timedelta(days) for days in range(AHEAD)):
        moment = datetime.datetime.combine(date, schedule.at, zone)
        runs = schedule.every != "week" or date.isoweekday() == schedule.day
        if runs and moment.utcoffset() != moment.replace(fold=1).utcoffset():
            return moment
    return None
