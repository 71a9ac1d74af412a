"""A row of hostile text: written to the object table, read back byte for byte, removed again."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

from core.errors import NoAnswer, VgwmError
from core.model import MetaText
from core.probe.metadata_table import INIT, NO_TABLE, opened, there
from core.probe.probe import Finding
from core.probe.to_end import to_end
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row

BUCKET: Final = ".vgwm-canary"
"""No bucket can have this name: it begins with a point."""

_HOSTILE: Final = "\0\t'\"\\`$\u00e9e\u0301\u2028\uffff\U0001f600/../%00"
_CLEAN_S: Final = 10.0
_TIME_NS: Final = 1_764_590_400_123_456_000
_WRITE: Final = "Give the table's user the right to write and delete, and look at the schema."


async def canary(workspace: Workspace) -> Finding:
    """Write, read, compare and remove one row.

    Its key is the workspace's: what a killed run leaves is written over and removed by the next.
    """
    if not await there(workspace):
        return _untried()
    async with opened(workspace) as table:
        if await table.absent():
            return _untried()
        row = canary_row(table.profile, workspace.id)
        began_s = time.monotonic()
        try:
            seen = await _write_and_read(table.rows, row)
        except NoAnswer:
            raise
        except VgwmError as error:
            return Finding(Verdict.FAIL, f"no row can be written: {error.what}", _WRITE)
    took_ms = (time.monotonic() - began_s) * 1000
    if seen != [row]:
        return Finding(
            Verdict.FAIL,
            "the row that was read is not the row that was written",
            "Look what stands between: a proxy, triggers, another type of a column.",
        )
    return Finding(Verdict.PASS, f"a row written, read and removed in {took_ms:.0f} ms")


def canary_row(profile: Profile, workspace_id: str) -> Row:
    """Return the row: one of a workspace, with text that a careless writer bends."""
    text = json.dumps(_HOSTILE, ensure_ascii=False)
    entry = RowEntry(
        key=f"{workspace_id}/{_HOSTILE}",
        cid_text="bafkreicanary",
        size=0,
        mtime_ns=_TIME_NS,
        created_ns=_TIME_NS,
        meta=MetaText('"etag":"canary"', f',"user":{{"canary":{text}}},"v":1', ""),
        name="000000",
    )
    return RowMaker(profile, workspace_id).rows(PinnedBundle(BUCKET, "bafycanary", 0), [entry])[0]


async def _write_and_read(table: ObjectTable, row: Row) -> list[Row]:
    key = str(row[1])
    try:
        await table.upsert([row])
        return await table.read([(BUCKET, key)])
    finally:
        await to_end(_remove(table, key))


async def _remove(table: ObjectTable, key: str) -> None:
    """Remove the row: also after Ctrl-C, and where the answer to the write was lost."""
    async with asyncio.timeout(_CLEAN_S):
        await table.delete(BUCKET, [key])


def _untried() -> Finding:
    return NO_TABLE._replace(verdict=Verdict.WARN, remedy=INIT)
