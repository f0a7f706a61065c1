"""A mistake gets one sentence that names it and its remedy, and leaves nothing half-written."""

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from lifecycle import behind
from lifecycle.project import AS_OF, Facts, Project
from rendering import files

TRAIN = ("train", "--as-of", AS_OF)
SCORE = ("score", "--as-of", AS_OF)
MODEL = "dev.loan-risk"
Change = Callable[[Project], object]


@dataclass(frozen=True)
class Mistake:
    """What a user does wrong, then runs, and must read."""

    name: str
    change: Change
    words: tuple[str, ...]
    code: int = 1
    command: tuple[str, ...] = TRAIN

    def __str__(self) -> str:
        return self.name


def state(project: Project) -> Facts:
    """Return all that a command may leave behind."""
    passing = re.compile(r"\.git/|build/|mlflow\.db|.*__pycache__|.*registered_model_meta")
    found: Facts = {"files": [name for name in files(project.folder) if not passing.match(name)]}
    if project.path("mlflow.db").is_file():
        found["versions"] = project.call(behind.versions, MODEL)
        found["entries"] = len(project.call(behind.entries))
        found["active runs"] = project.call(behind.active_runs)
    return found


def expect(project: Project, mistake: Mistake) -> None:
    """Make a mistake and expect one sentence, and that the world is as before."""
    mistake.change(project)
    before = state(project)
    answer = project.run(*mistake.command, code=mistake.code)
    error = answer.said.partition("error")[2]
    assert error, answer.said
    for word in mistake.words:
        assert word in error, f"{word!r} is not in: {error}"
    assert error.strip().count("\n") == 0
    assert answer.facts["outcome"] == "failed"
    assert answer.facts["exit_code"] == mistake.code
    assert state(project) == before


def edit(name: str, old: str, new: str) -> Change:
    return lambda project: project.edit(name, old, new)


def conf(env: str = "base", **keys: object) -> Change:
    return lambda project: project.configure(env, **keys)


def inputs(line: str) -> Change:
    """Let data.inputs do something to the rows that it returns."""
    return edit("data.py", "    return applications[", f"    {line}\n    return applications[")


def labels(line: str) -> Change:
    """Let data.labels do something to the rows that it returns."""
    return edit("data.py", "    return reviewed[", f"    {line}\n    return reviewed[")


def step(estimator: str) -> Change:
    """Put a step before all others."""
    return edit("model.py", 'Pipeline([("features", ', f'Pipeline([("own", {estimator}), ("features", ')


def nothing(project: Project) -> None:
    """Change nothing: the command itself is the mistake."""


def files_without_file(project: Project) -> None:
    table = {"kind": "files", "origin": "masked", "path": "data/nothing-*.parquet"}
    project.configure(tables={"applications": table})


def file_of_other_encoding(project: Project) -> None:
    project.path("data").mkdir()
    project.path("data/x.csv").write_bytes("purpose\nHäuser\n".encode("latin-1"))
    table = {"kind": "files", "origin": "masked", "path": "data/x.csv"}
    project.configure(tables={"applications": table})


def file_without_its_time(project: Project) -> None:
    project.write("data/x.csv", "purpose\ncar\n")
    table = {"kind": "files", "origin": "masked", "path": "data/x.csv", "time": "day"}
    project.configure(tables={"applications": table})


CONFIGURATION = [
    Mistake(
        "an unknown key",
        conf(gate={"margn": 0.1}),
        ("conf/base.yml", "gate.margn", "did you mean gate.margin"),
        2,
    ),
    Mistake(
        "an unknown key of one environment",
        conf("prod", scorng={"max_psi": 1}),
        ("conf/prod.yml", "scorng", "did you mean scoring"),
        2,
        ("status", "--env", "prod"),
    ),
    Mistake(
        "an unknown key of a table",
        conf(tables={"outcomes": {"kind": "files", "origin": "masked", "pth": "x.csv"}}),
        ("conf/base.yml", "tables.outcomes.pth", "did you mean tables.outcomes.path"),
        2,
    ),
    Mistake(
        "an unknown key on the command line",
        nothing,
        ("--set", "gate.margn", "did you mean gate.margin"),
        2,
        (*TRAIN, "--set", "gate.margn=0.1"),
    ),
    Mistake(
        "a value of another type",
        conf(time={"train": "twelve"}),
        ("conf/base.yml", "time.train", "integer"),
        2,
    ),
    Mistake(
        "a value that is no choice",
        conf(gate={"comparison": "better"}),
        ("conf/base.yml", "gate.comparison", "noninferior"),
        2,
    ),
    Mistake("--set without a value", nothing, ("--set", "key=value"), 2, ("status", "--set", "x")),
    Mistake(
        "--set with a value that is no YAML",
        nothing,
        ("--set", "gate.margin", "YAML"),
        2,
        ("status", "--set", "gate.margin=[1"),
    ),
    Mistake("an unknown environment", nothing, ("--env", "dev, test or prod"), 2, ("status", "--env", "qa")),
    Mistake("no date", nothing, ("--as-of", "2026-01-31"), 2, ("train", "--as-of", "January")),
    Mistake(
        "a file that is no YAML",
        lambda project: project.write("conf/base.yml", "gate: [1"),
        ("conf/base.yml", "YAML"),
        2,
    ),
    Mistake(
        "a file that is gone",
        lambda project: project.path("conf/test.yml").unlink(),
        ("conf/test.yml", "missing"),
        2,
        ("status", "--env", "test"),
    ),
    Mistake(
        "a gate without a bound for its metric",
        conf(gate={"metric": "brier", "thresholds": {"auc": {"min": 0.5}}}),
        ("gate.thresholds", "brier"),
        2,
    ),
    Mistake(
        "a split that gives no reason",
        conf(time={"split": "random"}),
        ("conf/base.yml", "time", "reason"),
        2,
    ),
    Mistake(
        "a split that high risk forbids",
        conf(time={"split": "random", "reason": "a test"}, risk_tier="high"),
        ("high-risk", "time.split"),
        2,
    ),
    Mistake(
        "an embargo shorter than the horizon",
        conf(time={"embargo": 1}),
        ("embargo", "label_horizon"),
        2,
    ),
    Mistake(
        "a dirty tree allowed in prod",
        conf("prod", allow_dirty=True),
        ("allow_dirty", "prod"),
        2,
        ("status", "--env", "prod"),
    ),
    Mistake(
        "a secret that is not here",
        conf(tracking_uri={"secret": "mlflow-address"}),
        ("mlflow-address", "MLOPS_SECRET_MLFLOW_ADDRESS"),
        2,
    ),
]

DATA = [
    Mistake(
        "a table that conf does not name",
        edit("data.py", 'tables.read("outcomes"', 'tables.read("reviews"'),
        ("reviews", "conf", "applications"),
        2,
    ),
    Mistake("a file that is not there", files_without_file, ("applications", "data/nothing-*.parquet")),
    Mistake("a file of another encoding", file_of_other_encoding, ("applications", "x.csv", "utf-8")),
    Mistake("a file without its time", file_without_its_time, ("applications", "day", "missing")),
    Mistake(
        "a table that is synthetic without synthetic.py",
        lambda project: project.path("synthetic.py").unlink(),
        ("applications", "synthetic.py", "kind"),
        2,
    ),
    Mistake(
        "a missing column",
        edit("data.py", "list(Inputs.to_schema().columns)", '["application_id", "applied_on"]'),
        ("column customer_id", "missing", "schema.Inputs", "data.py"),
    ),
    Mistake(
        "an extra column",
        edit("data.py", "[list(Inputs.to_schema().columns)]", ".assign(iban=1)"),
        ("column iban", "schema.Inputs"),
    ),
    Mistake(
        "a column of another type",
        inputs('applications["amount"] = applications["purpose"]'),
        ("column amount", "float64", "schema.py"),
    ),
    Mistake(
        "a cast that loses something",
        inputs('applications["term_months"] = applications["term_months"] + 0.5'),
        ("column term_months", "int64", "without loss", ".5"),
    ),
    Mistake(
        "a value that the schema forbids",
        inputs('applications["amount"] = -applications["amount"]'),
        ("column amount", "schema.Inputs", "-"),
    ),
    Mistake(
        "a missing value that the schema forbids",
        inputs('applications.loc[3, "purpose"] = None'),
        ("column purpose", "schema.Inputs"),
    ),
    Mistake("an empty table", inputs("applications = applications.head(0)"), ("no rows", "train window")),
    Mistake(
        "one class only",
        labels('reviewed = reviewed[reviewed["defaulted"] == 0]'),
        ("defaulted", "one class only", "data.labels"),
    ),
    Mistake(
        "a target that is not 0 or 1",
        lambda project: (
            project.edit("schema.py", "isin=[0, 1], ", ""),
            labels('reviewed = reviewed.assign(defaulted=reviewed["defaulted"] + 1)')(project),
        ),
        ("defaulted", "0 or 1"),
        2,
    ),
    Mistake(
        "a column that is missing throughout",
        inputs('applications["income"] = float("nan")'),
        ("column income", "all missing"),
    ),
    Mistake(
        "infinite values",
        inputs('applications.loc[3, "income"] = float("inf")'),
        ("column income", "infinite", "data.py"),
    ),
    Mistake(
        "doubled keys",
        inputs("applications = pd.concat([applications, applications.head(2)])"),
        ("2 keys stand twice", "application_id=", "data.py"),
    ),
    Mistake(
        "doubled keys of labels",
        labels("reviewed = pd.concat([reviewed, reviewed.head(2)])"),
        ("labels", "2 keys stand twice", "application_id="),
    ),
    Mistake(
        "no matured label",
        labels('reviewed = reviewed.assign(reviewed_on=pd.Timestamp("2027-01-01"))'),
        ("no row has a matured label", AS_OF, "label_horizon"),
    ),
]

CODE = [
    Mistake(
        "a schema without Labels",
        edit("schema.py", "class Labels", "class Outcomes"),
        ("schema.py", "Labels"),
        2,
    ),
    Mistake(
        "a schema without a key",
        edit("schema.py", '    application_id: str = pa.Field(metadata={"role": "key"})', "    application_id: str"),
        ("schema.py", "Inputs", '"role": "key"'),
        2,
    ),
    Mistake(
        "an unknown role",
        edit("schema.py", '"protected"', '"protekted"'),
        ("schema.py", "Inputs.age_band", "protekted", "protected"),
        2,
    ),
    Mistake(
        "a role given twice",
        edit("schema.py", "    purpose: str", '    purpose: str = pa.Field(metadata={"role": "event_time"})'),
        ("schema.py", "event_time", "purpose"),
        2,
    ),
    Mistake(
        "a type that is not allowed",
        edit("schema.py", "has_account: bool", "has_account: pd.CategoricalDtype"),
        ("schema.py", "Inputs.has_account", "int, float, bool, str"),
        2,
    ),
    Mistake(
        "a module that does not parse",
        edit("features.py", "def prepare()", "def prepare("),
        ("features.py:",),
        2,
    ),
    *(
        Mistake(
            f"code that says {line}",
            edit("model.py", "from . import features", f"from . import features\n{line}"),
            ("model.py:", "relatively"),
            2,
        )
        for line in (
            "import loan_risk.features",
            "from loan_risk import features",
            "from .mlops import load",
            "from . import mlops",
        )
    ),
    Mistake(
        "a type that nobody trusts",
        step("FunctionTransformer(partial(round, ndigits=2))"),
        ("step own", "functools.partial", "trusted_types"),
        2,
    ),
    Mistake(
        "a function without a name",
        step("FunctionTransformer(lambda frame: frame)"),
        ("step own", "lambda", "features.py"),
        2,
    ),
    Mistake(
        "a parameter that the estimator does not know",
        conf(model={"params": {"max_itr": 30}}),
        ("model.build", "max_itr"),
        2,
    ),
]


@pytest.mark.parametrize("mistake", CONFIGURATION, ids=str)
def test_configuration(born: Project, mistake: Mistake) -> None:
    expect(born, mistake)


def test_a_variable_that_is_no_setting(born: Project) -> None:
    answer = born.run("status", code=2, MLOPS_GATE__MARGN="0.1")
    assert "MLOPS_GATE__MARGN" in answer.said
    assert "did you mean gate.margin" in answer.said


@pytest.mark.parametrize("mistake", DATA, ids=str)
def test_data(born: Project, mistake: Mistake) -> None:
    born.edit("data.py", "import pandas as pd", "import pandas as pd")
    expect(born, mistake)


@pytest.mark.parametrize("mistake", CODE, ids=str)
def test_code(born: Project, mistake: Mistake) -> None:
    if "FunctionTransformer" not in born.path("model.py").read_text():
        born.edit(
            "model.py",
            "from sklearn.pipeline import Pipeline\n",
            "from functools import partial\n"
            "from sklearn.pipeline import Pipeline\n"
            "from sklearn.preprocessing import FunctionTransformer\n",
        )
    born.edit("schema.py", "import pandera.pandas as pa", "import pandas as pd\nimport pandera.pandas as pa")
    expect(born, mistake)


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("score", nothing, ("no champion", "loan-risk train"), 1, SCORE),
        Mistake("gate", nothing, ("no challenger", "loan-risk train"), 1, ("gate",)),
        Mistake("promote", nothing, ("no challenger", "loan-risk train"), 1, ("promote",)),
        Mistake("rollback", nothing, ("no champion to go back to", "pause"), 1, ("rollback",)),
    ],
    ids=str,
)
def test_too_early(born: Project, mistake: Mistake) -> None:
    born.run("status")
    expect(born, mistake)


@pytest.mark.parametrize("command", ["gate", "promote"])
def test_a_version_that_does_not_exist(live: Project, command: str) -> None:
    words = ("no version 9", "known versions: 1")
    expect(live, Mistake("", nothing, words, 1, (command, "9")))


def test_neither_build_facts_nor_git(born: Project) -> None:
    shutil.rmtree(born.path(".git"))
    expect(born, Mistake("", nothing, ("neither build facts nor a git commit", "nox -s setup")))


def test_no_lock(born: Project) -> None:
    expect(born, Mistake("", lambda project: project.path("uv.lock").unlink(), ("uv.lock", "uv lock")))


def test_no_uv(born: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("UV", raising=False)
    born.run("status")
    expect(born, Mistake("", nothing, ("uv is not on PATH",)))


def test_a_folder_that_is_no_project(born: Project) -> None:
    for name in ("conf", ".copier-answers.yml"):
        path = born.path(name)
        path.rename(path.with_name(f"{name}.away"))
    answer = born.run("status", code=2)
    assert "answers" in answer.said
    assert "project's folder" in answer.said


def occupied(project: Project) -> None:
    project.path("mlflow.db").mkdir()


def below_a_file(project: Project) -> None:
    project.configure(tracking_uri="sqlite:///README.md/mlflow.db")


def of_something_else(project: Project) -> None:
    project.write("mlflow.db", "This is no database, and long enough to be seen as none." * 100)


@pytest.mark.parametrize("change", [occupied, below_a_file, of_something_else])
def test_a_store_that_cannot_be_written(born: Project, change: Change) -> None:
    change(born)
    answer = born.run(*TRAIN, code=1)
    assert "the store mlflow.db" in answer.said
    assert "tracking_uri" in answer.said


@pytest.fixture
def closed_port() -> str:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A server that takes a connection and never answers."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def failing_port() -> Iterator[str]:
    """A server that says it is well and then fails."""

    class Failing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("server", ["closed_port", "silent_port", "failing_port"])
def test_a_server_that_does_not_answer(
    born: Project, server: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(server)
    born.configure(tracking_uri=address)
    answer = born.run("status", code=5)
    assert address in answer.said
    assert "tracking_uri" in answer.said


def test_a_version_that_no_longer_loads(live: Project) -> None:
    folder = Path(live.call(behind.files, MODEL, 1))
    live.write(f"{folder}/artifacts/model.skops", "written by packages of another time")
    lock = live.call(behind.tags, MODEL, 1)["mlops_lock_sha256"][:12]
    expect(live, Mistake("", nothing, ("does not load", f"lock {lock}", "uv sync"), 1, SCORE))


@pytest.mark.parametrize("command", ["gate", "promote"])
def test_a_version_that_train_did_not_make(live: Project, command: str) -> None:
    folder = Path(live.call(behind.files, MODEL, 1))
    (folder / "artifacts/card.json").unlink()
    expect(live, Mistake("", nothing, ("version 1", "train"), 1, (command, "1")))
