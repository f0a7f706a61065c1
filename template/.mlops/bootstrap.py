"""Write the scripts that set up vendors for this project: one for each person who has the rights.

What is asked of a vendor is in vendors/<vendor>/: the commands as plain bash, and scripts.py, which
says who needs to know what.
"""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from commands import Refusal

VENDORS = Path(__file__).parent / "vendors"
sys.path.append(str(VENDORS))

from script import Project, Script  # noqa: E402 - its folder is known now

OUT = Path("build/bootstrap")


def main() -> int:
    """Write build/bootstrap, or `check` prod; return 1 and say why where that fails."""
    try:
        project = read_project()
        if sys.argv[1:] == ["check"]:
            print(check(project))
        else:
            write(scripts(project))
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def read_project() -> Project:
    """Return what the stored answers say of the project."""
    text = Path(".copier-answers.yml").read_text(encoding="utf-8")
    answers = dict(re.findall(r"^(\w+): *([\w-]+)$", text, re.MULTILINE))
    mail = re.search(r"^team:[^<]*<([^>]+)>", text, re.MULTILINE)
    return Project(
        name=answers["project_name"],
        mail=mail[1] if mail else "",
        ci=answers.get("ci", "none"),
        compute=answers.get("compute", "local"),
        orchestrator=answers.get("orchestrator", ""),
        risk_tier=answers.get("risk_tier", ""),
    )


def scripts(project: Project) -> dict[str, Script]:
    """Return the scripts of all vendors by their names; raises Refusal where there is none."""
    found: dict[str, Script] = {}
    for file in sorted(VENDORS.glob("*/scripts.py")):
        spec = spec_from_file_location(file.parent.name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be imported")
        vendor = module_from_spec(spec)
        spec.loader.exec_module(vendor)
        found |= vendor.scripts(project)
    if not found:
        raise Refusal("There is nothing to set up: neither `ci` nor `compute` names a vendor.")
    return found


def write(found: dict[str, Script]) -> None:
    """Write the scripts, and say for whom each is."""
    texts = {name: script.text() for name, script in found.items()}
    OUT.mkdir(parents=True, exist_ok=True)
    for file in OUT.glob("*.sh"):
        file.unlink()
    for name, text in texts.items():
        (OUT / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{OUT.as_posix()}/{name}: {re.findall('# Who runs this: (.*)', text)[0]}")


def check(project: Project) -> str:
    """Return that prod is protected; raises Refusal where it is not, or nobody says so."""
    deploy = Path("deploy")
    if project.ci == "none" or not deploy.is_dir():
        raise Refusal("There is nothing to check: no pipeline brings this project to prod.")
    sys.path.append(str(deploy))
    from approval import check_as_person

    return check_as_person(f"{project.name}-prod")


if __name__ == "__main__":
    sys.exit(main())
