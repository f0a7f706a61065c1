"""A fake `az` with the state of Entra and Azure DevOps."""

import copy
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jmespath

from .programs import Parser, State, same

AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"
PROJECT = {"--organization", "--project"}
POLICY = PROJECT | {"--repository-id", "--branch", "--blocking", "--enabled"}
BUILD = {
    "--build-definition-id": "buildDefinitionId",
    "--display-name": "displayName",
    "--manual-queue-only": "manualQueueOnly",
    "--queue-on-source-update-only": "queueOnSourceUpdateOnly",
    "--valid-duration": "validDuration",
}
COUNT = {
    "--minimum-approver-count": "minimumApproverCount",
    "--creator-vote-counts": "creatorVoteCounts",
    "--allow-downvotes": "allowDownvotes",
    "--reset-on-source-push": "resetOnSourcePush",
}
REVIEWER = {
    "--message": "message",
    "--required-reviewer-ids": "requiredReviewerIds",
    "--path-filter": "filenamePatterns",
}
KINDS = {
    "build": ("0609b952-1397-4640-95ec-e00a01b2c241", BUILD),
    "approver-count": ("fa4e907d-c16b-4a4c-9dfa-4906e5d171dd", COUNT),
    "required-reviewer": ("fd2167ab-b0be-447a-8ec8-39368250530e", REVIEWER),
}
OPTIONS = {  # a command requires all of its options
    "repos show": PROJECT | {"--repository"},
    "repos policy list": PROJECT | {"--repository-id", "--branch"},
    **{f"repos policy {kind} create": POLICY | set(more) for kind, (_, more) in KINDS.items()},
    **{
        f"repos policy {kind} update": POLICY | {"--id"} | set(more)
        for kind, (_, more) in KINDS.items()
    },
    "pipelines list": PROJECT | {"--name"},
    "pipelines create": PROJECT
    | {"--name", "--yml-path", "--branch", "--repository", "--repository-type"}
    | {"--skip-first-run"},
    "devops project show": PROJECT,
    "devops service-endpoint list": PROJECT,
    "devops service-endpoint create": PROJECT | {"--service-endpoint-configuration"},
    "ad app list": {"--display-name"},
    "ad app create": {"--display-name", "--sign-in-audience"},
    "ad sp list": {"--spn"},
    "ad sp create": {"--id"},
    "ad app federated-credential list": {"--id"},
    "ad app federated-credential create": {"--id", "--parameters"},
    "role assignment list": {"--assignee", "--role", "--scope"},
    "role assignment create": {"--assignee-object-id", "--assignee-principal-type"}
    | {"--role", "--scope"},
    "account get-access-token": {"--resource"},
    "rest": {"--resource", "--method", "--url"},
}
EMPTY: State = {
    "repositories": {"loan-risk": "repository-1"},
    "people": {},
    **{kind: [] for kind in ("pipelines", "policies", "endpoints", "environments", "checks")},
    **{kind: [] for kind in ("applications", "principals", "credentials", "roles")},
    "subscriptions": [],
    "permissions": {},
}


def az(state: State, words: list[str], _: str) -> str:
    """Run a command; return its output with --output tsv."""
    for name, nothing in EMPTY.items():
        state.setdefault(name, copy.deepcopy(nothing))
    first = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    command = " ".join(words[:first])
    parser = Parser(f"az {command}")
    for option in sorted(OPTIONS[command]):
        parser.add_argument(option, dest=option, required=True)
    parser.add_argument("--query", dest="--query")
    parser.add_argument("--output", dest="--output", choices=["tsv", "none"], required=True)
    if command == "rest":
        parser.add_argument("--url-parameters", dest="--url-parameters", nargs="+", required=True)
        parser.add_argument("--body", dest="--body")
    given = vars(parser.parse_args(words[first:]))
    result = COMMANDS[command](state, given)
    found = jmespath.search(given["--query"], result) if given["--query"] else result
    return "" if given["--output"] == "none" or found is None else shown(found)


def shown(found: Any) -> str:
    """Return the result of a query as az prints it with --output tsv."""
    rows = [row if isinstance(row, list) else [row] for row in listed(found)]
    cells = [[str(c).lower() if isinstance(c, bool) else str(c) for c in row] for row in rows]
    return "".join("\t".join(row) + "\n" for row in cells)


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def here(given: State) -> None:
    """Refuse another organization or project."""
    assert given["--organization"] == "https://dev.azure.com/bank", given["--organization"]
    assert given["--project"] == "Credit Risk", given["--project"]


def add(entries: list[State], **facts: Any) -> State:
    """Add an entry with the next number."""
    entries.append({"id": len(entries) + 7, **facts})
    return entries[-1]


def repository(state: State, given: State) -> Any:
    here(given)
    return {"id": state["repositories"][given["--repository"]]}


def pipelines(state: State, given: State) -> Any:
    here(given)
    return [each for each in state["pipelines"] if each["name"] == given["--name"]]


def create_pipeline(state: State, given: State) -> Any:
    here(given)
    assert not pipelines(state, given), "a pipeline of this name exists"
    assert given["--repository"] in state["repositories"], given["--repository"]
    assert (given["--repository-type"], given["--skip-first-run"]) == ("tfsgit", "true")
    return add(state["pipelines"], name=given["--name"], yml=given["--yml-path"])


def policies(state: State, given: State) -> Any:
    here(given)
    assert (given["--repository-id"], given["--branch"]) == ("repository-1", "main")
    return state["policies"]


def policy(kind: str, state: State, given: State) -> Any:
    """Create or change a policy; settings keep the types of the service."""
    here(given)
    assert (given["--repository-id"], given["--branch"]) == ("repository-1", "main")
    number, names = KINDS[kind]
    settings: State = {name: given[option] for option, name in names.items()}
    for name, value in settings.items():
        if name == "requiredReviewerIds":
            settings[name] = [state["people"][each] for each in value.split(";")]
        elif name == "filenamePatterns":
            settings[name] = value.split(";")
        elif value in {"true", "false"} or value.isdigit():
            settings[name] = json.loads(value)
    facts = {"type": {"id": number}, "settings": settings}
    facts |= {"isBlocking": json.loads(given["--blocking"])}
    facts |= {"isEnabled": json.loads(given["--enabled"])}
    if "--id" not in given:
        return add(state["policies"], **facts)
    [known] = [each for each in state["policies"] if str(each["id"]) == given["--id"]]
    known.update(facts)
    return known


def project(_: State, given: State) -> Any:
    here(given)
    return {"id": "project-1", "defaultTeam": {"id": "team-1"}}


def endpoints(state: State, given: State) -> Any:
    here(given)
    return state["endpoints"]


def create_endpoint(state: State, given: State) -> Any:
    """Create a service connection; the service sets issuer and subject of its tokens."""
    here(given)
    text = Path(given["--service-endpoint-configuration"]).read_text(encoding="utf-8")
    facts = json.loads(text)
    assert facts.keys() == {"name", "type", "url", "authorization", "data"}, facts
    assert facts["authorization"]["scheme"] == "WorkloadIdentityFederation"
    parameters = facts["authorization"]["parameters"]
    assert parameters.keys() == {"tenantid", "serviceprincipalid"}
    tenant = parameters["tenantid"]
    parameters |= {
        "workloadIdentityFederationIssuer": f"https://login.microsoftonline.com/{tenant}/v2.0",
        "workloadIdentityFederationSubject": f"/eid1/c/pub/t/x/a/y/sc/o/{facts['name']}",
    }
    assert facts["name"] not in [each["name"] for each in state["endpoints"]]
    state["endpoints"].append({"id": f"endpoint-{len(state['endpoints'])}", **facts})
    return state["endpoints"][-1]


def applications(state: State, given: State) -> Any:
    begin = given["--display-name"]  # Entra matches prefixes of names
    return [each for each in state["applications"] if each["displayName"].startswith(begin)]


def create_application(state: State, given: State) -> Any:
    assert given["--sign-in-audience"] == "AzureADMyOrg"
    number = len(state["applications"]) + 1
    return add(
        state["applications"], displayName=given["--display-name"], appId=f"application-{number}"
    )


def principals(state: State, given: State) -> Any:
    return [each for each in state["principals"] if each["appId"] == given["--spn"]]


def create_principal(state: State, given: State) -> Any:
    assert given["--id"] in [each["appId"] for each in state["applications"]]
    number = len(state["principals"]) + 1
    state["principals"].append({"id": f"principal-{number}", "appId": given["--id"]})
    return state["principals"][-1]


def credentials(state: State, given: State) -> Any:
    return [each for each in state["credentials"] if each["application"] == given["--id"]]


def create_credential(state: State, given: State) -> Any:
    facts = json.loads(given["--parameters"])
    assert facts.keys() == {"name", "issuer", "subject", "audiences"}
    assert facts["audiences"] == ["api://AzureADTokenExchange"]
    assert facts["name"] not in [each["name"] for each in credentials(state, given)]
    return add(state["credentials"], application=given["--id"], **facts)


def roles(state: State, given: State) -> Any:
    wanted = (given["--assignee"], given["--role"], given["--scope"])
    return [each for each in state["roles"] if (each["to"], each["role"], each["on"]) == wanted]


def create_role(state: State, given: State) -> Any:
    assert given["--assignee-principal-type"] == "ServicePrincipal"
    assert given["--assignee-object-id"] in [each["id"] for each in state["principals"]]
    assert given["--scope"].startswith("/subscriptions/")
    facts = {"to": given["--assignee-object-id"], "role": given["--role"], "on": given["--scope"]}
    return add(state["roles"], **facts)


def token(state: State, given: State) -> Any:
    same(given["--resource"], AZURE_DEVOPS)
    return {"accessToken": state["token"]}


def rest(state: State, given: State) -> Any:
    """Answer a request to Azure DevOps; each part of its address must be documented."""
    same(given["--resource"], AZURE_DEVOPS)
    asked = dict(each.split("=", 1) for each in given["--url-parameters"])
    body = json.loads(given["--body"]) if given["--body"] else None
    if given["--url"] == "https://vssps.dev.azure.com/bank/_apis/identities":
        assert asked.keys() == {"searchFilter", "filterValue", "api-version"}
        found = state["people"].get(asked["filterValue"])
        return {"value": [{"id": found}] if found else []}
    if given["--url"] == "https://dev.azure.com/bank/_apis/notification/subscriptions":
        assert asked.pop("api-version") == "7.1"
        return subscriptions(state, given["--method"], asked, body)
    base = "https://dev.azure.com/bank/project-1/_apis/"
    assert given["--url"].startswith(base), given["--url"]
    path = given["--url"].removeprefix(base)
    method = given["--method"]
    version = asked.pop("api-version")
    if path == "distributedtask/environments":
        assert version == "7.1"
        return environments(state, method, asked, body)
    assert version == "7.1-preview.1"
    if path.startswith("pipelines/checks/configurations"):
        return checks(state, f"{method} {path}", asked, body)
    kind = re.fullmatch(
        r"pipelines/pipelinePermissions/(environment/\d+|endpoint/endpoint-\d)", path
    )
    assert kind, path
    return permissions(state, method, path, body)


def subscriptions(state: State, method: str, asked: State, body: Any) -> Any:
    """Show the notification subscriptions, or add one."""
    if method == "get":
        assert asked == {"targetId": "team-1"}
        return {"value": state["subscriptions"]}
    assert (method, asked) == ("post", {})
    assert body.keys() == {"description", "scope", "subscriber", "channel", "filter"}
    assert (body["scope"], body["subscriber"]) == ({"id": "project-1"}, {"id": "team-1"})
    assert body["filter"]["eventType"] == "ms.vss-build.build-completed-event"
    return add(state["subscriptions"], **body)


def environments(state: State, method: str, asked: State, body: Any) -> Any:
    if method == "get":
        begin = asked.pop("name")  # Azure matches prefixes of names
        assert not asked
        return {"value": [e for e in state["environments"] if e["name"].startswith(begin)]}
    assert (method, body.keys(), asked) == ("post", {"name", "description"}, {})
    return add(state["environments"], name=body["name"])


def checks(state: State, what: str, asked: State, body: Any) -> Any:
    if what == "get pipelines/checks/configurations":
        assert asked.keys() == {"resourceType", "resourceId", "$expand"}
        of = {"type": asked["resourceType"], "id": asked["resourceId"]}
        return {"value": [each for each in state["checks"] if each["resource"] == of]}
    assert body.keys() == {"type", "settings", "timeout", "resource"}, body
    if what == "post pipelines/checks/configurations":
        return add(state["checks"], **body)
    number = re.fullmatch(r"patch pipelines/checks/configurations/(\d+)", what)
    assert number, what
    [known] = [each for each in state["checks"] if str(each["id"]) == number[1]]
    known.update(body)
    return known


def permissions(state: State, method: str, path: str, body: Any) -> Any:
    known = state["permissions"].setdefault(path, {"pipelines": []})
    if method == "get":
        return known
    assert (method, body.keys()) == ("patch", {"pipelines", "allPipelines"})
    known.pop("allPipelines", None)
    assert body["allPipelines"] == {"authorized": False}
    said = {each["id"]: each for each in [*known["pipelines"], *body["pipelines"]]}
    known["pipelines"] = [each for each in said.values() if each["authorized"]]
    return known


COMMANDS: dict[str, Callable[[State, State], Any]] = {
    "repos show": repository,
    "repos policy list": policies,
    **{f"repos policy {k} create": partial(policy, k) for k in KINDS},
    **{f"repos policy {k} update": partial(policy, k) for k in KINDS},
    "pipelines list": pipelines,
    "pipelines create": create_pipeline,
    "devops project show": project,
    "devops service-endpoint list": endpoints,
    "devops service-endpoint create": create_endpoint,
    "ad app list": applications,
    "ad app create": create_application,
    "ad sp list": principals,
    "ad sp create": create_principal,
    "ad app federated-credential list": credentials,
    "ad app federated-credential create": create_credential,
    "role assignment list": roles,
    "role assignment create": create_role,
    "account get-access-token": token,
    "rest": rest,
}
