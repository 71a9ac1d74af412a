"""An engine of this process on its workspace's socket, for as long as a test wants a link."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.control.live import EngineDesk
from core.control.serve import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.engine import Engine


@asynccontextmanager
async def answering(engine: Engine) -> AsyncIterator[None]:
    """Serve an engine's API; the end of the block cuts every link, and takes the socket."""
    desk, ready = EngineDesk(engine), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(engine.path, desk, ending=desk.ending, ready=ready.set))
        await ready.wait()
        yield
        desk.ending.set()
