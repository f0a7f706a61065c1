"""What the store lets this identity do, found out without changing anything."""

from ..base.errors import MlopsError
from ..records.store import Store
from ..records.tracking import sqlite_file

PROBE = "mlops_probe"  # an alias that nothing reads
NO_VERSION = str(2**31 - 1)
DENIED = "PERMISSION_DENIED"
# What a store answers that would have allowed it.
ABSENT = ("NOT_FOUND", "INVALID_PARAMETER_VALUE", "BAD_REQUEST")  # and all with DOES_NOT_EXIST


def describe_rights(store: Store) -> str:
    """Return whether this identity may move the champion.

    Run as the identity that trains, it must not. Raises MlopsError if the store does not say.
    """
    if sqlite_file(store.project) is not None:
        return (
            "a local store has no rights: whoever can write its files can move the alias champion"
        )
    if may_move_aliases(store):
        return "the store lets this identity move the alias champion"
    return "the store does not let this identity move the alias champion"


def may_move_aliases(store: Store) -> bool:
    """Return whether the store would let this identity move an alias.

    It is asked to point an alias which nothing reads to a version that does not exist: a store
    checks the rights first, and can do nothing in either case.
    """
    from mlflow.exceptions import MlflowException

    registry = store.registry
    try:
        registry.client.set_registered_model_alias(registry.name, PROBE, NO_VERSION)
    except MlflowException as error:
        if error.error_code == DENIED:
            return False
        code = str(error.error_code)
        if code not in ABSENT and "DOES_NOT_EXIST" not in code:
            raise MlopsError(
                "the store does not say whether this identity may move the alias champion "
                f"({code}); run doctor again, or ask the administrator of the store."
            ) from None
    else:
        registry.client.delete_registered_model_alias(registry.name, PROBE)
    return True
