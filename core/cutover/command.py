"""An operator's own program: argv of vgwm.yaml, one JSON object in, one out, an exit code.

No shell stands between, and no secret goes along: its environment is what a program needs to run.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.display import safe
from core.errors import BadInput, NoAnswer, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S: Final = 30.0

KILL_S: Final = 2.0
"""How long one that was told to end is waited for: a fence's deadline runs meanwhile."""

_left: set[asyncio.Task[int]] = set()
"""Waits for those that did not end, so that none stays a zombie."""

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "XDG_RUNTIME_DIR")
_SHOWN: Final = 300


async def run_command(
    argv: Sequence[str], told: bytes, where: str, *, limit_s: float = LIMIT_S
) -> bytes:
    """Return what a program wrote to its standard output once it ended with 0. told: its input.

    Raises BadInput where it cannot be started; Refused with the end of what it said, for another
    exit code; NoAnswer past the limit: what it was to do may be done, or half done.
    """
    program = await _begin(argv, where)
    try:
        out, err = await asyncio.wait_for(program.communicate(told), limit_s)
    except TimeoutError as error:
        raise NoAnswer(
            what=f"{safe(argv[0])} did not end within {limit_s:.0f} s: unknown what it did",
            where=where,
            remedy="Run it by hand with the same input, and see what it waits for.",
        ) from error
    finally:
        await _end(program)
    if program.returncode:
        said = safe(redact(err.decode("utf-8", "replace").strip())[-_SHOWN:])
        raise Refused(
            what=f"{safe(argv[0])} ended with {program.returncode}: {said or 'it said nothing'}",
            where=where,
            remedy="Mend what it says; it is safe to run it again.",
        )
    return out


async def _begin(argv: Sequence[str], where: str) -> asyncio.subprocess.Process:
    """Start it, in a session of its own."""
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            start_new_session=True,
        )
    except OSError as error:
        raise BadInput(
            what=f"{safe(argv[0])} cannot be started: {error.strerror}",
            where=where,
            remedy="Name a program by its full path in vgwm.yaml, and make it executable.",
        ) from error


async def _end(program: asyncio.subprocess.Process) -> None:
    """End it with all that it started, if it is still there; what cannot be ended is left."""
    if program.returncode is not None:
        return
    # another user's, as behind sudo, may not be ended; one that hangs in the kernel heeds nothing
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    ending = asyncio.create_task(program.wait(), name="program's end")
    _left.add(ending)
    ending.add_done_callback(_left.discard)
    await asyncio.wait({ending}, timeout=KILL_S)
