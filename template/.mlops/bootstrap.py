"""Write the scripts that set up vendors for this project: one for each role that has the rights.

vendors/<vendor>/ contains the commands as plain bash, and scripts.py, which says what each script
needs to know.
"""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from commands import Refusal

VENDORS = Path(__file__).parent / "vendors"
sys.path.append(str(VENDORS))

from script import Project, Script  # noqa: E402 - this module is found only now

OUT = Path("build/bootstrap")


def main() -> int:
    """Write build/bootstrap, or `check` prod; return 1 where that is refused."""
    try:
        project = read_project()
        if sys.argv[1:] == ["check"]:
            print(check(project))
        else:
            write(scripts(project))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def read_project() -> Project:
    """Return what the stored answers say about the project."""
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
    """Return the scripts of all vendors by name; raise Refusal where there are none."""
    by_name: dict[str, Script] = {}
    for file in sorted(VENDORS.glob("*/scripts.py")):
        spec = spec_from_file_location(file.parent.name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be imported")
        vendor = module_from_spec(spec)
        spec.loader.exec_module(vendor)
        by_name |= vendor.scripts(project)
    if not by_name:
        raise Refusal("There is nothing to set up: neither `ci` nor `compute` names a vendor.")
    return by_name


def write(by_name: dict[str, Script]) -> None:
    """Write the scripts, and print who runs each of them."""
    texts = {name: script.text() for name, script in by_name.items()}
    OUT.mkdir(parents=True, exist_ok=True)
    for file in OUT.glob("*.sh"):
        file.unlink()
    for name, text in texts.items():
        (OUT / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{OUT.as_posix()}/{name}: {re.findall('# Who runs this: (.*)', text)[0]}")


def check(project: Project) -> str:
    """Return a sentence that prod is protected; raise Refusal where it is not, or may not be."""
    deploy = Path("deploy")
    if project.ci == "none" or not deploy.is_dir():
        raise Refusal("There is nothing to check: no pipeline deploys this project to prod.")
    sys.path.append(str(deploy))
    from approval import check_as_person

    return check_as_person(f"{project.name}-prod")


if __name__ == "__main__":
    sys.exit(main())
