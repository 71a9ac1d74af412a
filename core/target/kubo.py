"""The control client of one Kubo node: identity, room, and reads that prove what it holds.

All is POST, as Kubo wants it. Reads are `offline`: what the node itself holds, not what it could
fetch. Bytes that matter are hashed by the caller: Kubo serves a flipped bit as good.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from core.target.control_http import HEALTH_S, STATUS_S, ControlHttp
from core.target.kubo_answers import HTTP_OK, Answer, excerpt, kubo_error, unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_ABSENT = (
    b"could not find",
    b"not found locally",
    b"block was not found",
    b"is not pinned",
    b"no link named",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KuboId:
    """Who a node is. agent: `kubo/0.42.0/..`. addresses: multiaddrs by which others reach it."""

    id: str
    agent: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoRoom:
    """What a repository holds and may hold, in bytes. The limit is Kubo's word, not the disk's."""

    used_bytes: int
    max_bytes: int

    @property
    def free_bytes(self) -> int:
        """Room up to the limit; Kubo does not enforce it."""
        return max(0, self.max_bytes - self.used_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KuboSettings:
    """Of a node's configuration what a migration depends on; never its keys or credentials.

    api: where the RPC listens, multiaddrs. guarded: whether API.Authorizations holds anything.
    peering: ids of the nodes that it reconnects to after a restart. provides: None if not set.
    """

    api: tuple[str, ...]
    guarded: bool
    peering: frozenset[str]
    routing: str
    provides: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagStat:
    """What a node holds below a root: distinct blocks, and their bytes."""

    unique_blocks: int
    unique_bytes: int


class _Id(msgspec.Struct):
    ID: str
    AgentVersion: str = ""
    Addresses: list[str] | None = None


class _Version(msgspec.Struct):
    Version: str


class _Repo(msgspec.Struct):
    RepoSize: int
    StorageMax: int


class _Addresses(msgspec.Struct):
    API: list[str] | str | None = None


class _Api(msgspec.Struct):
    Authorizations: dict[str, msgspec.Raw] | None = None


class _PeeringPeer(msgspec.Struct):
    ID: str


class _Peering(msgspec.Struct):
    Peers: list[_PeeringPeer] | None = None


class _Routing(msgspec.Struct):
    Type: str | None = None


class _Provide(msgspec.Struct):
    Enabled: bool | None = None


class _Config(msgspec.Struct):
    Addresses: _Addresses = msgspec.field(default_factory=_Addresses)
    API: _Api = msgspec.field(default_factory=_Api)
    Peering: _Peering = msgspec.field(default_factory=_Peering)
    Routing: _Routing = msgspec.field(default_factory=_Routing)
    Provide: _Provide = msgspec.field(default_factory=_Provide)


class _Stat(msgspec.Struct):
    UniqueBlocks: int
    TotalSize: int


class _Link(msgspec.Struct):
    Peer: str


class _Links(msgspec.Struct):
    Peers: list[_Link] | None = None


_T = TypeVar("_T")


class KuboClient:
    """One node by its RPC address. name: as messages show it, `kubo-1`.

    Raises NodeUnreachable, NodeBusy, Denied, BadInput (not a Kubo RPC).
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._http = ControlHttp(name, url)

    async def id(self) -> KuboId:
        """Return the node's identity."""
        told = await self._ask("id", {}, _Id)
        return KuboId(id=told.ID, agent=told.AgentVersion, addresses=tuple(told.Addresses or ()))

    async def version(self) -> str:
        """Return `0.42.0`."""
        return (await self._ask("version", {}, _Version)).Version

    async def repo_stat(self) -> RepoRoom:
        """Return what the repository holds; without the size-only flag Kubo walks every key."""
        told = await self._ask("repo/stat", {"size-only": "true"}, _Repo)
        return RepoRoom(used_bytes=told.RepoSize, max_bytes=told.StorageMax)

    async def settings(self) -> KuboSettings:
        """Return what of its configuration matters here."""
        told = await self._ask("config/show", {}, _Config)
        api = told.Addresses.API or []
        return KuboSettings(
            api=(api,) if isinstance(api, str) else tuple(api),
            guarded=bool(told.API.Authorizations),
            peering=frozenset(peer.ID for peer in told.Peering.Peers or ()),
            routing=told.Routing.Type or "",
            provides=told.Provide.Enabled,
        )

    async def dag_stat(self, root: str) -> DagStat | None:
        """Return what the node holds below root, None when a block is missing there.

        Reads all blocks, hashes none. A failing read also corrects Kubo's cache of what it holds.
        """
        query = {"arg": root, "progress": "false", "offline": "true"}
        answer = await self._call("dag/stat", query, STATUS_S)
        if _absent(answer):
            return None
        told = self._parse("dag/stat", answer, _Stat)
        return DagStat(unique_blocks=told.UniqueBlocks, unique_bytes=told.TotalSize)

    async def block_get(self, cid: str) -> bytes | None:
        """Return a block's bytes, unhashed; None when the node does not hold it."""
        answer = await self._call("block/get", {"arg": cid, "offline": "true"}, STATUS_S)
        if _absent(answer):
            return None
        self._check("block/get", answer)
        return answer.body

    @asynccontextmanager
    async def cat(
        self, path: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the bytes of a file, `CID` or `CID/name`, as they come, unhashed.

        An error after the first byte only cuts the stream short: compare length and hash.
        """
        query = {"arg": path, "offline": "true"}
        if offset:
            query["offset"] = str(offset)
        if length is not None:
            query["length"] = str(length)
        route = "/api/v0/cat"
        async with self._http.stream("POST", route, query, limit_s=STATUS_S) as answer:
            if answer.status != HTTP_OK:
                body = await answer.read()
                retry = answer.headers.get("Retry-After", "")
                self._check("cat", Answer(answer.status, retry, body))
            yield answer.content.iter_any()

    async def pin_ls(self, root: str) -> bool:
        """Tell whether the node itself lists root as pinned recursively."""
        query = {"arg": root, "type": "recursive"}
        answer = await self._call("pin/ls", query, STATUS_S)
        if _absent(answer):
            return False
        self._check("pin/ls", answer)
        return True

    async def swarm_peers(self) -> frozenset[str]:
        """Return the ids of the nodes that it is connected to."""
        told = await self._ask("swarm/peers", {}, _Links)
        return frozenset(link.Peer for link in told.Peers or ())

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def _ask(self, command: str, query: Mapping[str, str], kind: type[_T]) -> _T:
        return self._parse(command, await self._call(command, query, HEALTH_S), kind)

    async def _call(self, command: str, query: Mapping[str, str], limit_s: float) -> Answer:
        return await self._http.call("POST", f"/api/v0/{command}", query, limit_s=limit_s)

    def _check(self, command: str, answer: Answer) -> None:
        if answer.status != HTTP_OK:
            raise kubo_error(answer, where=self._where(command), node=self.name)

    def _parse(self, command: str, answer: Answer, kind: type[_T]) -> _T:
        self._check(command, answer)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.MsgspecError as error:
            said = ValueError(f"not an answer of Kubo's: {excerpt(answer.body)}")
            raise unreachable(said, where=self._where(command), node=self.name) from error

    def _where(self, command: str) -> str:
        return self._http.where("POST", f"/api/v0/{command}")


def _absent(answer: Answer) -> bool:
    return answer.status == 500 and any(mark in answer.body for mark in _ABSENT)  # noqa: PLR2004  # Kubo's one error status
