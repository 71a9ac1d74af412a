"""What cluster peers and their Kubo told last, as one row a peer. Pure.

Source: ipfs.md 11: a peer whose ping is not heard, whose Kubo is dead, or whose room is full takes
no pins.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.probe.peers import QUEUE_MAX
from core.target.cluster_answers import PinStatus, ping_kubo_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.target.cluster_answers import Member, Metric, PeerPin
    from core.target.kubo import RepoRoom

STALE_S: Final = 3.0
"""After this long without an answer a peer's state is unknown, whatever it said before (I7)."""
_FULL: Final = 0.95
_FAILED: Final = frozenset({PinStatus.PIN_ERROR, PinStatus.UNPIN_ERROR})


class PeerState(StrEnum):
    """How a peer is: the first that holds."""

    UNKNOWN = "unknown"
    FAILING = "failing"  # its Kubo does not answer, or it says itself that it is not well
    FULL = "full"
    SLOW = "slow"  # its ping is not heard, pins wait or failed
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTold:
    """What one cluster address told last. at_s: monotonic, of the last answer, 0 without one.

    member: who it is, None if it never said. pings, free: what it hears of all peers. why: of the
    last silence, "" after an answer.
    """

    name: str
    member: Member | None = None
    busy: tuple[PeerPin, ...] | None = None
    pings: tuple[Metric, ...] = ()
    free: tuple[Metric, ...] = ()
    at_s: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KuboTold:
    """What one Kubo told last; members as of ClusterTold."""

    name: str
    id: str = ""
    version: str = ""
    room: RepoRoom | None = None
    at_s: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """One peer with its Kubo. Figures are None where nobody told them. kubo: ok, failing, unknown.

    ping_s: since its newest ping was heard here. age_s: of the cluster's answer.
    """

    name: str
    state: PeerState
    reason: str
    queue: int | None = None
    errors: int | None = None
    free_bytes: int | None = None
    ping_s: float | None = None
    kubo: str = "unknown"
    kubo_reason: str = ""
    repo_bytes: int | None = None
    repo_most_bytes: int | None = None
    version: str = ""
    age_s: float | None = None


class Pings:
    """When each peer's newest ping was first seen here: peers' clocks need not agree with ours."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def hear(self, metrics: Sequence[Metric], now_s: float, wall_ns: int) -> None:
        """Note what a peer hears of all."""
        for one in metrics:
            known_ns, _ = self._seen.get(one.peer, (0, 0.0))
            if one.received_ns > known_ns:
                # of the first one only the sender's clock tells how old it is
                old_s = 0.0 if known_ns else max(0.0, (wall_ns - one.received_ns) / 1e9)
                self._seen[one.peer] = (one.received_ns, now_s - old_s)

    def age_s(self, peer: str, now_s: float) -> float | None:
        """Return the age of a peer's newest ping, None if none was heard."""
        seen = self._seen.get(peer)
        return None if seen is None else max(0.0, now_s - seen[1])


def rows(
    clusters: Sequence[ClusterTold], kubos: Sequence[KuboTold], pings: Pings, now_s: float
) -> list[PeerRow]:
    """Return a row for each cluster address, then one for each Kubo that no peer says is its."""
    heard = [one for one in clusters if one.at_s and now_s - one.at_s <= STALE_S]
    by_id = {one.id: one for one in kubos if one.id}
    found, paired = [], set()
    for at, one in enumerate(clusters):
        kubo_id = one.member.kubo_id if one.member is not None else ""
        kubo_id = kubo_id or _by_ping(one, heard)
        kubo = by_id.get(kubo_id)
        if kubo is None and len(clusters) == len(kubos) and not kubo_id:
            kubo = kubos[at]  # nobody was heard yet: by their order in vgwm.yaml
        if kubo is not None:
            paired.add(kubo.name)
        found.append(_row(one, kubo, heard, pings, now_s))
    lonely = [one for one in kubos if one.name not in paired]
    return found + [_lonely(one, now_s) for one in lonely]


def _row(
    one: ClusterTold,
    kubo: KuboTold | None,
    heard: Sequence[ClusterTold],
    pings: Pings,
    now_s: float,
) -> PeerRow:
    peer = one.member.id if one.member is not None else ""
    free = _metric(peer, [metric for each in heard for metric in each.free])
    ping = _metric(peer, [metric for each in heard for metric in each.pings])
    silent = one not in heard
    busy = None if silent else one.busy
    errors = None if busy is None else sum(pin.status in _FAILED for pin in busy)
    queue = None if busy is None or errors is None else len(busy) - errors
    kubo_state, kubo_reason = _kubo(kubo, now_s)
    room = None if kubo is None or kubo_state != "ok" else kubo.room
    free_bytes = _whole(free)
    state, reason = _judge(one, (kubo_state, kubo_reason), silent=silent)
    if state is PeerState.OK and (free_bytes == 0 or _is_full(room)):
        state, reason = PeerState.FULL, "no room is left for pins"
    elif state is PeerState.OK:
        reason = _slow(ping, free, queue, errors)
        state = PeerState.SLOW if reason else state
    versions = (kubo.version if kubo else "", one.member.version if one.member else "")
    return PeerRow(
        name=one.name,
        state=state,
        reason=reason,
        queue=queue,
        errors=errors,
        free_bytes=free_bytes,
        ping_s=pings.age_s(peer, now_s) if peer else None,
        kubo=kubo_state,
        kubo_reason=kubo_reason,
        repo_bytes=None if room is None else room.used_bytes,
        repo_most_bytes=None if room is None else room.max_bytes,
        version="/".join(safe(version) for version in versions if version),
        age_s=now_s - one.at_s if one.at_s else None,
    )


def _judge(one: ClusterTold, kubo: tuple[str, str], *, silent: bool) -> tuple[PeerState, str]:
    if silent:
        return PeerState.UNKNOWN, one.why or "not asked yet"
    ill = one.member is not None and (one.member.kubo_error or one.member.error)
    if kubo[0] == "failing":
        return PeerState.FAILING, f"its Kubo: {kubo[1]}"
    if ill:
        return PeerState.FAILING, f"its Kubo does not answer it: {safe(str(ill))[:120]}"
    return PeerState.OK, ""


def _slow(ping: Metric | None, free: Metric | None, queue: int | None, errors: int | None) -> str:
    if ping is None or not ping.valid:
        return "no peer hears its ping"
    if free is None or not free.valid:
        return "its free space is not known"
    if errors:
        return f"{errors:,} pins failed"
    if queue is not None and queue > QUEUE_MAX:
        return f"{queue:,} pins wait"
    return ""


def _kubo(kubo: KuboTold | None, now_s: float) -> tuple[str, str]:
    """Return a Kubo's state: silent for long after it was heard, or refused, is failing."""
    if kubo is None:
        return "unknown", "no address of target.kubo is its"
    if kubo.at_s and now_s - kubo.at_s <= STALE_S and not kubo.why:
        return "ok", ""
    return ("failing", kubo.why) if kubo.why else ("unknown", "not asked yet")


def _lonely(kubo: KuboTold, now_s: float) -> PeerRow:
    state, reason = _kubo(kubo, now_s)
    well = state == "ok"
    return PeerRow(
        name=kubo.name,
        state=PeerState.SLOW if well else PeerState.UNKNOWN,
        reason="no cluster peer heard says that it is its" if well else reason,
        kubo=state,
        kubo_reason=reason,
        repo_bytes=kubo.room.used_bytes if well and kubo.room else None,
        repo_most_bytes=kubo.room.max_bytes if well and kubo.room else None,
        version=safe(kubo.version),
        age_s=now_s - kubo.at_s if kubo.at_s else None,
    )


def _by_ping(one: ClusterTold, heard: Sequence[ClusterTold]) -> str:
    """Return the Kubo that a peer's ping names: known also where its own `/id` hangs."""
    peer = one.member.id if one.member is not None else ""
    ping = _metric(peer, [metric for each in heard for metric in each.pings])
    return "" if ping is None else ping_kubo_id(ping.value)


def _metric(peer: str, metrics: Sequence[Metric]) -> Metric | None:
    """Return the newest of a peer's metrics that anybody heard."""
    ours = [one for one in metrics if one.peer == peer and peer]
    return max(ours, key=lambda one: (one.valid, one.received_ns), default=None)


def _whole(metric: Metric | None) -> int | None:
    if metric is None or not metric.valid or not metric.value.isdigit():
        return None
    return int(metric.value)


def _is_full(room: RepoRoom | None) -> bool:
    return room is not None and room.max_bytes > 0 and room.used_bytes >= _FULL * room.max_bytes
