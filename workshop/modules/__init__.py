"""The modules of the workshop, in their order."""

from ..exercise import Module
from . import environments, gate, own_data, platform_team, repository, staleness, updates

MODULES: tuple[Module, ...] = (
    repository.MODULE,
    own_data.MODULE,
    gate.MODULE,
    environments.MODULE,
    staleness.MODULE,
    updates.MODULE,
    platform_team.MODULE,
)
