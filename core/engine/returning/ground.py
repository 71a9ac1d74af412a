"""What one way back works with. May import the cutover's room and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.fleet import Fleet
    from core.cutover.rollback_plan import BackFacts
    from core.engine.returning.diary import Diary
    from core.engine.returning.sides import Sides
    from core.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """facts: as they were confirmed. folder: of the workspace.

    buckets: as load balancers know them, none for everything; names: of all buckets of the slice;
    bucket_ids: theirs in the ledger.
    """

    workspace: Workspace
    folder: Path
    ledger: Ledger
    fleet: Fleet
    sides: Sides
    facts: BackFacts
    diary: Diary
    buckets: tuple[str, ...]
    names: tuple[str, ...]
    bucket_ids: tuple[int, ...]
