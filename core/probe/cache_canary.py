"""One key on each master of the cache: written, read back, removed again."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from redis.crc import key_slot

from core.errors import CapacityExhausted, Denied, NoAnswer, VgwmError
from core.probe.probe import Finding, limit_of_call
from core.probe.to_end import to_end
from core.probe.verdicts import worst
from core.target.cache import CALL_S, open_node
from core.target.cache_facts import SLOTS, Member
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.config.schema import Cache
    from core.target.cache import CacheNode

TTL_MS: Final = 60_000
"""A canary that nobody removed goes by itself."""

PREFIX: Final = "vgwm-canary"
"""Begins no key of the gateway's: those begin with mapping:, bucket:, metadata:, pin_status:."""

_CLEAN_S: Final = 2.0
_SLOTS: Final = "Give the slots to masters: redis-cli --cluster fix HOST:PORT, or vgwm target init."


async def canary(cache: Cache, workspace_id: str) -> Finding:
    """Write, read and remove a key on each master. Raises NoAnswer if nobody knows the masters."""
    masters = await _masters(cache)
    if not masters:
        return Finding(Verdict.FAIL, "no master serves any slot", _SLOTS)
    whole = worst(await asyncio.gather(*(_on(cache, workspace_id, one) for one in masters)))
    if whole.verdict is not Verdict.PASS:
        return whole
    return whole._replace(evidence=f"a key was written, read and removed on {whole.evidence}")


def key_on(master: Member, workspace_id: str) -> str:
    """Return a key whose slot this master serves. master: has at least one slot."""
    keys = (f"{PREFIX}:{workspace_id}:{{{n}}}" for n in range(64 * SLOTS))
    return next(key for key in keys if master.holds(key_slot(key.encode())))


async def _masters(cache: Cache) -> list[Member]:
    """Return the masters with slots, as the first server that answers lists them."""
    if cache.type == "redis":
        return [_single(cache.endpoints[0])]
    silent: VgwmError | None = None
    for endpoint in cache.endpoints:
        try:
            async with open_node(cache, endpoint, call_s=limit_of_call(CALL_S)) as node:
                known = await node.members()
        except VgwmError as error:
            silent = error
            continue
        # how it names itself may be empty, or an address inside of its container
        named = (replace(one, endpoint=endpoint) if one.is_self else one for one in known)
        return [one for one in named if one.is_master and one.slots]
    if silent is None:
        return []
    raise NoAnswer(what=silent.what, where=silent.where, remedy="See the rows node.") from silent


def _single(endpoint: str) -> Member:
    return Member(
        id="",
        endpoint=endpoint,
        bus_port=0,
        is_self=True,
        is_master=True,
        is_failing=False,
        slots=((0, SLOTS - 1),),
    )


async def _on(cache: Cache, workspace_id: str, master: Member) -> Finding:
    key, value = key_on(master, workspace_id), secrets.token_hex(16)
    began_s = time.monotonic()
    try:
        async with open_node(cache, master.endpoint, call_s=limit_of_call(CALL_S)) as node:
            if not await _let_in(node):
                return Finding(
                    Verdict.UNKNOWN, f"{master.endpoint} does not let us in", "See the row node."
                )
            try:
                await node.ask("SET", key, value, "PX", TTL_MS)
                seen = await node.ask("GET", key)
            finally:
                await to_end(_remove(node, key))
    except CapacityExhausted as error:  # an answer, too: no room
        return Finding(Verdict.FAIL, f"{master.endpoint}: {error.what}", error.remedy)
    except NoAnswer as error:
        return Finding(Verdict.UNKNOWN, f"{master.endpoint}: {error.what}", error.remedy)
    except VgwmError as error:  # CLUSTERDOWN, READONLY, NOPERM: it answered, and no
        return Finding(Verdict.FAIL, f"{master.endpoint}: {error.what}", error.remedy)
    if seen != value:
        return Finding(
            Verdict.FAIL,
            f"{master.endpoint}: another value came back than was written",
            "Look who else writes there, and whether it evicts at once: raise maxmemory.",
        )
    took_ms = (time.monotonic() - began_s) * 1000
    return Finding(Verdict.PASS, f"{master.endpoint} in {took_ms:.1f} ms")


async def _let_in(node: CacheNode) -> bool:
    """Say whether the password is right: a wrong one is the row node's, a missing right ours."""
    try:
        await node.ask("PING")
    except Denied:
        return False
    return True


async def _remove(node: CacheNode, key: str) -> None:
    """Remove the key, also after Ctrl-C; where that does not go it goes by its time to live."""
    try:
        async with asyncio.timeout(_CLEAN_S):
            await node.ask("DEL", key)
    except (VgwmError, TimeoutError):
        return
