"""A report from beginning to end: servers asked, the ledger read, files written.

Works beside an engine and at rest. May import the configuration and the parts of a report.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from core.config.workspace import FILE_NAME, load
from core.control.client import Client
from core.control.report.asked import ask, remember_secrets, unasked
from core.control.report.gathering import make
from core.control.report.write import make_place, write_report
from core.errors import EngineDown, NoAnswer

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire.report import Report


class Made(NamedTuple):
    """A report, and the files that it was written to."""

    report: Report
    files: list[str]


async def report(folder: Path, *, output: Path | None, offline: bool, force: bool) -> Made:
    """Make it, and write it into output if that is named; offline: no server is asked.

    Raises as its parts; no file is written unless the ledger could be read.
    """
    workspace = load(folder / FILE_NAME)
    await asyncio.to_thread(remember_secrets, workspace)
    with ExitStack() as at_end:
        if output is not None:
            held = await asyncio.to_thread(make_place, folder, output, force=force)
            at_end.callback(os.close, held)
        live = await _lives(folder)
        asked = unasked(workspace) if offline else await ask(workspace)
        made = await asyncio.to_thread(make, folder, workspace, asked, live=live, output=output)
        if output is None:
            return Made(made, [])
        return Made(made, await asyncio.to_thread(write_report, output, made))


async def _lives(folder: Path) -> bool:
    """Tell whether an engine runs; one that is silent does."""
    async with Client(folder) as client:
        try:
            await client.snapshot()
        except EngineDown:
            return False
        except NoAnswer:
            return True
    return True
