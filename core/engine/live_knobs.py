"""The knobs as they are now: changed in the ledger first, by whom and from what to what (I5).

May import config and the ledger.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.knobs import Knobs
    from core.ledger.ledger import Ledger
    from core.ledger.rows import RequestMark

TUNER: Final = "autotune"
"""Who sets the number of workers while `autotune` is on."""


class LiveKnobs:
    """The values in force. now: what vgwm.yaml says, under what the ledger says."""

    def __init__(self, ledger: Ledger, knobs: Knobs) -> None:
        self.now = knobs
        self._ledger = ledger
        self._one = asyncio.Lock()

    async def load(self) -> None:
        """Take what somebody set in this ledger."""
        for knob in await self._ledger.knobs():
            self.now = self.now.with_value(knob.name, knob.value)

    async def set(
        self,
        values: Mapping[str, str],
        actor: str,
        *,
        request: RequestMark | None = None,
        why: str = "",
    ) -> None:
        """Set knobs, all or none. Raises BadInput. A hand on `workers` switches autotune off."""
        async with self._one:
            asked = dict(values)
            by_hand = "workers" in asked and "autotune" not in asked and actor != TUNER
            if by_hand and self.now.autotune == "on":
                asked["autotune"] = "off"
                why = why or "workers were set by hand"
            knobs = self.now.with_values(asked)
            told = ", ".join(f"{n} {self.now.text(n)} -> {knobs.text(n)}" for n in asked)
            text = f"set {told}: {why}" if why else f"set {told}"
            await self._ledger.set_knobs(
                {name: knobs.text(name) for name in asked},
                actor,
                EventDraft(kind="knobs", text=text, actor=actor, request=request),
            )
            self.now = knobs
