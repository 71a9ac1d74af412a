"""uvicorn as the engine needs it: quiet, and without a say in signals."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import uvicorn

from core.control.patience import PatientProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette

_GRACE_S = 5
"""How long answers under way may take once a server ends."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: it raises a caught signal again, past our closing.

    ready: called once it answers.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield


def config_of(app: Starlette) -> uvicorn.Config:
    """Return the settings of a server of ours: no log of its own, no start-up hooks."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
