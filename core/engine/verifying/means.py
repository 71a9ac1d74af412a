"""What a verification works with.

May import the configuration, the ledger and the target's profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.crew.fork_server import ForkServer
    from core.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyMeans:
    """path: of the workspace. knobs: those in force. epoch: of the engine."""

    ledger: Ledger
    workspace: Workspace
    path: Path
    knobs: Callable[[], Knobs]
    forks: ForkServer
    epoch: int
