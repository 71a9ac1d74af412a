"""Free TCP ports of loopback. Never fixed: several test runs share a host."""

from __future__ import annotations

import socket
from contextlib import ExitStack

ADDRESS_IN_USE = "address already in use"
TRIES = 3


def free(count: int) -> list[int]:
    """Return different ports that were free a moment ago; whoever binds them may still be late."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [int(bound.getsockname()[1]) for bound in sockets]
