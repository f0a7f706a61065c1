"""Where a command may decide something: beyond dev, not everywhere."""

from ..base.project import Project
from .lineage import refuse_unreviewed
from .tracking import refuse_local_store


def refuse_unfit(project: Project, command: str) -> None:
    """Raise an error if a command must not decide here.

    Beyond dev, it needs code and configuration that a commit has. In prod, unless the risk is low,
    it also needs a store that is not a file of this machine.
    """
    refuse_unreviewed(project, command)
    refuse_local_store(project, command)
