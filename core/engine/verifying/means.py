"""What a verification works with.

May import the configuration, the ledger and the engine's crew.
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
    """path: of the workspace. knobs: those in force. epoch: of the engine.

    require_source: raises where the source is another one than the plan's. again_s: how long a
    difference has before it is looked at again.
    """

    ledger: Ledger
    workspace: Workspace
    path: Path
    knobs: Callable[[], Knobs]
    forks: ForkServer
    epoch: int
    require_source: Callable[[], None]
    again_s: float
