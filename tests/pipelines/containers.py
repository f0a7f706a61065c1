"""A machine that builds and runs images and has a registry: buildah and docker-registry.

The base is Debian with its Python 3.11, in the place of an image that no registry brings here.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = "localhost/base:1"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
USER = 10001  # of the image


@dataclass
class Machine:
    """Its image store, and the address of its registry."""

    folder: Path
    registry: str

    @property
    def env(self) -> dict[str, str]:
        """The variables that make a build use this machine."""
        return {
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
            "CONTAINER_TOOL": "buildah",
            "IMAGE_BASE": BASE,
            "IMAGE_REPOSITORY": f"{self.registry}/loan-risk",
        }

    def buildah(self, *words: str) -> str:
        done = subprocess.run(
            ["buildah", *words],
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words[:2]}: {done.stderr[-3000:]}"
        return done.stdout.strip()

    def digests(self, name: str) -> set[str]:
        """Return the digests of the images in the registry under a name."""
        found = (
            self.folder / f"registry/docker/registry/v2/repositories/{name}/_manifests/revisions"
        )
        return {f"sha256:{path.name}" for path in found.glob("sha256/*")}

    def container(self, facts: dict[str, Any]) -> str:
        """Return a container of a release's image, created once."""
        name = f"run-{facts['commit'][:8]}"
        tag = f"{self.registry}/loan-risk:{facts['version'].replace('+', '-')}"
        if name not in self.buildah("containers", "--format", "{{.ContainerName}}").split():
            self.buildah("from", "--pull-never", "--name", name, tag)
            (self.folder / "work").mkdir()
            os.chown(self.folder / "work", USER, USER)
        return name

    def inspect(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return the configuration of the image."""
        config: dict[str, Any] = json.loads(self.buildah("inspect", self.container(facts)))["OCIv1"]
        return config

    def mount(self, facts: dict[str, Any]) -> Path:
        """Return the folder with the image's files."""
        return Path(self.buildah("mount", self.container(facts)))

    def run(self, facts: dict[str, Any], *words: str) -> str:
        """Run the image's program in a mounted working folder; return its output."""
        volume = f"{self.folder / 'work'}:/work"
        entry = self.inspect(facts)["config"]["Entrypoint"]
        return self.buildah("run", "-v", volume, self.container(facts), "--", *entry, *words)


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """Start a machine in a folder, and stop it at the end."""
    for name in ("buildah", "docker-registry", "mmdebstrap"):
        assert shutil.which(name), f"{name} is missing: type apt-get install {name}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        registry = f"127.0.0.1:{free.getsockname()[1]}"
    here = Machine(folder, registry)
    storage = f'driver = "overlay"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
    (folder / "storage.conf").write_text(f"[storage]\n{storage}", encoding="utf-8")
    insecure = f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n'
    (folder / "registries.conf").write_text(insecure, encoding="utf-8")
    config = {"version": 0.1, "log": {"level": "error"}, "http": {"addr": registry}}
    config |= {"storage": {"filesystem": {"rootdirectory": str(folder / "registry")}}}
    (folder / "registry.yml").write_text(json.dumps(config), encoding="utf-8")
    with (folder / "registry.log").open("w") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", folder / "registry.yml"], stdout=log, stderr=log
        )
    try:
        wait_for(registry)
        make_base(here)
        yield here
    finally:
        process.terminate()
        process.wait()
        for command in (["umount", "--all"], ["rm", "--all"], ["rmi", "--all", "--force"]):
            subprocess.run(["buildah", *command], env=os.environ | here.env, check=False)


def wait_for(registry: str) -> None:
    """Wait until a server answers."""
    host, _, port = registry.partition(":")
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection((host, int(port))).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"{registry} does not answer")


def make_base(here: Machine) -> None:
    """Create the base image from Debian packages, with this machine's certificate authorities."""
    packages = "python3,python3-venv,ca-certificates"
    tree = here.folder / "base.tar"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "bookworm", tree],
        check=True,
    )
    name = here.buildah("from", "scratch")
    here.buildah("add", "--quiet", name, str(tree), "/")
    here.buildah("add", "--quiet", name, AUTHORITIES, AUTHORITIES)
    here.buildah("commit", "--quiet", "--rm", name, BASE)
    tree.unlink()
