"""The control client of one cluster peer: pins, their states, and what the peer knows of others.

CIDs are text here: this is the edge. An accepted pin is queued, not pinned, and not durable (I1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from core.errors import BadInput
from core.target import cluster_answers as told
from core.target.control_http import HEALTH_S, STATUS_S, ControlHttp, Login
from core.target.kubo_answers import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from core.errors import NodeUnreachable
    from core.target.cluster_answers import Member, Metric, PeerPin, Pin

CIDS_A_CALL = 100
"""CIDs in one question: at 135 the request line passes the peers' default limit."""

_OK = 200
_EMPTY = 204
_NOT_FOUND = 404
_NAME_BYTES = 128
_BUSY_FILTER = "queued,pinning,error"
_LOST_FILTER = "pin_error,unexpectedly_unpinned"
_T = TypeVar("_T")


class ClusterClient:
    """One peer by its REST address. name: as messages show it, `cluster-1`.

    Raises NodeUnreachable, NodeBusy (queue full, not enough peers), Denied, BadInput.
    """

    def __init__(self, name: str, url: str, login: Login | None) -> None:
        self.name = name
        self.url = url
        self._http = ControlHttp(name, url, login)

    async def id(self) -> Member:
        """Return the peer's own identity and its Kubo's."""
        return await self._ask("/id", told.member)

    async def version(self) -> str:
        """Return `1.1.6`."""
        return await self._ask("/version", told.version)

    async def peers(self) -> list[Member]:
        """Return the members that it knows now: dead ones are forgotten after a while."""
        answer = await self._get("/peers", {}, STATUS_S)
        return self._rows("/peers", answer, told.member)

    async def metrics(self, name: str) -> list[Metric]:
        """Return what it last heard from each peer under a metric's name."""
        return await self._ask(f"/monitor/metrics/{name}", told.metrics)

    async def pin(self, cid: str, *, name: str, rf: int, allocations: Sequence[str]) -> Pin:
        """Ask for a pin; return it as the cluster queued it, maybe on other peers than asked for.

        All options are sent each time: what is left out is reset to the server's defaults.
        """
        query = {
            "replication-min": str(rf),
            "replication-max": str(rf),
            "user-allocations": ",".join(allocations),
            "name": name,
        }
        path = f"/pins/{cid}"
        if rf < 1 or len(set(allocations)) != rf or len(name.encode()) > _NAME_BYTES:
            # a 400 would pin it all the same, with defaults: such a request must never leave
            raise BadInput(
                what=f"{len(set(allocations))} peers for replication {rf}, name {name[:32]}",
                where=self._http.where("POST", path),
                remedy="This is a fault of vgwm: report it.",
                node=self.name,
            )
        answer = await self._http.call("POST", path, query, limit_s=STATUS_S)
        return self._parse("POST", path, answer, told.pin)

    async def pins_busy(self) -> dict[str, PeerPin]:
        """Return what is queued, in work or failed on this peer itself. From its memory: cheap."""
        rows = await self._pins({"filter": _BUSY_FILTER, "local": "true"})
        return {cid: state for cid, peers in rows for state in peers.values()}

    async def pins_lost(self) -> dict[str, PeerPin]:
        """Return what should be pinned at this peer's Kubo and is not. Lists Kubo's pins once."""
        rows = await self._pins({"filter": _LOST_FILTER, "local": "true"})
        return {cid: state for cid, peers in rows for state in peers.values()}

    async def pins_status(self, cids: Iterable[str]) -> dict[str, PeerPin]:
        """Return this peer's own word about each CID. Asks its Kubo: 1.5 ms of CPU a CID."""
        wanted = list(cids)
        states: dict[str, PeerPin] = {}
        for at in range(0, len(wanted), CIDS_A_CALL):
            part = ",".join(wanted[at : at + CIDS_A_CALL])
            rows = await self._pins({"cids": part, "local": "true"})
            states.update((cid, state) for cid, peers in rows for state in peers.values())
        return states

    async def pins_status_of(self, peer: str, cids: Iterable[str]) -> dict[str, PeerPin]:
        """Return another peer's word about each CID, as this one could get it; none is absent.

        Takes 15 s when any member hangs: only where the peer's own address is not known.
        """
        wanted = list(cids)
        states: dict[str, PeerPin] = {}
        for at in range(0, len(wanted), CIDS_A_CALL):
            rows = await self._pins({"cids": ",".join(wanted[at : at + CIDS_A_CALL])})
            states.update((cid, peers[peer]) for cid, peers in rows if peer in peers)
        return states

    async def pin_states(self, cid: str) -> dict[str, PeerPin]:
        """Return each member's word about a CID, as this peer could gather it."""
        path = f"/pins/{cid}"
        answer = await self._get(path, {}, STATUS_S)
        return self._parse("GET", path, answer, told.pin_info)[1]

    async def allocation(self, cid: str) -> Pin | None:
        """Return the pin in this peer's copy of the shared state, None when it is not there."""
        path = f"/allocations/{cid}"
        answer = await self._get(path, {}, STATUS_S)
        if answer.status == _NOT_FOUND:
            return None
        return self._parse("GET", path, answer, told.pin)

    async def allocations(self) -> AsyncIterator[Pin]:
        """Yield every pin of this peer's copy of the shared state.

        A stream that breaks off is an error; one that the peer ends early is not noticed here.
        """
        path = "/allocations"
        stream = self._http.stream("GET", path, {"filter": "pin"}, limit_s=STATUS_S)
        async with stream as response:
            if response.status == _EMPTY:
                return
            if response.status != _OK:
                body = await response.read()
                self._parse("GET", path, Answer(response.status, "", body), told.pin)
            async for line in response.content:
                if line.strip():
                    yield self._parse("GET", path, Answer(_OK, "", line), told.pin)

    async def unpin(self, cid: str) -> bool:
        """Ask to remove a pin; False when the shared state does not hold it."""
        path = f"/pins/{cid}"
        answer = await self._http.call("DELETE", path, limit_s=STATUS_S)
        if answer.status == _NOT_FOUND:
            return False
        self._check("DELETE", path, answer)
        return True

    async def recover(self, cid: str, *, everywhere: bool = False) -> None:
        """Let this peer, or all, try a failed pin again; no effect on one pinned or unknown."""
        path = f"/pins/{cid}/recover"
        query = {} if everywhere else {"local": "true"}
        answer = await self._http.call("POST", path, query, limit_s=STATUS_S)
        if answer.status != _NOT_FOUND:
            self._check("POST", path, answer)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def _pins(self, query: Mapping[str, str]) -> list[tuple[str, dict[str, PeerPin]]]:
        answer = await self._get("/pins", query, STATUS_S)
        return self._rows("/pins", answer, told.pin_info)

    async def _get(self, path: str, query: Mapping[str, str], limit_s: float) -> Answer:
        return await self._http.call("GET", path, query, limit_s=limit_s)

    async def _ask(self, path: str, parse: Callable[[bytes], _T]) -> _T:
        return self._parse("GET", path, await self._get(path, {}, HEALTH_S), parse)

    def _rows(self, path: str, answer: Answer, parse: Callable[[bytes], _T]) -> list[_T]:
        if answer.status == _EMPTY:
            return []
        self._check("GET", path, answer)
        try:
            return [parse(line) for line in told.lines(answer.body)]
        except msgspec.MsgspecError as error:
            raise self._foreign("GET", path, answer) from error

    def _parse(self, method: str, path: str, answer: Answer, parse: Callable[[bytes], _T]) -> _T:
        self._check(method, path, answer)
        try:
            return parse(answer.body)
        except msgspec.MsgspecError as error:
            raise self._foreign(method, path, answer) from error

    def _check(self, method: str, path: str, answer: Answer) -> None:
        if answer.status != _OK:
            raise told.cluster_error(answer, where=self._http.where(method, path), node=self.name)

    def _foreign(self, method: str, path: str, answer: Answer) -> NodeUnreachable:
        return told.not_cluster(answer, where=self._http.where(method, path), node=self.name)
