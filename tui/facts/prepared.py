"""What was found and planned before the move: the assessment, and the plan.

The assessment is read each second on its own screen; elsewhere when a job may have changed it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from core.errors import NoPlan, VgwmError
from tui.hands import child
from tui.screen import Name
from tui.views.words import assess_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.control.wire.checks import Checks
    from core.control.wire.plan import Plan
    from core.control.wire.state import Snapshot
    from tui.facts.link import EngineLink

LOOK_S = 10.0
"""How old an assessment may be where it is not the screen's own business."""
_SCREENS = frozenset({Name.HOME, Name.ASSESS, Name.PLAN})


class _Mark(NamedTuple):
    """What an assessment can have changed with."""

    job: int
    state: str
    done: int


class Prepared:
    """Keeps what was last read of both."""

    def __init__(self, link: EngineLink, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._clock = clock
        self._mark: _Mark | None = None
        self._read_s = 0.0
        self._hash: str | None = None
        self.checks: Checks | None = None
        self.plan: Plan | None = None

    async def follow(self, screen: Name, snapshot: Snapshot) -> None:
        """Read what the screen shows, if it can have changed. Raises a VgwmError."""
        if screen not in _SCREENS:
            return
        if screen is Name.PLAN:
            await self._read_plan(snapshot)
        job = assess_job(snapshot)
        mark = _Mark(0, "", 0) if job is None else _Mark(job.id, job.state, job.done)
        old = self._clock() - self._read_s > LOOK_S
        if screen is Name.ASSESS or self.checks is None or old or mark != self._mark:
            self._mark = mark
            await self._read_checks(screen)

    async def read_ledger(self, workspace: Path) -> None:
        """Read both from the ledger while no engine has answered; what is not there stays away."""
        checks, plan = await asyncio.gather(
            child.ledger_checks(workspace), child.ledger_plan(workspace), return_exceptions=True
        )
        for found in (checks, plan):
            if isinstance(found, BaseException) and not isinstance(found, VgwmError):
                raise found
        if self.checks is None and not isinstance(checks, BaseException):
            self.checks = checks
        if self.plan is None and not isinstance(plan, BaseException):
            self.plan = plan

    async def _read_checks(self, screen: Name) -> None:
        self._read_s = self._clock()
        try:
            self.checks = await self._link.client.checks()
        except VgwmError:
            if screen is Name.ASSESS:
                raise

    async def _read_plan(self, snapshot: Snapshot) -> None:
        """Read the plan once: it is another one only if its hash is."""
        known = snapshot.workspace.plan_hash if snapshot.workspace.planned else ""
        if known == self._hash:
            return
        try:
            self.plan = await self._link.client.plan() if snapshot.workspace.planned else None
        except NoPlan:
            self.plan = None
        self._hash = known
