"""Copying: to the terminal's clipboard (OSC 52), through tmux, or into a file.

In tmux OSC 52 is dropped under its default settings; `load-buffer -w` reaches both its buffer and
the outer terminal.
"""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TMUX_S = 2.0


async def _to_tmux(text: str) -> bool:
    try:
        child = await asyncio.create_subprocess_exec(
            "tmux",
            *("load-buffer", "-w", "-"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_TMUX_S):
            await child.communicate(text.encode())
    except TimeoutError:
        child.kill()
        await child.wait()
        return False
    return child.returncode == 0


def osc52(text: str) -> str:
    """Return the sequence that puts text on the terminal's clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07"


def _to_file(text: str, folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    fd, name = tempfile.mkstemp(prefix="copied-", suffix=".txt", dir=folder)  # 0600 by itself
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return Path(name)


async def copy(text: str, write: Callable[[str], None] | None, reports: Path) -> str:
    """Copy text and return what was done, for row 23.

    write: writes a sequence to the terminal; None if there is none to write to. reports: where a
    0600 file is made when neither tmux nor a terminal takes it.
    """
    if os.environ.get("TMUX"):
        if await _to_tmux(text):
            return f"copied to tmux (paste: prefix ]): {text}"
    elif write is not None:
        write(osc52(text))
        return f"copied: {text}"
    try:
        path = _to_file(text, reports)
    except OSError:
        return f"nothing takes a copy here; it is: {text}"
    return f"written to {path}: {text}"
