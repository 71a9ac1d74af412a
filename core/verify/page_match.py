"""Whether a stretch of keys is equal on all sides, found out by whole columns.

This is the hot path of a verification: nearly every stretch is equal, so nothing is looked at one
by one but the metadata's digest. A stretch that is not said to be equal is looked at by key.
May import the target's profile, the CIDs and its own room.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from core.dag import cid as cids
from core.dag.cid import V1_BYTES
from core.model import ObjectState
from core.target.shape import TIMESTAMP_END_NS, Source, timestamp_us
from core.target.version_time import created_ns
from core.verify.packed import CID_GAP, SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Entry
    from core.target.profile import Profile
    from core.target.shape import Row
    from core.verify.packed import Packed
    from core.verify.sides import LedgerRow, PinSeen

# A value of a nested member is a text, in which a quote is escaped: this stands at the top only.
_PIN: Final = b',"pin":{"path":"'
_VERSION: Final = b',"version_id":"'
_BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_NAME: Final = 6  # digits of a member's name in its root
_ENTRY: Final = 6
"""Columns of the ledger that the source has, too: key, version and fingerprint."""
_DIGITS: Final = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[at] if (at := _BASE32.find(char)) >= 0 else ord("!")
    for char in map(bytes, zip(range(256)))
)
"""From the digits of a CID's text to those that int() knows; all else is none."""

_BEGUN: Final = blake2b(digest_size=8)
"""Copied for each text: a fifth cheaper than one made from its options."""

_CHARS: Final = 64
_DIGIT_BITS: Final = 5
_ZEROS: Final = bytes(_CHARS * _DIGIT_BITS // 8 - V1_BYTES)
_ONE_DIGIT: Final = b"\x08" + bytes(_CHARS * _DIGIT_BITS // 8 - 1)
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
        self._plan = workspace_id.encode()

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
        return len(kept) == rows.rows and (not kept or self._packed_equal(kept, rows, pins))

    def _packed_equal(
        self, kept: Sequence[LedgerRow], rows: Packed, pins: dict[int, PinSeen]
    ) -> bool:
        """Compare columns of the ledger with those of the packed rows, from cheap to dear."""
        texts = rows.texts.split(b"\n")
        keys, versions, sizes, _ino, mtimes, _ct, _st, bundles, wanted, digests = zip(
            *kept, strict=True
        )
        return (
            len(texts) == len(kept)
            and not any(versions)  # a version has no row
            and SEPARATOR.join(keys) == rows.keys
            and ",".join(map(str, sizes)).encode() == rows.sizes
            and None not in wanted  # nor has a delete marker
            and _times_packed(mtimes, rows, texts)
            and _cids_equal(wanted, rows.cids)
            and self._metadata_equal(texts, bundles, digests, pins)
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
            texts = [str(text).encode() for text in columns[self._meta_at]]
        if not self._times_equal(mtimes, columns, texts):
            return False
        if tuple(cids.texts(wanted)) != columns[self._cid_at]:
            return False
        return texts is None or self._metadata_equal(texts, bundles, digests, pins)

    def _times_equal(
        self,
        mtimes: Sequence[int],
        columns: list[tuple[Any, ...]],
        texts: Sequence[bytes] | None,
    ) -> bool:
        """Compare the times. texts: the metadata, whose version ids say when they were made."""
        times = tuple(_times(mtimes))
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
        texts: Sequence[bytes],
        bundles: Sequence[int],
        digests: Sequence[int],
        pins: dict[int, PinSeen],
    ) -> bool:
        """Compare the digest of each text without `pin` and `vgwm`, and those two in full."""
        bundle, at_root, end, ours = -1, b"", 0, b""
        bare: list[bytes] = []
        add = bare.append
        for text, its in zip(texts, bundles, strict=True):
            if its != bundle:
                bundle, pin = its, pins.get(its)
                if pin is None:
                    return False
                at_root = b'","root":"%b"}' % pin.root.encode()
                end = _NAME + len(at_root)
                ours = b',"vgwm":{"bundle":%d,"plan":"%b"}' % (its, self._plan)
            head, _, rest = text.partition(_PIN)
            mid, found, tail = rest.partition(ours)
            if rest[_NAME:end] != at_root or not found:
                return False
            add(head + mid[end:] + tail)
        try:
            wanted = struct.pack(f">{len(digests)}q", *digests)
        except struct.error:
            return False
        return _digests(bare) == wanted


def _digests(texts: Sequence[bytes]) -> bytes:
    """Return the texts' digests of 8 bytes, joined: as the ledger keeps them."""
    found: list[bytes] = []
    add, begun = found.append, _BEGUN.copy
    for text in texts:
        one = begun()
        one.update(text)
        add(one.digest())
    return b"".join(found)


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


def _times_packed(mtimes: Sequence[int], rows: Packed, texts: Sequence[bytes]) -> bool:
    """Tell whether each row's times are the source's, or those of its version id."""
    times = ",".join(map(str, _times(mtimes))).encode()
    if times != rows.modified:
        return False
    if times == rows.created:
        return True
    made = [
        timestamp_us(created_ns(_version(text), mt)) for text, mt in zip(texts, mtimes, strict=True)
    ]
    return ",".join(map(str, made)).encode() == rows.created


def _cids_equal(wanted: Sequence[bytes], packed: bytes) -> bool:
    """Tell whether CIDs are those of packed texts: both become one number.

    A text has 64 digits of 5 bits with its gap: the `b` of base32, a digit of one; the CID; zeros.
    """
    if len(packed) != len(wanted) * _CHARS - len(CID_GAP):
        return False
    if {len(one) for one in wanted} != {V1_BYTES}:
        return False
    try:
        number = int((packed + CID_GAP.encode()).translate(_DIGITS), 32)
    except ValueError:
        return False
    content = int.from_bytes(_ZEROS.join(wanted) + _ZEROS, "big") >> _DIGIT_BITS
    return number == content | int.from_bytes(_ONE_DIGIT * len(wanted), "big")


def _version(text: bytes) -> str:
    """Return the version id in a metadata text, "" without one. No nested member stands behind."""
    if _VERSION not in text:
        return ""
    return text.rpartition(_VERSION)[2].partition(b'"')[0].decode()
