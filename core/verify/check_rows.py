"""Rows of the object table held against what the ledger recorded: names, CIDs, sizes, metadata.

The source is not asked. Pure: pages come in, differences go out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag.canonical import read
from core.display import safe
from core.model import ObjectState
from core.target.shape import Source, timestamp_us
from core.target.version_time import created_ns
from core.verify.difference import APART, Difference, Ill, Listed
from core.verify.row_mark import by_meaning, metadata_digest, parted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.ledger.checking import KeptRow
    from core.target.profile import Profile
    from core.target.shape import Row, Value

_ENDED: Final = frozenset({ObjectState.SKIPPED, ObjectState.GONE_APPLIED})
"""Keys that have no row any more, or never got one."""

_MTIME: Final = re.compile(r'"mtime_ns":"([0-9]+)"')

BUCKET: Final = b"bucket:"
"""What the name of a bucket's own row begins with, apart from all objects."""


def lost_bucket(name: str) -> Difference:
    """Return that a bucket has no row of its own."""
    told = ("bucket", "a row", "")
    return Difference(Listed.MISSING, APART, BUCKET + name.encode(), b"", Ill.NO_ROW, *told)


class RowCheck:
    """Judges one key after the other. workspace_id: by it a row is known to be ours."""

    def __init__(self, profile: Profile, workspace_id: str) -> None:
        self._plan = workspace_id
        self._cid_at = profile.objects.sources.index(Source.CID)
        self._size_at = profile.objects.position(Source.SIZE)
        self._meta_at = profile.objects.position(Source.METADATA)
        self._names = [column.name for column in profile.objects.columns]
        self._times_at = [
            (source, at)
            for source in (Source.MODIFIED, Source.CREATED)
            if (at := profile.objects.position(source)) is not None
        ]

    def judge(
        self, bucket: bytes, key: bytes, kept: KeptRow | None, row: Row | None
    ) -> Iterator[Difference]:
        """Yield what is wrong with a key: of the ledger, of the table, or of both."""
        if kept is None or kept.state in _ENDED or _is_marker(kept):
            if row is not None:
                yield from self._orphan(bucket, key, row)
        elif kept.state is not ObjectState.RECORDED:
            return  # its copy has not ended: a row may stand there, of it or of the one before
        elif row is None:
            yield _of(bucket, key, kept, Ill.NO_ROW, listed=Listed.MISSING)
        else:
            yield from self._both(bucket, key, kept, row)

    def counts(self, kept: KeptRow | None) -> bool:
        """Tell whether a key has to have a row."""
        return kept is not None and kept.state is ObjectState.RECORDED and not _is_marker(kept)

    def is_ours(self, row: Row) -> bool:
        """Tell whether a row bears our mark; without a Json column no row does."""
        return self._meta_at is not None and parted(row[self._meta_at]).mark.plan == self._plan

    def _orphan(self, bucket: bytes, key: bytes, row: Row) -> Iterator[Difference]:
        if not self.is_ours(row):
            return  # somebody else's: not for us to judge
        yield Difference(
            Listed.EXTRA,
            bucket,
            key,
            b"",
            Ill.ORPHAN_ROW,
            field="cid",
            found=_shown(row[self._cid_at]),
        )

    def _both(self, bucket: bytes, key: bytes, kept: KeptRow, row: Row) -> Iterator[Difference]:
        wanted = "" if kept.cid is None else cids.text(kept.cid)
        if row[self._cid_at] != wanted:
            yield _of(bucket, key, kept, Ill.WRONG_CID, ("cid", wanted, _shown(row[self._cid_at])))
        if self._size_at is not None and row[self._size_at] != kept.size:
            yield _of(
                bucket,
                key,
                kept,
                Ill.WRONG_SIZE,
                ("size", str(kept.size), _shown(row[self._size_at])),
            )
        if self._meta_at is None or kept.mh is None:
            return
        text = row[self._meta_at]
        bare = parted(text).bare
        if bare is not None and metadata_digest(bare) != kept.mh:
            bare = by_meaning(str(text)).bare  # only its form may be another
        if bare is not None and metadata_digest(bare) == kept.mh:
            for told in self._times(bare, row):
                yield _of(bucket, key, kept, Ill.WRONG_METADATA, told)
        else:
            found = "no JSON" if bare is None else f"digest {metadata_digest(bare) % 2**64:016x}"
            wanted = f"digest {kept.mh % 2**64:016x}"
            yield _of(bucket, key, kept, Ill.WRONG_METADATA, ("metadata", wanted, found))

    def _times(self, bare: str, row: Row) -> Iterator[tuple[str, str, str]]:
        """Yield which columns of time are not what the row's own metadata says, as it should be."""
        found = _MTIME.search(bare)
        plain = None if found is None else timestamp_us(int(found[1]))
        if all(row[at] == plain for _, at in self._times_at):
            return
        document = read(bare)  # a version has a time of its own, and a nested member may be first
        told = document if isinstance(document, dict) else {}
        mtime = told.get("mtime_ns")
        if not isinstance(mtime, str):
            return
        modified = timestamp_us(int(mtime))
        made = timestamp_us(created_ns(told.get("version_id"), int(mtime)))
        for source, at in self._times_at:
            wanted = made if source is Source.CREATED else modified
            if row[at] not in {wanted, modified}:
                yield self._names[at], _shown(wanted), _shown(row[at])


def _is_marker(kept: KeptRow) -> bool:
    return kept.state is ObjectState.RECORDED and kept.cid is None


def _of(  # noqa: PLR0913, PLR0917 - what a difference is made of
    bucket: bytes,
    key: bytes,
    kept: KeptRow,
    ill: Ill,
    told: tuple[str, str, str] = ("", "", ""),
    listed: Listed = Listed.DIFFER,
) -> Difference:
    return Difference(listed, bucket, key, b"", ill, *told, bundle=kept.bundle)


def _shown(value: Value) -> str:
    return "" if value is None else safe(str(value))[:200]
