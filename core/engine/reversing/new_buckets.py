"""Buckets that were made on green after the flip: the ledger learns them, blue gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import safe
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.ledger.greenlog import Stand
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable

_BEHIND_ALL_KEYS: Final = "\U0010ffff"


async def learn(ledger: Ledger, stand: Stand, names: Collection[str]) -> list[BucketRow]:
    """Let buckets that the ledger does not know be green's; return those that are.

    While only some buckets are flipped, a new one's requests go to blue: then it is none of ours.
    """
    rows = await ledger.buckets()
    known = {row.name.decode() for row in rows}
    new = sorted(set(names) - known)
    if not new or not {row.id for row in rows} <= set(stand.buckets):
        return []
    ids = await ledger.add_buckets([(name.encode(), "{}") for name in new])
    for number, name in zip(ids, new, strict=True):
        text = f"bucket {safe(name)} was made on green: blue gets it without its settings"
        await ledger.finish_bucket(number, EventDraft(kind="reverse", text=text, level="warn"))
    await ledger.green.begin(ids)
    return [row for row in await ledger.buckets() if row.id in ids]


async def names_of(table: ObjectTable) -> list[str]:
    """Return the buckets that have rows; one short read a bucket."""
    found: list[str] = []
    while page := await table.scan((found[-1], _BEHIND_ALL_KEYS) if found else ("", ""), 1):
        found.append(str(page[0][0]))
    return found
