"""One connection to a Redis server for many small commands at once: sent as one, answered in order.

A client library costs 10 us a command, and a bundle has thousands of keys; this costs 1 us.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from redis import exceptions

from core.target.cache import split
from core.target.cache_errors import to_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.secret import Secret

CALL_S: Final = 3.0
"""Limit of connecting, and of each batch."""

_LONGEST_LINE: Final = 1 << 16


class Moved(Exception):
    """A key belongs to another server by now: the map of slots is old. Never leaves the cache."""


class CacheWire:
    """A connection to `HOST:PORT`, opened by the first call. Raises what `to_error` makes."""

    def __init__(self, endpoint: str, password: Secret | None) -> None:
        self.endpoint = endpoint
        self._host, self._port = split(endpoint)
        self._password = password
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def delete(self, keys: Sequence[bytes]) -> int:
        """Remove keys, each by a command of its own; return how many were there.

        Raises Moved where the server says that it serves one of them no longer.
        """
        if not keys:
            return 0
        try:
            async with asyncio.timeout(CALL_S):
                reader, writer = await self._open()
                # UNLINK frees in the background; it is as old as the oldest server we take
                writer.write(b"".join([_command(b"UNLINK", key) for key in keys]))
                await writer.drain()
                return await _removed(reader, len(keys))
        except (OSError, exceptions.RedisError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise to_error(_known(error), self.endpoint) from error
        except BaseException:
            await self.close()  # answers that nobody reads would be taken for the next one's
            raise

    async def close(self) -> None:
        """Let the connection go; a later call opens another."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._host, self._port, limit=_LONGEST_LINE
            )
            if self._password is not None:
                reader, writer = self._streams
                writer.write(_command(b"AUTH", self._password.reveal().encode()))
                await _said(reader)
        return self._streams


def _command(name: bytes, value: bytes) -> bytes:
    return b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(value), value)


async def _removed(reader: asyncio.StreamReader, commands: int) -> int:
    """Return how many keys were there, of so many answers. Raises Moved, and the server's word.

    Answers are counted as they lie, without a Python step each: `:1` or `:0`, else an error.
    """
    told = bytearray()
    while told.count(b"\n") < commands:
        piece = await reader.read(_LONGEST_LINE)
        if not piece:
            raise asyncio.IncompleteReadError(bytes(told), None)
        told += piece
    if len(told) == commands * len(b":1\r\n"):
        return told.count(b"1")
    wrong = next((line for line in told.split(b"\r\n") if line[:1] != b":"), b"")
    raise _refusal(bytes(wrong))


async def _said(reader: asyncio.StreamReader) -> None:
    """Read the one line that answers a command. Raises the server's own word."""
    line = (await reader.readuntil(b"\r\n"))[:-2]
    if line.startswith(b"-"):
        raise _refusal(line)


def _refusal(line: bytes) -> Exception:
    """Return what an answer that is no number means."""
    said = line[1:].decode(errors="replace")
    if said.startswith(("MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN")):
        return Moved(said)
    if said.startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
        return exceptions.AuthenticationError(said)
    return exceptions.ResponseError(said)


def _known(error: BaseException) -> BaseException:
    """Return an error that `to_error` knows for one of the loop's streams."""
    if isinstance(error, asyncio.IncompleteReadError):
        return exceptions.ConnectionError("it closed the connection")
    return error
