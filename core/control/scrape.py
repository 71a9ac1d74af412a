"""Metrics beside the engine's socket, where vgwm.yaml asks for them: a port, a file, or neither."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.config.atomic import write_text
from core.control import metrics
from core.control.listen import Server, config_of
from core.display import safe
from core.errors import BadInput, VgwmError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request

    from core.config.schema import Metrics
    from core.control.desk import LookDesk

_log = logging.getLogger(__name__)

FILE_EVERY_S = 15.0
"""A scrape's usual interval."""
_FILE_MODE = 0o644
"""The collector that reads it is another user; it holds counts, and no name of an object."""
_BACKLOG = 16


@asynccontextmanager
async def exposing(asked: Metrics, desk: LookDesk) -> AsyncIterator[None]:
    """Expose the metrics while the block runs. Raises BadInput for an address that is not ours."""
    listener = _bind(asked.listen) if asked.listen else None
    server = Server(config_of(_app(desk)))
    tasks: list[asyncio.Task[None]] = []
    if listener is not None:
        tasks.append(asyncio.create_task(server.serve(sockets=[listener]), name="metrics port"))
    if asked.textfile is not None:
        tasks.append(asyncio.create_task(_write(asked.textfile, desk), name="metrics file"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if listener is not None:
            listener.close()


def _app(desk: LookDesk) -> Starlette:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(await metrics.of(desk), media_type=metrics.MEDIA_TYPE)

    return Starlette(routes=[Route("/metrics", answer)])


async def _write(path: Path, desk: LookDesk) -> None:
    """Replace the file every turn; a write that fails is logged, and tried at the next."""
    while True:
        try:
            await asyncio.to_thread(write_text, path, await metrics.of(desk), mode=_FILE_MODE)
        except VgwmError as error:
            _log.warning("metrics not written: %s (%s)", error.what, error.where)
        await asyncio.sleep(FILE_EVERY_S)


def _bind(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    name = host.strip("[]")
    if not colon:
        raise _refused(address, ValueError())
    try:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _refused(address, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((name, int(port)))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError, ValueError) as error:
        listener.close()
        raise _refused(address, error) from error
    listener.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword here
    return listener


def _refused(address: str, error: Exception) -> BadInput:
    reason = error.strerror if isinstance(error, OSError) else "it is no HOST:PORT"
    return BadInput(
        what=f"metrics cannot be served at {safe(address)}: {reason}",
        where="vgwm.yaml, metrics.listen",
        remedy="Name an address of this host and a free port, such as 127.0.0.1:9469.",
    )
