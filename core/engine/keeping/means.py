"""What jobs on the whole object table work with. May import the ledger and the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import Workspace
    from core.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepMeans:
    """folder: of the workspace."""

    ledger: Ledger
    workspace: Workspace
    folder: Path
