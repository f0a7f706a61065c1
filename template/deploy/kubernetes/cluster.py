"""How a cluster is reached: by a context of one's own, or by the login that `az` has."""

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from commands import Refusal, az, program, run

AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"  # what a token of Entra is for that opens a cluster
RESOURCE = (
    r"/subscriptions/([\w-]+)/resourceGroups/([\w.()-]+)"
    r"/providers/Microsoft\.ContainerService/managedClusters/([\w-]+)"
)


def reach(release: Path, env: str) -> Callable[..., str]:
    """Return kubectl for the cluster and namespace of an environment."""
    file = release / "deploy" / env / "cluster.yml"
    if not file.is_file():
        raise Refusal(f"The release is not built for {env}: see tracking_uri in conf/{env}.yml.")
    place: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    how = [f"--context={place['context']}"] if place["context"] else []
    if place["cluster"]:
        how = [f"--kubeconfig={login(place['cluster'])}"]
    return partial(kubectl, *how, f"--namespace={place['namespace']}")


@cache
def login(cluster: str) -> Path:
    """Return a kubeconfig for a cluster of Azure, with a token for whom `az` has logged in.

    So no secret is stored anywhere, and no further program is needed. The file is gone when this
    process ends, and the token is of no use an hour later.
    """
    [(subscription, group, name)] = re.findall(RESOURCE, cluster, re.IGNORECASE)
    folder = tempfile.mkdtemp()  # nobody else may read in it
    atexit.register(shutil.rmtree, folder)
    file = Path(folder) / "kubeconfig"
    where = (f"--subscription={subscription}", f"--resource-group={group}", f"--name={name}")
    az("aks", "get-credentials", *where, f"--file={file}")
    asked = (f"--resource={AKS}", "--query=accessToken", "--output=tsv")
    token = az("account", "get-access-token", *asked).strip()
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    for user in found["users"]:
        user["user"] = {"token": token}  # in place of a program that would ask for it
    file.write_text(yaml.safe_dump(found), encoding="utf-8")
    return file


def kubectl(*words: str) -> str:
    """Run Kubernetes' own program."""
    return run(program("kubectl"), *words)
