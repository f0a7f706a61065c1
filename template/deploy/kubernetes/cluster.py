"""How a cluster is reached: through a context of your kubeconfig, or with the login of `az`."""

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import yaml
from commands import Refusal, az, program, run

FILE = "cluster.yml"  # in the folder that a release has for each environment
AKS_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"  # Entra's id of AKS, for its tokens
RESOURCE_ID = (
    r"/subscriptions/([\w-]+)/resourceGroups/([\w.()-]+)"
    r"/providers/Microsoft\.ContainerService/managedClusters/([\w-]+)"
)

Kubectl = Callable[..., str]


@dataclass(frozen=True)
class Location:
    """Where an environment is."""

    namespace: str
    cluster: str
    """The resource ID of an AKS cluster; "" to use a context."""
    context: str
    """A context of the kubeconfig; "" for the current one."""


def write_location(location: Location, folder: Path) -> None:
    """Write where an environment is into its folder of a release."""
    text = yaml.safe_dump(asdict(location), sort_keys=False, width=1000)
    (folder / FILE).write_text(text, encoding="utf-8")


def read_location(release: Path, env: str) -> Location:
    """Return where an environment is, as a release says; raise Refusal where it does not."""
    file = release / "deploy" / env / FILE
    if not file.is_file():
        raise Refusal(f"The release is not built for {env}: see tracking_uri in conf/{env}.yml.")
    return Location(**yaml.safe_load(file.read_text(encoding="utf-8")))


def kubectl_for(release: Path, env: str) -> Kubectl:
    """Return kubectl bound to the cluster and the namespace of an environment."""
    location = read_location(release, env)
    options = [f"--namespace={location.namespace}"]
    if location.cluster:
        options.append(f"--kubeconfig={log_in(location.cluster)}")
    elif location.context:
        options.append(f"--context={location.context}")
    return partial(kubectl, *options)


@cache
def log_in(cluster: str) -> Path:
    """Return a kubeconfig for an AKS cluster, with a token of the identity logged in to `az`.

    No secret is stored, and kubelogin is not needed. The file is deleted when this process ends,
    and the token expires after about an hour.
    """
    [(subscription, group, name)] = re.findall(RESOURCE_ID, cluster, re.IGNORECASE)
    folder = tempfile.mkdtemp()  # only this user may read it
    atexit.register(shutil.rmtree, folder)
    file = Path(folder) / "kubeconfig"
    where = (f"--subscription={subscription}", f"--resource-group={group}", f"--name={name}")
    az("aks", "get-credentials", *where, f"--file={file}")
    scope = (f"--resource={AKS_APPLICATION}", "--query=accessToken", "--output=tsv")
    token = az("account", "get-access-token", *scope).strip()
    kubeconfig = yaml.safe_load(file.read_text(encoding="utf-8"))
    for user in kubeconfig["users"]:
        user["user"] = {"token": token}  # replaces the call of kubelogin
    file.write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
    return file


def kubectl(*arguments: str) -> str:
    """Run kubectl and return its output."""
    return run(program("kubectl"), *arguments)
