"""An engine's load balancers, as the way back and the reverse copy read them.

What talks to them is loaded with the first question. May import the cutover's model.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from core.config.workspace import FILE_NAME
from core.cutover.mode import Mode, Side
from core.display import safe
from core.engine.outcry import Outcry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.fleet import Fleet
    from core.engine.premises import Premises


class Balancers:
    """One fleet, made once."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._fleet: Fleet | None = None

    async def fleet(self) -> Fleet:
        """Return all of them."""
        if self._fleet is None:
            module = await asyncio.to_thread(import_module, "core.cutover.balancers")
            say = Outcry(self._premises.ledger)
            file = self._premises.path / FILE_NAME
            make = partial(module.fleet, self._premises.workspace, say=say, file=file)
            fleet: Fleet = await asyncio.to_thread(make)
            self._fleet = fleet
        return self._fleet

    async def at_blue(self, buckets: Sequence[str]) -> list[str]:
        """Return those that send writes to some buckets to blue; silence is none."""
        if not buckets:
            return []
        reading = await (await self.fleet()).read(buckets)
        return [told.name for told in reading.told if Mode.BLUE in told.modes]

    async def at_green(self, buckets: Sequence[str]) -> str:
        """Say which of them send some buckets to green, "" for none; silence is none.

        buckets: none for every line of a map. A map that another workspace owns says nothing here.
        """
        ours, found = f"{self._premises.workspace.id}.", []
        for told in (await (await self.fleet()).read(buckets)).told:
            seen = told.by_slice or (("everything", told.mode),)
            names = [bucket for bucket, mode in seen if mode and mode.side is Side.GREEN]
            if names and (not told.owner or told.owner.startswith(ours)):
                found.append(f"{told.name} sends {safe(names[0])} to green")
        return "; ".join(found)
