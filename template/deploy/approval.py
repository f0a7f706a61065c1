"""Ask the vendor of the pipelines how an environment is protected, and who approved this run.

Where the answer is not that another person must approve, or there is none, prod stays closed. What
a vendor is asked is in approval_<vendor>.py; a project without pipelines has none of them.
"""

import json
import os
import re
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from commands import Refusal


def require_protection(environment: str) -> None:
    """Refuse an environment that a pipeline may reach without another person's approval.

    A project without pipelines is deployed by a person's hand, who is asked for nothing here.
    Raises Refusal where the vendor says so, or does not say.
    """
    vendor = vendor_of_this_run()
    if vendor and (lack := vendor.missing_protection(environment)):
        raise Refusal(f"The environment {environment} is not protected: {lack}. Mend that first.")


def approvers(environment: str) -> list[str]:
    """Return who approved that this run reaches the environment; nobody without pipelines."""
    vendor = vendor_of_this_run()
    return list(vendor.approvers(environment)) if vendor else []


def check_as_person(environment: str) -> str:
    """Return that an environment is protected, asked in the name of the person who is logged in.

    Raises Refusal where it is not, or the vendor does not say.
    """
    vendor = vendor_of_the_answers()
    if vendor is None:
        raise Refusal("There is nothing to check: `ci` names no vendor.")
    os.environ |= vendor.as_person()
    if lack := vendor.missing_protection(environment):
        raise Refusal(f"The environment {environment} is not protected: {lack}.")
    return f"Nobody reaches {environment} by a pipeline without another person's approval."


def vendor_of_this_run() -> ModuleType | None:
    """Return the vendor that the answers name; raises Refusal outside of its pipelines."""
    vendor = vendor_of_the_answers()
    if vendor and vendor.MARK not in os.environ:
        raise Refusal("prod is reached by the pipeline alone, which asks for an approval.")
    return vendor


def vendor_of_the_answers() -> ModuleType | None:
    """Return what knows the vendor of the pipelines; None without pipelines."""
    answers = Path(".copier-answers.yml").read_text(encoding="utf-8")
    ci = re.search(r"^ci: *([\w-]+)", answers, re.MULTILINE)
    if ci is None or ci[1] == "none":
        return None
    return import_module(f"approval_{ci[1].replace('-', '_')}")


def exported(name: str) -> str:
    """Return a variable that the person has exported; raises Refusal where it is missing."""
    if not os.environ.get(name):
        raise Refusal(f"{name} is missing: export it, as for the scripts of bootstrap.")
    return os.environ[name]


def ask(url: str, variable: str, header: str, form: str) -> Any:
    """Return what an address answers; raises Refusal where it does not, or nobody may ask."""
    token = os.environ.get(variable)
    if not token:
        raise Refusal(f"The variable {variable} is missing, so nobody knows whether prod is safe.")
    request = urllib.request.Request(url, headers={header: form.format(token)})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the vendor's
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refusal(f"{url} answers {error.code}, so prod stays closed.") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"{url} does not answer ({error}), so prod stays closed.") from None
