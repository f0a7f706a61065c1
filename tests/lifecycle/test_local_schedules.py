"""What `nox -s schedules` prints, and what happens when cron runs such a line."""

import fcntl
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from programs import write_program

from lifecycle.project import Project, copy_project
from lifecycle.rehearsals import rehearse

SCORE = {"every": "month", "day": 2, "at": "06:00", "zone": "Europe/Berlin"}
MONITOR = {"every": "week", "day": "monday", "at": "07:30", "zone": "UTC"}
PROGRAM = "import sys; from loan_risk.mlops.cli import main; sys.argv[0] = 'loan-risk'; main()"


def schedules(project: Project, env: str = "prod", zone: str = "Europe/Vienna") -> tuple[int, str]:
    """Run what the session runs, in this time zone; return the exit code and the output."""
    done = subprocess.run(
        [sys.executable, ".mlops/crontab.py", project.name, project.package.name, env],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": "src", "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def lines(printed: str) -> list[str]:
    """Return the lines that cron reads."""
    return [line for line in printed.splitlines() if not line.startswith("#")]


def test_without_schedules_the_error_shows_an_example(born: Project) -> None:
    code, printed = schedules(born)
    assert code == 2
    assert printed.startswith("conf/prod.yml has no schedules. Add some, for example")
    example = printed.partition("\n\n")[2]
    born.write("conf/prod.yml", born.path("conf/prod.yml").read_text("utf-8") + example)
    assert schedules(born)[0] == 0


def test_it_prints_what_runs_when(born: Project) -> None:
    born.configure("base", schedules={"score": SCORE, "monitor": MONITOR})
    born.configure("test", schedules={"monitor": None})
    code, printed = schedules(born)
    assert code == 0
    time = r"\d{4}-\d\d-02 06:00"
    told = f"^# score: every month on day 2 at 06:00, Europe/Berlin: {time}, {time}, {time}$"
    assert re.search(told, printed, re.MULTILINE), printed
    assert "# monitor: every week on Monday at 07:30, UTC: " in printed
    assert "monitor" not in schedules(born, "test")[1]


def test_a_machine_in_the_same_time_zone_needs_no_zone(born: Project) -> None:
    born.configure("prod", schedules={"score": SCORE})
    _, printed = schedules(born)
    [line] = lines(printed)
    assert line.startswith("0 6 2 * * cd ")


def test_a_machine_in_another_time_zone_gets_the_zones_and_a_warning(born: Project) -> None:
    born.configure("prod", schedules={"score": SCORE, "monitor": MONITOR, "train": MONITOR})
    _, printed = schedules(born, zone="America/New_York")
    assert "cronie understands CRON_TZ; Debian's cron\n# does not" in printed
    first, score, second, *others = lines(printed)
    assert (first, second) == ("CRON_TZ=Europe/Berlin", "CRON_TZ=UTC")
    assert score.startswith("0 6 2 * * cd ")
    assert [line[:14] for line in others] == ["30 7 * * 1 cd "] * 2
    assert "loan-risk train --changed --env prod" in "".join(others), "not the same one each week"


def test_cron_reads_a_folder_with_a_percent_sign(born: Project) -> None:
    """Cron ends the command at a bare percent sign, and takes the rest as its input."""
    born.configure("prod", schedules={"score": SCORE})
    folder = born.folder.parent / "100% ours"
    born.folder.rename(folder)
    folder.with_name(born.name).symlink_to(folder)
    [line] = lines(schedules(born)[1])
    assert "/100\\% ours' && mkdir" in line


def test_another_environment_must_exist(born: Project) -> None:
    code, printed = schedules(born, "prd")
    assert code == 2
    assert printed.startswith(
        "the environment prd does not exist; choose dev, test or prod with --env"
    )


def test_a_mistake_is_reported(born: Project) -> None:
    born.configure("prod", schedules={"score": SCORE | {"at": "02:15"}})
    code, printed = schedules(born)
    assert code == 2
    assert "in Europe/Berlin the clock skips 02:15 on " in printed


@pytest.mark.parametrize("env", ["dev", "test", "prod"])
def test_the_rehearsal_of_a_change_refuses_a_mistake_in_any_environment(
    born: Project, env: str
) -> None:
    born.configure(env, schedules={"score": SCORE | {"zone": "Europe/Belin"}})
    code, said = rehearse(born)
    assert code == 2
    told = "schedules.score.zone: Europe/Belin is not a time zone; did you mean Europe/Berlin?"
    assert said.endswith(f"\n{env}: {told}\n")


def test_a_project_that_is_deployed_gets_no_cron_lines(born: Project) -> None:
    born.configure("prod", schedules={"score": SCORE})
    born.path("deploy").mkdir()
    code, printed = schedules(born)
    assert (code, lines(printed)) == (0, [])
    assert "# score: every month" in printed


def with_environment(project: Project) -> dict[str, str]:
    """Give a project the environment that `uv sync` would make; return the variables of cron."""
    subprocess.run(
        ["uv", "venv", "--quiet", "--python", sys.executable], cwd=project.folder, check=True
    )
    [own] = project.path(".venv/lib").glob("python*/site-packages")
    found = (sysconfig.get_path("purelib"), project.folder / "src")
    (own / "found.pth").write_text("\n".join(map(str, found)), encoding="utf-8")
    write_program(
        project.path(".venv/bin/loan-risk"), f'#!/bin/sh\nexec python -c "{PROGRAM}" "$@"\n'
    )
    return {"HOME": str(project.folder.parent), "PATH": "/usr/bin:/bin", "UV_NO_SYNC": "1"}


@pytest.mark.full
def test_cron_runs_what_is_printed_once_at_a_time(live: Project, tmp_path: Path) -> None:
    """In a folder with special characters in its name, with the few variables that cron sets."""
    project = copy_project(live, tmp_path / "it's ours" / live.name)
    project.configure("dev", schedules={"score": SCORE})
    cron = with_environment(project)
    [line] = lines(schedules(project, "dev")[1])
    command = line.split(" ", 5)[5]
    log = project.path("build/schedules/score-dev.log")

    def run() -> int:
        done = subprocess.run(
            ["sh", "-c", command], cwd="/", env=cron, capture_output=True, check=False
        )
        assert done.stdout + done.stderr == b"", "cron would send a mail"
        return done.returncode

    assert run() == 0, log.read_text("utf-8")
    assert len(project.batches()) == 1
    first = log.read_text("utf-8")
    assert "660 predictions in predictions/dev" in first
    with log.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run() == 1, "it runs already"
    assert log.read_text("utf-8") == first
    project.path("conf/dev.yml").unlink()
    assert run() == 2, "the exit code is the command's"
    assert log.read_text("utf-8").startswith(first)
