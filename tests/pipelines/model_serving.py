"""A fake Databricks Model Serving: endpoints with the API's responses, which really predict.

`python -m pipelines.model_serving FOLDER` serves on a free port, which it prints. MLflow's own
scoring server serves the versions, loaded from the registry at MLFLOW_TRACKING_URI. Files in FOLDER
make a version fail: with `2.broken` version 2 never becomes ready, with `2.different` it predicts
differently. `endpoints.json` is the current state.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

TOKEN = "token-of-the-promoter"  # noqa: S105 - a fake
PATH = re.compile(r"/api/2\.0/(serving-endpoints|permissions/serving-endpoints)(?:/([^/]+))?(/.*)?")
INVOKED = re.compile(r"/serving-endpoints/([^/]+)/invocations")
ENTITY = {"entity_name", "entity_version", "workload_size", "scale_to_zero_enabled"}


@contextlib.contextmanager
def model_serving(folder: Path, **variables: str) -> Iterator[dict[str, str]]:
    """Serve until the test is done; yield the variables that clients need."""
    folder.mkdir(parents=True)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            env=os.environ | variables | {"PYTHONPATH": str(Path(__file__).parent.parent)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port, (folder / "log").read_text("utf-8")
            yield {"DATABRICKS_HOST": f"http://127.0.0.1:{port}", "DATABRICKS_TOKEN": TOKEN}
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def endpoints(folder: Path) -> dict[str, Facts]:
    """Return the endpoints by name."""
    file = folder / "endpoints.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


class Refused(Exception):
    """An error response."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Serving:
    """The endpoints and their state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = endpoints(folder)

    def admit(self, shown: str | None) -> None:
        if shown != f"Bearer {TOKEN}":
            raise Refused(401, "UNAUTHENTICATED", "Credential was not sent or is invalid.")

    def answer(self, call: str, path: str, body: Facts) -> Any:
        """Answer a call; raise Refused for an unknown one."""
        if call == "POST" and (invoked := INVOKED.fullmatch(path)):
            return self.predict(self.get(invoked[1]), body)
        found = PATH.fullmatch(path)
        if not found:
            raise Refused(404, "ENDPOINT_NOT_FOUND", f"No API found for {call} {path}")
        kind, name, rest = found.groups()
        match (call, kind, name, rest):
            case ("GET", "serving-endpoints", str(), None):
                return self.progress(self.get(name))
            case ("POST", "serving-endpoints", None, None):
                return self.create(body)
            case ("PUT", "serving-endpoints", str(), "/config"):
                return self.update(self.get(name), body)
            case ("PUT", "permissions/serving-endpoints", str(), None):
                return self.permit(name, body)
        raise Refused(404, "ENDPOINT_NOT_FOUND", f"No API found for {call} {path}")

    def get(self, name: str) -> Facts:
        if name not in self.known:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Endpoint {name} does not exist.")
        return self.known[name]

    def create(self, body: Facts) -> Facts:
        name = body["name"]
        if name in self.known:
            raise Refused(409, "RESOURCE_ALREADY_EXISTS", f"Endpoint {name} exists.")
        state = {"config_update": "NOT_UPDATING", "ready": "NOT_READY"}
        made = {"name": name, "id": f"id-of-{name}", "state": state, "tags": body["tags"]}
        self.known[name] = made
        return self.update(made, body["config"])

    def update(self, endpoint: Facts, body: Facts) -> Facts:
        if endpoint["state"]["config_update"] == "IN_PROGRESS":
            raise Refused(409, "RESOURCE_CONFLICT", "An update of the endpoint is in progress.")
        [entity] = body["served_entities"]
        if entity.keys() != ENTITY or entity["workload_size"] not in ("Small", "Medium", "Large"):
            raise Refused(400, "INVALID_PARAMETER_VALUE", f"Invalid served entity: {entity}")
        endpoint["pending_config"] = {"served_entities": [entity]}
        endpoint["state"]["config_update"] = "IN_PROGRESS"
        return endpoint

    def progress(self, endpoint: Facts) -> Facts:
        """Return an endpoint; an operation in progress is finished at the next request."""
        shown: Facts = json.loads(json.dumps(endpoint))
        if endpoint["state"]["config_update"] == "IN_PROGRESS":
            pending = endpoint.pop("pending_config")
            number = pending["served_entities"][0]["entity_version"]
            broken = (self.folder / f"{number}.broken").exists()
            state = "UPDATE_FAILED" if broken else "NOT_UPDATING"
            endpoint["state"]["config_update"] = state
            if not broken:
                endpoint["config"] = pending
                endpoint["state"]["ready"] = "READY"
        return shown

    def permit(self, number: str, body: Facts) -> Facts:
        [endpoint] = [each for each in self.known.values() if each["id"] == number]
        endpoint["permissions"] = body["access_control_list"]
        return {"object_id": number, "access_control_list": []}

    def predict(self, endpoint: Facts, body: Facts) -> Any:
        """Answer like MLflow's scoring server, which Model Serving runs."""
        import mlflow
        from mlflow.pyfunc import scoring_server

        predict: Any = scoring_server.invocations
        [entity] = endpoint["config"]["served_entities"]
        name = entity["entity_name"]
        number = entity["entity_version"]
        model = mlflow.pyfunc.load_model(f"models:/{name}/{number}", suppress_warnings=True)
        schema = model.metadata.get_input_schema()
        content = json.dumps(body).encode()
        answer = predict(content, "application/json", model, schema)
        found = json.loads(answer.response)
        if (self.folder / f"{number}.different").exists():
            found["predictions"][0]["score"] += 0.01
        return found


def main() -> None:
    """Serve."""
    folder = Path(sys.argv[1])
    serving = Serving(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply()

        def do_POST(self) -> None:
            self.reply()

        def do_PUT(self) -> None:
            self.reply()

        def reply(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            try:
                serving.admit(self.headers["Authorization"])
                status = 200
                answer = serving.answer(self.command, self.path, body)
            except Refused as refused:
                status = refused.status
                answer = {"error_code": refused.code, "message": str(refused)}
            (folder / "endpoints.json").write_text(json.dumps(serving.known), encoding="utf-8")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
