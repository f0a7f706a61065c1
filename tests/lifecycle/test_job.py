"""The entry point of jobs: what it passes on, and which outcomes fail a task."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lifecycle.project import AS_OF, Facts, Project

ON_DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": "client.4.0"}
DBRUNTIME = '''
"""The module thon Databricks' SDK finds in a job on Databricks."""
import json


class Values:
    def set(self, key, value):
        with open("task-values", "a", encoding="utf-8") as file:
            file.write(json.dumps([key, value]) + "\\n")


class Jobs:
    taskValues = Values()


class Secrets:
    def get(self, scope, key):
        return {("loan-risk", "store"): "sqlite:///elsewhere.db"}[scope, key]


class Utilities:
    jobs, secrets = Jobs(), Secrets()


class UserNamespaceInitializer:
    @classmethod
    def getOrCreate(cls):
        return cls()

    def get_namespace_globals(self):
        return {"dbutils": Utilities()}
'''


class Nothing(BaseHTTPRequestHandler):
    """A workspace that has nothing."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def passed_on(printed: str) -> Facts:
    [line] = printed.splitlines()
    return dict(json.loads(line))


def test_a_task_prints_the_values_that_it_passes_on(opened: Project) -> None:
    done = opened.enter("job", "status", variables={})
    assert done.code == 0
    assert passed_on(done.printed) == {"outcome": "ok", "version": 0}


def test_a_failure_fails_the_task(opened: Project) -> None:
    done = opened.enter("job", "promote", variables={})
    assert (done.code, passed_on(done.printed)["outcome"]) == (1, "failed")
    assert "has no challenger" in done.said
    assert opened.enter("job", "train", "--as-of", "soon", variables={}).code == 2


def test_a_verdict_does_not_fail_the_task_unless_it_must_succeed(gated: Project) -> None:
    gated.configure("dev", promotion="approval")
    done = gated.enter("job", "promote", "1", variables={})
    assert (done.code, passed_on(done.printed)["outcome"]) == (0, "waiting")
    must = gated.enter("job", "--must", "promote", "1", variables={})
    assert (must.code, passed_on(must.printed)["outcome"]) == (4, "waiting")


def test_an_empty_argument_is_left_out_with_its_option(live: Project) -> None:
    done = live.enter("job", "score", "--as-of", "", "--env", "dev", variables={})
    assert done.code == 0
    assert live.batches(date=AS_OF), "the date of conf/"


def test_databricks_gets_task_values(opened: Project) -> None:
    opened.write("src/dbruntime.py", DBRUNTIME)
    assert opened.enter("job", "status", variables=ON_DATABRICKS).code == 0
    values = opened.path("task-values").read_text("utf-8").splitlines()
    assert [json.loads(value) for value in values] == [["outcome", "ok"], ["version", 0]]


def test_a_secret_comes_from_the_scope_of_the_project(opened: Project) -> None:
    opened.write("src/dbruntime.py", DBRUNTIME)
    opened.configure("dev", tracking_uri={"secret": "store"})
    assert opened.enter("job", "status", variables=ON_DATABRICKS).code == 0
    assert opened.path("elsewhere.db").exists()


def test_values_that_would_be_lost_fail_the_task(opened: Project) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:  # the SDK asks who it is
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        login = {"DATABRICKS_HOST": address, "DATABRICKS_TOKEN": "x"}
        done = opened.enter("job", "status", variables=ON_DATABRICKS | login)
        server.shutdown()
    assert done.code == 1
    assert "cannot set task values" in done.said
