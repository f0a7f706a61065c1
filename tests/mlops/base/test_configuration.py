"""Layers are merged key by key, the upper one wins, and a mistake is named with its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from rendering import platform

configuration = platform("base.configuration")
errors = platform("base.errors")

ANSWERS = {"project_name": "loan-risk", "problem": "binary", "risk_tier": "low", "ci": "github"}
BASE = {
    "tables": {"loans": {"kind": "synthetic", "origin": "synthetic"}},
    "gate": {"thresholds": {"auc": {"min": 0.7}}, "margin": 0.02},
    "time": {"train": 6},
}


def load(folder: Path, *overrides: str, env: str = "dev", **files: Any) -> Any:
    """Return the settings of conf/ with BASE, and with other content for some files."""
    written = {"base": BASE, "dev": {}, "test": {}, "prod": {}} | files
    for name, content in written.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return configuration.load_settings(
        env, configuration.read_files(env, folder), ANSWERS, overrides
    )


def refused(folder: Path, *overrides: str, env: str = "dev", **files: Any) -> str:
    """Return the sentence with which a configuration is refused."""
    with pytest.raises(errors.Misconfigured) as caught:
        load(folder, *overrides, env=env, **files)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Which value wins


def test_each_layer_wins_over_those_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(tmp_path).gate.margin == 0.02
    assert load(tmp_path, dev={"gate": {"margin": 0.03}}).gate.margin == 0.03
    monkeypatch.setenv("MLOPS_GATE__MARGIN", "0.04")
    assert load(tmp_path, dev={"gate": {"margin": 0.03}}).gate.margin == 0.04
    assert load(tmp_path, "gate.margin=0.05").gate.margin == 0.05
    assert load(tmp_path, "gate.margin=0.05", "gate.margin=0.06").gate.margin == 0.06


def test_the_answers_are_the_lowest_layer_and_only_some_are_settings(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.project_name, found.problem, found.risk_tier) == ("loan-risk", "binary", "low")
    assert load(tmp_path, dev={"risk_tier": "high"}).risk_tier == "high"


def test_keys_that_an_upper_layer_does_not_name_stay(tmp_path: Path) -> None:
    found = load(tmp_path, "gate.thresholds.auc.suspicious_above=0.9", dev={"gate": {"margin": 0}})
    assert found.gate.thresholds["auc"].min == 0.7
    assert found.gate.thresholds["auc"].suspicious_above == 0.9
    assert found.gate.margin == 0


def test_a_list_replaces_a_list(tmp_path: Path) -> None:
    keys = {"trusted_types": ["a", "b"]}
    assert load(tmp_path, "trusted_types=[c]", dev=keys).trusted_types == ("c",)


def test_the_option_env_decides_and_no_file_does(tmp_path: Path) -> None:
    assert load(tmp_path, env="test", test={"env": "prod"}).env == "test"


@pytest.mark.parametrize(
    ("text", "value"),
    [("=7", 7), ("={depth: 3}", {"depth": 3}), ("=a=b", "a=b"), ("='7'", "7"), ("=", None)],
)
def test_a_value_of_an_override_is_yaml(tmp_path: Path, text: str, value: object) -> None:
    found = load(tmp_path, f"deployment.key{text}").deployment
    assert found == {"key": value}


def test_variables_that_are_read_elsewhere_are_not_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLOPS_ENV", "MLOPS_SECRET_WAREHOUSE", "MLOPS_SECRETS_FOLDER", "OTHER_MLOPS_GATE"):
        monkeypatch.setenv(name, "x")
    assert load(tmp_path) == load(tmp_path, "gate.margin=0.02")


def test_an_empty_file_is_an_empty_layer(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "dev.yml").write_text("# nothing differs here\n")
    assert (
        configuration.load_settings(
            "dev", configuration.read_files("dev", tmp_path), ANSWERS, ()
        ).gate.margin
        == 0.02
    )


# Mistakes


def test_an_unknown_key_is_named_with_its_place_and_the_nearest_known_one(tmp_path: Path) -> None:
    wrong = {"gate": {"margn": 1}}
    assert refused(tmp_path, dev=wrong) == (
        "conf/dev.yml: unknown key gate.margn; did you mean gate.margin?"
    )
    assert refused(tmp_path, "gate.margn=1", dev=wrong).startswith("--set: unknown key gate.margn")
    assert refused(tmp_path, "zzz=1") == "--set: unknown key zzz; remove it."


def test_a_key_below_a_free_name_is_compared_with_those_of_its_section(tmp_path: Path) -> None:
    assert refused(tmp_path, "tables.loans.pth=x") == (
        "--set: unknown key tables.loans.pth; did you mean tables.loans.path?"
    )
    assert refused(tmp_path, "gate.thresholds.auc.mim=1").endswith("gate.thresholds.auc.min?")


def test_a_wrong_value_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_TIME__TRAIN", "twelve")
    message = refused(tmp_path)
    assert message == (
        "the variable MLOPS_TIME__TRAIN: time.train must be a whole number, such as 12."
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("time.gate=1.5", "time.gate must be a whole number, such as 12."),
        ("time.gate=0", "time.gate must be at least 1."),
        ("gate.margin=wide", "gate.margin must be a number, such as 0.5."),
        ("gate.dominance=0", "gate.dominance must be greater than 0.0."),
        ("monitoring.max_drifted=2", "monitoring.max_drifted must be at most 1.0."),
        ("model.cutoff=1", "model.cutoff must be less than 1.0."),
        ("time.period=quarter", "time.period must be 'day', 'week' or 'month'."),
        ("alerts=5", "alerts must be a list; write each entry on its own line, after `- `."),
        (
            "gate=strict",
            "gate must have keys; write each on its own indented line, as `key: value`.",
        ),
        ("team=7", "team must be a text; write it in quotes."),
    ],
)
def test_a_wrong_value_is_explained_in_words(tmp_path: Path, override: str, message: str) -> None:
    assert refused(tmp_path, override) == f"--set: {message}"


def test_a_missing_key_is_nobodys_mistake(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, base={"gate": BASE["gate"]})
        == "conf: tables is missing; add it to conf/base.yml."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("gate: [1", "conf/base.yml is not valid YAML; correct the file: "),
        ("- gate", "conf/base.yml must have keys and values at its top level"),
        ("gate", "conf/base.yml must have keys and values at its top level"),
        (b"gate: \xff", "conf/base.yml is not valid YAML; correct the file: "),
        (None, "conf/base.yml is missing; restore the file with git; outside a clone, install"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | bytes | None, words: str
) -> None:
    load(tmp_path)
    file = tmp_path / "base.yml"
    file.unlink()
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(errors.Misconfigured) as caught:
        configuration.load_settings("dev", configuration.read_files("dev", tmp_path), ANSWERS, ())
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gate.margin", "--set gate.margin has no value; write it as in --set time.train=24."),
        (
            "gate.margin=[1",
            (
                "--set: the value of gate.margin is not valid YAML; correct it, or, if it is text, "
                "put it in quotes that the shell keeps, as in '\"a: b\"'."
            ),
        ),
    ],
)
def test_an_override_that_cannot_be_read_is_named(tmp_path: Path, text: str, words: str) -> None:
    assert refused(tmp_path, text) == words


@pytest.mark.parametrize("env", ["test", "prod"])
def test_the_environment_is_no_setting_to_override(tmp_path: Path, env: str) -> None:
    assert refused(tmp_path, "env=dev", env=env) == (
        "--set: env cannot be set; choose the environment with --env instead."
    )


# What only dev may do


PLACES = {
    "as_of": "2026-01-01",
    "tracking_uri": "http://mlflow",
    "predictions": "p",
    "extracts": "e",
    "reports": "r",
}
RULES = sorted(configuration.Settings.model_fields.keys() - PLACES - {"env"})


@pytest.mark.parametrize("env", ["test", "prod"])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_test_and_prod_is_in_a_file(
    tmp_path: Path, env: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = f"change it in conf/{env}.yml instead, where the change is reviewed."
    if rule in configuration.ANSWERS:
        remedy = (
            "it is an answer to a question of the template: change it with `uvx copier update`, as "
            "the README says."
        )
    end = f"{rule}.x cannot be overridden in {env}; {remedy}"
    assert refused(tmp_path, f"{rule}.x=1", env=env) == f"--set: {end}"
    variable = f"MLOPS_{rule.upper()}__X"
    monkeypatch.setenv(variable, "1")
    assert refused(tmp_path, env=env) == f"the variable {variable}: {end}"


def test_invented_rows_do_not_replace_those_of_prod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_TABLES__LOANS__KIND", "synthetic")
    real = {"tables": {"loans": {"kind": "files", "path": "x.csv", "origin": "production"}}}
    assert "tables.loans.kind cannot be overridden in prod" in refused(
        tmp_path, env="prod", base=BASE | real
    )
    assert refused(tmp_path, base=BASE | real).startswith(
        "the variable MLOPS_TABLES__LOANS__KIND: tables.loans: a table of kind synthetic has inv"
    )


@pytest.mark.parametrize("env", ["test", "prod"])
def test_dates_and_places_of_test_and_prod_may_be_overridden(
    tmp_path: Path, env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load(tmp_path, *(f"{key}={value}" for key, value in PLACES.items()), env=env)
    assert {key: str(getattr(found, key)) for key in PLACES} == PLACES
    for key, value in PLACES.items():
        monkeypatch.setenv(f"MLOPS_{key.upper()}", value)
    assert load(tmp_path, env=env) == found
    monkeypatch.setenv("MLOPS_TRACKING_URI", "{secret: store}")
    assert load(tmp_path, env=env).tracking_uri.model_dump() == {"secret": "store"}


def test_an_unknown_key_is_named_beyond_dev_too(tmp_path: Path) -> None:
    assert refused(tmp_path, "predictons=x", env="prod") == (
        "--set: unknown key predictons; did you mean predictions?"
    )


def test_the_names_of_overrides_have_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLOPS_ENV", "MLOPS_SECRET_STORE", "MLOPS_TIME__TRAIN"):
        monkeypatch.setenv(name, "24")
    found = configuration.name_overrides(("model.params.depth=3", "predictions=x"))
    assert found == ("MLOPS_TIME__TRAIN", "--set model.params.depth", "--set predictions")


def test_the_settings_of_a_registered_version_win(tmp_path: Path) -> None:
    load(tmp_path)
    card = {"time": {"train": 3}, "tables": BASE["tables"]}
    found = configuration.load_settings(
        "prod", configuration.read_files("prod", tmp_path), ANSWERS, (), card
    )
    assert (found.env, found.time.train, found.gate.margin) == ("prod", 3, 0.02)


@pytest.mark.parametrize("name", ["base", "prod"])
def test_a_date_in_a_file_is_for_dev_alone(tmp_path: Path, name: str) -> None:
    content = {"base": BASE, "prod": {}}[name] | {"as_of": "2026-01-01"}
    assert f"conf/{name}.yml: as_of is allowed in dev only" in refused(
        tmp_path, env="prod", **{name: content}
    )
    assert str(load(tmp_path, "as_of=2026-01-01", env="prod").as_of) == "2026-01-01"
    assert str(load(tmp_path, dev={"as_of": "2026-01-01"}).as_of) == "2026-01-01"
