"""Puts the API on the workspace's unix socket until it is asked to end.

Whoever calls holds the workspace's lock: a socket found in the way is therefore a dead engine's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

from core.control.address import SOCKET_NAME, Address
from core.control.listen import Server, config_of
from core.control.server import build_app
from core.errors import BadInput
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.control.desk import Desk

_BACKLOG = 128


async def serve(
    workspace: Path, desk: Desk, *, ending: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Answer on the workspace's socket until `ending` is set, by the desk or by SIGTERM, SIGINT.

    ready is called once the socket answers. The socket is removed at the end.
    Raises BadInput if the socket cannot be made.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    listener = bind(workspace)
    try:
        server = Server(config_of(build_app(desk)), ready)
        async with TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]), name="api")
            await ending.wait()
            server.should_exit = True
    finally:
        listener.close()
        (workspace / SOCKET_NAME).unlink(missing_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def bind(workspace: Path) -> socket.socket:
    """Return a listening socket of mode 0600, in the place of a dead engine's if one is left."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with Address(workspace) as address:
            (workspace / SOCKET_NAME).unlink(missing_ok=True)
            # The mode is there from the first moment: a chmod would leave a gap.
            before = os.umask(0o177)
            try:
                listener.bind(address.path)
            finally:
                os.umask(before)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BadInput(
            what=f"the engine's socket cannot be made: {error.strerror}",
            where=str(workspace / SOCKET_NAME),
            remedy="The workspace needs a local file system that its owner may write.",
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword here
    return listener
