"""A stand-in for IPFS-Cluster: peers over fake Kubos, one shared state, pins that take their time.

Accepted pins reach the state at the end of a batch, are lost with a peer that dies before it, and
end pinned or in an error, as was seen on IPFS-Cluster 1.1.6. `ipfs_contract.py` runs on both.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.http_server import Hangup, HttpServer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.kubo_server import FakeKubo

USER, PASSWORD = "vgwm", "let-me-in"
BATCH_S = 0.1
PIN_TIMEOUT_S = 0.6
MEMORY = frozenset({"pin_queued", "pinning", "pin_error"})


@dataclass
class SharedPin:
    cid: str
    name: str
    rf: tuple[int, int]
    allocations: list[str]
    posted_s: float


@dataclass(eq=False)
class FakePeer:
    """One peer. down: resets all connections. speaks: cleared, it keeps callers waiting.
    lies: status and error of all its pins. forced: by CID. hidden: what gossip has not brought it.
    replies: what it answers next, instead of the truth."""

    id: str
    name: str
    kubo: FakeKubo
    kubo_dead: bool = False
    down: bool = False
    too_many: bool = False  # it breaks off where it has to list its Kubo's pins
    speaks: threading.Event = field(default_factory=threading.Event)
    free: bool = True
    lies: tuple[str, str] | None = None
    forced: dict[str, tuple[str, str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    tries: dict[str, tuple[float, bool]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    server: HttpServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url


class FakeCluster:
    """All peers share one state. lose_next: accepted, then forgotten. instead: peers that are
    allocated whatever is asked for."""

    def __init__(self, kubos: list[FakeKubo]) -> None:
        self.pins: dict[str, SharedPin] = {}
        self.lose_next = 0
        self.instead: list[str] | None = None
        self.posts: list[str] = []
        self.refusals: list[Reply] = []
        self.refuses = False  # whether the password is another one now
        self.unpins_late = False  # whether a Kubo keeps a pin that the state has lost
        self._lock = threading.Lock()
        self.peers = [
            FakePeer(f"12D3KooWpeer{i}", f"cluster-{i}", kubo) for i, kubo in enumerate(kubos)
        ]
        for peer in self.peers:
            peer.speaks.set()
            peer.server = HttpServer(lambda request, peer=peer: self._answer(peer, request))  # type: ignore[misc] # mypy: a default as a closure

    def close(self) -> None:
        for peer in self.peers:
            peer.speaks.set()
            assert peer.server is not None
            peer.server.close()

    def _answer(self, peer: FakePeer, request: Request) -> Reply:
        peer.speaks.wait()
        if peer.down:
            raise Hangup
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if not request.authorization:
            return _error(401, "unauthorized: no auth provided")
        if request.authorization != expected or self.refuses:
            return _error(401, "unauthorized: access denied")
        with self._lock:
            peer.asked.append(request)
            if peer.replies:
                return peer.replies.pop(0)
            return self._route(peer, request)

    def _route(self, peer: FakePeer, request: Request) -> Reply:
        head, _, rest = request.path.strip("/").partition("/")
        routes: dict[str, Callable[[], Reply]] = {
            "GET id": lambda: _json(_member(peer, self.peers)),
            "GET version": lambda: _json({"version": "1.1.6"}),
            "GET peers": lambda: _lines([_member(p, self.peers) for p in self.peers if not p.down]),
            "GET monitor": lambda: self._metrics(rest.removeprefix("metrics/")),
            "GET allocations": lambda: self._allocations(peer, rest),
            "GET pins": lambda: self._states(peer, request, rest),
            "POST pins": lambda: self._change(peer, request, rest),
            "DELETE pins": lambda: self._unpin(peer, rest),
        }
        route = routes.get(f"{request.method} {head}")
        return route() if route else _error(404, "not found")

    def _change(self, peer: FakePeer, request: Request, rest: str) -> Reply:
        cid, _, verb = rest.partition("/")
        return self._recover(peer, cid) if verb else self._pin(request, cid)

    def _metrics(self, name: str) -> Reply:
        now = time.time_ns()
        rows: list[dict[str, object]] = []
        for peer in self.peers:
            if name == "ping" and not peer.down:
                value = json.dumps({"peer_name": peer.name, "ipfs_id": peer.kubo.id})
            elif name == "freespace" and peer.free and not peer.kubo_dead:
                value = "49999979366"
            else:
                continue
            rows.append({"name": name, "peer": peer.id, "value": value, "valid": True})
            rows[-1] |= {"expire": now + 5 * 10**9, "weight": 1, "received_at": now}
        return _json(rows)

    def _pin(self, request: Request, cid: str) -> Reply:
        self.posts.append(cid)
        if self.refusals:
            return self.refusals.pop(0)
        query = request.query
        try:
            rf = (int(query["replication-min"]), int(query["replication-max"]))
        except (KeyError, ValueError):
            # it says 400, and pins with its defaults all the same
            self._accept(SharedPin(cid, "", (1, 2), [p.id for p in self.peers[:2]], 0))
            return _error(400, "invalid replication")
        able = [p.id for p in self.peers if p.free and not p.kubo_dead and not p.down]
        if len(able) < rf[0]:
            return _error(
                500,
                f"not enough peers to allocate CID. Needed at least: {rf[0]}. Wanted at most: "
                f"{rf[1]}. Available candidates: {len(able)}. See logs for more info.",
            )
        wished = [w for w in query["user-allocations"].split(",") if w in able]
        chosen = (wished + [a for a in able if a not in wished])[: rf[1]]
        known = self.pins.get(cid)
        if known is not None and rf[0] <= len(known.allocations) <= rf[1]:
            chosen = known.allocations
        elif self.instead is not None:
            chosen = self.instead
        posted_s = known.posted_s if known is not None else time.monotonic()
        pin = SharedPin(cid, query["name"], rf, chosen, posted_s)
        self._accept(pin)
        return _json(_pin_json(pin))

    def _accept(self, pin: SharedPin) -> None:
        if self.lose_next:
            self.lose_next -= 1
            return
        self.pins[pin.cid] = pin
        for peer in self.peers:
            peer.tries.pop(pin.cid, None)

    def _unpin(self, peer: FakePeer, cid: str) -> Reply:
        if not self._known(peer, cid):
            return _error(404, "pin is not part of the pinset")
        pin = self.pins.pop(cid)
        for other in self.peers:
            if not self.unpins_late:
                other.kubo.pins.discard(cid)
        return _json(_pin_json(pin))

    def _recover(self, peer: FakePeer, cid: str) -> Reply:
        if not self._known(peer, cid):
            return _error(404, "pin is not part of the pinset")
        peer.recovered.append(cid)
        peer.tries.pop(cid, None)
        return _json(self._info([peer], cid))

    def _known(self, peer: FakePeer, cid: str) -> bool:
        pin = self.pins.get(cid)
        batched = pin is not None and time.monotonic() - pin.posted_s >= BATCH_S
        return batched and cid not in peer.hidden

    def _allocations(self, peer: FakePeer, cid: str) -> Reply:
        if not cid:
            return _lines([_pin_json(p) for c, p in self.pins.items() if self._known(peer, c)])
        if not self._known(peer, cid):
            return _error(404, "pin is not part of the pinset")
        return _json(_pin_json(self.pins[cid]))

    def _states(self, peer: FakePeer, request: Request, cid: str) -> Reply:
        asked = [p for p in self.peers if not p.down]
        if request.query.get("local") == "true":
            asked = [peer]
        if cid:
            return _json(self._info(asked, cid))
        if "cids" in request.query:
            return _lines([self._info(asked, c) for c in request.query["cids"].split(",")])
        if peer.too_many and "unexpectedly_unpinned" in request.query.get("filter", ""):
            raise Hangup
        told = MEMORY | set(request.query.get("filter", "").split(","))
        return _lines([self._info(asked, c) for c in self.pins if self._word(peer, c)[0] in told])

    def _info(self, asked: list[FakePeer], cid: str) -> dict[str, object]:
        words = {peer: self._word(peer, cid) for peer in asked}
        return {
            "cid": cid,
            "peer_map": {
                peer.id: {
                    "peername": peer.name,
                    "ipfs_peer_id": peer.kubo.id,
                    "status": status,
                    "error": error,
                    "attempt_count": 0,
                }
                for peer, (status, error) in words.items()
            },
        }

    def _word(self, peer: FakePeer, cid: str) -> tuple[str, str]:
        """What the peer says of a CID: status and error."""
        if cid in peer.forced:
            return peer.forced[cid]
        if not self._known(peer, cid):
            return "unpinned", ""
        if peer.id not in self.pins[cid].allocations:
            return "remote", ""
        if peer.lies is not None:
            return peer.lies
        return ("cluster_error", "connection refused") if peer.kubo_dead else _try(peer, cid)


def _try(peer: FakePeer, cid: str) -> tuple[str, str]:
    """Pin at the peer's Kubo: an attempt does not notice blocks that arrive after it began."""
    if cid in peer.kubo.pins:
        return "pinned", ""
    if cid not in peer.tries:
        peer.tries[cid] = (time.monotonic(), peer.kubo.holds(cid) is not None)
        return "pinning", ""
    began_s, whole = peer.tries[cid]
    if whole:
        peer.kubo.pins.add(cid)
        return "pinned", ""
    if time.monotonic() - began_s < PIN_TIMEOUT_S:
        return "pinning", ""
    return "pin_error", "context canceled"


def _member(peer: FakePeer, peers: list[FakePeer]) -> dict[str, object]:
    dead = peer.kubo_dead
    return {
        "id": peer.id,
        "peername": peer.name,
        "version": "1.1.6",
        "error": "",
        "cluster_peers": [p.id for p in peers if not p.down],
        "ipfs": {
            "id": "" if dead else peer.kubo.id,
            "error": "connection refused" if dead else "",
        },
    }


def _pin_json(pin: SharedPin) -> dict[str, object]:
    return {
        "cid": pin.cid,
        "name": pin.name,
        "allocations": pin.allocations,
        "replication_factor_min": pin.rf[0],
        "replication_factor_max": pin.rf[1],
        "metadata": None,
    }


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode() + b"\n")


def _lines(rows: list[dict[str, object]]) -> Reply:
    if not rows:
        return Reply(204)
    return Reply(200, b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def _error(status: int, message: str) -> Reply:
    return _json({"code": status, "message": message}, status)
