"""An engine that carries to blue until it is killed. argv: the workspace, and a step to die at.

A step is `Class.method:before` or `:after`: with its first call the process kills itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.cutover.private_writer import PrivateWriter
from core.engine.engine import Engine
from core.engine.reversing.undoing import Blue
from core.ledger.greenlog import GreenWrites
from core.target.change_list import ChangeList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CLASSES = {kind.__name__: kind for kind in (Blue, ChangeList, GreenWrites, PrivateWriter)}


def die_at(step: str) -> None:
    """Let the process kill itself before or after a method's work."""
    name, _, when = step.partition(":")
    kind, _, method = name.partition(".")
    real: Callable[..., Awaitable[object]] = getattr(CLASSES[kind], method)

    async def dying(*args: object, **words: object) -> object:
        if when == "after":
            await real(*args, **words)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    setattr(CLASSES[kind], method, dying)


async def main() -> None:
    """Arm, begin, and never end."""
    engine = await Engine.open(Path(sys.argv[1]))
    await engine.reverses.arm([])
    await engine.reverses.ensure("child")
    print("at work", flush=True)  # noqa: T201 - the parent waits for it
    for step in sys.argv[2:]:
        die_at(step)
    await asyncio.Event().wait()


asyncio.run(main())
