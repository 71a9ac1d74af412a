"""One Redis server, asked by itself: no redirect is followed, no call is repeated.

The gateway's own client follows redirects; whoever checks a cluster wants to know what each
server says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self, TypeAlias

from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.display import safe
from core.errors import BadInput
from core.target import cache_facts
from core.target.cache_errors import FOREIGN, to_error

if TYPE_CHECKING:
    from types import TracebackType

    from core.config.schema import Cache
    from core.config.secret import Secret
    from core.target.cache_facts import ClusterFacts, Member, NodeFacts

Reply: TypeAlias = str | int | None
"""What the commands that are asked here are answered with."""

CALL_S: Final = 1.5
"""Limit of connecting, and of each call: two of them stay within a health check's 2 s or so."""


class CacheNode:
    """A connection to `HOST:PORT`, opened by the first call. Raises what `to_error` makes."""

    def __init__(self, endpoint: str, password: Secret | None, *, call_s: float = CALL_S) -> None:
        host, port = split(endpoint)
        self.endpoint = safe(endpoint)
        self._connection = Connection(
            host=host,
            port=port,
            password=password.reveal() if password else None,
            socket_timeout=call_s,
            socket_connect_timeout=call_s,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # texts and numbers only: maps and their like are new with 3
        )

    async def ask(self, *words: str | int) -> Reply:
        """Return the answer to one command."""
        try:
            await self._connection.connect()  # type: ignore[no-untyped-call] # redis types it not
            await self._connection.send_command(*words)
            answer = await self._connection.read_response()
        except FOREIGN as error:
            await self.close()
            raise to_error(error, self.endpoint) from error
        return answer if isinstance(answer, str | int) else None

    async def facts(self) -> NodeFacts:
        """Return version, memory and evictions."""
        return cache_facts.node_facts(str(await self.ask("INFO")), f"cache {self.endpoint}")

    async def cluster(self) -> ClusterFacts:
        """Return how it sees its cluster; BadInput from a server that is in no cluster mode."""
        text = str(await self.ask("CLUSTER", "INFO"))
        return cache_facts.cluster_facts(text, f"cache {self.endpoint}")

    async def members(self) -> tuple[Member, ...]:
        """Return the nodes that it knows, itself among them."""
        text = str(await self.ask("CLUSTER", "NODES"))
        return cache_facts.members(text, f"cache {self.endpoint}")

    async def keys(self) -> int:
        """Return how many keys it holds."""
        return int(await self.ask("DBSIZE") or 0)

    async def close(self) -> None:
        """Let the connection go; a later call opens another."""
        await self._connection.disconnect(nowait=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def open_node(cache: Cache, endpoint: str, *, call_s: float = CALL_S) -> CacheNode:
    """Return the node of a `vgwm.yaml`'s cache; its password is resolved now (I9)."""
    password = cache.password_ref.resolve() if cache.password_ref else None
    return CacheNode(endpoint, password, call_s=call_s)


def split(endpoint: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, an IPv6 address in brackets or not. Raises BadInput."""
    host, colon, port = endpoint.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise BadInput(
            what=f"{safe(endpoint)} is no HOST:PORT",
            where="target.cache.endpoints",
            remedy="Write such as redis-1.example:6379.",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
