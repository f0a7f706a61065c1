"""A batch of predictions is streamed, checked and published, as a whole or not at all."""

import json
import os
import pty
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.challengers import LENIENT, RETURN, make_cautious
from lifecycle.project import AS_OF, Project
from lifecycle.tables import write_tables

MODEL = "dev.loan-risk"


def current(project: Project, date: str = AS_OF) -> pd.DataFrame:
    """Read the newest batch of a date."""
    return pd.read_parquet(project.batches(date=date)[-1] / "part.parquet")


def published(project: Project) -> dict[str, bytes]:
    """Return every file below predictions/."""
    root = project.path("predictions")
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.*")}


def refuse(project: Project, *words: str) -> None:
    """Expect that scoring fails with these words, and publishes and records nothing."""
    entries = project.call(behind.entries)
    answer = project.run("score", "--as-of", AS_OF, code=1)
    assert all(word in answer.said for word in words), answer.said
    assert published(project) == {}
    assert project.call(behind.entries) == entries


def test_a_batch_has_a_prediction_for_each_key_of_the_period(live: Project) -> None:
    answer = live.run("score", "--as-of", AS_OF)
    frame = current(live)
    assert set(frame) == {
        *("application_id", "score", "decision"),
        *("scoring_date", "batch", "version", "predicted_at"),
    }
    assert len(frame) == answer.facts["rows"] == frame["application_id"].nunique() > 500
    assert frame["application_id"].str.startswith("2025-12-").all()
    assert frame["score"].between(0, 1).all()
    assert (frame["decision"] == (frame["score"] >= 0.2)).all()
    assert set(frame["version"]) == {1}
    assert set(frame["scoring_date"]) == {pd.Timestamp(AS_OF)}
    [batch] = live.batches()
    assert json.loads((batch / "_SUCCESS").read_text())["rows"] == len(frame)


def test_the_command_ends_with_rows_per_second_and_peak_memory(live: Project) -> None:
    answer = live.run("score", "--as-of", AS_OF)
    assert " rows/s" in answer.said
    assert "peak " in answer.said
    assert answer.facts["rows_per_second"] > 0


def test_a_terminal_shows_progress(live: Project) -> None:
    screen, terminal = pty.openpty()
    live.run("score", "--as-of", AS_OF, screen=os.ttyname(terminal), variables={"TERM": "xterm"})
    os.set_blocking(screen, False)
    shown = os.read(screen, 100_000).decode()
    os.close(terminal)
    os.close(screen)
    assert "scoring" in shown
    assert "660 rows" in shown


def test_a_rerun_supersedes_its_own_date_only_and_history_stays(live: Project) -> None:
    for date in ("2025-12-01", AS_OF):
        live.run("score", "--as-of", date)
    before = published(live)
    assert live.run("score", "--as-of", AS_OF).facts["batch"] == "0002"
    after = published(live)
    assert before.items() <= after.items()
    assert [batch.name for batch in live.batches()] == ["batch-0001", "batch-0002"]
    assert [batch.name for batch in live.batches(date="2025-12-01")] == ["batch-0001"]
    assert live.run("status").facts["last_batch"]["batch"] == "0002"


def test_duplicate_keys_are_refused(live: Project) -> None:
    live.edit("data.py", RETURN, f"    applications = pd.concat([applications] * 2)\n{RETURN}")
    refuse(live, "660 rows repeat the key of another row", "data.inputs")


def test_a_missing_key_is_refused(live: Project) -> None:
    live.edit("data.py", RETURN, f"    applications.loc[3, 'application_id'] = None\n{RETURN}")
    refuse(live, "application_id")


@pytest.mark.full
def test_a_missing_prediction_is_refused(opened: Project) -> None:
    make_cautious(opened)
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        opened.run(*words)
    opened.edit("data.py", RETURN, f'    applications.loc[3, "amount"] = 2e6\n{RETURN}')
    refuse(opened, "1 value is missing or infinite in column score")


def test_predictions_that_shifted_far_are_refused(live: Project) -> None:
    live.edit("data.py", RETURN, f'    applications["other_debts"] *= 20\n{RETURN}')
    refuse(live, "score has moved", "PSI", "scoring.max_psi")
    live.run("score", "--as-of", AS_OF, "--set", "scoring.max_psi=20")
    assert len(live.batches()) == 1


def test_no_rows_in_the_period_are_refused(live: Project) -> None:
    live.edit("data.py", RETURN, f"    applications = applications.head(0)\n{RETURN}")
    refuse(live, "no rows")


def test_small_pieces_give_the_same_batch_as_one(live: Project) -> None:
    write_tables(live, "2025-12-01", "2026-01-01", kind="parquet")
    live.run("score", "--as-of", AS_OF)
    whole = current(live)
    live.run("score", "--as-of", AS_OF, "--set", "scoring.batch_rows=100")
    pieces = current(live)
    told = ["batch", "predicted_at"]
    pd.testing.assert_frame_equal(whole.drop(columns=told), pieces.drop(columns=told))


def test_a_duplicate_key_in_another_piece_is_refused(live: Project) -> None:
    write_tables(live, "2025-12-01", "2026-01-01", kind="parquet")
    file = live.path("data/applications/2025-12.parquet")
    frame = pd.read_parquet(file)
    pd.concat([frame, frame.head(1)]).to_parquet(file)
    live.configure(scoring={"batch_rows": 100})
    refuse(live, "1 row repeats the key of another row")


@pytest.fixture
def renewed(live: Project) -> Project:
    """A live project whose new code requires a column that its champion has never seen."""
    live.edit("schema.py", "has_account: bool\n", "has_account: bool\n    region: float\n")
    live.edit(
        "synthetic.py",
        '        "has_account": ',
        '        "region": customer % 16 * 1.0,\n        "has_account": ',
    )
    return live


def test_an_old_champion_scores_under_new_code(live: Project, renewed: Project) -> None:
    answer = renewed.run("score", "--as-of", AS_OF)
    assert answer.facts["version"] == 1
    assert len(current(renewed)) == 660


@pytest.mark.full
@pytest.mark.wide  # the test above does not need another champion in between
def test_an_old_champion_scores_under_new_code_after_a_rollback(renewed: Project) -> None:
    renewed.run("train", "--as-of", AS_OF)
    renewed.run("gate", *LENIENT)
    renewed.run("promote")
    assert renewed.run("score", "--as-of", AS_OF).facts["version"] == 2
    renewed.run("rollback")
    assert renewed.run("score", "--as-of", AS_OF).facts["version"] == 1
    assert set(current(renewed)["version"]) == {1}


def test_new_code_that_lost_a_column_of_the_champion_is_refused(live: Project) -> None:
    live.edit("schema.py", "    late_payments: int = pa.Field(ge=0)\n", "")
    refuse(live, "late_payments", "missing")


@pytest.mark.full
@pytest.mark.wide  # test_tables.py compares every kind of table in CI
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_give_what_the_same_rows_gave_as_tables(live: Project, kind: str) -> None:
    live.edit("synthetic.py", '"home": ', '"Häuser": ')  # not every encoding can read this
    made = []
    for _ in range(2):
        number = live.run("train", "--as-of", AS_OF).facts["version"]
        live.run("score", "--as-of", AS_OF)
        predictions = current(live).drop(columns=["batch", "predicted_at"])
        made.append((predictions, live.call(behind.training, MODEL, number)["metrics"]))
        write_tables(live, "2024-04-01", "2026-01-01", kind=kind)
    (of_tables, their_figures), (of_files, figures) = made
    pd.testing.assert_frame_equal(of_files, of_tables)
    assert figures == their_figures


def test_text_that_looks_like_a_number_stays_text(live: Project) -> None:
    write_tables(live, "2025-12-01", "2026-01-01", kind="csv")
    file = live.path("data/applications/2025-12.csv")
    lines = file.read_text("latin-1").splitlines()
    file.write_text("\n".join([lines[0], *(line[8:] for line in lines[1:])]), "latin-1")
    live.run("score", "--as-of", AS_OF)
    assert set(current(live)["application_id"].str.len()) == {4}  # 0001, not 1


def test_predictions_may_be_written_to_a_folder_elsewhere(live: Project, tmp_path: Path) -> None:
    live.run("score", "--as-of", AS_OF, variables={"MLOPS_PREDICTIONS": str(tmp_path / "shared")})
    assert live.batches() == []
    assert len(list((tmp_path / "shared").rglob("_SUCCESS"))) == 1


def test_a_batch_that_a_killed_run_left_without_an_entry_is_set_aside(live: Project) -> None:
    other = f"predictions/dev/date={AS_OF}/batch-0001"
    line = f"__import__('os').makedirs('{other}'); open('{other}/_SUCCESS', 'w').close()"
    live.edit("data.py", RETURN, f"    {line}\n{RETURN}")
    live.run("score", "--as-of", AS_OF)
    published = [file.name for file in live.path(other).iterdir()]
    assert len(published) > 1
    [aside] = live.path(f"predictions/dev/date={AS_OF}").glob("_unrecorded-*")
    assert [file.name for file in aside.iterdir()] == ["_SUCCESS"]
    assert live.call(behind.entries)[-1]["command"] == "score"


def test_rows_of_another_period_are_not_scored(live: Project) -> None:
    earlier = (
        "applications.assign(applied_on=lambda rows: rows['applied_on'] - pd.DateOffset(years=1))"
    )
    more = f"applications = pd.concat([applications, {earlier}.head(9)])"
    live.edit("data.py", RETURN, f"    {more}\n{RETURN}")
    live.run("score", "--as-of", AS_OF)
    assert current(live)["application_id"].is_unique


@pytest.mark.full
@pytest.mark.wide
def test_more_rows_need_memory_for_their_keys_only(live: Project) -> None:
    """Keys are a twentieth of the rows, and are held twice while duplicates are searched."""
    write_tables(live, "2025-12-01", "2026-01-01", kind="parquet")
    file = live.path("data/applications/2025-12.parquet")
    rows, size, peaks = pd.read_parquet(file), 500_000, []
    file.unlink()
    for first, last in ((0, 1), (1, 8)):
        for part in range(first, last):
            many = rows.sample(size, replace=True, random_state=part, ignore_index=True)
            many["application_id"] = (many.index + part * size).map("{:08d}".format)
            many.to_parquet(file.with_name(f"{part}.parquet"))
        process = live.start("score", "--as-of", AS_OF)
        _, process.returncode, usage = os.wait4(process.pid, 0)
        assert process.returncode == 0
        assert len(current(live)) == last * size
        peaks.append(usage.ru_maxrss * 1024)
    held = rows.memory_usage(index=False).sum() / len(rows) * 7 * size
    assert peaks[1] - peaks[0] < held / 3, peaks  # a part of it belongs to the allocators
