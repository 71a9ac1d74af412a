"""A stand-in engine on a workspace's own socket, so that a command finds any state a test wants."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.control.serve import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.desk import FakeDesk


@asynccontextmanager
async def serving(workspace: Path, desk: FakeDesk) -> AsyncIterator[None]:
    """Answer on the workspace's socket from this test's own loop."""
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(workspace, desk, ending=desk.ending, ready=ready.set))
        await ready.wait()
        try:
            yield
        finally:
            desk.answer_may_come.set()
            desk.ending.set()
