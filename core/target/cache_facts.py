"""What a Redis server says of itself: its texts read into facts. Pure.

Source: the `INFO`, `CLUSTER INFO` and `CLUSTER NODES` commands of Redis 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.display import safe
from core.errors import BadInput

SLOTS: Final = 16384
"""Hash slots of a Redis Cluster; each has to have a master."""

_VERSION: Final = re.compile(r"\d+(?:\.\d+)*")
_NODE_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """A server. limit_bytes: `maxmemory`, 0 for none. evicted, hits, misses: since its start."""

    version: str
    is_cluster: bool
    used_bytes: int
    limit_bytes: int
    policy: str
    evicted: int
    hits: int
    misses: int

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """A cluster as one of its members sees it.

    masters: those that hold slots. epoch: of the member's own configuration, 0 for a fresh one.
    """

    state: str
    slots_assigned: int
    slots_ok: int
    nodes: int
    masters: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A node of a cluster as another one lists it. slots: each range with its end included.

    endpoint: `HOST:PORT` as announced to clients; an empty host before the node met another.
    bus_port: where the nodes talk to each other.
    """

    id: str
    endpoint: str
    bus_port: int
    is_self: bool
    is_master: bool
    is_failing: bool
    slots: tuple[tuple[int, int], ...]

    @property
    def slot_count(self) -> int:
        """How many slots it serves."""
        return sum(last - first + 1 for first, last in self.slots)

    def holds(self, slot: int) -> bool:
        """Say whether this slot is its own."""
        return any(first <= slot <= last for first, last in self.slots)


class _Fields:
    """Lines of `name:value`; a missing one means that this is no Redis that we know."""

    def __init__(self, text: str, where: str) -> None:
        lines = (line.partition(":") for line in text.splitlines())
        self._values = {name: value.strip() for name, colon, value in lines if colon}
        self._where = where

    def text(self, name: str) -> str:
        if name not in self._values:
            raise _no_redis(f"its answer lacks {name}", self._where)
        return self._values[name]

    def number(self, name: str) -> int:
        value = self.text(name)
        if not value.isdecimal():
            raise _no_redis(f"{name} is {safe(value)}, no number", self._where)
        return int(value)


def node_facts(info: str, where: str) -> NodeFacts:
    """Return the facts of an `INFO`. where: whom it was asked of. Raises BadInput."""
    fields = _Fields(info, where)
    version = _VERSION.match(fields.text("redis_version"))
    if version is None:
        raise _no_redis("its version is no number", where)
    return NodeFacts(
        version=version[0],
        is_cluster=fields.text("cluster_enabled") == "1",
        used_bytes=fields.number("used_memory"),
        limit_bytes=fields.number("maxmemory"),
        policy=safe(fields.text("maxmemory_policy")),
        evicted=fields.number("evicted_keys"),
        hits=fields.number("keyspace_hits"),
        misses=fields.number("keyspace_misses"),
    )


def cluster_facts(text: str, where: str) -> ClusterFacts:
    """Return the facts of a `CLUSTER INFO`. Raises BadInput."""
    fields = _Fields(text, where)
    return ClusterFacts(
        state=safe(fields.text("cluster_state")),
        slots_assigned=fields.number("cluster_slots_assigned"),
        slots_ok=fields.number("cluster_slots_ok"),
        nodes=fields.number("cluster_known_nodes"),
        masters=fields.number("cluster_size"),
        epoch=fields.number("cluster_my_epoch"),
    )


def members(text: str, where: str) -> tuple[Member, ...]:
    """Return the nodes of a `CLUSTER NODES`, in its order. Raises BadInput.

    One that is just being met is left out: until it answers it has a made-up id.
    """
    rows = (line.split() for line in text.splitlines() if line.strip())
    return tuple(_member(words, where) for words in rows if "handshake" not in _flags(words))


def _flags(words: list[str]) -> list[str]:
    return words[2].split(",") if len(words) > 2 else []  # noqa: PLR2004 - the third column


def _member(words: list[str], where: str) -> Member:
    if len(words) < _NODE_COLUMNS:
        raise _no_redis("its list of nodes has another form", where)
    flags = _flags(words)
    # HOST:PORT@BUS_PORT, since version 7 with a name behind a comma
    endpoint, _, bus = words[1].partition(",")[0].partition("@")
    # `[slot-<-id]` is a slot on its way: it still counts where it stands as a plain number
    ranges = (word.partition("-") for word in words[_NODE_COLUMNS:] if not word.startswith("["))
    try:
        slots = tuple((int(first), int(last or first)) for first, _, last in ranges)
    except ValueError as error:
        raise _no_redis("its list of slots has another form", where) from error
    return Member(
        id=safe(words[0]),
        endpoint=safe(endpoint),
        bus_port=int(bus) if bus.isdecimal() else 0,
        is_self="myself" in flags,
        is_master="master" in flags,
        is_failing=bool({"fail", "fail?", "noaddr"} & set(flags)),
        slots=slots,
    )


def _no_redis(what: str, where: str) -> BadInput:
    return BadInput(
        what=f"this is no Redis server that we know: {what}",
        where=where,
        remedy="Name Redis servers of version 7 or newer in target.cache.endpoints.",
    )
