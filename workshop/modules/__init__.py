"""The modules of the workshop, in their order."""

from ..exercise import Module
from . import environments, gate, own_data, repository, updates

MODULES: tuple[Module, ...] = (
    repository.MODULE,
    own_data.MODULE,
    gate.MODULE,
    environments.MODULE,
    updates.MODULE,
)
