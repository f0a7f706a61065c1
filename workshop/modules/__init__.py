"""The modules of the workshop, in their order."""

from ..exercise import Module
from . import environments, gate, own_data, repository, staleness

MODULES: tuple[Module, ...] = (
    repository.MODULE,
    own_data.MODULE,
    gate.MODULE,
    environments.MODULE,
    staleness.MODULE,
)
