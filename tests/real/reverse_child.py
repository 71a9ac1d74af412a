"""An engine that carries to blue until it is killed. argv: the workspace."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.engine.engine import Engine


async def main() -> None:
    """Arm, begin, and never end."""
    engine = await Engine.open(Path(sys.argv[1]))
    await engine.reverses.arm([])
    await engine.reverses.ensure("child")
    print("at work", flush=True)  # noqa: T201 - the parent waits for it
    await asyncio.Event().wait()


asyncio.run(main())
