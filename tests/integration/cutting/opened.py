"""An engine on a ground, whose gates are open."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.integration.engine.ground import engine_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[Engine]:
    """Open an engine that asks no gate."""
    async with engine_on(ground) as engine:

        async def open_gates(plan: object) -> None:
            await asyncio.sleep(0)
            del plan

        engine.cutovers.plans.require = open_gates  # type: ignore[method-assign]
        yield engine
