"""Ask the vendor of the pipelines how an environment is protected, and who approved this run.

prod stays closed unless the vendor answers that another person must approve. approval_<vendor>.py
contains the questions for one vendor; a project without pipelines has no such file.
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
    """Refuse an environment that a pipeline can reach without another person's approval.

    A project without pipelines is deployed by a person, and needs no approval here. Raises Refusal
    where the environment is not protected, or where the vendor does not answer.
    """
    vendor = vendor_of_this_run()
    if vendor is None:
        return
    weakness = vendor.missing_protection(environment)
    if weakness:
        raise Refusal(
            f"The environment {environment} is not protected: {weakness}. Fix this first."
        )


def approvers(environment: str) -> list[str]:
    """Return who approved this run for the environment; nobody without pipelines."""
    vendor = vendor_of_this_run()
    return list(vendor.approvers(environment)) if vendor else []


def check_as_person(environment: str) -> str:
    """Return a sentence that an environment is protected, as the logged-in person can see it.

    Raises Refusal where it is not, or where the vendor does not answer.
    """
    vendor = vendor_of_the_answers()
    if vendor is None:
        raise Refusal("There is nothing to check: `ci` names no vendor.")
    os.environ |= vendor.as_person()
    weakness = vendor.missing_protection(environment)
    if weakness:
        raise Refusal(f"The environment {environment} is not protected: {weakness}.")
    return f"No pipeline deploys to {environment} without another person's approval."


def vendor_of_this_run() -> ModuleType | None:
    """Return the vendor that the answers name; raise Refusal outside of its pipelines."""
    vendor = vendor_of_the_answers()
    if vendor and vendor.RUN_VARIABLE not in os.environ:
        raise Refusal("Only the pipeline, which asks for an approval, deploys to prod: start it.")
    return vendor


def vendor_of_the_answers() -> ModuleType | None:
    """Return the module of the vendor that the answers name; None without pipelines."""
    answers = Path(".copier-answers.yml").read_text(encoding="utf-8")
    ci = re.search(r"^ci: *([\w-]+)", answers, re.MULTILINE)
    if ci is None or ci[1] == "none":
        return None
    return import_module(f"approval_{ci[1].replace('-', '_')}")


def exported(name: str) -> str:
    """Return an environment variable of the person; raise Refusal where it is missing."""
    if not os.environ.get(name):
        raise Refusal(f"{name} is missing: export it, as for the scripts in build/bootstrap.")
    return os.environ[name]


def ask(url: str, token_variable: str, header: str, header_format: str) -> Any:
    """Return the JSON answer of an address; raise Refusal without a token or an answer.

    Args:
        url: The address.
        token_variable: The environment variable that contains the token.
        header: The HTTP header in which the token is sent.
        header_format: The value of the header, with {} for the token.
    """
    token = os.environ.get(token_variable)
    if not token:
        raise Refusal(
            f"The variable {token_variable} is missing, so nobody knows whether prod is protected: "
            "set it for this run."
        )
    headers = {header: header_format.format(token)}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the vendor's
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the vendor's
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refusal(f"{url} answers {error.code}, so prod stays closed.") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"{url} does not answer ({error}), so prod stays closed.") from None
