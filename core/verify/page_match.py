"""Whether a stretch of keys is equal on all sides, found out by whole columns.

This is the hot path of a verification: nearly every stretch is equal, so nothing is looked at one
by one but the metadata's digest. A stretch that is not said to be equal is looked at by key.
May import the target's profile, the CIDs and its own room.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.model import ObjectState
from core.target.shape import TIMESTAMP_END_NS, Source, timestamp_us
from core.target.version_time import created_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Entry
    from core.target.profile import Profile
    from core.target.shape import Row
    from core.verify.sides import LedgerRow, PinSeen

# A value of a nested member is a text, in which a quote is escaped: this stands at the top only.
_PIN: Final = ',"pin":{"path":"'
_VERSION: Final = ',"version_id":"'
_NAME: Final = 6  # digits of a member's name in its root
_ENTRY: Final = itemgetter(0, 1, 2, 3, 4, 5)
_RECORDED: Final = int(ObjectState.RECORDED)


class PageMatch:
    """Compares stretches for one profile. workspace_id: what our rows name as `vgwm.plan`.

    exact: whether rows hold the metadata as one text; else `equal` says nothing of attributes.
    """

    def __init__(self, profile: Profile, workspace_id: str) -> None:
        place = profile.objects.position
        self.exact = profile.objects.position(Source.METADATA) is not None
        self._key_at = place(Source.KEY) or 1
        self._cid_at = place(Source.CID) or 0
        self._size_at = place(Source.SIZE)
        self._created_at = place(Source.CREATED)
        self._modified_at = place(Source.MODIFIED)
        self._meta_at = place(Source.METADATA)
        self._plan = workspace_id

    def equal(
        self,
        kept: Sequence[LedgerRow],
        seen: Sequence[Entry],
        rows: Sequence[Row],
        pins: dict[int, PinSeen],
    ) -> bool:
        """Tell whether source, ledger, table and pins say the same of every key of a stretch.

        kept and seen: by key and version. pins: of the bundles of kept. False also where only a
        look at each key can tell.
        """
        if len(kept) != len(seen) or list(map(_ENTRY, kept)) != seen:
            return False
        if any(one[6] != _RECORDED for one in kept):
            return False
        if not all(pin.seen for pin in pins.values()):
            return False
        if len(kept) != len(rows):
            kept = [one for one in kept if not one[1] and one[8] is not None]
            if len(kept) != len(rows):
                return False
        return not kept or self._rows_equal(kept, rows, pins)

    def _rows_equal(
        self, kept: Sequence[LedgerRow], rows: Sequence[Row], pins: dict[int, PinSeen]
    ) -> bool:
        keys, versions, sizes, _ino, mtimes, _ct, _st, bundles, wanted, digests = zip(
            *kept, strict=True
        )
        columns = list(zip(*rows, strict=True))
        if any(versions) or None in wanted or None in bundles or None in digests:
            return False
        if b"\0".join(keys) != "\0".join(columns[self._key_at]).encode():
            return False
        if self._size_at is not None and columns[self._size_at] != sizes:
            return False
        if tuple(cids.texts(wanted)) != columns[self._cid_at]:
            return False
        texts = None if self._meta_at is None else columns[self._meta_at]
        if not self._times_equal(mtimes, columns, texts):
            return False
        return texts is None or self._metadata_equal(texts, bundles, digests, pins)

    def _times_equal(
        self,
        mtimes: Sequence[int],
        columns: list[tuple[object, ...]],
        texts: Sequence[str] | None,
    ) -> bool:
        """Compare the times. texts: the metadata, whose version ids say when they were made."""
        times = tuple([mt // 1000 if 0 <= mt < TIMESTAMP_END_NS else None for mt in mtimes])
        if self._modified_at is not None and columns[self._modified_at] != times:
            return False
        if self._created_at is None or columns[self._created_at] == times:
            return True
        made = columns[self._created_at]
        return texts is not None and all(
            found in {time, timestamp_us(created_ns(_version(text), mt))}
            for found, time, text, mt in zip(made, times, texts, mtimes, strict=True)
        )

    def _metadata_equal(
        self,
        texts: Sequence[str],
        bundles: Sequence[int],
        digests: Sequence[int],
        pins: dict[int, PinSeen],
    ) -> bool:
        """Compare the digest of each text without `pin` and `vgwm`, and those two in full."""
        bundle, at_root, end, ours = 0, "", 0, ""
        bare: list[str] = []
        add = bare.append
        for text, its in zip(texts, bundles, strict=True):
            if its != bundle:
                bundle, pin = its, pins.get(its)
                if pin is None:
                    return False
                at_root = f'","root":"{pin.root}"}}'
                end = _NAME + len(at_root)
                ours = f',"vgwm":{{"bundle":{its},"plan":"{self._plan}"}}'
            head, _, rest = text.partition(_PIN)
            mid, found, tail = rest.partition(ours)
            if rest[_NAME:end] != at_root or not found:
                return False
            add(f"{head}{mid[end:]}{tail}")
        try:
            wanted = struct.pack(f">{len(digests)}q", *digests)
        except struct.error:
            return False
        return b"".join([blake2b(one.encode(), digest_size=8).digest() for one in bare]) == wanted


def _version(text: str) -> str:
    """Return the version id in a metadata text, "" without one. No nested member stands behind."""
    return text.rpartition(_VERSION)[2].partition('"')[0] if _VERSION in text else ""
