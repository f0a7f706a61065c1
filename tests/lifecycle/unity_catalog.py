"""A registry with the limits of Unity Catalog: a real MLflow server that first checks requests.

`python unity_catalog.py FOLDER` serves on a free port, which it prints. The user of a request is
its identity; what each may do is in the variable UNITY_CATALOG_GRANTS.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

PORT = re.compile(r"port (\d+)")
NAME = re.compile(r"[^./\s]+\.[^./\s]+\.[^./\s]+")
TAGS, KEY, VALUE = 50, re.compile(r"[^.,\-=/:]{1,255}"), 1000
FILTER = re.compile(r"(name|run_id) ?= ?'[^']*'")


@contextlib.contextmanager
def serving(folder: Path, **grants: str) -> Iterator[str]:
    """Give the address of a registry whose identities have these rights, comma-separated."""
    folder.mkdir(parents=True)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            env=os.environ | {"UNITY_CATALOG_GRANTS": json.dumps(grants)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            port = PORT.search(told)
            assert port, (folder / "log").read_text("utf-8")
            yield f"http://127.0.0.1:{port[1]}"
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


class Refused(Exception):
    """Unity Catalog's answer to a request that it refuses."""

    def __init__(self, message: str, code: str = "INVALID_PARAMETER_VALUE") -> None:
        super().__init__(message)
        self.code = code


class Catalog:
    """The checks before the real server executes a request."""

    def __init__(self, folder: Path, grants: dict[str, str]) -> None:
        self.folder = folder
        self.grants = {who: set(rights.split(",")) for who, rights in grants.items()}
        self.owners: dict[str, str] = {}

    def look(self, call: str, who: str, given: Facts) -> None:
        """Raise Refused for a call that Databricks would refuse."""
        if call == "POST experiments/create" and not given["name"].startswith("/"):
            raise Refused(f"{given['name']} is no absolute path of the workspace")
        if not re.search(" (registered-models|model-versions)/", call):
            return
        rules: dict[str, Callable[[str, Facts], None]] = {
            "POST registered-models/create": self.create_model,
            "GET registered-models/get": lambda *_: None,
            "GET registered-models/search": self.search_models,
            "POST registered-models/set-tag": self.tag_model,
            "POST registered-models/alias": self.move_alias,
            "DELETE registered-models/alias": self.move_alias,
            "GET registered-models/alias": lambda *_: None,
            "POST model-versions/create": self.create_version,
            "GET model-versions/get": lambda *_: None,
            "GET model-versions/get-download-uri": lambda *_: None,
            "GET model-versions/search": self.search_versions,
            "POST model-versions/set-tag": self.tag_version,
        }
        if call not in rules:
            raise Refused(f"Method {call} is unsupported for models in the Unity Catalog")
        if "name" in given and not NAME.fullmatch(given["name"]):
            raise Refused(f"{given['name']}: specify all three levels: catalog.schema.model")
        rules[call](who, given)

    def require(self, who: str, right: str, name: str) -> None:
        if who != self.owners.get(name) and right not in self.grants.get(who, set()):
            raise Refused(f"User {who!r} does not have {right} on {name}", "PERMISSION_DENIED")

    def create_model(self, who: str, given: Facts) -> None:
        self.require(who, "CREATE MODEL", given["name"])
        check_tags(given.get("tags", []), {})
        self.owners.setdefault(given["name"], who)

    def search_models(self, who: str, given: Facts) -> None:
        if given.get("filter") or given.get("order_by"):
            raise Refused("Argument 'filter_string' is unsupported for models in the Unity Catalog")

    def search_versions(self, who: str, given: Facts) -> None:
        if given.get("order_by") or not FILTER.fullmatch(given.get("filter", "")):
            raise Refused("Search of versions supports one condition: name or run_id")

    def move_alias(self, who: str, given: Facts) -> None:
        self.require(who, "ownership", given["name"])

    def create_version(self, who: str, given: Facts) -> None:
        self.require(who, "CREATE MODEL VERSION", given["name"])
        check_tags(given.get("tags", []), {})
        model = self.folder.glob(f"artifacts/*/models/{given['source'].split('/')[-1]}/**/MLmodel")
        text = "".join(file.read_text(encoding="utf-8") for file in model)
        if not re.search(r"^signature:\n(  .*\n)*  outputs: [^n]", text, re.MULTILINE):
            raise Refused("Model passed for registration needs a signature of inputs and outputs")

    def tag_model(self, who: str, given: Facts) -> None:
        self.require(who, "APPLY TAG", given["name"])
        check_tags([given], registry().get_registered_model(given["name"]).tags)

    def tag_version(self, who: str, given: Facts) -> None:
        self.require(who, "APPLY TAG", given["name"])
        version = registry().get_model_version(given["name"], given["version"])
        check_tags([given], version.tags)


def registry() -> Any:
    """Return the real server's own registry."""
    from mlflow.server.handlers import _get_model_registry_store

    return _get_model_registry_store()


def check_tags(given: list[Facts], known: dict[str, str]) -> None:
    """Raise Refused for tags that Unity Catalog does not accept."""
    for tag in given:
        if not KEY.fullmatch(tag["key"]):
            raise Refused(f"Tag key {tag['key']} holds one of . , - = / : or is too long")
        if len(tag["value"]) > VALUE:
            raise Refused(f"Tag value of {tag['key']} is longer than {VALUE}")
    if len({tag["key"] for tag in given} | known.keys()) > TAGS:
        raise Refused(f"More than {TAGS} tags")


def main() -> None:
    """Serve."""
    folder = Path(sys.argv[1])
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{folder}/mlflow.db"
    os.environ["_MLFLOW_SERVER_REGISTRY_STORE"] = f"sqlite:///{folder}/mlflow.db"
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
    os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = str(folder / "artifacts")
    os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"
    from flask import jsonify, request
    from mlflow.server import app
    from werkzeug.serving import make_server

    catalog = Catalog(folder, json.loads(os.environ["UNITY_CATALOG_GRANTS"]))

    @app.before_request
    def look() -> Any:
        found = re.fullmatch(r"/api/2\.0/mlflow/(.*)", request.path)
        if not found:
            return None
        given = request.args.to_dict() | (request.get_json(silent=True) or {})
        who = request.authorization.username if request.authorization else ""
        try:
            catalog.look(f"{request.method} {found[1]}", str(who), given)
        except Refused as refused:
            status = 403 if refused.code == "PERMISSION_DENIED" else 400
            return jsonify(error_code=refused.code, message=str(refused)), status
        return None

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"port {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
