"""The script for Entra: the identities with which pipelines deploy, and their roles."""

from script import DEPLOYED, Project, Script, each

ROLES = {
    "databricks": {"WORKSPACE": "Reader"},  # to log in; databricks.sh grants the rest
    # A template is deployed to a resource group, so the role on the factory would not do.
    "data-factory": {"FACTORY_GROUP": "Data Factory Contributor"},
    "kubernetes": {
        "CLUSTER": "Azure Kubernetes Service Cluster User Role",
        "NAMESPACE": "Azure Kubernetes Service RBAC Writer",
    },
}


def scripts(project: Project) -> dict[str, Script]:
    """Return the script that creates an identity for each environment."""
    roles = ROLES.get(project.compute, {}) | ROLES.get(project.orchestrator, {})
    roles_by_env = [
        f"{env}|{role}|${env.upper()}_{resource}"
        for env in DEPLOYED
        for resource, role in roles.items()
    ]
    asked = [variable for resource in roles for variable in each(resource)]
    known: dict[str, str | list[str]] = {"name": project.name, "roles": roles_by_env}
    return {"entra.sh": Script(files=["entra/entra.sh"], asked=asked, known=known)}
