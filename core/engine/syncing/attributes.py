"""Rows of objects whose metadata changed and whose content did not: rewritten where they lie.

The row keeps the pin that it has, and is written only while it is as we wrote it; where it is not,
the object is carried again. May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.target.cache_drop import Named, keys_of
from core.target.ours import Mark
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.target.rows_again import meta_text
from core.target.shape import Source
from core.target.version_time import created_ns
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.syncing.deciding import NewAttributes
    from core.engine.syncing.ground import Ground
    from core.ledger.rows import BucketRow
    from core.target.shape import Row, RowKey, TableShape

_GUIDE_METADATA = 6
_NO_PATH = "000000"


class Rewritten(NamedTuple):
    """done: rows of the target that say it now. left: objects that have to be carried again."""

    done: list[NewAttributes]
    left: list[NewAttributes]


class Attributes:
    """Rewrites rows of one bucket. owner: of the bucket, "" if it has none."""

    def __init__(self, ground: Ground, maker: RowMaker, bucket: BucketRow, owner: str) -> None:
        self._ground = ground
        self._maker = maker
        self._bucket = bucket
        self._owner = owner

    async def rewrite(self, changed: Sequence[NewAttributes]) -> Rewritten:
        """Write new metadata; on return it is durable. No two of one key. Raises JobCancelled."""
        ground, name = self._ground, self._bucket.name.decode()
        named = {(name, one.touch.key.decode()): one for one in changed}
        texts = dict(zip(named, cids.texts([one.cid for one in changed]), strict=True))
        present = await ground.patiently("table", partial(ground.table.read, list(named)))
        ours = {
            at: row
            for row in present
            if ground.ours.still(row, Mark(texts[at := _key(row)], named[at].was_mtime_ns))
        }
        bundles = await self._bundles([named[at] for at in ours])
        rows, expected = [], []
        for at, row in ours.items():
            pinned = bundles.get(named[at].bundle or 0)
            if pinned is not None:
                rows.append(self._row(named[at], texts[at], row, pinned))
                expected.append(row)
        moved = set(
            await ground.patiently("table", partial(ground.table.replace_if, rows, expected))
        )
        written = {_key(row) for row in rows} - moved
        await ground.drop(keys_of([Named(*at, texts[at]) for at in written]))
        return Rewritten(
            [one for at, one in named.items() if at in written],
            [one for at, one in named.items() if at not in written],
        )

    async def _bundles(self, changed: Sequence[NewAttributes]) -> Mapping[int, PinnedBundle]:
        numbers = {one.bundle for one in changed if one.bundle is not None}
        found = [await self._ground.ledger.bundle(number) for number in sorted(numbers)]
        name = self._bucket.name.decode()
        return {
            one.id: PinnedBundle(name, cids.text(one.root), one.id, one.allocations, self._owner)
            for one in found
            if one is not None and one.root is not None
        }

    def _row(self, one: NewAttributes, cid_text: str, present: Row, pinned: PinnedBundle) -> Row:
        """Return a row with the new metadata, in the place of the present one."""
        shape = self._ground.profile.objects
        metadata = json.loads(str(one.row[_GUIDE_METADATA]))
        metadata.pop("pin", None)
        metadata.pop("vgwm", None)
        entry = RowEntry(
            key=one.touch.key.decode(),
            cid_text=cid_text,
            size=int(str(one.row[3])),
            mtime_ns=one.touch.mtime_ns,
            created_ns=created_ns(metadata.get("version_id"), one.touch.mtime_ns),
            meta=meta_text(metadata),
            name=_path(shape, present),
        )
        fresh = self._maker.rows(pinned, [entry])[0]
        return tuple(
            old if column.volatile else new
            for column, old, new in zip(shape.columns, present, fresh, strict=True)
        )


def _path(shape: TableShape, present: Row) -> str:
    """Return the object's name in its bundle's directory, as the row has it."""
    at = shape.position(Source.METADATA)
    if at is None:
        return _NO_PATH
    return parted(present[at]).mark.path or _NO_PATH


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])
