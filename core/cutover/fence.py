"""The gateways' own part of a fence (F2): all of a side's are fenced, or all are open.

F1 is the load balancers' (`core.cutover.fleet`), the proof `core.cutover.fence_proof`, F3
`core.cutover.quiet`. Rules: docs/fence.md.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core.cutover.door import Door
from core.cutover.gate import Gate
from core.cutover.gateway import Hold
from core.cutover.mode import Side
from core.cutover.reading import Trouble
from core.display import safe
from core.errors import VgwmError
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.fleet import Fleet
    from core.cutover.gateway import Gateway

GATE_LIMIT_S: Final = 3600.0


async def hold(gateways: Sequence[Gateway], buckets: Sequence[str], run: str) -> list[Trouble]:
    """Fence each gateway that has commands, all at once, and read its state back.

    Return who is not seen to be fenced, and why; empty: F2 stands. Repeatable. What a command left
    half done is its `open`'s to undo: nothing is opened here.
    """
    able = [gateway for gateway in gateways if gateway.can_fence]
    return await _each(able, buckets, run, Hold.FENCED)


async def release(gateways: Sequence[Gateway], buckets: Sequence[str], run: str) -> list[Trouble]:
    """Open each gateway that has commands, all at once, and read its state back.

    Return who is not seen to be open, and why. Repeatable. Clients are let to them afterwards only:
    with `fence_proof.look_fenced` open at each door, then the load balancers' mode.
    """
    able = [gateway for gateway in gateways if gateway.can_fence]
    return await _each(able, buckets, run, Hold.OPEN)


async def unheld(gateways: Sequence[Gateway], buckets: Sequence[str]) -> list[Trouble]:
    """Return which gateways that have commands do not say that they are fenced."""
    able = [gateway for gateway in gateways if gateway.can_fence]
    states = await asyncio.gather(*(gateway.state(buckets) for gateway in able))
    return [
        Trouble(gateway.name, f"its state is {state}, not {Hold.FENCED}")
        for gateway, state in zip(able, states, strict=True)
        if state is not Hold.FENCED
    ]


async def shut(gateways: Sequence[Gateway], buckets: Sequence[str]) -> list[Trouble]:
    """Return which gateways that have commands do not say that they are open; nothing is changed.

    A way back leaves green's fenced: switched to, it would take no write.
    """
    able = [gateway for gateway in gateways if gateway.can_fence]
    states = await asyncio.gather(*(gateway.state(buckets) for gateway in able))
    return [
        Trouble(gateway.name, f"its state is {state}: run its `open` command of vgwm.yaml")
        for gateway, state in zip(able, states, strict=True)
        if state is not Hold.OPEN
    ]


async def _each(
    gateways: Sequence[Gateway], buckets: Sequence[str], run: str, wanted: Hold
) -> list[Trouble]:
    told = await asyncio.gather(*(_bring(one, buckets, run, wanted) for one in gateways))
    return [Trouble(gateway.name, why) for gateway, why in zip(gateways, told, strict=True) if why]


async def _bring(gateway: Gateway, buckets: Sequence[str], run: str, wanted: Hold) -> str:
    """Return why a gateway is not what it should be, "" if it is.

    Its state decides: a command past its limit may have done its work.
    """
    act = gateway.fence if wanted is Hold.FENCED else gateway.open
    why = ""
    try:
        await act(buckets, run)
    except VgwmError as error:
        why = error.what
    seen = await gateway.state(buckets)
    if seen is wanted:
        return ""
    return why or f"its state is {seen}, not {wanted}"


async def fence_gate(gateways: Sequence[Gateway], fleet: Fleet, buckets: Sequence[str]) -> Gate:
    """Tell what would fence a side: load balancers, gateways, or nobody; its commands are asked.

    gateways: of the side, which is open now. buckets: of the slice, empty for all.
    """
    at_ns = time.time_ns()
    able = [gateway for gateway in gateways if gateway.can_fence]
    states = await asyncio.gather(*(gateway.state(buckets) for gateway in able))
    other = [
        f"{gateway.name} says {state}, not {Hold.OPEN}"
        for gateway, state in zip(able, states, strict=True)
        if state is not Hold.OPEN
    ]
    bare = [gateway.name for gateway in gateways if not gateway.can_fence]
    verdict, evidence, remedy = Verdict.PASS, "load balancers and each gateway", ""
    if other:
        verdict, evidence = Verdict.FAIL, "; ".join(other)
        remedy = "Run its `state` command by hand; open what an earlier run left fenced."
    elif not gateways or bare:
        verdict, evidence = Verdict.WARN, f"load balancers alone fence {', '.join(bare) or 'it'}"
        remedy = "Name `fence`, `open` and `state` of each gateway, or see that none is reached."
        if mute := await _uncounted(fleet):
            evidence = (
                f"{evidence}; {', '.join(mute)} does not say when writes under way have ended"
            )
        if not fleet.can_fence:
            verdict = Verdict.FAIL
            evidence = "neither load balancers nor gateways can refuse writes"
            remedy = "Name `fence`, `open` and `state` of each gateway: docs/fence.md."
    elif not fleet.can_fence:
        evidence = "each gateway; the load balancers cannot refuse writes"
    return Gate(
        name="fence",
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=GATE_LIMIT_S,
        remedy=remedy,
    )


async def _uncounted(fleet: Fleet) -> list[str]:
    """Return which load balancers count no requests: nobody tells when the last write ended."""
    found = []
    for one in fleet.balancers:
        with suppress(VgwmError):  # one that does not answer has a gate of its own
            if await one.busy(Side.BLUE) is None:
                found.append(safe(one.name))
    return found


def doors_of(fleet: Fleet, gateways: Sequence[Gateway]) -> list[Door]:
    """Return where a fence has to hold: every listener, and every gateway that has commands.

    gateways: of the side that is fenced. One without commands accepts writes: F1 alone stops them.
    """
    found = [
        Door(name=f"{safe(balancer.name)} {safe(url)}", url=url)
        for balancer in fleet.balancers
        for url in balancer.listeners
    ]
    return found + [door_of(gateway) for gateway in gateways if gateway.can_fence]


def door_of(gateway: Gateway) -> Door:
    """Return a gateway's own door."""
    return Door(name=f"{gateway.name} {safe(gateway.url)}", url=gateway.url, side=gateway.side)
