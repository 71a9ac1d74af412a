"""A command line typed after `:`, as a child process: what it answers, and how it is completed.

The child is `vgwm` itself, with the workspace of this screen; it reads no terminal and gets none.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from typing import TYPE_CHECKING, NamedTuple

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 60.0
"""How long a command may take; a job that it began goes on in the engine."""
_COMPLETE_S = 5.0
_MOST_BYTES = 1 << 20
_MOST_LINES = 2_000


class Answer(NamedTuple):
    """What a command wrote, safe to show, and how it ended; code None: it was not waited for."""

    lines: tuple[str, ...]
    code: int | None


def words_of(typed: str) -> list[str]:
    """Split a line as a shell does; `vgwm` in front may be left out. Raises BadInput."""
    try:
        words = shlex.split(typed)
    except ValueError as error:
        raise BadInput(
            what=f"the line does not end: {error}", where=":", remedy="Close the quotation."
        ) from error
    return words[1:] if words[:1] == ["vgwm"] else words


async def run(workspace: Path, words: list[str], *, wait_s: float = WAIT_S) -> Answer:
    """Run a command line and return what it wrote to stdout and stderr, its last part at least."""
    child = await _started(workspace, words, {})
    written = bytearray()
    code: int | None = None
    try:
        async with asyncio.timeout(wait_s):
            assert child.stdout is not None  # noqa: S101 - it was asked for
            while piece := await child.stdout.read(1 << 16):
                written += piece
                del written[: max(0, len(written) - _MOST_BYTES)]
            code = await child.wait()
    except TimeoutError:
        pass
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    lines = bytes(written).decode("utf-8", "surrogateescape").splitlines()
    return Answer(tuple(shown(line) for line in lines[-_MOST_LINES:]), code)


async def complete(workspace: Path, typed: str) -> tuple[str, ...]:
    """Return what the last word of a line may become; nothing if the line cannot be read."""
    try:
        words = words_of(typed)
    except BadInput:
        return ()
    fresh = not typed or typed[-1].isspace()
    told = shlex.join(["vgwm", *words])
    asked = {
        "_VGWM_COMPLETE": "bash_complete",
        "COMP_WORDS": told,
        "COMP_CWORD": str(len(words) + (1 if fresh else 0)),
    }
    child = await _started(workspace, [], asked)
    try:
        async with asyncio.timeout(_COMPLETE_S):
            out, _ = await child.communicate()
    except TimeoutError:
        return ()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    found = (line.partition(",") for line in out.decode("utf-8", "replace").splitlines())
    return tuple(safe(word) for kind, _, word in found if kind == "plain")


async def _started(
    workspace: Path, words: list[str], more: dict[str, str]
) -> asyncio.subprocess.Process:
    arguments = [] if more else ["-w", str(workspace), *words]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tui.main", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **more, "COLUMNS": "100"},
    )


def shown(line: str) -> str:
    """Make a line safe without a second escape of what the command has escaped already."""
    return safe(line.expandtabs()).replace("\\\\", "\\")
