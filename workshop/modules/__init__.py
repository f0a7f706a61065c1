"""The modules of the workshop, in their order."""

from ..exercise import Module
from . import repository

MODULES: tuple[Module, ...] = (repository.MODULE,)
