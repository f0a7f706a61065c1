"""dev, test and prod run the same code, differ in conf/ only, and share one store."""

import pytest

from lifecycle import behind
from lifecycle.project import AS_OF, Project

NOBODY = "http://127.0.0.1:1"  # no server listens here: the error shows which address was used
ENVIRONMENTS = ("dev", "test", "prod")


@pytest.mark.full
def test_three_environments_share_one_store(live: Project) -> None:
    live.run("score", "--as-of", AS_OF)
    live.use_store_in_prod()
    for env in ("test", "prod"):
        live.run("train", "--as-of", AS_OF, "--env", env)
        live.run("gate", "--env", env)
        live.run("promote", "--approved-by", "Ann Other", "--env", env, person="ann")
        live.run("score", "--as-of", AS_OF, "--env", env)
    live.run("rollback", "--env", "prod", code=1)
    live.run("pause", "a test", "--env", "test")
    assert {env: live.call(behind.versions, f"{env}.loan-risk") for env in ENVIRONMENTS} == {
        "dev": [1],
        "test": [1],
        "prod": [1],
    }
    acts = ["train", "gate", "promote", "score"]
    for env, more in (("dev", []), ("test", ["pause"]), ("prod", [])):
        entries = live.call(behind.entries, env)
        assert [entry["command"] for entry in entries] == acts + more
        assert {entry["environment"] for entry in entries} == {env}
        assert len(live.batches(env)) == 1
        assert live.path(f"extracts/{env}").is_dir()
    live.run("score", "--as-of", AS_OF, "--env", "prod")  # the pause is in test
    live.run("score", "--as-of", AS_OF, "--env", "test", code=4)


def test_a_command_runs_in_the_environment_that_the_variable_names(opened: Project) -> None:
    opened.run("train", variables={"MLOPS_ENV": "test", "MLOPS_AS_OF": AS_OF})
    card = opened.call(behind.card, "test.loan-risk", 1)
    assert card["name"] == "test.loan-risk"
    assert card["windows"]["train"] == "2024-10-01..2025-04-01"  # conf/test.yml: six months
    assert card["time"]["as_of"] == AS_OF


def test_each_layer_of_settings_overrides_the_one_below(born: Project) -> None:
    def taken(*words: str, variables: dict[str, str] | None = None) -> str:
        answer = born.run("status", "--env", "prod", *words, code=5, variables=variables)
        return str(answer.said.partition(f"{NOBODY}/")[2].split()[0])

    variable = {"MLOPS_TRACKING_URI": f"{NOBODY}/variable"}
    born.configure(tracking_uri=f"{NOBODY}/base")
    assert taken() == "base"
    born.configure("prod", tracking_uri=f"{NOBODY}/prod")
    assert taken() == "prod"
    assert taken(variables=variable) == "variable"
    assert taken("--set", f"tracking_uri={NOBODY}/line", variables=variable) == "line"


def test_answers_override_the_defaults_and_conf_overrides_the_answers(opened: Project) -> None:
    def prod() -> str:
        findings = opened.run("doctor").facts["findings"]
        return str(next(found["finding"] for found in findings if found["check"] == "conf prod"))

    assert "a person approves" in prod()
    opened.edit(".copier-answers.yml", "risk_tier: medium", "risk_tier: low")
    assert "automatic" in prod()
    opened.configure("prod", risk_tier="high")
    assert "a person approves" in prod()


def test_a_secret_comes_from_a_variable_or_a_mounted_file_and_is_never_shown(
    born: Project,
) -> None:
    born.configure(tracking_uri={"secret": "mlflow-address"})
    address = "http://ann:hush-hush@127.0.0.1:1"
    for variables in (
        {"MLOPS_SECRET_MLFLOW_ADDRESS": address},
        {"MLOPS_SECRETS_FOLDER": str(born.path("secrets"))},
    ):
        born.write("secrets/mlflow-address", f"{address}\n")
        answer = born.run("status", code=5, variables=variables)
        assert "does not answer" in answer.said
        assert "hush-hush" not in answer.said + answer.printed


@pytest.mark.parametrize("env", ["test", "prod"])
def test_a_dirty_tree_is_allowed_in_dev_only(born: Project, env: str) -> None:
    answer = born.run("status", "--env", env, code=2, variables={"MLOPS_ALLOW_DIRTY": "true"})
    assert "allow_dirty" in answer.said
