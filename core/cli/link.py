"""How a command reaches the workspace: a live engine, one started for it, or the ledger at rest."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from core.control.client import COMMAND_LOOK_S, Client
from core.errors import EngineDown, VgwmError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cli.call import Call


def live(call: Call) -> Client:
    """Return a client of the running engine; its first call raises EngineDown if there is none."""
    return Client(call.workspace, takeover=call.takeover, look_s=COMMAND_LOOK_S)


@asynccontextmanager
async def looking(call: Call) -> AsyncIterator[Client]:
    """Yield a client for looking: the engine, or if it is down the ledger, read-only."""
    async with Client(call.workspace, look_s=COMMAND_LOOK_S) as client:
        try:
            await client.snapshot()
        except EngineDown:
            pass
        else:
            yield client
            return
    from core.control.ledger_desk import ledger_desk
    from core.control.server import build_app

    async with (
        ledger_desk(call.workspace) as desk,
        Client(build_app(desk), look_s=COMMAND_LOOK_S) as client,
    ):
        yield client


@asynccontextmanager
async def working(call: Call, *, foreground: bool) -> AsyncIterator[Client]:
    """Yield a client for a job: the engine, started if it is down, or one in this process."""
    if foreground:
        from core.control.host import engine_here

        async with (
            engine_here(call.workspace) as app,
            Client(app, takeover=call.takeover, look_s=COMMAND_LOOK_S) as client,
        ):
            yield client
        return
    async with live(call) as client:
        try:
            await client.snapshot()
        except EngineDown:
            async with _started(call, client):
                yield client
        else:
            yield client


@asynccontextmanager
async def _started(call: Call, client: Client) -> AsyncIterator[None]:
    """Start the engine for the block; refused there, before any job began, it is stopped again."""
    from core.cli.output import note
    from core.control.daemon import start_engine, stop_engine

    started = await asyncio.to_thread(start_engine, call.workspace)
    note(call, f"engine started, pid {started.pid}")
    newest = await _newest_job(client)
    try:
        yield
    except VgwmError:
        with suppress(VgwmError):
            if started.fresh and await _newest_job(client) == newest:
                await asyncio.to_thread(stop_engine, call.workspace, actor=call.actor)
                note(call, "engine stopped again")
        raise


async def _newest_job(client: Client) -> int:
    return max((job.id for job in (await client.snapshot()).jobs), default=0)
