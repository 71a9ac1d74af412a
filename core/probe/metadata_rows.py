"""Whose rows are in the object table? Rows of somebody else would be written over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.probe.metadata_canary import BUCKET
from core.probe.metadata_table import NO_TABLE, opened, there
from core.probe.probe import Finding
from core.target.objects import START
from core.target.shape import Source
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import Workspace
    from core.target.objects import ObjectTable
    from core.target.shape import Row

_PAGE: Final = 100
_BUCKETS: Final = 200
_REMEDY: Final = (
    "Name an empty database, or acknowledge it: rows with the same bucket and key "
    "will be written over."
)


async def foreign_rows(workspace: Workspace) -> Finding:
    """Look at the first page of each bucket, of 200 at most, for rows that are not ours."""
    if not await there(workspace):
        return NO_TABLE
    async with opened(workspace) as table:
        absent = await table.absent()
        if absent:
            return absent
        at = table.profile.objects.position(Source.METADATA)
        seen, foreign, buckets = 0, [], set()
        async for row in _first_pages(table.rows):
            seen += 1
            buckets.add(str(row[0]))
            if at is not None and not is_ours(row[at], workspace.id):
                foreign.append(row)
    if not seen:
        return Finding(Verdict.PASS, "it is empty")
    told = f"{seen} rows of {len(buckets)} buckets looked at"
    if at is None:
        # the profile keeps no workspace in its rows: the ledger alone knows
        return Finding(Verdict.WARN, f"{told}: their profile does not say whose they are", _REMEDY)
    if not foreign:
        return Finding(Verdict.PASS, f"{told}, all ours")
    first = f"{safe(str(foreign[0][0]))}/{safe(str(foreign[0][1]))}"
    return Finding(Verdict.WARN, f"{len(foreign)} of {told} are not ours, such as {first}", _REMEDY)


def is_ours(metadata: object, workspace_id: str) -> bool:
    """Say whether a row's metadata names this workspace as its writer."""
    try:
        members = json.loads(str(metadata))
    except ValueError:
        return False
    writer = members.get("vgwm") if isinstance(members, dict) else None
    return isinstance(writer, dict) and writer.get("plan") == workspace_id


async def _first_pages(table: ObjectTable) -> AsyncIterator[Row]:
    """Yield the first rows of each bucket; our own canary's bucket is none."""
    after = START
    for _ in range(_BUCKETS):
        page = await table.scan(after, _PAGE)
        if not page:
            return
        bucket = str(page[0][0])
        for row in page:
            if row[0] == bucket and bucket != BUCKET:
                yield row
        # behind every key of it, before every other name: no name holds a NUL
        after = (f"{bucket}\0", "")
