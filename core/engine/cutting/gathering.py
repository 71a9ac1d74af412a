"""All gates of READY: the ledger's as they are, the world's as they were measured last.

May import the cutover's room and the ledger.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.engine.cutting.rehearsals import rehearsed
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.engine.cutting.ledger_gates import LedgerGates
    from core.engine.cutting.world import World

WORLD: Final = ("fence", "canary", "cases", "shadow", "uploads", "reverse", "backups")
"""Gates that the world answers, beside one a load balancer: shown as unknown until it was asked."""


class Gathering:
    """Gathers gates. world: made with the first question to it; seed: of the shadow reads."""

    def __init__(self, ledger_gates: LedgerGates, world: Callable[[], World], seed: int) -> None:
        self._ledger_gates = ledger_gates
        self._world = world
        self._seed = seed
        self._measured: dict[tuple[str, ...], list[Gate]] = {}
        self._asking = asyncio.Lock()

    async def acked(self) -> list[str]:
        """Return the names of gates that somebody acknowledged."""
        return list(await self._ledger_gates.acks())

    async def gates(
        self, buckets: Sequence[str], *, measure: bool = False, anew: bool = False
    ) -> list[Gate]:
        """Return every gate of a slice. measure: ask the world where what is known is too old.

        anew: ask it whatever is known. Raises what hinders asking at all, such as absent keys.
        """
        key = tuple(buckets)
        if anew or measure:
            async with self._asking:
                await self._measure(key, known=() if anew else self._measured.get(key, ()))
        return (await self.known([key]))[0]

    async def known(self, slices: Sequence[Sequence[str]]) -> list[list[Gate]]:
        """Return the gates of several slices as they were measured last; the ledger is read once.

        slices: the buckets of each, none for everything.
        """
        acks, shared = await self._ledger_gates.acks(), await self._ledger_gates.gates()
        tried = await self._ledger_gates.rehearsals()
        return [
            [
                replace(one, acked=one.acked or acks.get(one.name, ""))
                for one in (*shared, rehearsed(tried, buckets), *self._asked_of(tuple(buckets)))
            ]
            for buckets in slices
        ]

    def _asked_of(self, key: tuple[str, ...]) -> Sequence[Gate]:
        return self._measured.get(key) or [_unasked(name) for name in WORLD]

    async def _measure(self, key: tuple[str, ...], known: Sequence[Gate]) -> None:
        """Ask the world for what is too old to count; all of it where nothing is known."""
        now_ns = time.time_ns()
        due = [gate.name for gate in known if gate.is_stale(now_ns)]
        if known and not due:
            return
        now = {gate.name: gate for gate in await self._world().gates(key, self._seed, due)}
        kept = [now.pop(gate.name, gate) for gate in known]
        self._measured[key] = [*kept, *now.values()]


def _unasked(name: str) -> Gate:
    return Gate(
        name=name,
        verdict=Verdict.UNKNOWN,
        evidence="not asked yet",
        at_ns=0,
        limit_s=0,
        remedy="Ask, while an engine runs (vgwm engine start): vgwm cutover plan.",
    )
