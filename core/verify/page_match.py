"""Whether a stretch of keys is equal on all sides, found out by whole columns.

This is the hot path of a verification: nearly every stretch is equal, so nothing is looked at one
by one but the metadata's digest. A stretch that is not said to be equal is looked at by key.
May import the target's profile, the CIDs and its own room.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from core.dag import cid as cids
from core.model import ObjectState
from core.target.shape import TIMESTAMP_END_NS, Source, timestamp_us
from core.target.version_time import created_ns
from core.verify.packed import SEPARATOR
from core.verify.packed_ledger import GAP, numbers, packed_rows, runs
from core.verify.row_texts import RowTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Entry
    from core.target.profile import Profile
    from core.target.shape import Row
    from core.verify.ledger_row import LedgerRow
    from core.verify.packed import Packed
    from core.verify.packed_ledger import KeptPacked
    from core.verify.sides import PinSeen

_VERSION: Final = b',"version_id":"'
_BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_ENTRY: Final = 6
"""Columns of the ledger that the source has, too: key, version and fingerprint."""
_DIGITS: Final = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[at] if (at := _BASE32.find(char)) >= 0 else ord("!")
    for char in map(bytes, zip(range(256)))
)
"""From the digits of a CID's text to those that int() knows; all else is none."""

_BEFORE, _BEHIND = b"aaaaaaa", b"aaaaaa"
_FIRST, _LAST = 5, 4
"""Bytes before the first CID and behind the last: with them digits and bytes are as many bits."""

_NS, _US = 20, 17
"""Digits of today's times in ns and in µs, and a comma."""

_RECORDED: Final = {int(ObjectState.RECORDED)}


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
        self._texts = RowTexts(workspace_id)

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
        if not _same_at_source(kept, seen, pins):
            return False
        if len(kept) != len(rows):
            kept = _with_rows(kept)
        return len(kept) == len(rows) and (not kept or self._rows_equal(kept, rows, pins))

    def packed_equal(
        self,
        kept: Sequence[LedgerRow],
        seen: Sequence[Entry],
        rows: Packed,
        pins: dict[int, PinSeen],
    ) -> bool:
        """Tell the same of rows that the table has packed."""
        if not self.exact or not _same_at_source(kept, seen, pins):
            return False
        if len(kept) != rows.rows:
            kept = _with_rows(kept)
        if len(kept) != rows.rows or not kept:
            return len(kept) == rows.rows
        packed = packed_rows(kept)
        if packed is None:
            return False
        return self._packed_equal(packed, [one[4] or 0 for one in kept], rows, pins)

    def all_packed_equal(
        self, kept: KeptPacked, seen: Sequence[Entry], rows: Packed, pins: dict[int, PinSeen]
    ) -> bool:
        """Tell the same of rows that ledger and table have packed."""
        if not self.exact or not kept.rows == len(seen) == rows.rows:
            return False
        if not kept.rows:
            return True
        if not all(pin.seen for pin in pins.values()):
            return False
        keys, versions, sizes, inos, mtimes, ctimes = zip(*seen, strict=True)
        return (
            not any(versions)
            and SEPARATOR.join(keys) == kept.keys
            and numbers(sizes) == kept.sizes
            and numbers(inos) == kept.inos
            and numbers(mtimes) == kept.mtimes
            and numbers(ctimes) == kept.ctimes
            and self._packed_equal(kept, mtimes, rows, pins)
        )

    def _packed_equal(
        self,
        kept: KeptPacked,
        mtimes: Sequence[int],
        rows: Packed,
        pins: dict[int, PinSeen],
    ) -> bool:
        """Compare packed columns, from cheap to dear. mtimes: of kept."""
        return (
            kept.keys == rows.keys
            and kept.sizes == rows.sizes
            and _times_packed(kept.mtimes, mtimes, rows)
            and _cids_equal(kept.cids, rows.cids)
            and self._metadata_equal(rows.texts, kept.bundles, kept.digests, pins)
        )

    def _rows_equal(
        self, kept: Sequence[LedgerRow], rows: Sequence[Row], pins: dict[int, PinSeen]
    ) -> bool:
        """Compare columns of the ledger with those of the table. From cheap to dear."""
        keys, versions, sizes, _ino, mtimes, _ct, _st, bundles, wanted, digests = zip(
            *kept, strict=True
        )
        columns = list(zip(*rows, strict=True))
        if any(versions) or None in wanted or None in bundles or None in digests:
            return False
        if self._size_at is not None and columns[self._size_at] != sizes:
            return False
        if b"\0".join(keys) != "\0".join(columns[self._key_at]).encode():
            return False
        texts = None
        if self._meta_at is not None:
            texts = "\n".join([text or "" for text in columns[self._meta_at]]).encode()
        if not self._times_equal(mtimes, columns, texts):
            return False
        if tuple(cids.texts(wanted)) != columns[self._cid_at]:
            return False
        return texts is None or self._metadata_equal(texts, runs(bundles), numbers(digests), pins)

    def _times_equal(
        self, mtimes: Sequence[int], columns: list[tuple[Any, ...]], texts: bytes | None
    ) -> bool:
        """Compare the times. texts: the metadata, whose version ids say when they were made."""
        times = tuple(_times(mtimes))
        if self._modified_at is not None and columns[self._modified_at] != times:
            return False
        if self._created_at is None or columns[self._created_at] == times:
            return True
        made = columns[self._created_at]
        lines = [] if texts is None else texts.split(b"\n")
        return len(lines) == len(made) and all(
            found in {time, timestamp_us(created_ns(_version(text), mt))}
            for found, time, text, mt in zip(made, times, lines, mtimes, strict=True)
        )

    def _metadata_equal(
        self,
        texts: bytes,
        bundles: Sequence[tuple[int, int]],
        wanted: bytes,
        pins: dict[int, PinSeen],
    ) -> bool:
        """Compare the digest of each text without `pin` and `vgwm`, and those two in full."""
        found = self._texts.digests(texts, bundles, pins)
        return found is not None and numbers(struct.unpack(f">{len(found) // 8}q", found)) == wanted


def _same_at_source(
    kept: Sequence[LedgerRow], seen: Sequence[Entry], pins: dict[int, PinSeen]
) -> bool:
    """Tell whether the source has what was copied, all of it recorded and seen pinned."""
    if len(kept) != len(seen) or not all(pin.seen for pin in pins.values()):
        return False
    # a bundle whose pin nobody looked at is not seen pinned (I7)
    if not {one[6] for one in kept} <= _RECORDED or not {one[7] for one in kept} <= pins.keys():
        return False
    return [one[:_ENTRY] for one in kept] == seen


def _with_rows(kept: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return those that have a row: no versions, and no delete markers."""
    return [one for one in kept if not one[1] and one[8] is not None]


def _times(mtimes: Sequence[int]) -> list[int] | list[int | None]:
    """Return times in microseconds as rows hold them."""
    if min(mtimes) < 0 or max(mtimes) >= TIMESTAMP_END_NS:
        return [timestamp_us(mt) for mt in mtimes]
    return [mt // 1000 for mt in mtimes]


def _times_packed(glued: bytes, mtimes: Sequence[int], rows: Packed) -> bool:
    """Tell whether each row's times are the source's, or those of its version id.

    glued: the same as mtimes, with commas.
    """
    # a time that rows cannot hold is NULL there: those are looked at row by row
    if not _are_in_us(glued, rows.modified, rows.rows) and (
        numbers([mt // 1000 for mt in mtimes]) != rows.modified
    ):
        return False
    if rows.created == b"," * (rows.rows - 1):
        return True
    made, texts = rows.created.split(b","), rows.texts.split(b"\n")
    return len(made) == len(texts) == rows.rows and all(
        not found or found == b"%d" % (timestamp_us(created_ns(_version(text), mt)) or -1)
        for found, text, mt in zip(made, texts, mtimes, strict=True)
    )


def _are_in_us(ns: bytes, us: bytes, rows: int) -> bool:
    """Tell whether so many times with commas are the others in µs, a digit of all of them at once.

    False also where one has not the 19 digits of the years 2001 to 2262.
    """
    commas = b"," * (rows - 1)
    if len(ns) != _NS * rows - 1 or len(us) != _US * rows - 1 or b"-" in ns:
        return False
    if ns[_NS - 1 :: _NS] != commas or us[_US - 1 :: _US] != commas:
        return False
    return all(ns[at::_NS] == us[at::_US] for at in range(_US - 1))


def _cids_equal(wanted: bytes, packed: bytes) -> bool:
    """Tell whether CIDs are those of packed texts, whose digits of 5 bits are one number's.

    With digits of zero around them each CID begins at a whole byte.
    """
    try:
        number = int((_BEFORE + packed + _BEHIND).translate(_DIGITS), 32)
        return number.to_bytes(_FIRST + len(wanted) + _LAST, "big") == (
            GAP.rjust(_FIRST, b"\0") + wanted + bytes(_LAST)
        )
    except (ValueError, OverflowError):
        return False


def _version(text: bytes) -> str:
    """Return the version id in a metadata text, "" without one. No nested member stands behind."""
    if _VERSION not in text:
        return ""
    return text.rpartition(_VERSION)[2].partition(b'"')[0].decode()
