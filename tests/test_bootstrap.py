"""The scripts of bootstrap: run twice, against programs that refuse what the real ones refuse."""

import copy
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from pipelines.address import vendor
from pipelines.azure_api import TOKEN, organization
from rendering import replace
from vendors.az import az
from vendors.databricks import databricks
from vendors.gh import gh
from vendors.glab import glab
from vendors.programs import State, Vendors, jq, on_path

AZURE = {
    "ORGANIZATION": "https://dev.azure.com/bank",
    "PROJECT": "Credit Risk",
    "APPROVERS": "approvers@bank.example",
    "TENANT": "tenant-1",
    "TEST_SUBSCRIPTION": "subscription-test",
    "PROD_SUBSCRIPTION": "subscription-prod",
    "TEST_WORKSPACE": "/subscriptions/test/workspaces/risk",
    "PROD_WORKSPACE": "/subscriptions/prod/workspaces/risk",
}
GROUP = "11111111-2222-3333-4444-555555555555"
TEAM, DATA = "data-science@example.com", "data@bank.example"


class Office:
    """A project, the people who run its scripts, and the vendors they run them against."""

    def __init__(self, project: Path, programs: Path, vendors: Vendors) -> None:
        self.project, self.vendors = project, vendors
        self.env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def write(self, *words: str) -> tuple[int, str]:
        """Write the scripts."""
        return self.call(sys.executable, ".mlops/bootstrap.py", *words)

    def written(self) -> list[Path]:
        """Return the scripts."""
        return sorted((self.project / "build/bootstrap").glob("*"))

    def run(self, script: str, *words: str, told: str = "") -> tuple[int, str]:
        """Run a script as the intended person, who exports what an earlier script printed."""
        self.env |= dict(re.findall(r"^export (\w+)='?([^\s']+)'?$", told, re.MULTILINE))
        return self.call("bash", f"build/bootstrap/{script}", *words)

    def call(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.project,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def state(self) -> State:
        """Return the current state of the vendors."""
        return copy.deepcopy(self.vendors.states)


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Vendors]:
    with on_path(
        tmp_path / "programs",
        {"az": az, "gh": gh, "glab": glab, "databricks": databricks, "jq": jq},
    ) as vendors:
        yield vendors


@pytest.fixture
def office(new_project: Rendered, tmp_path: Path, vendors: Vendors) -> Office:
    """The project goes to Databricks by Azure DevOps."""
    project = new_project(ci="azure-devops", compute="databricks")
    office = Office(project, tmp_path / "programs", vendors)
    office.env |= AZURE
    vendors.states["az"] = {"people": {AZURE["APPROVERS"]: GROUP, TEAM: "team", DATA: "data"}}
    assert office.write()[0] == 0
    return office


def everything(office: Office) -> str:
    """Let each person run their own script, in the order of the how-to; return the output."""
    said = ""
    for script in ("entra.sh", "ci.sh", "entra.sh", "repository.sh"):
        code, told = office.run(script, told=said)
        assert code == 0, told
        said += told
    return said


def test_all_of_azure_is_set_up_and_nothing_changes_the_second_time(office: Office) -> None:
    everything(office)
    state, changes = office.state(), len(office.vendors.changes)
    assert changes > 20
    told = everything(office)
    assert (office.state(), len(office.vendors.changes)) == (state, changes)
    assert not re.search("^(created|set|fixed|later|left)", told, re.MULTILINE)


def test_nobody_approves_their_own_run_for_prod(office: Office) -> None:
    everything(office)
    checks = office.vendors.states["az"]["checks"]
    [rule] = [check for check in checks if check["type"]["name"] == "Approval"]
    assert rule["settings"]["requesterCannotBeApprover"] is True
    assert rule["settings"]["approvers"] == [{"id": GROUP}]
    rule["settings"]["requesterCannotBeApprover"] = False
    code, told = office.run("ci.sh")
    assert (code, "set: approvers@bank.example approves for loan-risk-prod" in told) == (0, True)
    [rule] = [c for c in office.state()["az"]["checks"] if c["type"]["name"] == "Approval"]
    assert rule["settings"]["requesterCannotBeApprover"] is True


def test_the_protection_check_accepts_the_setup_and_reports_a_weaker_one(office: Office) -> None:
    everything(office)
    known = office.state()["az"]
    with organization() as api:
        for environment in known["environments"]:
            number = str(environment["id"])
            api.environments.append(environment["name"])
            api.checks[environment["name"]] = [
                check for check in known["checks"] if check["resource"]["id"] == number
            ]
        office.env["ORGANIZATION"] = api.address
        office.vendors.states["az"]["token"] = TOKEN
        assert office.write("check") == (
            0,
            "No pipeline deploys to loan-risk-prod without another person's approval.\n",
        )
        api.checks["loan-risk-prod"][-1]["settings"]["requesterCannotBeApprover"] = False
        code, told = office.write("check")
        assert (code, "the person who starts a run may approve it" in told) == (1, True)


def test_an_identity_is_used_through_the_connection_of_its_environment_alone(
    office: Office,
) -> None:
    everything(office)
    known = office.state()["az"]
    names = {each["appId"]: each["displayName"] for each in known["applications"]}
    assert sorted(names.values()) == ["loan-risk-prod", "loan-risk-test"]
    for endpoint in known["endpoints"]:
        parameters = endpoint["authorization"]["parameters"]
        assert names[parameters["serviceprincipalid"]] == endpoint["name"]
        [trusted] = [
            credential
            for credential in known["credentials"]
            if credential["application"] == parameters["serviceprincipalid"]
        ]
        assert trusted["subject"] == parameters["workloadIdentityFederationSubject"]
        assert trusted["issuer"] == parameters["workloadIdentityFederationIssuer"]
        assert trusted["subject"].endswith(endpoint["name"])


def test_an_identity_is_not_given_to_another_connection(office: Office) -> None:
    everything(office)
    office.env["PROD_SUBJECT"] = "/eid1/c/pub/t/x/a/y/sc/o/loan-risk-test"
    before = office.state()
    code, told = office.run("entra.sh")
    assert (code, office.state()) == (1, before)
    assert "az ad app federated-credential delete" in told


def test_release_and_promote_alone_use_a_connection_and_from_main_alone(office: Office) -> None:
    everything(office)
    known = office.vendors.states["az"]
    allowed = {p["id"] for p in known["pipelines"] if p["name"][10:] in {"release", "promote"}}
    assert len(known["permissions"]) == 4
    for permission in known["permissions"].values():
        assert {pipeline["id"] for pipeline in permission["pipelines"]} == allowed
    branches = [c for c in known["checks"] if c["type"]["name"] == "Task Check"]
    assert len(branches) == 4
    for check in branches:
        assert check["settings"]["inputs"]["allowedBranches"] == "refs/heads/main"
    for opened in known["permissions"].values():
        opened["allPipelines"] = {"authorized": True}
        opened["pipelines"].append({"id": 99, "authorized": True})
    code, told = office.run("ci.sh")
    assert (code, told.count("is used by release and promote only")) == (0, 4)
    for permission in office.state()["az"]["permissions"].values():
        assert "allPipelines" not in permission
        assert {pipeline["id"] for pipeline in permission["pipelines"]} == allowed


def test_the_team_is_notified_of_each_failing_pipeline_of_main(office: Office) -> None:
    everything(office)
    told: dict[str, Any] = {}
    for each in office.state()["az"]["subscriptions"]:
        assert each["channel"] == {"type": "EmailHtml", "address": TEAM, "useCustomAddress": True}
        clauses = each["filter"]["criteria"]["clauses"]
        told |= {clauses[1]["value"]: [(c["fieldName"], c["operator"]) for c in clauses]}
        assert clauses[0]["value"] == "Failed"
    wanted = [("Status", "="), ("Definition name", "=")]
    names = [f"\\Credit Risk\\loan-risk {name}" for name in ("release", "weekly", "promote")]
    assert told == dict.fromkeys(names, wanted)


@pytest.mark.parametrize("key", ["scheme", "serviceprincipalid"])
def test_a_connection_with_a_secret_or_of_another_identity_is_refused(
    office: Office, key: str
) -> None:
    everything(office)
    authorization = office.vendors.states["az"]["endpoints"][1]["authorization"]
    if key == "scheme":
        authorization["scheme"] = "ServicePrincipal"
    else:
        authorization["parameters"][key] = "application-7"
    code, told = office.run("ci.sh")
    assert code == 1
    assert "loan-risk-prod has a secret or another identity: delete it, then repeat." in told


def test_a_policy_that_somebody_weakened_is_fixed(office: Office) -> None:
    everything(office)
    before = office.state()
    build, count, owners = office.vendors.states["az"]["policies"]
    build["isEnabled"] = False
    count["settings"]["creatorVoteCounts"] = True
    owners["isBlocking"] = False
    code, told = office.run("repository.sh")
    assert (code, len(re.findall("^fixed: ", told, re.MULTILINE))) == (0, 3)
    assert office.state() == before


OWNERS = """\
# The last line that fits decides.
*                    data-science@example.com
/docs/               data@bank.example
/src/*/data.py       data@bank.example data-science@example.com
/src/*/model.py      data-science@example.com
/docs/model-card.md  data-science@example.com # the model's
*.lock
"""
FILES = {
    "/README.md": {TEAM},
    "/docs/runbook.md": {DATA},
    "/docs/model-card.md": {TEAM},
    "/src/loan_risk/data.py": {TEAM, DATA},
    "/src/loan_risk/model.py": {TEAM},
    "/uv.lock": set(),
    "/docs/uv.lock": set(),
}


def test_codeowners_become_policies_that_ask_the_same_people(office: Office) -> None:
    (office.project / "CODEOWNERS").write_text(OWNERS, encoding="utf-8")
    assert office.write()[0] == 0
    everything(office)
    policies = [
        p["settings"] for p in office.state()["az"]["policies"] if "message" in p["settings"]
    ]
    assert len(policies) == 3
    known = office.state()["az"]["people"]
    for file, owners in FILES.items():
        asked = [policy for policy in policies if fits(file, policy["filenamePatterns"])]
        people = {person for policy in asked for person in policy["requiredReviewerIds"]}
        assert people == {known[owner] for owner in owners}, file


def fits(file: str, patterns: list[str]) -> bool:
    """Return whether a path matches, as Azure does: the last matching pattern decides."""
    found = False
    for pattern in patterns:
        if fnmatch(file, pattern.removeprefix("!")):
            found = not pattern.startswith("!")
    return found


def test_a_change_of_codeowners_changes_the_policies(office: Office) -> None:
    everything(office)
    (office.project / "CODEOWNERS").write_text(f"* {DATA}\n", encoding="utf-8")
    assert office.write()[0] == 0
    code, told = office.run("repository.sh")
    assert (code, "created: data@bank.example approves *" in told) == (0, True)
    left = f"left: the policy 'CODEOWNERS: {TEAM}' no longer applies; delete it: "
    assert f"{left}az repos policy delete --id 9" in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* @bank/risk", "does not know @bank/risk: write a mail address"),
        ("[Risk] a@bank.example", "cannot read [Risk]"),
        ("/a;b a@bank.example", "cannot read /a;b"),
    ],
)
def test_owners_that_azure_cannot_ask_are_reported(office: Office, line: str, words: str) -> None:
    (office.project / "CODEOWNERS").write_text(line, encoding="utf-8")
    before = {file.name: file.read_bytes() for file in office.written()}
    code, told = office.write()
    assert (code, words in told) == (1, True)
    assert {file.name: file.read_bytes() for file in office.written()} == before


def test_a_missing_variable_is_reported_before_anything_is_done(office: Office) -> None:
    everything(office)
    for script in office.written():
        for variable in re.findall(r"^: .*{(\w+):", script.read_text("utf-8"), re.MULTILINE):
            known, calls = office.env.pop(variable), len(office.vendors.calls)
            code, told = office.run(script.name)
            assert (code != 0, f"{variable}: is missing: " in told) == (True, True)
            assert len(office.vendors.calls) == calls, "it looked or did something"
            office.env[variable] = known


@pytest.mark.parametrize(
    ("script", "old", "new"),
    [
        ("entra.sh", "--sign-in-audience", "--audience"),
        ("ci.sh", "--skip-first-run true", ""),
        ("ci.sh", 'requesterCannotBeApprover\\"', 'selfApproval\\"'),
        ("repository.sh", "--blocking true", "--blocking yes"),
    ],
)
def test_a_refusal_by_a_vendor_ends_a_script(
    office: Office, script: str, old: str, new: str
) -> None:
    """So a mistake in a script cannot hide behind a fake that accepts anything."""
    everything(office)
    office.vendors.states["az"] = {"people": office.vendors.states["az"]["people"]}
    replace(office.project / "build/bootstrap" / script, old, new)
    for name in ("entra.sh", "ci.sh", "repository.sh"):
        code, told = office.run(name)
        if name == script:
            break
        assert code == 0, told
    assert code != 0, told


# GitHub

GITHUB = {
    "REPOSITORY": "bank/loan-risk",
    "APPROVERS": "credit-risk",
    **{name: AZURE[name] for name in AZURE if name not in {"ORGANIZATION", "PROJECT", "APPROVERS"}},
}


@pytest.fixture
def github(new_project: Rendered, tmp_path: Path, vendors: Vendors) -> Office:
    """The project goes to Databricks by GitHub."""
    office = Office(new_project(ci="github", compute="databricks"), tmp_path / "programs", vendors)
    office.env |= GITHUB
    vendors.states["gh"] = {
        "teams": {"credit-risk": 41},
        "subject": {
            "use_default": True,
            "use_immutable_subject": True,
            "sub_claim_prefix": "repo:bank@1/loan-risk@2",
        },
    }
    assert office.write()[0] == 0
    return office


def test_all_of_github_is_set_up_and_nothing_changes_the_second_time(github: Office) -> None:
    everything(github)
    state = github.state()
    told = everything(github)
    assert github.state() == state
    assert not re.search("^(created|fixed|later|left)", told, re.MULTILINE)
    known = state["gh"]
    prod = known["environments"]["loan-risk-prod"]
    assert prod["prevent_self_review"] is True
    assert prod["reviewers"] == [{"type": "Team", "id": 41}]
    for name, environment in known["environments"].items():
        assert environment["branches"] == [{"name": "main", "type": "branch"}]
        if name == "maintenance":
            continue
        identity = known["variables"][name]["AZURE_CLIENT_ID"]
        [trusted] = [c for c in state["az"]["credentials"] if c["application"] == identity]
        assert trusted["issuer"] == "https://token.actions.githubusercontent.com"
        assert trusted["subject"] == f"repo:bank@1/loan-risk@2:environment:{name}"


def test_main_of_github_requires_the_existing_checks(github: Office) -> None:
    everything(github)
    [rules] = github.state()["gh"]["rulesets"]
    assert (rules["enforcement"], rules["bypass_actors"]) == ("active", [])
    by_type = {rule["type"]: rule.get("parameters", {}) for rule in rules["rules"]}
    assert by_type["pull_request"]["require_code_owner_review"] is True
    assert by_type["pull_request"]["require_last_push_approval"] is True
    workflow = github.project / ".github/workflows/checks.yml"
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    required = by_type["required_status_checks"]["required_status_checks"]
    assert [each["context"] for each in required] == [job["name"] for job in jobs.values()]


def test_an_older_repository_of_github_is_named_without_numbers(github: Office) -> None:
    github.vendors.states["gh"]["subject"] = {"use_default": True}
    everything(github)
    subjects = {each["subject"] for each in github.state()["az"]["credentials"]}
    assert subjects == {
        "repo:bank/loan-risk:environment:loan-risk-test",
        "repo:bank/loan-risk:environment:loan-risk-prod",
    }


def test_another_branch_that_may_deploy_is_reported(github: Office) -> None:
    everything(github)
    branches = github.vendors.states["gh"]["environments"]["loan-risk-prod"]["branches"]
    branches.append({"name": "try/*", "type": "branch"})
    assert "these may deploy to loan-risk-prod, too" in github.run("ci.sh")[1]


# GitLab

GITLAB = GITHUB | {"APPROVERS": "bank/approvers"}


@pytest.fixture
def gitlab(new_project: Rendered, tmp_path: Path, vendors: Vendors) -> Office:
    """The project goes to Databricks by GitLab."""
    office = Office(new_project(ci="gitlab", compute="databricks"), tmp_path / "programs", vendors)
    office.env |= GITLAB
    vendors.states["glab"] = {"groups": {"bank%2Fapprovers": 41}}
    assert office.write()[0] == 0
    return office


def test_all_of_gitlab_is_set_up_and_nothing_changes_the_second_time(gitlab: Office) -> None:
    everything(gitlab)
    state = gitlab.state()
    told = everything(gitlab)
    assert gitlab.state() == state
    assert not re.search("^(created|fixed|later|left)", told, re.MULTILINE)
    known = state["glab"]
    assert known["main"]["code_owner_approval_required"] is True
    assert [level["access_level"] for level in known["main"]["push_access_levels"]] == [0]
    assert known["approvals"]["merge_requests_author_approval"] is False
    assert [rule["approvals_required"] for rule in known["approval_rules"]] == [1]
    assert known["project"]["allow_pipeline_trigger_approve_deployment"] is False
    assert known["mails"] == {
        "recipients": TEAM,
        "notify_only_broken_pipelines": True,
        "branches_to_be_notified": "default",
    }
    rules = {each["name"]: each["approval_rules"] for each in known["protected_environments"]}
    assert rules == {
        "loan-risk-test": [],
        "loan-risk-prod": [{"group_id": 41, "required_approvals": 1}],
    }


def test_a_job_of_gitlab_gets_the_identity_of_its_environment_alone(gitlab: Office) -> None:
    everything(gitlab)
    state = gitlab.state()
    components = state["glab"]["project"]["ci_id_token_sub_claim_components"]
    tiers = {each["name"]: each["tier"] for each in state["glab"]["environments"]}
    for variable in state["glab"]["variables"]:
        assert variable["protected"] is True
        if variable["key"] == "AZURE_CLIENT_ID":
            tier = tiers[variable["environment_scope"]]
            values = ["bank/loan-risk", "branch", "main", "true", tier]
            claims = zip(components, values, strict=True)
            [trusted] = [
                each
                for each in state["az"]["credentials"]
                if each["application"] == variable["value"]
            ]
            assert trusted["subject"] == ":".join(f"{name}:{value}" for name, value in claims)
            assert trusted["issuer"] == "https://gitlab.bank.example"


def test_a_lost_approval_of_gitlab_is_restored(gitlab: Office) -> None:
    everything(gitlab)
    before = gitlab.state()
    known = gitlab.vendors.states["glab"]
    known["protected_environments"][1]["approval_rules"] = []
    known["project"]["allow_pipeline_trigger_approve_deployment"] = True
    code, told = gitlab.run("ci.sh")
    assert (code, "fixed: the environment loan-risk-prod" in told) == (0, True)
    assert gitlab.state() == before


def test_a_person_may_ask_github_too(github: Office) -> None:
    rule = {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"id": 1}]}
    answers: dict[str, Any] = {
        "/repos/bank/loan-risk/environments/loan-risk-prod": {"protection_rules": [rule]}
    }
    github.vendors.states["gh"]["token"] = "secret"  # noqa: S105 - it opens nothing
    with vendor(answers, "Authorization", "Bearer secret") as address:
        github.env["GITHUB_API_URL"] = address
        assert github.write("check")[0] == 0
        rule["prevent_self_review"] = False
        code, told = github.write("check")
    assert (code, "the person who starts a run may approve it" in told) == (1, True)


def test_a_person_may_ask_gitlab_too(gitlab: Office) -> None:
    answers: dict[str, Any] = {
        "/projects/bank/loan-risk": {"allow_pipeline_trigger_approve_deployment": False},
        "/projects/bank/loan-risk/protected_environments/loan-risk-prod": {
            "approval_rules": [{"required_approvals": 1}]
        },
    }
    with vendor(answers, "PRIVATE-TOKEN", "secret") as address:
        gitlab.env |= {"CI_API_V4_URL": address, "PROTECTION_TOKEN": "secret"}
        assert gitlab.write("check")[0] == 0
        del gitlab.env["REPOSITORY"]
        code, told = gitlab.write("check")
    assert (code, "REPOSITORY is missing: export it" in told) == (1, True)


# Databricks


def configured(office: Office, **changes: str) -> Office:
    """Let conf/ say where each environment is in Databricks."""
    for env in ("test", "prod"):
        place = f"risk_{env}.loan_risk"
        deployment = {
            "host": f"https://risk-{env}.azuredatabricks.net",
            "volume": f"{place}.releases",
        }
        facts = {
            "predictions": f"/Volumes/{place.replace('.', '/')}/data/predictions",
            "experiments": "/Shared/loan-risk",
            "registered_model": f"{place}.loan_risk",
            "deployment": deployment | {k: v for k, v in changes.items() if k != "predictions"},
        }
        facts |= {k: v for k, v in changes.items() if k == "predictions"}
        file = office.project / f"conf/{env}.yml"
        content = yaml.safe_load(file.read_text("utf-8")) | facts
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
    office.env |= {"ACCOUNT": "account-1"}
    return office


def test_databricks_is_set_up_with_the_least_rights(office: Office) -> None:
    assert configured(office).write()[0] == 0
    everything(office)
    code, told = office.run("databricks.sh")
    assert code == 0, told
    state = office.state()
    known = state["databricks"]
    names = {each["applicationId"]: each["displayName"] for each in known["principals"]}
    clients = {each["appId"]: each["displayName"] for each in state["az"]["applications"]}
    assert clients.items() <= names.items(), "the pipeline's identity deploys"
    rights = {
        where: {names[who]: set(what) for who, what in given.items()}
        for where, given in known["grants"].items()
    }
    trainer, promoter, deployer = (f"loan-risk-prod{w}" for w in ("-trainer", "-promoter", ""))
    assert rights["volume risk_prod.loan_risk.releases"] == {
        deployer: {"READ_VOLUME", "WRITE_VOLUME"},
        trainer: {"READ_VOLUME"},
        promoter: {"READ_VOLUME"},
    }
    assert rights["volume risk_prod.loan_risk.data"][promoter] == {"READ_VOLUME"}
    schema = rights["schema risk_prod.loan_risk"]
    assert "CREATE_MODEL" in schema[promoter]
    assert "CREATE_MODEL_VERSION" in schema[trainer]
    assert "CREATE_MODEL" not in schema[trainer], "who owns the model moves its champion"
    assert schema[deployer] == {"USE_SCHEMA"}
    for number, name in names.items():
        if name == trainer:
            assert f"  trainer: {number}\n" in told
    again, told = office.run("databricks.sh")
    assert (again, office.state()) == (0, state)
    assert not re.search("^created", told, re.MULTILINE)


def test_without_pipelines_a_person_deploys_to_databricks(
    new_project: Rendered, tmp_path: Path, vendors: Vendors
) -> None:
    office = Office(new_project(compute="databricks"), tmp_path / "programs", vendors)
    assert configured(office).write()[0] == 0
    code, told = office.run("databricks.sh")
    assert code == 0, told
    names = [each["displayName"] for each in office.state()["databricks"]["principals"]]
    assert names == [
        f"loan-risk-{e}-{w}" for e in ("test", "prod") for w in ("trainer", "promoter")
    ]


def test_databricks_waits_for_conf(office: Office) -> None:
    assert "add `deployment:` to conf/test.yml" in office.write()[1]
    assert "databricks.sh" not in {file.name for file in office.written()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volume": "releases"}, "conf/test.yml: deployment.volume: write catalog.schema.volume"),
        ({"host": "risk"}, "conf/test.yml: deployment.host: write https://<workspace>"),
        (
            {"predictions": "/Volumes/risk_test/loan_risk/releases/predictions"},
            "which the trainer must not write: name another volume",
        ),
    ],
)
def test_a_wrong_place_at_databricks_is_reported(
    office: Office, changes: dict[str, str], words: str
) -> None:
    code, told = configured(office, **changes).write()
    assert (code, words in told) == (1, True), told


# Every vendor

ANSWERS = [
    {"ci": "azure-devops"},
    {"ci": "azure-devops", "compute": "kubernetes", "risk_tier": "high"},
    {"ci": "azure-devops", "compute": "databricks"},
    {"ci": "azure-devops", "compute": "databricks", "orchestrator": "data-factory"},
    {"ci": "github"},
    {"ci": "github", "compute": "databricks"},
    {"ci": "gitlab"},
    {"ci": "gitlab", "compute": "databricks"},
    {"ci": "none", "compute": "databricks"},
]


@pytest.mark.full
@pytest.mark.parametrize(
    "answers",
    [  # where models are deployed, a vendor has the same scripts and more
        pytest.param(each, marks=() if "compute" in each else pytest.mark.wide) for each in ANSWERS
    ],
    ids=lambda answers: "-".join(answers.values()),
)
def test_each_script_is_clean(
    answers: dict[str, str], new_project: Rendered, tmp_path: Path, vendors: Vendors
) -> None:
    office = Office(new_project(**answers), tmp_path / "programs", vendors)
    if answers.get("compute") == "databricks":
        configured(office)
    assert office.write()[0] == 0
    files = [f"build/bootstrap/{file.name}" for file in office.written()]
    assert office.call("shellcheck", "--enable=check-unassigned-uppercase", *files) == (0, "")
    assert office.call(sys.executable, ".mlops/find_secrets.py", *files) == (0, "")
    wanted = {"repository.sh", "ci.sh"} if answers["ci"] != "none" else set()
    wanted |= {"entra.sh"} if "compute" in answers and wanted else set()
    wanted |= {"databricks.sh"} if answers.get("compute") == "databricks" else set()
    assert {file.name for file in office.written()} == wanted
    for file in office.written():
        text = file.read_text(encoding="utf-8")
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "\nset -euo pipefail\n" in text
        assert "\n\n\n" not in text
        assert max(len(line) for line in text.splitlines() if "|" not in line) <= 100


def test_without_a_deployment_target_azure_gets_pipelines_and_policies(
    new_project: Rendered, tmp_path: Path, vendors: Vendors
) -> None:
    office = Office(new_project(ci="azure-devops"), tmp_path / "programs", vendors)
    office.env |= {name: AZURE[name] for name in ("ORGANIZATION", "PROJECT")}
    vendors.states["az"] = {"people": {TEAM: "team"}}
    office.write()
    assert [office.run(script)[0] for script in ("ci.sh", "repository.sh")] == [0, 0]
    assert len(office.state()["az"]["pipelines"]) == 3
    assert len(office.state()["az"]["policies"]) == 3


def test_where_no_pipeline_deploys_there_is_nothing_to_check(
    new_project: Rendered, tmp_path: Path, vendors: Vendors
) -> None:
    office = Office(new_project(ci="github"), tmp_path / "programs", vendors)
    code, told = office.write("check")
    assert (code, told.startswith("There is nothing to check")) == (1, True)


def test_without_a_vendor_there_is_nothing_to_set_up(project: Path) -> None:
    assert not (project / ".mlops/bootstrap.py").exists()
    assert not (project / ".mlops/vendors").exists()
