"""The deep questions about the cluster: a canary there and back, and whether pins go in batches.

Source: ipfs.md 8 and 12.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from core.config.schema import IpfsTarget
from core.display import safe
from core.probe.canaries import EVERY_S, REMOVE_S, Canaries
from core.probe.canary_notes import CanaryNotes
from core.probe.probe import Depth, Finding, Probe
from core.target.cluster_answers import PinStatus
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from core.config.schema import Workspace
    from core.probe.canaries import Planted

LIMIT_S: Final = 90.0
PIN_S: Final = 30.0
"""Longest wait for a pin: far above the age of any batch that makes sense."""

_TRIES: Final = 3
_LOG: Final = "Read the logs of that node and its peer, then check again."
_BATCH: Final = (
    "Set consensus.crdt.batching.max_batch_size 500 and max_batch_age 1s in each service.json, and "
    "restart the peers: without batching other peers miss pins."
)


def probes(workspace: Workspace, folder: Path) -> list[Probe]:
    """Return the deep questions; none for a target without a cluster. folder: the workspace's."""
    target = workspace.target
    if not isinstance(target, IpfsTarget):
        return []
    asks: dict[str, Callable[[Canaries], Awaitable[Finding]]] = {
        "canary": there_and_back,
        "batching": batching,
    }
    return [
        Probe(
            check=check,
            component=Component.CLUSTER,
            depth=Depth.CHECK,
            ask=partial(ask, Canaries(target, workspace.id, CanaryNotes(folder))),
            limit_s=LIMIT_S,
            remedy=_LOG,
        )
        for check, ask in asks.items()
    ]


async def there_and_back(canaries: Canaries) -> Finding:
    """Import, pin everywhere, see it pinned, read it from each node offline, remove it, see that.

    Raises NoAnswer if a node is silent, and what the nodes say.
    """
    async with canaries.nodes() as nodes, canaries.planted(nodes) as it:
        if it.allocations != it.peers:
            text = f"pinned on {len(it.allocations & it.peers)} of {len(nodes)} nodes asked for"
            remedy = "Peers without a valid freespace metric are left out: see the rows metrics."
            return Finding(Verdict.FAIL, text, remedy)
        pinned_s, fault = await _until_pinned(it)
        fault = fault or await _read_back(it)
        if fault is not None:
            return fault
        began_s = time.monotonic()
        if not (await canaries.remove(it.out) and await _unpinned(it)):
            text = f"still pinned {REMOVE_S:.0f} s after its removal: {it.out.root}"
            return Finding(Verdict.FAIL, text, f"{_LOG} The next check removes it.")
        it.gone = True
        gone_s = time.monotonic() - began_s
    text = f"pinned on {len(nodes)} nodes in {pinned_s:.1f} s, read back from each, "
    return Finding(Verdict.PASS, f"{text}gone in {gone_s:.1f} s")


async def batching(canaries: Canaries) -> Finding:
    """Look whether a pin is in the shared state at once: then pins go one by one, unbatched.

    A batch that another pin opened may close at any moment, so one look proves nothing.
    """
    async with canaries.nodes() as nodes:
        for _ in range(_TRIES):
            async with canaries.planted(nodes) as it:
                began_s = time.monotonic()
                if await it.out.cluster.allocation(it.out.root) is None:
                    if not await _appears(it):
                        return Finding(Verdict.FAIL, f"no batch in {PIN_S:.0f} s", _BATCH)
                    age_s = time.monotonic() - began_s
                    return Finding(Verdict.PASS, f"on: a pin was in the state after {age_s:.1f} s")
    return Finding(
        Verdict.FAIL, f"off: {_TRIES} of {_TRIES} pins were in the state at once", _BATCH
    )


async def _until_pinned(it: Planted) -> tuple[float, Finding | None]:
    """Wait until each node's peer says pinned. Returns the seconds, and what went wrong."""
    began_s = time.monotonic()
    waiting: list[str] = []
    while time.monotonic() < began_s + PIN_S:
        states = await it.out.cluster.pin_states(it.out.root)
        mine = {node.name: states.get(node.peer) for node in it.nodes}
        for name, state in mine.items():
            if state is not None and state.status is PinStatus.PIN_ERROR:
                text = f"not pinned on {name}: {safe(state.error)[:200]}"
                return 0.0, Finding(Verdict.FAIL, text, _LOG)
        waiting = [n for n, s in mine.items() if s is None or s.status is not PinStatus.PINNED]
        if not waiting:
            it.out.seen = True
            return time.monotonic() - began_s, None
        await asyncio.sleep(EVERY_S)
    text = f"after {PIN_S:.0f} s not pinned on {', '.join(waiting)}"
    return 0.0, Finding(Verdict.FAIL, text, _LOG)


async def _read_back(it: Planted) -> Finding | None:
    """Read the file from each node's own disk, and hash it: Kubo serves a flipped bit as good."""
    for node in it.nodes:
        parts = bytearray()
        async with node.kubo.cat(it.car.path) as body:
            async for part in body:
                parts += part
        if not it.car.holds(bytes(parts)):
            text = f"{node.name} serves other bytes than it was sent"
            return Finding(Verdict.FAIL, text, f"Take {node.name} out: its disk or memory lies.")
    return None


async def _appears(it: Planted) -> bool:
    began_s = time.monotonic()
    while time.monotonic() < began_s + PIN_S:
        if await it.out.cluster.allocation(it.out.root) is not None:
            it.out.seen = True
            return True
        await asyncio.sleep(EVERY_S)
    return False


async def _unpinned(it: Planted) -> bool:
    """Wait until each peer says that it is unpinned."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + REMOVE_S:
        states = await it.out.cluster.pin_states(it.out.root)
        if all(state.status is PinStatus.UNPINNED for state in states.values()):
            return True
        await asyncio.sleep(EVERY_S)
    return False
