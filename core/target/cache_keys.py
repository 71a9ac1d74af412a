"""The gateway's cached rows in Redis: found and read, many keys a round trip.

Keys (guide.md 5): `mapping:BUCKET:KEY`, `bucket:BUCKET`, `metadata:CID`, `pin_status:CID`. Nothing
is written here; `core.target.cache_drop` drops keys.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from core.display import safe
from core.errors import NodeUnreachable, VgwmError
from core.target.cache import open_node, split
from core.target.cache_drop import slot_of
from core.target.cache_errors import FOREIGN, to_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from types import TracebackType

    from core.config.schema import Cache
    from core.config.secret import Secret
    from core.target.cache_facts import Member

CALL_S: Final = 5.0
"""Limit of connecting, and of each answer."""

A_ROUND: Final = 500
"""Commands in one write, and keys that a scan asks for at a time."""

MAPPING: Final = b"mapping:"
METADATA: Final = b"metadata:"
PIN_STATUS: Final = b"pin_status:"
BUCKET: Final = b"bucket:"


def mapping_key(bucket: str, key: str) -> bytes | None:
    """Return the cache's key of a row; None for a bucket that it cannot name."""
    return None if ":" in bucket else MAPPING + f"{bucket}:{key}".encode()


def mapped(name: bytes) -> tuple[str, str] | None:
    """Return bucket and key that a `mapping:` key names; None for one that no row could have."""
    bucket, colon, key = name.removeprefix(MAPPING).partition(b":")
    try:
        return (bucket.decode(), key.decode()) if bucket and colon and key else None
    except UnicodeDecodeError:
        return None


class CacheKeys:
    """The keys of a cache, whichever of its servers holds them. Made by `open`, ended by `close`.

    Raises NodeUnreachable, Denied, NodeBusy or BadInput, as the server says.
    """

    def __init__(self, servers: Sequence[_Server]) -> None:
        self._servers = tuple(servers)

    @classmethod
    async def open(cls, cache: Cache) -> Self:
        """Connect to the masters of a cluster, or to the one server; the password is resolved."""
        password = cache.password_ref.resolve() if cache.password_ref else None
        if cache.type == "redis":
            return cls([_Server(cache.endpoints[0], password, None)])
        masters = [one for one in await _members(cache) if one.is_master and one.slots]
        return cls([_Server(one.endpoint, password, one) for one in masters])

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what each key holds, None for one that is not there, b"" for one of no text."""
        found: list[bytes | None] = [None] * len(keys)
        for server, places in self._shared_out(keys):
            for part in _rounds(places):
                answers = await server.ask([(b"GET", keys[at]) for at in part])
                for at, answer in zip(part, answers, strict=True):
                    found[at] = answer if isinstance(answer, bytes) else None
        return found

    async def scan(self, prefix: bytes) -> AsyncIterator[list[bytes]]:
        """Yield pages of the keys that begin so, in no order; a key may come twice."""
        for server in self._servers:
            cursor = b"0"
            while True:
                page = await server.ask(
                    [(b"SCAN", cursor, b"MATCH", prefix + b"*", b"COUNT", b"%d" % A_ROUND)]
                )
                cursor, names = _scanned(page[0])
                if names:
                    yield names
                if cursor == b"0":
                    break

    async def close(self) -> None:
        """Let the connections go."""
        for server in self._servers:
            await server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _shared_out(self, keys: Sequence[bytes]) -> list[tuple[_Server, list[int]]]:
        """Return each server with the places of the keys that are its own."""
        if len(self._servers) == 1 and self._servers[0].member is None:
            return [(self._servers[0], [*range(len(keys))])]
        shared: dict[int, list[int]] = {}
        for at, key in enumerate(keys):
            slot = slot_of(key)
            for number, server in enumerate(self._servers):
                if server.member is not None and server.member.holds(slot):
                    shared.setdefault(number, []).append(at)
                    break
            else:
                raise NodeUnreachable(
                    what=f"no master serves slot {slot}",
                    where="target.cache",
                    remedy="Mend the cluster: redis-cli --cluster fix HOST:PORT.",
                )
        return [(self._servers[number], places) for number, places in shared.items()]


class _Server:
    """One connection. member: what of the cluster's slots it serves; None: it is in no cluster."""

    def __init__(self, endpoint: str, password: Secret | None, member: Member | None) -> None:
        host, port = split(endpoint)
        self.member = member
        self._endpoint = safe(endpoint)
        self._turn = asyncio.Lock()
        self._connection = Connection(
            host=host,
            port=port,
            password=password.reveal() if password else None,
            socket_timeout=CALL_S,
            socket_connect_timeout=CALL_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    async def ask(self, commands: Sequence[tuple[bytes, ...]]) -> list[object]:
        """Return the answers to some commands, sent in one go."""
        connection = self._connection
        async with self._turn:
            try:
                await connection.connect()  # type: ignore[no-untyped-call] # redis types it not
                await connection.send_packed_command(connection.pack_commands(commands))
                return [await self._answer() for _ in commands]
            except FOREIGN as error:
                await self.close()  # answers to the other commands may still be on their way
                raise to_error(error, self._endpoint) from error

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)

    async def _answer(self) -> object:
        """Return one answer; a key that holds no text is there, and says nothing."""
        try:
            return await self._connection.read_response()
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return b""
            raise


async def _members(cache: Cache) -> tuple[Member, ...]:
    """Return the cluster's nodes as the first server that answers lists them."""
    fault: VgwmError | None = None
    for endpoint in cache.endpoints:
        async with open_node(cache, endpoint) as node:
            try:
                return await node.members()
            except VgwmError as error:
                fault = error
    assert fault is not None  # noqa: S101 - vgwm.yaml names at least one
    raise fault


def _scanned(answer: object) -> tuple[bytes, list[bytes]]:
    """Return cursor and keys of an answer to SCAN; an answer of another form ends the scan."""
    match answer:
        case [bytes() as cursor, list() as names]:
            return cursor, [name for name in names if isinstance(name, bytes)]
    return b"0", []


def _rounds(places: list[int]) -> Iterator[list[int]]:
    return (places[at : at + A_ROUND] for at in range(0, len(places), A_ROUND))
