"""What IPFS-Cluster's REST answers hold, as values, and our errors for its refusals. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from core.errors import BadInput, Denied, NodeBusy, NodeUnreachable, VgwmError
from core.target.kubo_answers import Answer, excerpt, unreachable, wait_s

if TYPE_CHECKING:
    from collections.abc import Iterator

_BAD_REQUEST = 400
_DENIED = frozenset({401, 403})
_NO_REST = frozenset({404, 405})
_TOO_LONG = 431
_BUSY = frozenset({429, 502, 503, 504})
_QUEUE_WAIT_S = 1.0
_PEERS_WAIT_S = 5.0


class PinStatus(StrEnum):
    """A peer's own word about a CID. What to do about each: `pin_step`."""

    UNPINNED = "unpinned"
    PIN_QUEUED = "pin_queued"
    PINNING = "pinning"
    PINNED = "pinned"
    PIN_ERROR = "pin_error"
    UNEXPECTEDLY_UNPINNED = "unexpectedly_unpinned"
    CLUSTER_ERROR = "cluster_error"
    REMOTE = "remote"
    UNPIN_QUEUED = "unpin_queued"
    UNPINNING = "unpinning"
    UNPIN_ERROR = "unpin_error"
    SHARDED = "sharded"
    UNDEFINED = "undefined"  # also any word that a newer cluster may say

    @classmethod
    def _missing_(cls, value: object) -> PinStatus:
        del value  # a word that we do not know is no verdict (I7)
        return cls.UNDEFINED


@dataclass(frozen=True, slots=True)
class PeerPin:
    """One peer's state of one CID. error: the peer's text, raw: not yet safe to show."""

    status: PinStatus
    error: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A pin of the shared state. cid: as text; allocations: cluster peer ids."""

    cid: str
    name: str
    allocations: tuple[str, ...]
    replication_min: int
    replication_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A cluster peer as it or another tells of it. error, kubo_error: "" or why it is not well."""

    id: str
    name: str
    version: str
    error: str
    kubo_id: str
    kubo_error: str
    members: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What the asked peer last heard of a peer. Times: its clock, UTC ns."""

    peer: str
    value: str
    valid: bool
    received_ns: int


class _PeerPin(msgspec.Struct):
    status: str
    error: str = ""
    attempt_count: int = 0


class _PinInfo(msgspec.Struct):
    cid: str
    peer_map: dict[str, _PeerPin] | None = None


class _Pin(msgspec.Struct):
    cid: str
    name: str = ""
    allocations: list[str] | None = None
    replication_factor_min: int = 0
    replication_factor_max: int = 0


class _Ipfs(msgspec.Struct):
    id: str = ""
    error: str = ""


class _Member(msgspec.Struct):
    id: str
    peername: str = ""
    version: str = ""
    error: str = ""
    ipfs: _Ipfs | None = None
    cluster_peers: list[str] | None = None


class _Metric(msgspec.Struct):
    peer: str
    value: str
    valid: bool
    received_at: int = 0


class _Version(msgspec.Struct):
    version: str


def pin(body: bytes) -> Pin:
    """Parse a Pin. Raises msgspec.MsgspecError, as all parsers here."""
    raw = msgspec.json.decode(body, type=_Pin)
    return Pin(
        cid=raw.cid,
        name=raw.name,
        allocations=tuple(raw.allocations or ()),
        replication_min=raw.replication_factor_min,
        replication_max=raw.replication_factor_max,
    )


def pin_info(line: bytes) -> tuple[str, dict[str, PeerPin]]:
    """Parse one GlobalPinInfo into its CID and each peer's word."""
    raw = msgspec.json.decode(line, type=_PinInfo)
    peers = raw.peer_map or {}
    return raw.cid, {
        peer: PeerPin(PinStatus(p.status), p.error, p.attempt_count) for peer, p in peers.items()
    }


def member(body: bytes) -> Member:
    """Parse a peer's identity."""
    raw = msgspec.json.decode(body, type=_Member)
    ipfs = raw.ipfs or _Ipfs(error="unknown")
    return Member(
        id=raw.id,
        name=raw.peername,
        version=raw.version,
        error=raw.error,
        kubo_id=ipfs.id,
        kubo_error=ipfs.error,
        members=tuple(raw.cluster_peers or ()),
    )


def metrics(body: bytes) -> list[Metric]:
    """Parse a list of metrics."""
    return [
        Metric(peer=m.peer, value=m.value, valid=m.valid, received_ns=m.received_at)
        for m in msgspec.json.decode(body, type=list[_Metric])
    ]


def version(body: bytes) -> str:
    """Parse a version."""
    return msgspec.json.decode(body, type=_Version).version


def lines(body: bytes) -> Iterator[bytes]:
    """Yield the rows of an NDJSON body; an empty stream (204) has none."""
    return (line for line in body.splitlines() if line.strip())


def cluster_error(answer: Answer, *, where: str, node: str) -> VgwmError:
    """Return our error for an answer of a cluster peer that is no success."""
    what = f"{node} answered {answer.status}: {excerpt(answer.body)}"
    if answer.status in _DENIED:
        remedy = "Set target.cluster_user and target.cluster_password_ref as the peers have them."
        return Denied(what=what, where=where, remedy=remedy, node=node)
    if answer.status in _NO_REST:
        remedy = "Let target.cluster name REST addresses (port 9094), not proxies or pin services."
        return BadInput(what=what, where=where, remedy=remedy, node=node)
    if answer.status in {_BAD_REQUEST, _TOO_LONG}:
        remedy = "This is a fault of vgwm, not of the cluster. Report it with the text."
        return BadInput(what=what, where=where, remedy=remedy, node=node)
    asked = _asked_to_wait(answer)
    if asked is not None:
        pause, remedy = asked
        return NodeBusy(what=what, where=where, remedy=remedy, wait_s=pause, node=node)
    remedy = f"Tried again by itself; if it stays, read the log of {node}."
    return NodeUnreachable(what=what, where=where, remedy=remedy, node=node)


def _asked_to_wait(answer: Answer) -> tuple[float, str] | None:
    """Return the seconds to wait and what to do meanwhile; None when that would not help."""
    if b"not enough peers to allocate" in answer.body:
        return _PEERS_WAIT_S, (
            "Peers without a valid freespace metric are left out: a dead Kubo, a repository over "
            "StorageMax, or a peer just started. Tried again by itself."
        )
    if b"max_queue_size reached" in answer.body:
        return _QUEUE_WAIT_S, "Tried again by itself; if it stays, lower pin_inflight."
    if answer.status in _BUSY:
        pause = wait_s(answer.retry_after)
        return pause, f"Tried again in {pause:.0f} s; if it stays, look at the peer's load."
    return None


def not_cluster(answer: Answer, *, where: str, node: str) -> NodeUnreachable:
    """Return our error for a success whose body is not the cluster's."""
    said = ValueError(f"not an answer of IPFS-Cluster's: {excerpt(answer.body)}")
    return unreachable(said, where=where, node=node)


def ping_kubo_id(value: str) -> str:
    """Return the Kubo id in a `ping` metric's value, "" when there is none."""
    try:
        told = json.loads(value)
    except ValueError:
        return ""
    return str(told.get("ipfs_id", "")) if isinstance(told, dict) else ""
