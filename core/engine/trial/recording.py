"""Rows of a trial: into a table of the same kind on the same disk, thrown away again.

A table on a server is not written to: its rate stays unknown.
May import the tables and the engine's tasks.
"""

from __future__ import annotations

import asyncio
import pickle
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from core.preflight.trial import Done, Rate, rate_of
from core.target.open_table import open_table, table_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Workspace
    from core.engine.crew.task import Rows
    from core.target.profile import Profile

_SERVER: Final = "a table on a server is not written to by a trial"
_ELSEWHERE: Final = "on the workspace's disk, since the table's folder is not there yet"


class RowsMeasured(NamedTuple):
    """The rate of rows, or why there is none."""

    rate: Rate | None
    text: str


async def measure_rows(
    workspace: Workspace, profile: Profile, packed: Sequence[bytes], folder: Path
) -> RowsMeasured:
    """Write the rows of each bundle as its own upsert. packed: as workers answer them.

    folder: of the workspace, where the table's own is not there yet.
    """
    kind, _, path = table_spec(workspace).partition(":")
    if kind != "sqlite":
        return RowsMeasured(None, _SERVER)
    beside, text = Path(path).parent, ""
    if not await asyncio.to_thread(beside.is_dir):
        beside, text = folder, _ELSEWHERE
    scratch = await asyncio.to_thread(
        tempfile.TemporaryDirectory, prefix=".vgwm-trial-", dir=beside
    )
    try:
        table = await open_table(f"sqlite:{Path(scratch.name) / 'rows.db'}", profile, None)
        try:
            await table.ensure()
            done, began_s = [], time.monotonic()
            for one in packed:
                rows: Rows = pickle.loads(one)  # noqa: S301 - written by our own worker
                if rows.table:
                    await table.upsert(rows.table)
                    done.append(Done(time.monotonic(), len(rows.table)))
        finally:
            await table.close()
    finally:
        await asyncio.to_thread(scratch.cleanup)
    rate = rate_of(done, began_s)
    return RowsMeasured(rate, text if rate else "too few rows to be measured")
