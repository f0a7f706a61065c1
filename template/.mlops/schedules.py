"""Read `schedules:` in conf/: which command runs when, in words and as cron and Quartz write it.

A time of day that a clock change skips or repeats is refused, because schedulers differ in what
they do on that day.
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
ZONES = available_timezones() - {"Factory", "localtime"}  # these two are not places
AHEAD = 731  # days: two years, which contain each clock change of a zone


@dataclass(frozen=True)
class Schedule:
    """When a command runs."""

    command: str
    every: str
    at: datetime.time
    zone: str
    day: int = 0
    """The day of the month, or of the week from 1, Monday, to 7; 0 where it runs every day."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of the project's program; `train` only trains where something changed."""
        return (self.command, "--changed") if self.command == "train" else (self.command,)

    @property
    def cron(self) -> str:
        """Minute, hour, day of the month, month, day of the week from 0, Sunday."""
        of_month = self.day if self.every == "month" else "*"
        of_week = self.day % 7 if self.every == "week" else "*"
        return f"{self.at.minute} {self.at.hour} {of_month} * {of_week}"

    @property
    def quartz(self) -> str:
        """Second, minute, hour, day of the month, month, day of the week; ? is the unused day.

        Quartz counts weekdays from 1, Sunday; a name is unambiguous.
        """
        days = "* * ?"
        if self.every == "week":
            days = f"? * {self.weekday[:3].upper()}"
        elif self.every == "month":
            days = f"{self.day} * ?"
        return f"0 {self.at.minute} {self.at.hour} {days}"

    @property
    def weekday(self) -> str:
        """The English name of the day of the week."""
        return WEEKDAYS[self.day - 1]

    @property
    def description(self) -> str:
        """When the command runs, in words."""
        days = ""
        if self.every == "week":
            days = f" on {self.weekday.capitalize()}"
        elif self.every == "month":
            days = f" on day {self.day}"
        return f"every {self.every}{days} at {self.at:%H:%M}, {self.zone}"

    def times_after(self, start: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yield the times at which the command runs after a time, which has a zone."""
        zone = ZoneInfo(self.zone)
        today = start.astimezone(zone).date()
        for days in count():
            date = today + datetime.timedelta(days)
            moment = datetime.datetime.combine(date, self.at, zone)
            day = {"day": 0, "week": date.isoweekday(), "month": date.day}[self.every]
            if day == self.day and moment > start:
                yield moment


def read(written: Mapping[str, Any], today: datetime.date | None = None) -> list[Schedule]:
    """Return the schedules of an environment; `null` turns the schedule of a command off.

    Raises Refusal where a schedule is invalid, or runs at a time that a clock skips or repeats
    within two years from `today`.
    """
    start = today or datetime.datetime.now(datetime.UTC).date()
    for command in written:
        _refuse_unknown("schedules", command, COMMANDS)
    schedules = [
        _read_schedule(command, entry) for command, entry in written.items() if entry is not None
    ]
    for schedule in schedules:
        _refuse_clock_change(schedule, start)
    return schedules


def _read_schedule(command: str, entry: Any) -> Schedule:
    """Return the schedule of a command; raise Refusal where it is invalid."""
    key = f"schedules.{command}"
    if not isinstance(entry, dict):
        raise Refusal(f"{key}: write {EXAMPLE}, or null to turn it off.")
    for name in entry:
        _refuse_unknown(key, name, KEYS)
    for name in ("every", "at", "zone"):
        if name not in entry:
            raise Refusal(f"{key}.{name} is missing: write something like {EXAMPLE}.")
    every = entry["every"]
    if every not in EVERY:
        raise Refusal(f"{key}.every: {every} is unknown; write day, week or month.")
    at = entry["at"]
    if not isinstance(at, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
        raise Refusal(f'{key}.at: write hours and minutes in quotes, such as "06:00".')
    zone = entry["zone"]
    if zone not in ZONES:
        [nearest] = difflib.get_close_matches(str(zone), ZONES, n=1, cutoff=0)
        raise Refusal(f"{key}.zone: {zone} is not a time zone; did you mean {nearest}?")
    return Schedule(command, every, datetime.time.fromisoformat(at), zone, _read_day(key, entry))


def _read_day(key: str, entry: dict[str, Any]) -> int:
    """Return the day of a schedule as a number; raise Refusal where it is invalid."""
    every = entry["every"]
    day = entry.get("day")
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
    """Raise Refusal for a key that is not known, and name the nearest one."""
    if name not in known:
        [nearest] = difflib.get_close_matches(str(name), known, n=1, cutoff=0)
        raise Refusal(f"unknown key {section}.{name}; did you mean {section}.{nearest}?")


def _refuse_clock_change(schedule: Schedule, today: datetime.date) -> None:
    """Raise Refusal for a time of day that a clock skips or repeats, and name a safe one."""
    change = _first_clock_change(schedule, today)
    if change is None:
        return
    offset_before = change.replace(fold=0).utcoffset() or datetime.timedelta()
    offset_after = change.replace(fold=1).utcoffset() or datetime.timedelta()
    verb = "skips" if offset_before < offset_after else "repeats"
    raise Refusal(
        f"schedules.{schedule.command}.at: in {schedule.zone} the clock {verb} "
        f"{schedule.at:%H:%M} on {change.date()}; take {_safe_time(schedule, today):%H:%M}."
    )


def _safe_time(schedule: Schedule, today: datetime.date) -> datetime.time:
    """Return the nearest time of day, in steps of half an hour, that no clock change affects."""
    minutes = schedule.at.hour * 60 + schedule.at.minute
    for step in range(30, 24 * 60, 30):
        for candidate in (minutes + step, minutes - step):
            if not 0 <= candidate < 24 * 60:
                continue
            at = datetime.time(candidate // 60, candidate % 60)
            if _first_clock_change(replace(schedule, at=at), today) is None:
                return at
    raise Refusal(
        f"schedules.{schedule.command}.zone: the clocks of {schedule.zone} change at every time of "
        "day: take another zone."
    )


def _first_clock_change(schedule: Schedule, today: datetime.date) -> datetime.datetime | None:
    """Return the first time of a schedule that the clock skips or repeats, if there is one.

    For schedules by day and by month each date counts, because a change may be on any date.
    """
    zone = ZoneInfo(schedule.zone)
    for date in (today + datetime.timedelta(days) for days in range(AHEAD)):
        moment = datetime.datetime.combine(date, schedule.at, zone)
        runs = schedule.every != "week" or date.isoweekday() == schedule.day
        if runs and moment.utcoffset() != moment.replace(fold=1).utcoffset():
            return moment
    return None
