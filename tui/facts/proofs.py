"""What was proved: the newest verifications and checks, as the engine tells of them.

On the Verify screen one that runs is read each second; else they are read when a job may have
changed them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.errors import VgwmError
from tui.facts.proven import shown
from tui.screen import Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.control.wire.state import Snapshot
    from core.control.wire.verify import Proof
    from tui.facts.link import EngineLink
    from tui.facts.proven import Proven

LOOK_S = 10.0
"""How old they may be where no job says that they changed."""
MOST = 20
_SCREENS = frozenset({Name.HOME, Name.VERIFY})


class Proofs:
    """Keeps what was last read. proofs: the newest first; None until they were read."""

    def __init__(self, link: EngineLink, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._clock = clock
        self._read_s = 0.0
        self._mark: tuple[tuple[int, str], ...] | None = None
        self.proofs: tuple[Proof, ...] | None = None

    async def follow(self, screen: Name, wanted: Proven, snapshot: Snapshot) -> None:
        """Read what the screen shows, if it can have changed. Raises a VgwmError on Verify."""
        if screen not in _SCREENS:
            return
        mark = tuple((job.id, job.state) for job in snapshot.jobs)
        old = self._clock() - self._read_s > LOOK_S
        try:
            if self.proofs is None or old or mark != self._mark:
                self._read_s, self._mark = self._clock(), mark
                self.proofs = tuple((await self._link.client.proofs(MOST)).proofs)
            else:
                await self._read_one(shown(self.proofs, wanted))
        except VgwmError:
            if screen is Name.VERIFY:
                raise

    async def _read_one(self, proof: Proof | None) -> None:
        """Read the proof that is shown again, while it has not ended."""
        if proof is None or proof.ended_ns is not None or self.proofs is None:
            return
        fresh = await self._link.client.proof(proof.job)
        self.proofs = tuple(fresh if one.job == fresh.job else one for one in self.proofs)
