"""HAProxy's admin socket: one line asked, its answer read to the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.errors import Denied, NodeUnreachable

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES: Final = 1 << 20


async def ask(name: str, path: Path, command: str, most_bytes: int = MOST_BYTES) -> str:
    """Return what HAProxy answers to a command; of a longer answer the first most_bytes or more.

    Raises Denied if we may not open the socket, NodeUnreachable if nobody listens there.
    """
    where = f"admin socket of {name}"
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(f"{command}\n".encode("utf-8", "surrogateescape"))
            await writer.drain()
            writer.write_eof()  # a master socket stays open else
            told = await _to_end(reader, most_bytes)
        finally:
            writer.close()
    except PermissionError as error:
        raise Denied(
            what=f"the admin socket of {name} may not be opened",
            where=where,
            remedy="Run as a user of its group, or: stats socket PATH mode 660 group GROUP.",
        ) from error
    except OSError as error:
        raise NodeUnreachable(
            what=f"{name} does not answer: {error.strerror or type(error).__name__}",
            where=where,
            remedy="Start HAProxy, with in its global section: stats socket PATH level admin.",
            node=name,
        ) from error
    return told.decode("utf-8", "replace")


async def _to_end(reader: asyncio.StreamReader, most_bytes: int) -> bytes:
    parts = bytearray()
    while len(parts) < most_bytes:
        part = await reader.read(1 << 16)
        if not part:
            break
        parts += part
    return bytes(parts)
