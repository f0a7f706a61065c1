"""Schedules as triggers of Data Factory."""

from pathlib import Path

import yaml
from arm import Json, Place
from commands import Refusal
from schedules import Schedule

START = "2026-01-01T00:00:00"  # required, but without effect: each schedule names all its times
ZONES_FILE = Path(__file__).with_name("zones.yml")


def trigger(place: Place, schedule: Schedule) -> Json:
    """Return the trigger of a schedule."""
    pipeline = {"referenceName": place.named(schedule.command), "type": "PipelineReference"}
    return place.resource(
        "triggers",
        schedule.command,
        {
            "type": "ScheduleTrigger",
            "description": f"{schedule.command} {schedule.description}",
            "pipelines": [{"pipelineReference": pipeline, "parameters": {}}],
            "typeProperties": {"recurrence": recurrence(schedule)},
        },
        ("pipelines", schedule.command),
    )


def recurrence(schedule: Schedule) -> Json:
    """Return a schedule in the form of Data Factory; raise Refusal for an unsupported zone."""
    zone = windows_zone(schedule)
    days: dict[str, Json] = {
        "day": {},
        "week": {"weekDays": [schedule.weekday.capitalize()]},
        "month": {"monthDays": [schedule.day]},
    }
    times = {"hours": [schedule.at.hour], "minutes": [schedule.at.minute]}
    return {
        "frequency": schedule.every.capitalize(),
        "interval": 1,
        "startTime": f"{START}Z" if zone == "UTC" else START,
        "timeZone": zone,
        "schedule": times | days[schedule.every],
    }


def windows_zone(schedule: Schedule) -> str:
    """Return the Windows name of a schedule's time zone, which Data Factory requires."""
    zones: dict[str, list[str]] = yaml.safe_load(ZONES_FILE.read_text(encoding="utf-8"))
    for windows_name, places in zones.items():
        if schedule.zone in places:
            return windows_name
    raise Refusal(
        f"schedules.{schedule.command}.zone: Data Factory does not know {schedule.zone}; "
        "write a city with the same time."
    )
