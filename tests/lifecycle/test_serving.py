"""The champion serves the predictions of a batch over HTTP, and answers every request."""

import datetime
import http.client
import json
import re
import signal
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tutorials import GUIDES, missing

from lifecycle.challengers import LENIENT, add_step
from lifecycle.project import AS_OF, Facts, Project, Warm
from lifecycle.served import Served, batch, logged, serving, wait_until

Rows = list[dict[str, Any]]

QUICK = ("--set", "serving.refresh=0.2")


def test_a_champion_answers_and_keeps_its_predictions(live: Project) -> None:
    known = live.call(batch, 1)
    rows = [{**row, "application_id": f"A{n}"} for n, row in enumerate(known["rows"])]
    with serving(live, live.warm) as served:
        assert served.ask("/health") == (200, {"status": "ok"})
        assert served.ask("/ready")[0] == 200
        status, together = served.predict(rows)
        assert status == 200
        assert together["version"] == 1
        keys = [{"application_id": row["application_id"]} for row in rows]
        expected = [key | row for key, row in zip(keys, known["predictions"], strict=True)]
        assert together["predictions"] == expected
        for row, prediction in zip(known["rows"], known["predictions"], strict=True):
            assert served.predict([row])[1]["predictions"] == [prediction]
        status, refused = served.predict([known["rows"][0], known["rows"][1] | {"amount": -1}])
        assert status == 422
        assert refused["detail"][0]["loc"] == ["rows", 1, "amount"]
        assert served.ask("/model")[1]["trained_as_of"] == AS_OF
        assert served.figure("predicted_rows_total") == 2 * len(rows)
        assert missing("serve-online", "serve --port 8000", served.said()) == []
        assert served.figure("model_version") == 1
    assert "stopped" in served.said()
    kept = logged(live)
    assert len(kept) == 2 * len(rows)
    first = kept.dropna(subset="application_id").set_index("application_id")
    assert first.loc["A3", "score"] == known["predictions"][3]["score"]
    assert first.loc["A3", "amount"] == rows[3]["amount"]
    assert set(kept["version"]) == {1}
    assert not [name for name in map(str, kept) if name.startswith("__")]
    assert live.batches() == []


def requests_of_the_guide() -> list[tuple[Facts, Facts]]:
    """Return the requests that the guide sends, each with the answer that it shows."""
    text = (GUIDES / "serve-online.md").read_text("utf-8").replace(",…", "")
    found = re.findall(r"--json '(.+?)'\n```\n\n```text\n(.+?)\n```", text, re.DOTALL)
    return [(json.loads(request), json.loads(answer)) for request, answer in found]


def test_the_requests_of_the_guide_are_answered_as_it_shows(live: Project) -> None:
    (right, answered), (wrong, refused) = requests_of_the_guide()
    with serving(live, live.warm) as served:
        status, answer = served.ask("/predict", right)
        assert status == 200
        assert answer["predictions"][0].keys() == answered["predictions"][0].keys()
        status, answer = served.ask("/predict", wrong)
        assert status == 422
        shown = refused["detail"]
        assert answer["detail"][: len(shown)] == shown


WRONG: dict[str, tuple[Any, list[Any], str]] = {
    "a field that is missing": ({"amount": ...}, ["rows", 0, "amount"], "required"),
    "text for a number": ({"amount": "12"}, ["rows", 0, "amount"], "number"),
    "a fraction for a whole number": ({"term_months": 1.5}, ["rows", 0, "term_months"], "integer"),
    "more than 64 bits": ({"term_months": 2**63}, ["rows", 0, "term_months"], "less than"),
    "a number for text": ({"purpose": 3}, ["rows", 0, "purpose"], "string"),
    "a missing value": ({"purpose": None}, ["rows", 0, "purpose"], "string"),
    "a flag as a number": ({"has_account": 1}, ["rows", 0, "has_account"], "boolean"),
    "out of range": ({"term_months": 0}, ["rows", 0, "term_months"], "greater than 0"),
    "infinite": ({"income": float("inf")}, ["rows", 0, "income"], "finite"),
    "not a number": ({"income": float("nan")}, ["rows", 0, "income"], "finite"),
}


# Values that a client may send for a column. What the interface accepts, the schema accepts too,
# and both read it in the same way; what the schema refuses, the interface refuses.
NASTY: list[Any] = [
    *(0, 1, -1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**400, 0.0, -0.0, 1.0, 1.5, 1e300, 5e-324),
    *(
        float("inf"),
        float("nan"),
        True,
        False,
        None,
        "",
        " ",
        "1",
        "true",
        "null",
        "e\u0301",
        "\x00",
    ),
    *("2026-01-01", "2026-01-01T00:00:00Z", "\ud800", [], [1], {}, {"a": 1}),
]


def compare_with_schema(number: int, values: list[Any]) -> Facts:
    """Return how many values the interface accepted, and those that the schema refuses."""
    from loan_risk.mlops.base.errors import MlopsError
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.serving.model import ServedModel
    from pandas.testing import assert_frame_equal
    from pydantic import ValidationError

    store = open_store(open_project("dev"))
    model = ServedModel(store.registry.load(store.fetch(number)))
    good = batch(number)["rows"][0]
    others = {
        "application_id": "A1",
        "customer_id": "C1",
        "age_band": "x",
        "applied_on": "2026-01-01",
    }
    accepted, wrong = 0, []
    for name in model.contract.features:
        for value in values:
            row = good | {name: value}
            try:
                schema = model.contract.inputs.clean(pd.DataFrame([row | others]), "")
            except Exception:  # noqa: BLE001 - pandas itself cannot hold some of these
                schema = None
            try:
                mine = model.parser.frame(model.parser.parse(json.dumps({"rows": [row]}).encode()))
            except (MlopsError, ValidationError):
                continue
            accepted += 1
            if schema is None:
                wrong.append(f"{name}={value!r}")
            else:
                assert_frame_equal(mine, schema[model.contract.features])
    return {"accepted": accepted, "wrong": wrong, "quick": model.parser.complete}


def test_the_interface_reads_accepted_values_as_the_schema_does(live: Project) -> None:
    answer = live.call(compare_with_schema, 1, NASTY)
    assert answer["wrong"] == []
    assert answer["accepted"] > 50
    assert answer["quick"]


@pytest.mark.full
def test_other_checks_of_a_schema_apply_online_too(born: Project, host: Warm) -> None:
    born.edit(
        "schema.py",
        "    channel: str\n",
        '    channel: str = pa.Field(isin=["branch", "online", "broker"])\n',
    )
    born.commit()
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        born.run(*words)
    answer = born.call(compare_with_schema, 1, NASTY)
    assert answer["wrong"] == []
    assert not answer["quick"]
    known = born.call(batch, 1)
    with serving(born, host) as served:
        assert served.predict(known["rows"])[1]["predictions"] == known["predictions"]
        status, refused = served.predict([known["rows"][0] | {"channel": "letter"}])
        assert status == 422
        assert "channel" in refused["detail"]


@pytest.mark.full
def test_wrong_input_is_located_and_too_much_is_refused(live: Project, host: Warm) -> None:
    known = live.call(batch, 1)
    row, good = known["rows"][0], known["predictions"][0]
    limits = ("--set", "serving.max_rows=20", "--set", "serving.max_bytes=9000")
    with serving(live, host, *limits) as served:
        for name, (change, place, word) in WRONG.items():
            wrong = {key: value for key, value in (row | change).items() if value is not ...}
            status, answer = served.predict([wrong])
            assert (status, answer["detail"][0]["loc"]) == (422, place), name
            assert word in answer["detail"][0]["msg"], name
            assert "input" not in answer["detail"][0], name
        for body in (b"", b"[", b"{}", b'{"rows": []}', b'{"rows": 3}', b"\xff", b"null"):
            status, answer = served.ask("/predict", body)
            assert status == 422, body
            assert answer["detail"][0]["msg"]
        assert served.predict([row | {"a_new_column": 1}])[1]["predictions"] == [good]
        assert served.predict([row] * 20)[1]["predictions"] == [good] * 20
        status, answer = served.predict([row] * 21)
        assert (status, answer["detail"]) == (413, "there are more than 20 rows; send fewer")
        status, answer = served.predict([row] * 60)
        assert (status, "9,000 bytes" in answer["detail"]) == (413, True)
        assert served.figure('predict_seconds_count{status="422"}') == len(WRONG) + 7
        page = served.ask("/openapi.json")[1]["paths"]["/predict"]["post"]["requestBody"]
        fields = page["content"]["application/json"]["schema"]["properties"]["rows"]["items"]
        assert fields["properties"]["term_months"]["exclusiveMinimum"] == 0
        assert fields["properties"]["has_account"]["type"] == "boolean"
        assert "application_id" not in fields["required"]
        assert "amount" in fields["required"]
    assert len(logged(live)) == 21


@pytest.mark.full
def test_a_request_that_breaks_the_model_gets_an_id_and_the_log_has_the_traceback(
    live: Project, host: Warm
) -> None:
    known = live.call(batch, 1)["rows"][0]
    add_step(live, "math", "assert frame.amount.max() < 1e6, 'the amount is too high'")
    live.run("train", "--as-of", AS_OF)
    live.run("gate", "--set", "gate.comparison=noninferior")
    live.run("promote")
    with serving(live, host, quiet=False) as served:
        status, answer = served.predict([known | {"amount": 2e6, "application_id": "A-secret"}])
        assert status == 500
        [error_id] = re.findall(r"error id (\w{12})$", answer["detail"])
        assert answer["detail"].startswith("version 2 of dev.loan-risk cannot answer this request")
        assert "too high" not in answer["detail"]  # the client gets nothing of the model's code
        assert "Assertion" not in answer["detail"]
        log = served.said()
        assert error_id in log
        assert "Traceback" in log
        assert "AssertionError: the amount is too high" in log
        assert "A-secret" not in log
        assert "2000000" not in log
        assert served.predict([known])[0] == 200
        assert served.figure('predict_seconds_count{status="500"}') == 1
    assert len(logged(live)) == 1


@pytest.mark.full
def test_a_new_champion_takes_over_and_no_request_is_dropped(live: Project, host: Warm) -> None:
    live.configure(model={"params": {"max_iter": 60, "learning_rate": 0.2}})
    live.commit()
    live.run("train", "--as-of", AS_OF)
    live.run("gate", *LENIENT)
    expected = {number: live.call(batch, number)["predictions"] for number in (1, 2)}
    assert expected[1] != expected[2]
    rows, answers, done = live.call(batch, 1)["rows"], list[tuple[int, Any]](), threading.Event()

    def hammer() -> None:
        while not done.is_set():
            answers.append(served.predict(rows))

    with serving(live, host, *QUICK) as served:
        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) > 10, "the first answers")
        live.run("promote")
        served.wait_for("version 2")
        seen = len(answers)
        wait_until(lambda: len(answers) > seen + 10, "answers of version 2")
        done.set()
        for thread in threads:
            thread.join()
        assert served.ask("/model")[1]["version"] == 2
        assert served.figure("model_version") == 2
    assert {status for status, _ in answers} == {200}
    assert {answer["version"] for _, answer in answers} == {1, 2}
    for _, answer in answers:
        assert answer["predictions"] == expected[answer["version"]]
    kept = logged(live)
    assert len(kept) == len(rows) * len(answers)
    assert set(kept["version"]) == {1, 2}


@pytest.mark.full
def test_a_champion_whose_files_have_changed_leaves_the_old_one_in_use(
    compared: Project, host: Warm
) -> None:
    rows = compared.call(batch, 1)["rows"]
    with serving(compared, host, *QUICK) as served:
        served.signal(signal.SIGSTOP)
        compared.run("promote")
        model = max(
            compared.folder.glob("mlartifacts/**/model.skops"), key=lambda p: p.stat().st_mtime
        )
        whole = model.read_bytes()
        model.write_bytes(b"broken")
        served.signal(signal.SIGCONT)
        served.wait_for("have changed")
        assert served.predict(rows)[1]["version"] == 1
        assert served.ask("/ready")[0] == 200
        assert "have changed" in served.ask("/model")[1]["trouble"]
        assert served.figure("model_outdated") == 1
        model.write_bytes(whole)
        served.wait_for("version 2 of dev.loan-risk answers")
        assert served.predict(rows)[1]["version"] == 2
        wait_until(lambda: served.figure("model_outdated") == 0, "the end of the problem")


@pytest.mark.full
def test_a_pause_stops_the_answers_and_resume_brings_them_back(live: Project, host: Warm) -> None:
    rows = live.call(batch, 1)["rows"]
    with serving(live, host, *QUICK) as served:
        assert served.predict(rows)[0] == 200
        live.run("pause", "prices look odd")
        wait_until(lambda: served.ask("/ready")[0] == 503, "the pause")
        status, answer = served.predict(rows)
        assert (status, "prices look odd" in answer["detail"]) == (503, True)
        assert served.ask("/health")[0] == 200
        live.run("resume")
        wait_until(lambda: served.ask("/ready")[0] == 200, "the end of the pause")
        assert served.predict(rows)[0] == 200


def fill_the_log(folder: str) -> Facts:
    """Add rows until the log is full, then a value that Parquet refuses, then without a folder."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.serving import log as online
    from loan_risk.mlops.serving.model import ServedModel

    store = open_store(open_project("dev"))
    online.MOST_WAITING = 50
    model = ServedModel(store.registry.load(store.fetch_champion()))
    log = online.PredictionLog(Path(folder))
    known = batch(model.version.number)
    lost = []
    for _ in range(3):
        log.add(model, known["rows"], known["predictions"])
        lost.append(online.LOST._value.get())
    log.flush()
    log.add(model, [known["rows"][0] | {"term_months": 2**70}], known["predictions"][:1])
    log.flush()
    lost.append(online.LOST._value.get())
    Path(folder).rename(f"{folder}-full")
    Path(folder).touch()  # a file where the folder should be
    log.add(model, known["rows"], known["predictions"])
    log.flush()
    return {"lost": [*lost, online.LOST._value.get()]}


def test_rows_that_cannot_be_logged_are_counted(live: Project) -> None:
    folder = live.path("predictions/dev/online")
    rows = len(live.call(batch, 1)["rows"])
    lost = live.call(fill_the_log, str(folder))["lost"]
    assert lost == [0, 0, rows, rows + 1, 2 * rows + 1]
    assert len(pd.read_parquet(f"{folder}-full")) == 2 * rows


def follow_a_slow_shadow(folder: str) -> int:
    """Send a shadow a new request for each one that it predicts; return how many still wait."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store
    from loan_risk.mlops.serving.model import ServedModel
    from loan_risk.mlops.serving.shadow import Shadow

    store = open_store(open_project("dev"))
    model = ServedModel(store.registry.load(store.fetch_champion()))
    shadow = Shadow(Path(folder))
    shadow._model = model
    known = batch(model.version.number)
    now = datetime.datetime.now(datetime.UTC)
    body = json.dumps({"rows": known["rows"]}).encode()
    parse = model.parser.parse

    def parse_while_another_arrives(sent: bytes) -> Any:
        shadow.add(body, len(known["rows"]), now)
        return parse(sent)

    model.parser.parse = parse_while_another_arrives
    for _ in range(3):
        shadow.add(body, len(known["rows"]), now)
    shadow.flush()
    return len(shadow._waiting)


def test_a_slow_challenger_delays_no_answer(live: Project) -> None:
    folder = live.path("predictions/dev/_shadow/online")
    assert live.call(follow_a_slow_shadow, str(folder)) == 3
    rows = len(live.call(batch, 1)["rows"])
    assert len(pd.read_parquet(folder)) == 3 * rows


@pytest.mark.full
def test_a_column_may_have_the_name_of_a_column_of_the_predictions(
    born: Project, host: Warm
) -> None:
    """The score of a bureau is a feature, and the target is a decision."""
    born.edit("schema.py", "has_account: bool\n", "has_account: bool\n    score: float\n")
    born.edit("schema.py", "    defaulted: int", "    decision: int")
    line = '        "has_account": customer % 7 < 4,\n'
    born.edit("synthetic.py", line, f'{line}        "score": 1000 - customer % 600.0,\n')
    taken = "    return reviewed["
    renamed = '    reviewed = reviewed.assign(decision=reviewed["defaulted"])\n'
    born.edit("data.py", taken, f"{renamed}{taken}")
    born.commit()
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        born.run(*words)
    for date in ("2025-11-01", "2025-12-01", AS_OF):
        born.run("score", "--as-of", date, "--set", "scoring.max_psi=20")
    facts = born.run("monitor", "--as-of", "2026-04-01").facts
    assert {figure["metric"] for figure in facts["performance"]} == {"auc", "brier"}
    rows = born.call(batch, 1)["rows"]
    with serving(born, host) as served:
        status, answer = served.predict(rows)
        assert status == 200
    kept = logged(born)
    assert sorted(kept["input_score"]) == sorted(row["score"] for row in rows)
    assert sorted(kept["score"]) == sorted(each["score"] for each in answer["predictions"])


@pytest.mark.full
def test_a_request_that_has_begun_is_answered_after_sigterm(live: Project, host: Warm) -> None:
    known = live.call(batch, 1)
    body = json.dumps({"rows": known["rows"]}).encode()
    with serving(live, host, "--set", "serving.timeout=60") as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body[:100])
        wait_until(lambda: served.ask("/health")[0] == 200, "that it has read so far")
        served.signal(signal.SIGTERM)
        wait_until(lambda: refuses(served), "that it accepts no more")
        connection.send(body[100:])
        answer = connection.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["predictions"] == known["predictions"]
        connection.close()
    assert len(logged(live)) == len(known["rows"])


def refuses(served: Served) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", served.port)) != 0


@pytest.mark.full
def test_predictions_made_online_do_not_change_batches_and_monitoring(
    due: Project, host: Warm
) -> None:
    before = due.run("monitor", "--as-of", "2026-04-01").facts
    with serving(due, host) as served:
        assert served.predict(due.call(batch, 1)["rows"])[0] == 200
    assert len(logged(due))
    after = due.run("monitor", "--as-of", "2026-04-01").facts
    for fact in ("decision", "reasons"):
        assert after[fact] == before[fact]
    assert due.run("status").facts["last_batch"] is not None


@pytest.mark.full
def test_what_prevents_a_start_is_reported_in_one_sentence(live: Project) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}" in live.run("serve", "--port", port, code=2).said
    assert "cannot listen" in live.run("serve", "--host", "no.such.host.invalid", code=2).said
    missing = live.path("src/prometheus_client.py")
    missing.write_text("raise ModuleNotFoundError(name='prometheus_client')")
    said = live.run("serve", "--port", "0", code=2).said
    assert "prometheus_client" in said
    assert '"loan-risk[mlops,serve]"' in said
    missing.unlink()
    live.run("pause", "a test")
    assert "paused" in live.run("serve", "--port", "0", code=4).said


@pytest.mark.full
def test_a_project_without_champion_has_nothing_to_serve(opened: Project) -> None:
    assert "has no champion" in opened.run("serve", "--port", "0", code=1).said
