"""The private writer as a process of ours: begun for a reverse copy, ended with it.

It is on a leash: an engine that is killed leaves none behind. Without an argv in vgwm.yaml an
operator runs it, and it is only looked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from core.cutover.private_writer import NAME
from core.display import safe
from core.engine.reversing import leashed
from core.errors import BadInput, NodeUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import PrivateWriter

START_S: Final = 10.0
_STEP_S: Final = 0.05
_END_S: Final = 12.0
"""VersityGW lets requests run for 10 s after SIGTERM."""


@asynccontextmanager
async def running(settings: PrivateWriter) -> AsyncIterator[None]:
    """Have the private writer run for as long as the block lasts.

    Raises BadInput for an argv that cannot be begun, NodeUnreachable if its socket does not come.
    """
    if not settings.argv:
        yield
        return
    if shutil.which(settings.argv[0]) is None:
        raise BadInput(
            what=f"the private writer cannot be begun: there is no {safe(settings.argv[0])}",
            where="cutover.private_writer.argv",
            remedy="Write an argv that starts a gateway of blue on the socket.",
        )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", leashed.__file__, str(os.getpid())),
        *settings.argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _answers(settings, process)
        yield
    finally:
        await _end(process)


async def _answers(settings: PrivateWriter, process: asyncio.subprocess.Process) -> None:
    """Return once somebody listens at the socket."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_unix_connection(str(settings.socket))
                except OSError:
                    await asyncio.sleep(_STEP_S)
                    continue
                writer.close()
                return
    how = "it ended" if process.returncode is not None else "nobody listens at its socket"
    raise NodeUnreachable(
        what=f"the private writer did not start: {how}",
        where="cutover.private_writer.argv",
        remedy="Run its argv by hand and read what it says.",
        node=NAME,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process, in order if it lets itself be ended."""
    for number, wait_s in ((signal.SIGTERM, _END_S), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            async with asyncio.timeout(wait_s):
                await process.wait()
        except TimeoutError:
            continue
        return
