"""The names of columns: as schema.py writes them, and what their words say about a column.

The words are hints only: the report and the comments of the proposal call them so.
"""

import keyword
import re
from collections.abc import Iterable, Mapping

import pandera.pandas as pa

# Names that mean something else in a class of schema.py.
RESERVED = {*keyword.kwlist, *dir(pa.DataFrameModel)}
RESERVED |= {"bool", "datetime", "float", "int", "pa", "self", "str"}

IDENTIFIER = {"guid", "id", "identifier", "iid", "key", "nr", "rownames", "unnamed", "uuid"}
LAST_WORD = {"index", "no", "num", "number", "ref", "reference", "row"}  # of an identifier

PERSONS = {
    *("account", "applicant", "borrower", "client", "customer", "employee", "household", "member"),
    *("participant", "patient", "person", "policyholder", "student", "subject", "user"),
}
PROTECTED = {
    *("citizenship", "disability", "disabled", "ethnic", "ethnicity", "foreign", "gender"),
    *("marital", "nationality", "pregnant", "race", "religion", "sex"),
}
PERSONAL = {
    *("address", "birth", "birthdate", "birthday", "dob", "email", "firstname", "forename"),
    *("iban", "lastname", "mail", "mobile", "name", "passport", "phone", "postcode", "ssn"),
    *("street", "surname", "telephone", "zip", "zipcode"),
}
BIRTH = {"birth", "birthdate", "birthday", "dob"}

# What is known when a row's event happens, and what only later.
EVENT = {
    *("applied", "application", "arrival", "arrived", "created", "date", "datetime", "day"),
    *("event", "issue", "issued", "month", "open", "opened", "order", "ordered", "origination"),
    *("purchase", "received", "registered", "request", "start", "submitted", "time", "timestamp"),
    *("transaction", "week"),
}
LATER = {
    *("cancelled", "churn", "churned", "closed", "closing", "completed", "decision", "default"),
    *("defaulted", "delivered", "due", "end", "ended", "expiry", "final", "finished", "last"),
    *("modified", "next", "outcome", "paid", "payment", "repaid", "resolved", "result", "returned"),
    *("reviewed", "settled", "updated"),
}


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `custID`, `cust_id` and `Cust. ID` have two."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]


def has_word(name: str, hints: set[str]) -> bool:
    """Return whether one of a name's words is a hint."""
    return not hints.isdisjoint(words(name))


def is_identifier(name: str) -> bool:
    """Return whether a name says that its values identify something."""
    found = words(name)
    if not found:
        return True  # the index, which pandas writes without a name
    return not IDENTIFIER.isdisjoint(found) or found[-1] in LAST_WORD


def python_names(sources: Iterable[str]) -> Mapping[str, str]:
    """Return a valid and unique name in lower case for each column of a table."""
    names: dict[str, str] = {}
    for source in sources:
        name = "_".join(words(source)) or "column"
        if not name[0].isalpha():
            name = f"column_{name}"
        if name in RESERVED:
            name = f"{name}_"
        number = 2
        unique = name
        while unique in names.values():
            unique = f"{name}_{number}"
            number += 1
        names[source] = unique
    return names
