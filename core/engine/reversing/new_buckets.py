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
_NO_SETTINGS: Final = "{}"
"""What the ledger keeps of a bucket that no source has shown; of others it knows owner and time."""


def made_on_green(row: BucketRow) -> bool:
    """Tell whether a bucket is known from green alone: blue may not have it, or not yet."""
    return row.attrs == _NO_SETTINGS


async def learn(ledger: Ledger, stand: Stand, names: Collection[str]) -> list[BucketRow]:
    """Let buckets that the ledger does not know be green's; return those that are.

    While only some buckets are flipped, a new one's requests go to blue: then it is none of ours.
    """
    rows = await ledger.buckets()
    known = {row.name.decode(): row for row in rows}
    new = set(names) - known.keys()
    # an engine that was killed in here has learned of some, and does not hear them yet
    half = {name for name in names if name in known and _is_half(known[name], stand)}
    others = {row.id for name, row in known.items() if name not in half}
    if not new | half or not others <= set(stand.buckets):
        return []
    await ledger.add_buckets([(name.encode(), _NO_SETTINGS) for name in sorted(new)])
    known = {row.name.decode(): row for row in await ledger.buckets()}
    ids = [known[name].id for name in sorted(new | half)]
    for number, name in zip(ids, sorted(new | half), strict=True):
        text = f"bucket {safe(name)} was made on green: blue gets it without its settings"
        await ledger.finish_bucket(number, EventDraft(kind="reverse", text=text, level="warn"))
    await ledger.green.begin(ids)
    return [row for row in await ledger.buckets() if row.id in ids]


def _is_half(row: BucketRow, stand: Stand) -> bool:
    return made_on_green(row) and row.id not in {*stand.buckets, *stand.kept}


async def names_of(table: ObjectTable) -> list[str]:
    """Return the buckets that have rows; one short read a bucket."""
    found: list[str] = []
    while page := await table.scan((found[-1], _BEHIND_ALL_KEYS) if found else ("", ""), 1):
        found.append(str(page[0][0]))
    return found
