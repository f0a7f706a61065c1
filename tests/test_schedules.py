"""What `schedules:` in conf/ means in words, cron and Quartz, and what is refused."""

import datetime
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from programs import write_python
from rendering import ROOT

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TODAY = datetime.date(2026, 11, 27)
BERLIN = "Europe/Berlin"
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def schedules() -> Iterator[ModuleType]:
    """The module from which the files of all schedulers are generated."""
    names = ("schedules", "commands")
    sys.path.insert(0, str(ROOT / "template/.mlops"))
    import schedules as module  # type: ignore[import-not-found]

    yield module
    sys.path.remove(str(ROOT / "template/.mlops"))
    for name in names:
        del sys.modules[name]


def read(schedules: ModuleType, entry: Any, command: str = "score") -> Any:
    """Return the only schedule."""
    [found] = schedules.read({command: entry}, TODAY)
    return found


def refusal(schedules: ModuleType, written: dict[str, Any], today: datetime.date = TODAY) -> str:
    """Return the message of the refusal."""
    with pytest.raises(schedules.Refusal) as refused:
        schedules.read(written, today)
    return str(refused.value)


@pytest.mark.parametrize(
    ("entry", "cron", "quartz", "words"),
    [
        (
            {"every": "month", "day": 2, "at": "06:00", "zone": BERLIN},
            "0 6 2 * *",
            "0 0 6 2 * ?",
            "every month on day 2 at 06:00, Europe/Berlin",
        ),
        (
            {"every": "week", "day": "sunday", "at": "23:59", "zone": "UTC"},
            "59 23 * * 0",
            "0 59 23 ? * SUN",
            "every week on Sunday at 23:59, UTC",
        ),
        (
            {"every": "day", "at": "00:05", "zone": "Asia/Tokyo"},
            "5 0 * * *",
            "0 5 0 * * ?",
            "every day at 00:05, Asia/Tokyo",
        ),
    ],
)
def test_a_schedule_in_each_dialect(
    schedules: ModuleType, entry: dict[str, Any], cron: str, quartz: str, words: str
) -> None:
    found = read(schedules, entry)
    assert (found.command, found.zone) == ("score", entry["zone"])
    assert (found.cron, found.quartz, found.description) == (cron, quartz, words)


ENTRIES = st.one_of(
    st.fixed_dictionaries({"every": st.just("day")}),
    st.fixed_dictionaries({"every": st.just("week"), "day": st.sampled_from(WEEKDAYS)}),
    st.fixed_dictionaries({"every": st.just("month"), "day": st.integers(1, 28)}),
)


def as_cron(line: str, moment: datetime.datetime) -> bool:
    """Return whether a cron line of numbers and stars fires at this minute."""
    numbers = (moment.minute, moment.hour, moment.day, moment.month, moment.isoweekday() % 7)
    fields = line.split()
    assert len(fields) == len(numbers)
    assert "*" in (fields[2], fields[4]), "cron starts on either day where both are numbers"
    pairs = zip(fields, numbers, strict=True)
    return all(field == "*" or int(field) == number for field, number in pairs)


def as_quartz(line: str, moment: datetime.datetime) -> bool:
    """Return the same for Quartz, which requires ? for exactly one of the two days."""
    fields = line.split()
    assert [fields[3], fields[5]].count("?") == 1
    day = WEEKDAYS[moment.weekday()][:3].upper()
    found = ("0", str(moment.minute), str(moment.hour), str(moment.day), str(moment.month), day)
    pairs = zip(fields, found, strict=True)
    return all(field in ("*", "?", value) for field, value in pairs)


@given(entry=ENTRIES, at=st.times(), moment=st.datetimes(), near=st.booleans())
def test_cron_and_quartz_start_exactly_at_the_scheduled_times(
    schedules: ModuleType,
    entry: dict[str, Any],
    at: datetime.time,
    moment: datetime.datetime,
    near: bool,  # noqa: FBT001 - hypothesis gives it by its name
) -> None:
    found = read(schedules, entry | {"at": f"{at:%H:%M}", "zone": "UTC"})
    if near:
        moment = datetime.datetime.combine(moment, at)
    day = {"day": None, "week": WEEKDAYS[moment.weekday()], "month": moment.day}[entry["every"]]
    meant = entry.get("day") == day and f"{moment:%H:%M}" == f"{at:%H:%M}"
    assert as_cron(found.cron, moment) == meant
    assert as_quartz(found.quartz, moment) == meant


@given(entry=ENTRIES, hour=st.integers(4, 22), zone=st.sampled_from([BERLIN, "America/New_York"]))
def test_the_next_runs_are_those_of_cron(
    schedules: ModuleType, entry: dict[str, Any], hour: int, zone: str
) -> None:
    found = read(schedules, entry | {"at": f"{hour:02}:30", "zone": zone})
    start = datetime.datetime(2026, 10, 1, tzinfo=ZoneInfo(zone))
    coming = list(islice(found.times_after(start), 3))
    clock = (datetime.datetime(2026, 10, 1, 0, 30) + HOUR * step for step in range(24 * 100))  # noqa: DTZ001 - as a clock on the wall
    by_cron = islice((moment for moment in clock if as_cron(found.cron, moment)), 3)
    assert coming == [moment.replace(tzinfo=ZoneInfo(zone)) for moment in by_cron]


GOOD = {"every": "month", "day": 2, "at": "06:00", "zone": BERLIN}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"zone": "Europe/Belin"},
            "schedules.score.zone: Europe/Belin is not a time zone; did you",
        ),
        ({"zone": "../UTC"}, "is not a time zone"),
        ({"zone": None}, "is not a time zone"),
        ({"zone": "localtime"}, "is not a time zone"),
        ({"at": 360}, 'schedules.score.at: write hours and minutes in quotes, such as "06:00".'),
        ({"at": "6:00"}, "write hours and minutes"),
        ({"at": "24:00"}, "write hours and minutes"),
        ({"at": "06:00\n"}, "write hours and minutes"),
        ({"every": "hour"}, "schedules.score.every: hour is unknown; write day, week or month."),
        ({"every": ["day"]}, "is unknown; write day, week or month."),
        ({"day": 29}, "write 1 to 28; the days 29 to 31 are missing in some months."),
        ({"day": 0}, "write 1 to 28"),
        ({"day": True}, "write 1 to 28"),
        ({"day": "2"}, "write 1 to 28"),
        ({"every": "week"}, "schedules.score.day: write a day of the week, such as monday."),
        ({"every": "week", "day": "Mon"}, "write a day of the week"),
        ({"every": "week", "day": ["monday"]}, "write a day of the week"),
        ({"every": "day"}, "schedules.score.day: remove it"),
        ({"dya": 3}, "unknown key schedules.score.dya; did you mean schedules.score.day?"),
        ({7: 3}, "unknown key schedules.score.7; did you mean"),
    ],
)
def test_a_mistake_is_refused_with_a_remedy(
    schedules: ModuleType, change: dict[Any, Any], sentence: str
) -> None:
    assert sentence in refusal(schedules, {"score": GOOD | change})


@pytest.mark.parametrize("key", ["every", "at", "zone"])
def test_a_missing_key_is_named(schedules: ModuleType, key: str) -> None:
    entry = {name: value for name, value in GOOD.items() if name != key}
    assert f"schedules.score.{key} is missing" in refusal(schedules, {"score": entry})


@pytest.mark.parametrize("command", ["promote", "rollback", "gate", "serve"])
def test_only_unattended_commands_have_a_schedule(schedules: ModuleType, command: str) -> None:
    assert f"unknown key schedules.{command}; did you mean" in refusal(schedules, {command: GOOD})


def test_a_mistyped_command_is_named(schedules: ModuleType) -> None:
    sentence = "unknown key schedules.monitr; did you mean schedules.monitor?"
    assert refusal(schedules, {"monitr": GOOD}) == sentence


@pytest.mark.parametrize("entry", ["daily", [GOOD], 5])
def test_a_schedule_must_be_a_mapping(schedules: ModuleType, entry: Any) -> None:
    assert "schedules.score: write {every: month" in refusal(schedules, {"score": entry})


def test_an_environment_may_turn_off_a_schedule(schedules: ModuleType) -> None:
    assert schedules.read({"score": None, "train": None}, TODAY) == []
    assert schedules.read({}, TODAY) == []


def test_the_example_in_the_docs_is_valid(schedules: ModuleType) -> None:
    page = (ROOT / "docs/how-to/schedule-the-steps.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(schedules:.+?)```", page, re.DOTALL | re.MULTILINE)
    found = schedules.read(yaml.safe_load(block)["schedules"])
    assert [one.command for one in found] == ["score", "monitor", "retrain"]
    assert f"\n{found[0].cron} cd /srv/loan-risk && " in page
    entry = {"every": "day", "at": "02:30", "zone": BERLIN}
    assert f"\n{refusal(schedules, {'score': entry})}\n" in page


UV = """
import sys
words = sys.argv[1:]
script = ["run", "python", ".mlops/crontab.py", "loan-risk", "loan_risk"]
if words[:-1] == script:
    print("asked for", words[-1])
elif words != ["lock"] and words not in (["sync", "--locked"], ["sync", "--locked", "--quiet"]):
    sys.exit(f"unexpected argument {words}")
"""


@pytest.mark.parametrize(("words", "env"), [((), "prod"), (("--", "test"), "test")])
def test_the_session_shows_prod_or_the_named_environment(
    project: Path, tmp_path: Path, words: tuple[str, ...], env: str
) -> None:
    uv = write_python(tmp_path / "programs/uv", UV)
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--session", "schedules", *words],
        cwd=project,
        env=os.environ | {"PATH": f"{uv.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"asked for {env}\n"


# Clocks that change


@pytest.mark.parametrize(
    ("today", "zone", "sentence"),
    [
        ("2026-11-27", BERLIN, "skips 02:30 on 2027-03-28; take 03:00."),
        ("2026-06-01", BERLIN, "repeats 02:30 on 2026-10-25; take 03:00."),
        ("2026-06-01", BERLIN, "repeats 02:00 on 2026-10-25; take 01:30."),
        ("2026-06-01", "America/New_York", "repeats 01:15 on 2026-11-01; take 00:45."),
        ("2026-01-01", "America/New_York", "skips 02:15 on 2026-03-08; take 03:15."),
        ("2026-01-01", "Africa/Cairo", "skips 00:00 on 2026-04-24; take 01:00."),
        ("2026-07-01", "Australia/Lord_Howe", "skips 02:10 on 2026-10-04; take 02:40."),
    ],
)
@pytest.mark.parametrize("days", [{"every": "day"}, {"every": "month", "day": 15}])
def test_a_time_that_a_clock_skips_or_repeats_is_refused(
    schedules: ModuleType, today: str, zone: str, sentence: str, days: dict[str, Any]
) -> None:
    """Monthly schedules on any day: in some year the clock changes on that day."""
    date = datetime.date.fromisoformat(today)
    entry = days | {"at": sentence.split()[1], "zone": zone}
    message = refusal(schedules, {"score": entry}, date)
    assert message == f"schedules.score.at: in {zone} the clock {sentence}"
    safe = message.rpartition("take ")[2].rstrip(".")
    schedules.read({"score": entry | {"at": safe}}, date)


def test_weekdays_without_clock_changes_allow_any_time(
    schedules: ModuleType,
) -> None:
    at_night = {"every": "week", "at": "02:30", "zone": BERLIN}
    read(schedules, at_night | {"day": "monday"})
    assert "skips" in refusal(schedules, {"score": at_night | {"day": "sunday"}})
