"""What an assessment works with.

May import the configuration and the ledger.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessMeans:
    """path: of the workspace. knobs: those in force. now: this host's clock, UTC seconds."""

    ledger: Ledger
    workspace: Workspace
    path: Path
    knobs: Callable[[], Knobs]
    now: Callable[[], float] = time.time
