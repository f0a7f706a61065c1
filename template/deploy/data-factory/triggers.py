"""Schedules as triggers of Data Factory."""

from pathlib import Path

import yaml
from arm import Json, Place
from commands import Refusal
from schedules import Schedule

BEGIN = "2026-01-01T00:00:00"  # required, and of no meaning where a schedule names all its times
ZONES = Path(__file__).with_name("zones.yml")


def trigger(place: Place, schedule: Schedule) -> Json:
    """Return the trigger of a schedule."""
    pipeline = {"referenceName": place.named(schedule.command), "type": "PipelineReference"}
    return place.resource(
        "triggers",
        schedule.command,
        {
            "type": "ScheduleTrigger",
            "description": f"{schedule.command} {schedule.words}",
            "pipelines": [{"pipelineReference": pipeline, "parameters": {}}],
            "typeProperties": {"recurrence": recurrence(schedule)},
        },
        ("pipelines", schedule.command),
    )


def recurrence(schedule: Schedule) -> Json:
    """Return a schedule as Data Factory writes it; raises Refusal where it lacks the zone."""
    zones = yaml.safe_load(ZONES.read_text(encoding="utf-8"))
    zone = next((name for name, places in zones.items() if schedule.zone in places), None)
    if zone is None:
        told = f"schedules.{schedule.command}.zone: Data Factory does not know {schedule.zone}"
        raise Refusal(f"{told}; take a city with the same time.")
    days: dict[str, Json] = {
        "day": {},
        "week": {"weekDays": [schedule.weekday.capitalize()]},
        "month": {"monthDays": [schedule.day]},
    }
    times = {"hours": [schedule.at.hour], "minutes": [schedule.at.minute]}
    return {
        "frequency": schedule.every.capitalize(),
        "interval": 1,
        "startTime": f"{BEGIN}Z" if zone == "UTC" else BEGIN,
        "timeZone": zone,
        "schedule": times | days[schedule.every],
    }
