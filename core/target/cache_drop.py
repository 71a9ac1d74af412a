"""Cache keys of objects that were written or removed, dropped: the gateway reads the table again.

A cache is no source of truth: a silent one is waited for some seconds, then said, and never fails a
row. Keys that stay expire by their time to live; `vgwm metadata check` finds them before.
Source: guide.md 5 (the names of the keys).
"""

from __future__ import annotations

import asyncio
import binascii
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import NoAnswer, NodeUnreachable, VgwmError
from core.target.cache import CacheNode
from core.target.cache_facts import SLOTS
from core.target.cache_wire import CacheWire, Moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.config.schema import Cache
    from core.config.secret import Secret

PATIENCE_S: Final = 10.0
"""How long one drop waits for a silent server."""

REST_S: Final = 30.0
"""How long after that none is tried, and its keys are left; then one try that does not wait."""

_LOOK_AGAIN_S: Final = 0.5


class Named(NamedTuple):
    """An object whose keys are to go. cid_text: of what it was, or is; "" for none."""

    bucket: str
    key: str
    cid_text: str


class Dropped(NamedTuple):
    """What a drop came to. fault: why keys are left; "" where none are, or where it was said."""

    keys: int
    left: int
    fault: str = ""


def keys_of(objects: Iterable[Named]) -> list[bytes]:
    """Return the cache's keys of some objects, each once. A bucket with a colon has none."""
    keys: dict[str, None] = {}
    for bucket, key, cid_text in objects:
        if ":" not in bucket:
            keys[f"mapping:{bucket}:{key}"] = None
        if cid_text:
            keys[f"metadata:{cid_text}"] = None
            keys[f"pin_status:{cid_text}"] = None
    return [key.encode() for key in keys]


def bucket_keys(names: Iterable[str]) -> list[bytes]:
    """Return the cache's keys of some buckets' own rows."""
    return [f"bucket:{name}".encode() for name in names if ":" not in name]


class CacheDrop:
    """Drops keys in the cache of a `vgwm.yaml`, one server or a cluster. Secrets stay here (I9)."""

    def __init__(
        self,
        cache: Cache,
        *,
        patience_s: float = PATIENCE_S,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints = cache.endpoints
        self._cluster = cache.type == "redis_cluster"
        self._password_of = cache.password_ref
        self._patience_s = patience_s
        self._rest_s = rest_s
        self._clock = clock
        self._password: Secret | None = None
        self._wires: dict[str, CacheWire] = {}
        self._slots: list[str] = []
        self._rests_until_s = float("-inf")
        self._ill = False
        self._turn = asyncio.Lock()
        self.left = 0
        """Keys that could not be dropped, since this was made."""

    async def drop(self, keys: Sequence[bytes]) -> Dropped:
        """Remove keys; what hinders it is in the answer, and never raised.

        Repeats safely: a key that is not there is no error.
        """
        if not keys:
            return Dropped(0, 0)
        async with self._turn:
            if self._clock() < self._rests_until_s:
                return self._kept(keys, "")
            limit_s = self._clock() + (0.0 if self._ill else self._patience_s)
            while True:
                mends = True
                try:
                    done = await self._drop(keys)
                except Moved:
                    said = "the cluster's slots are moving"
                except VgwmError as fault:
                    said, mends = fault.what, isinstance(fault, NoAnswer)
                else:
                    self._ill = False
                    return Dropped(done, 0)
                self._slots = []
                if not mends or self._clock() >= limit_s:
                    self._ill = True
                    self._rests_until_s = self._clock() + self._rest_s
                    return self._kept(keys, said)
                await asyncio.sleep(_LOOK_AGAIN_S)

    def _kept(self, keys: Sequence[bytes], said: str) -> Dropped:
        self.left += len(keys)
        return Dropped(0, len(keys), said)

    async def close(self) -> None:
        """Let all connections go."""
        for wire in self._wires.values():
            await wire.close()
        self._wires.clear()

    async def _drop(self, keys: Sequence[bytes]) -> int:
        if self._password is None and self._password_of is not None:
            self._password = await asyncio.to_thread(self._password_of.resolve)
        if not self._cluster:
            return await self._wire(self._endpoints[0]).delete(keys)
        if not self._slots:
            self._slots = await self._learn()
        shares: dict[str, list[bytes]] = defaultdict(list)
        for key in keys:
            shares[self._slots[slot_of(key)]].append(key)
        return sum([await self._wire(at).delete(some) for at, some in shares.items()])

    def _wire(self, endpoint: str) -> CacheWire:
        if endpoint not in self._wires:
            self._wires[endpoint] = CacheWire(endpoint, self._password)
        return self._wires[endpoint]

    async def _learn(self) -> list[str]:
        """Ask the named servers, one after the other, who serves which slot."""
        fault: VgwmError | None = None
        for endpoint in self._endpoints:
            try:
                async with CacheNode(endpoint, self._password) as node:
                    members = await node.members()
            except NoAnswer as error:
                fault = error
                continue
            slots = [""] * SLOTS
            for member in members:
                for first, last in member.slots:
                    # before it met another, a server does not know its own name
                    at = member.endpoint if member.endpoint.rpartition(":")[0] else endpoint
                    slots[first : last + 1] = [at] * (last + 1 - first)
            if all(slots):
                return slots
            fault = NodeUnreachable(
                what=f"{slots.count('')} slots of the cluster have no master",
                where=f"cache {endpoint}",
                remedy="Mend it: redis-cli --cluster fix HOST:PORT.",
                node=endpoint,
            )
        assert fault is not None  # noqa: S101 - a cache has an endpoint
        raise fault


def slot_of(key: bytes) -> int:
    """Return the slot of a key: by what stands between the first { and the next }, if anything."""
    opened = key.find(b"{")
    if opened >= 0:
        closed = key.find(b"}", opened + 1)
        if closed > opened + 1:
            key = key[opened + 1 : closed]
    return binascii.crc_hqx(key, 0) % SLOTS
