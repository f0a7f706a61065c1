"""Model cards after the champion has changed."""

import contextlib

from ..base.errors import MlopsError
from ..pages import model_card
from ..records.store import Store


def write_cards(store: Store, *numbers: int | None) -> None:
    """Write the model cards of some versions again; a version whose files are gone keeps its own.

    The change itself is done by then, so it must not fail here.
    """
    for number in dict.fromkeys(numbers):
        if number is not None:
            with contextlib.suppress(MlopsError):
                model_card.write(store, store.registry.fetch(number))
