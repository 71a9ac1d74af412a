"""What somebody else wrote on blue since the flip: nobody should, for clients are at green.

Every file that changed since then is held against what the migration and the reverse copy put
there. Deletes are not seen: the next reverse round's, or a verification's, business.
May import the source, the ledger and the cutover's room.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.quiet import moved
from core.cutover.quiet_tree import stamps
from core.display import object_name
from core.ledger.greenlog import GreenState
from core.source.posix.config import PosixConfig
from core.source.posix.names import INTERNAL
from core.source.posix.stamps import held_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.reading import LedgerReader

NAMED: Final = 10

_PAGE: Final = 500


class Strangers(NamedTuple):
    """changed: files that changed since the flip. foreign: of them, not by us; names: the first."""

    changed: int
    foreign: int
    names: tuple[str, ...]


class _Changed(NamedTuple):
    bucket: bytes
    key: bytes
    ino: int
    mtime_ns: int


async def strangers(
    ledger: LedgerReader, tree: PosixConfig, buckets: Sequence[bytes], since_ns: int
) -> Strangers:
    """Look through a tree. buckets: empty for all. since_ns: T_flip. Raises Denied."""
    only = PosixConfig(root=tree.root, bucket_links=tree.bucket_links)
    ids = {row.name: row.id for row in await ledger.buckets()}
    changes = _Changes(only, buckets, since_ns)
    changed, foreign = 0, 0
    names: list[str] = []
    try:
        while page := await asyncio.to_thread(changes.page):
            changed += len(page)
            for one in page:
                if await _is_ours(ledger, ids.get(one.bucket), one):
                    continue
                foreign += 1
                if len(names) < NAMED:
                    names.append(object_name(one.bucket, one.key))
    finally:
        changes.stopped = True  # its thread may still be at a page
    return Strangers(changed, foreign, tuple(names))


class _Changes:
    """The files of a tree that changed since a time, by pages. stopped: set to end it early."""

    def __init__(self, tree: PosixConfig, buckets: Sequence[bytes], since_ns: int) -> None:
        self.stopped = False
        self._root = os.fsencode(tree.root)
        self._since_ns = since_ns
        self._stamps = stamps(tree, buckets)

    def page(self) -> list[_Changed]:
        """Return the next ones, none at the end. Blocks."""
        found = []
        for path, ctime_ns in self._stamps:
            if self.stopped:
                break
            one = self._changed(path, ctime_ns)
            if one is not None:
                found.append(one)
                if len(found) == _PAGE:
                    break
        return found

    def _changed(self, path: bytes, ctime_ns: int | None) -> _Changed | None:
        bucket, _, key = path.partition(b"/")
        # A folder changes with what is put below it; uploads in progress are no keys.
        if not key or key.endswith(b"/") or key.startswith(INTERNAL + b"/"):
            return None
        if ctime_ns is None or not moved(ctime_ns, self._since_ns):
            return None
        try:
            seen = os.lstat(self._root + b"/" + path)
        except (FileNotFoundError, NotADirectoryError):  # gone, or a file is where its folder was
            return None
        return _Changed(bucket, key, seen.st_ino, held_ns(seen.st_mtime_ns))


async def _is_ours(ledger: LedgerReader, bucket_id: int | None, one: _Changed) -> bool:
    """Tell whether a file is what the migration read, or what the reverse copy put there."""
    if bucket_id is None:
        return False
    row = (await ledger.greenlog.some(bucket_id, [one.key])).get(one.key)
    if row is not None:
        carried = row.state is GreenState.CARRIED
        return not carried or (row.ino, row.mtime_ns) == (one.ino, one.mtime_ns)
    known = (await ledger.greenlog.known(bucket_id, [one.key])).get(one.key)
    # A gateway that reads old attributes rewrites them: that moves the ctime alone.
    return known is not None and (known.ino, known.mtime_ns) == (one.ino, one.mtime_ns)
