"""A bank whose machines reach only one address: its package mirror."""

import subprocess
from pathlib import Path

import pytest
from conftest import Rendered
from pipelines.azure import Service
from pipelines.mirror import BLOCKED, DEAD, download, listed, mirror, mirrored
from rendering import commit, git, replace

TOOLS = ("uv==0.13.9", "nox==2026.10.20", "hatchling>=1.27", "editables~=0.3", "pip")


@pytest.mark.full
@pytest.mark.wide
def test_a_run_installs_everything_from_the_mirror(
    new_project: Rendered, lock: bytes, tmp_path: Path
) -> None:
    """uv, nox, the build backend and every locked package, starting with an empty cache."""
    project = new_project(ci="azure-devops")
    (project / "uv.lock").write_bytes(lock)
    locked = tmp_path / "locked.txt"
    export = ["uv", "export", "--quiet", "--no-emit-project", f"--output-file={locked}"]
    subprocess.run(export, cwd=project, check=True)
    download(tmp_path, "--no-deps", "--require-hashes", "--requirement", str(locked))
    download(tmp_path, *TOOLS)
    listed(tmp_path)
    with mirror(tmp_path) as address:
        (project / "uv.lock").write_text(mirrored(lock, address), encoding="utf-8")
        variables = project / "ci/variables.azure-devops.yml"
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            replace(variables, "variables:\n", f"variables:\n  {name}: {address}/simple\n")
        remote = tmp_path / "git/loan-risk.git"
        git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        commit(project)
        git(project, "push", "--quiet", str(remote), "HEAD:main")
        (tmp_path / "agents").mkdir()
        (tmp_path / "uv").mkdir()
        blocked = BLOCKED | {"PIP_CACHE_DIR": str(tmp_path / "pip"), "UV_PYTHON_DOWNLOADS": "never"}
        service = Service(remote, tmp_path / "agents", tmp_path / "uv", agent_variables=blocked)
        jobs = service.run("azure-pipelines.yml", only="rehearsal")
        assert jobs["rehearsal"].result == "Succeeded", jobs["rehearsal"].log[-3000:]

        text = variables.read_text(encoding="utf-8")  # proves that it needed the mirror
        variables.write_text(text.replace(address, DEAD), encoding="utf-8")
        commit(project)
        git(project, "push", "--quiet", str(remote), "HEAD:main")
        jobs = service.run("azure-pipelines.yml", only="rehearsal")
        assert jobs["rehearsal"].failed_steps == ["Install uv"]
