"""`GET /v1/cluster`: the target's peers and parts, asked while somebody looks.

What asks them is loaded by the first look: 25 MB that an engine does not need to begin.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import IpfsTarget
from core.control.wire import cluster as wire_cluster
from core.probe.probe import Depth, ask_one
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.probe.peer_rows import PeerRow
    from core.probe.peer_watch import PeerWatch
    from core.probe.probe import Probe
    from core.verdict import Answer

IDLE_S: Final = 10.0
"""So long after the last look the parts are asked no more, as the peers."""

PATIENCE_S: Final = 1.4
"""A client waits 2 s for its answer."""

_LOADED: Final = ("core.probe.peer_watch", "core.probe.registry")

PARTS_S: Final = 5.0
"""How often the table, the cache, gateways and load balancers are asked: by new connections."""

_NAMES: Final = {
    Component.METADATA: "table",
    Component.CACHE: "cache",
    Component.GATEWAY: "gateway",
    Component.LB: "lb",
}
_STATES: Final = {
    Verdict.PASS: "ok",
    Verdict.WARN: "slow",
    Verdict.FAIL: "failing",
    Verdict.UNKNOWN: "unknown",
}
_WORST: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)


class _Asked(NamedTuple):
    """Who is asked. peers: None where the target has none."""

    peers: PeerWatch | None
    parts: list[Probe]


class ClusterDesk:
    """Answers with what was heard last; the first look of a while waits for first answers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._asked: _Asked | None = None
        self._told: dict[tuple[str, str, str], Answer] = {}
        self._task: asyncio.Task[None] | None = None
        self._looked_s = 0.0

    async def cluster(self) -> wire_cluster.Cluster:
        """Return the peers as they were last heard, within 2 s."""
        began_s = self._looked_s = time.monotonic()
        if self._asked is None:
            for name in _LOADED:
                await asyncio.to_thread(import_module, name)
        if self._asked is None:  # nobody else came meanwhile
            self._asked = _asked(self._workspace)
        peers, parts = self._asked
        if parts and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._ask_parts(parts), name="parts of the target")
        left_s = max(0.0, PATIENCE_S - (time.monotonic() - began_s))
        rows = await peers.look(patience_s=left_s) if peers is not None else []
        return wire_cluster.Cluster(
            at_ns=time.time_ns(),
            peers=tuple(map(_peer, rows)),
            parts=tuple(_parts(list(self._told.values()))),
            why="" if peers is not None else "the target is a folder: it has no peers",
        )

    async def close(self) -> None:
        """End the asking."""
        if self._asked is not None and self._asked.peers is not None:
            await self._asked.peers.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _ask_parts(self, parts: list[Probe]) -> None:
        while time.monotonic() - self._looked_s <= IDLE_S:
            await asyncio.gather(*map(self._ask_part, parts))
            await asyncio.sleep(PARTS_S)

    async def _ask_part(self, probe: Probe) -> None:
        answer = await ask_one(probe)
        self._told[probe.component, probe.endpoint, probe.check] = answer


def _asked(workspace: Workspace) -> _Asked:
    from core.probe.peer_watch import PeerWatch  # noqa: PLC0415 - loaded by the first look
    from core.probe.registry import probes  # noqa: PLC0415 - as above

    target = workspace.target
    return _Asked(
        PeerWatch(target) if isinstance(target, IpfsTarget) else None,
        [one for one in probes(workspace, Depth.HEALTH) if one.component in _NAMES],
    )


def _peer(row: PeerRow) -> wire_cluster.Peer:
    return wire_cluster.Peer(
        name=row.name,
        state=row.state,
        reason=row.reason,
        queue=row.queue,
        errors=row.errors,
        free_bytes=row.free_bytes,
        ping_s=row.ping_s,
        kubo=row.kubo,
        kubo_reason=row.kubo_reason,
        repo_bytes=row.repo_bytes,
        repo_most_bytes=row.repo_most_bytes,
        version=row.version,
        age_s=row.age_s,
    )


def _parts(told: list[Answer]) -> list[wire_cluster.Part]:
    """Return a line a part: the worst of what was asked about it."""
    by_part: dict[str, list[Answer]] = {}
    for one in told:
        kind = _NAMES[one.component]
        own = one.component in {Component.GATEWAY, Component.LB} and one.endpoint
        by_part.setdefault(f"{kind} {one.endpoint}" if own else kind, []).append(one)
    parts = []
    for name, answers in by_part.items():
        worst = min(answers, key=lambda one: _WORST.index(one.verdict))
        parts.append(
            wire_cluster.Part(
                name=name,
                state=_STATES[worst.verdict],
                reason="" if worst.verdict is Verdict.PASS else worst.evidence,
                age_s=max(0.0, (time.time_ns() - worst.at_ns) / 1e9),
            )
        )
    return parts
