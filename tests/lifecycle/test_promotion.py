"""Only the journal's evidence promotes a version, and people stay in charge."""

import pytest
from tutorials import missing

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Project

MODEL, PROD = "dev.loan-risk", "prod.loan-risk"


def next_champion(project: Project) -> int:
    """Train, gate and promote one more version."""
    number = int(project.run("train", "--as-of", AS_OF).facts["version"])
    project.run("gate")
    project.run("promote")
    return number


def roles(project: Project) -> dict[str, str]:
    """Return the role that `status` shows for each version; none for one that was replaced."""
    rows = (line.split() for line in project.run("status").said.splitlines() if line[:1].isdigit())
    known = ("champion", "challenger", "withdrawn")
    return {row[0]: row[1] if row[1] in known else "" for row in rows}


def champion(project: Project, model: str = MODEL) -> int | None:
    """Return the champion as MLflow knows it."""
    aliases: dict[str, int] = project.call(behind.aliases, model)
    return aliases.get("champion")


def test_a_gated_version_becomes_the_champion(gated: Project) -> None:
    answer = gated.run("promote")
    assert answer.facts["version"] == 1
    assert gated.call(behind.aliases, MODEL) == {"champion": 1}
    assert "loan-risk score" in answer.said


def test_promoting_the_champion_again_changes_nothing(live: Project) -> None:
    before = live.call(behind.entries)
    live.run("promote", "1")
    assert live.call(behind.entries) == before
    assert champion(live) == 1


def test_an_ungated_version_is_refused_whatever_its_tags_say(trained: Project) -> None:
    for key in ("mlops_gate", "gate", "verdict"):
        trained.call(behind.tag, MODEL, 1, key, "passed")
    answer = trained.run("promote", code=1)
    assert "no verdict on version 1" in answer.said
    assert "loan-risk gate 1" in answer.said
    assert champion(trained) is None


def test_a_rejected_version_is_refused(trained: Project) -> None:
    trained.run("gate", "--set", "gate.thresholds.auc.min=0.9", code=3)
    said = trained.run("promote", code=3).said
    assert "rejected by the gate in entry 2 of the journal: auc (0." in said
    assert ", but gate.thresholds.auc.min requires >= 0.9)" in said
    assert "read its model card, build/monitor/card-dev-1.html," in said
    assert champion(trained) is None


def test_an_alias_moved_by_hand_is_named_and_not_used(rivalled: Project) -> None:
    rivalled.call(behind.point, MODEL, "champion", 2)
    for words in (("score", "--as-of", AS_OF), ("gate",)):
        answer = rivalled.run(*words, code=1)
        assert "alias champion" in answer.said
        assert "by hand" in answer.said
        assert "loan-risk promote 1" in answer.said
    assert "by hand" in rivalled.run("status", code=1).said
    assert "no verdict" in rivalled.run("promote", "2", code=1).said
    assert rivalled.batches() == []
    rivalled.run("promote", "1")
    assert champion(rivalled) == 1
    rivalled.run("score", "--as-of", AS_OF)


@pytest.mark.full
def test_a_version_copied_from_another_environment_is_refused_until_gated(live: Project) -> None:
    live.use_store_in_prod()
    live.call(behind.copy, MODEL, 1, PROD)
    promote = ("promote", "1", "--env", "prod", "--approved-by", "Ann Other")
    answer = live.run(*promote, code=1)
    assert "does not know version 1" in answer.said
    assert "another environment" in answer.said
    assert champion(live, PROD) is None
    digest = live.call(behind.entries)[0]["details"]["digest"]
    gate = ("gate", "1", "--digest", digest, "--env", "prod")
    live.configure("prod", model={"cutoff": 0.3})
    live.commit()
    answer = live.run(*gate, code=3)
    assert "rejected by: settings of a copy" in answer.said
    assert "model.cutoff is 0.2 on its card" in answer.said, answer.said
    live.configure("prod", model={"cutoff": 0.2})
    live.commit()
    live.run(*gate)
    live.run(*promote, person="ann")
    assert champion(live, PROD) == 1


def test_evidence_of_another_environment_is_refused(live: Project) -> None:
    live.use_store_in_prod()
    live.run("status", "--env", "prod")
    live.call(behind.copy, MODEL, 1, PROD)
    entry = live.call(behind.entries)[1] | {"number": 1, "previous": "0" * 64}
    live.call(behind.forge, entry, "prod", live.call(behind.evidence, 2))
    live.call(behind.crown, entry, "prod")
    answer = live.run("promote", "1", "--env", "prod", "--approved-by", "Ann Other", code=1)
    assert "is from dev, not from prod" in answer.said
    assert champion(live, PROD) is None


@pytest.mark.full
def test_altered_evidence_is_refused(trained: Project) -> None:
    trained.run("gate", "--set", "gate.thresholds.auc.min=0.9", code=3)
    trained.call(behind.alter_evidence, 2, '"verdict": "rejected"', '"verdict": "passed"')
    answer = trained.run("promote", code=1)
    assert "evidence on version 1 was changed" in answer.said
    assert champion(trained) is None
    for words in (("status", "--verify"), ("doctor",)):
        answer = trained.run(*words, code=1)
        assert "the evidence of entry 2 was altered or deleted" in answer.said


def test_a_version_altered_after_the_verdict_is_refused(gated: Project) -> None:
    card = f"{gated.call(behind.files, MODEL, 1)}/artifacts/card.json"
    gated.edit(card, '"cutoff": 0.2', '"cutoff": 0.3')
    assert "have changed" in gated.run("promote", code=1).said
    gated.call(behind.vouch, 1)  # but the evidence still names the files that were judged
    assert "since the verdict" in gated.run("promote", code=1).said
    assert champion(gated) is None


@pytest.mark.full
def test_evidence_against_another_champion_is_refused(compared: Project) -> None:
    compared.run("train", "--as-of", AS_OF)
    compared.run("gate")
    compared.run("promote", "2")
    answer = compared.run("promote", "3", code=1)
    assert "judged against version 1, but the champion is 2" in answer.said
    assert "loan-risk gate 3" in answer.said
    assert champion(compared) == 2


def dirty(project: Project) -> None:
    """Change code and commit nothing."""
    project.edit("features.py", '"""Add the instalment', '"""Also add the instalment')


DECIDING: dict[str, tuple[str, ...]] = {
    "train": ("--as-of", AS_OF),
    "gate": (),
    "promote": ("--approved-by", "Ann Other"),
    "score": ("--as-of", AS_OF),
    "monitor": ("--as-of", AS_OF),
    "retrain": ("--as-of", AS_OF),
    "rollback": (),
    "resume": (),
    "serve": ("--port", "0"),
    "erase": ("--expired", "--yes"),
}


@pytest.mark.parametrize(
    "env", [pytest.param("test", marks=[pytest.mark.full, pytest.mark.wide]), "prod"]
)
def test_nothing_is_decided_in_a_dirty_tree_beyond_dev(opened: Project, env: str) -> None:
    opened.configure(env, promotion="automatic", risk_tier="low")
    for command, words in DECIDING.items():
        answer = opened.run(command, *words, "--env", env, code=1)
        expected = f"{command} in {env} needs a clean tree, but these files differ from the last"
        assert f"{expected} commit: conf/{env}.yml; have the changes reviewed" in answer.said
    for words in (("status",), ("pause", "an emergency")):
        opened.run(*words, "--env", env)
    opened.commit()
    opened.run("resume", "--env", env)


def test_a_version_trained_in_a_dirty_tree_of_dev_is_refused_beyond_dev(live: Project) -> None:
    dirty(live)
    live.run("train", "--as-of", AS_OF)
    live.commit()
    live.run("status", "--env", "test")
    live.call(behind.copy, MODEL, 2, "test.loan-risk")
    digest = live.call(behind.entries)[-1]["details"]["digest"]
    live.run("gate", "1", "--digest", digest, "--env", "test")
    answer = live.run("promote", "1", "--env", "test", code=1)
    assert "trained with uncommitted changes" in answer.said
    assert "train and gate again" in answer.said
    assert champion(live, "test.loan-risk") is None


def test_a_version_trained_on_less_real_rows_than_the_environment_requires_is_refused(
    gated: Project,
) -> None:
    table = {"kind": "files", "path": "data/*.csv", "origin": "production"}
    gated.configure("dev", tables={"applications": table, "outcomes": table})
    answer = gated.run("promote", code=1)
    assert "trained on synthetic rows" in answer.said
    assert "production" in answer.said
    assert champion(gated) is None


NO_NAMES = ("-", "c\N{CYRILLIC SMALL LETTER A}rol")  # tests/mlops/base/test_people.py has them all
PROMOTE = ("promote", "--env", "prod", "--approved-by")


def await_approval(project: Project) -> None:
    """Let carol train and gate a version in prod."""
    project.run("train", "--as-of", AS_OF, "--env", "prod", person="carol")
    project.run("gate", "--env", "prod", person="carol")


def test_prod_does_not_decide_on_a_local_store_at_medium_risk(opened: Project) -> None:
    answer = opened.run("train", "--as-of", AS_OF, "--env", "prod", code=2)
    assert "with risk_tier medium, train in prod needs a tracking server" in answer.said
    assert "set tracking_uri in conf/prod.yml" in answer.said
    found = opened.run("doctor", "--env", "prod", code=1).said
    assert "with risk_tier medium, most commands in prod needs a tracking server" in found


def test_prod_waits_for_another_person(opened: Project) -> None:
    opened.use_store_in_prod()
    await_approval(opened)
    status = opened.run("status", "--env", "prod")
    assert missing("approve-a-model", "status", status.said) == []
    waiting = opened.run("promote", "--env", "prod", person="carol", code=4)
    assert "waits for approval" in waiting.said
    assert "loan-risk promote 1 --approved-by NAME --env prod" in waiting.said
    assert missing("approve-a-model", "promote 1", waiting.said) == []
    assert "waits for approval" in opened.run(*PROMOTE, " ", person="ann", code=4).said
    actor = opened.call(behind.entries, "prod")[0]["actor"]
    for herself in ("Carol", actor):
        refused = opened.run(*PROMOTE, herself, person="ann", code=4)
        assert "another person must approve" in refused.said
    for name in NO_NAMES:
        assert (
            "--approved-by is not the name of one person"
            in opened.run(*PROMOTE, name, person="ann", code=2).said
        )
    bob = {
        "USER": "bob",
        "LOGNAME": "bob",
        "GITHUB_ACTIONS": "true",
        "GITHUB_TRIGGERING_ACTOR": "bob",
    }
    refused = opened.run(*PROMOTE, "Ada Lovelace", person="carol", variables=bob, code=4)
    assert missing("approve-a-model", 'promote 1 --approved-by "Carol Miller"', refused.said) == []
    assert champion(opened, PROD) is None
    approved = opened.run(*PROMOTE, "Ada Lovelace", person="ann")
    assert missing("approve-a-model", 'promote 1 --approved-by "Ada Lovelace"', approved.said) == []
    assert champion(opened, PROD) == 1
    entry = opened.call(behind.entries, "prod")[-1]
    assert entry["details"]["approved_by"] == "Ada Lovelace"
    assert entry["actor"].startswith("ann@")
    verdict = opened.call(behind.entries, "prod")[-2]
    assert entry["details"]["evidence_sha256"] == verdict["details"]["evidence_sha256"]
    listed = opened.run("journal", "--env", "prod")
    assert missing("find-out-who-decided", "journal", listed.said) == []
    one = opened.run("journal", "2", "--env", "prod")
    assert missing("find-out-who-decided", "journal 2", one.said) == []


@pytest.mark.full
def test_prod_promotes_at_once_at_low_risk(at: At) -> None:
    project = at("opened", risk_tier="low")
    trained = project.run("train", "--as-of", AS_OF, "--env", "prod")
    assert missing("another-estimator", "train", trained.said) == []
    project.run("gate", "--env", "prod")
    project.run("promote", "--env", "prod")
    assert champion(project, PROD) == 1


def test_a_pause_stops_promotion_and_scoring_until_resume(live: Project) -> None:
    live.run("pause", "wrong incomes from the core system")
    for words in (("promote", "1"), ("score", "--as-of", AS_OF)):
        answer = live.run(*words, code=4)
        assert "paused by" in answer.said
        assert "wrong incomes from the core system" in answer.said
        assert "loan-risk resume" in answer.said
    assert "wrong incomes" in live.run("status").said
    assert live.batches() == []
    live.run("resume")
    live.run("promote", "1")
    live.run("score", "--as-of", AS_OF)


@pytest.mark.full
def test_the_guide_shows_what_a_rollback_prints(compared: Project) -> None:
    status = compared.run("status")
    assert missing("compare-versions", "status", status.said) == []
    compared.run("promote")
    for date in ("2025-12-01", AS_OF):
        compared.run("score", "--as-of", date)
    back = compared.run("rollback", "--reason", "scores jumped in December")
    assert missing("roll-back", 'rollback --reason "scores jumped in December"', back.said) == []
    again = compared.run("score", "--as-of", "2025-12-01")
    assert missing("roll-back", "score --as-of 2025-12-01", again.said) == []
    assert missing("roll-back", "status", compared.run("status").said) == []
    paused = compared.run("pause", "looking into the scores of December")
    assert missing("roll-back", 'pause "looking into the scores of December"', paused.said) == []
    refused = compared.run("score", "--as-of", AS_OF, code=4)
    assert missing("roll-back", "score", refused.said) == []
    assert missing("roll-back", "resume", compared.run("resume").said) == []


@pytest.mark.full
def test_rollback_goes_back_twice_and_promotion_works_after_it(succeeded: Project) -> None:
    assert next_champion(succeeded) == 3
    assert succeeded.run("rollback", "--reason", "complaints").facts["version"] == 2
    again = succeeded.run("rollback")
    assert again.facts["version"] == 2
    entry = succeeded.call(behind.entries)[-1]["number"]
    message = f"version 3 of dev.loan-risk was withdrawn already, by entry {entry}"
    assert f"{message}, whose reason stays" in again.said
    assert "loan-risk rollback 2" in again.said
    assert succeeded.run("rollback", "2").facts["version"] == 1
    assert champion(succeeded) == 1
    assert "no earlier champion to go back to" in succeeded.run("rollback", "1", code=1).said
    assert "version 9 is not the champion" in succeeded.run("rollback", "9", code=1).said
    assert champion(succeeded) == 1

    withdrawn = succeeded.run("promote", "3", code=1)
    assert "withdrawn" in withdrawn.said
    assert "complaints" in withdrawn.said
    assert "loan-risk gate 3" in withdrawn.said
    assert roles(succeeded)["3"] == "withdrawn"
    succeeded.run("gate", "3")
    succeeded.run("promote", "3")
    assert champion(succeeded) == 3
    assert roles(succeeded) == {"1": "", "2": "withdrawn", "3": "champion"}
    assert succeeded.run("rollback").facts["version"] == 1


@pytest.mark.full
def test_rollback_names_the_batches_of_the_withdrawn_version(live: Project) -> None:
    live.run("score", "--as-of", "2025-12-01")
    next_champion(live)
    for date in (AS_OF, "2026-02-01"):
        live.run("score", "--as-of", date)
    answer = live.run("rollback", "--reason", "complaints")
    assert [batch["date"] for batch in answer.facts["batches"]] == [AS_OF, "2026-02-01"]
    assert "2026-02-01" in answer.said
    assert "2025-12-01" not in answer.said
    details = live.call(behind.entries)[-1]["details"]
    assert details["reason"] == "complaints"
    assert details["batches"] == [f"{AS_OF}/0001", "2026-02-01/0001"]
    assert "check the 2 batches of version 2" in answer.said


@pytest.mark.parametrize("reason", ["-", "a\nb"])  # tests/mlops/base/test_people.py has them all
def test_a_reason_is_one_visible_line(live: Project, reason: str) -> None:
    assert "pause needs a reason" in live.run("pause", reason, code=2).said
    answer = live.run("rollback", "--reason", reason, code=2)
    assert "rollback --reason needs one line of at most 500 visible characters" in answer.said
