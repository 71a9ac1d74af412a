"""What Docker and Compose say of themselves on this host; nothing is started.

May import its own room.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from typing import Final

from core.display import safe
from core.preflight.judge_host import MISSING, Missing

_LIMIT_S: Final = 5.0
_ENGINE: Final = ("docker", "version", "--format", "{{.Server.Version}}")
_COMPOSE: Final = ("docker", "compose", "version", "--short")


async def docker_versions() -> tuple[str | Missing, str | Missing]:
    """Return the versions of engine and Compose; MISSING for one that does not answer."""
    return await _said(_ENGINE), await _said(_COMPOSE)


async def _said(command: tuple[str, ...]) -> str | Missing:
    program = shutil.which(command[0])
    if program is None:
        return MISSING
    process = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            out, _ = await process.communicate()
    except TimeoutError:
        return MISSING
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    text = safe(out.decode("utf-8", "replace").strip())
    return text if process.returncode == 0 and text else MISSING
