"""A look at some keys of a bucket: what the walk would say of them, without the walk.

    seen = look(source, bucket, keys)      # in byte order
    seen.page  -> entries and skips of those keys; a key that is in neither is not there
    seen.left  -> keys of which nothing is known: only the walk may judge them

For hints, which are no proof: whatever is not as plain as a file, or a folder that is no more, is
left to the walk. Moves no atime (I6). May import the model, errors, and its own room.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from core.model import Entry, Page
from core.source.posix.classify import ALL_VERSIONS, Classifier
from core.source.posix.names import is_key, is_utf8
from core.source.posix.opening import open_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree


class Seen(NamedTuple):
    """What a look came to."""

    page: Page
    left: list[bytes]


def look(source: PosixTree, bucket: Bucket, keys: Sequence[bytes]) -> Seen:
    """Look at keys, each named once; with all their versions.

    Raises Denied where reading is refused or would move access times, NoGatewayRoot if the bucket
    vanished.
    """
    with _Looker(source, bucket) as looker:
        for key in keys:
            looker.at(key)
        return looker.told()


class _Looker:
    """One look. folder: of the key before, which the next one mostly shares."""

    def __init__(self, source: PosixTree, bucket: Bucket) -> None:
        self._quiet = source.quiet
        self._left: list[bytes] = []
        self._top = source.open_bucket(bucket.name)
        self._folder, self._path = self._top, b""
        try:
            self._judge = Classifier(source, bucket)
        except BaseException:
            os.close(self._top)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        os.close(self._top)
        self._judge.close()

    def told(self) -> Seen:
        judge = self._judge
        return Seen(Page(cast("list[Entry]", judge.entries), judge.skips), self._left)

    def at(self, key: bytes) -> None:
        """Judge one key; what came of it is taken back where it is not the whole of it."""
        judge = self._judge
        entries, skips = len(judge.entries), len(judge.skips)
        try:
            whole = is_key(key) and is_utf8(key) and self._one(key)
        except (FileNotFoundError, NotADirectoryError):
            whole = True  # it is not there, or went while we looked
            del judge.entries[entries:], judge.skips[skips:]
        except OSError:
            whole = False
        if not whole or any(skip.version == ALL_VERSIONS for skip in judge.skips[skips:]):
            del judge.entries[entries:], judge.skips[skips:]
            self._left.append(key)

    def _one(self, key: bytes) -> bool:
        """Judge a key that lies where it says. Raises OSError."""
        parent, _, name = key.removesuffix(b"/").rpartition(b"/")
        folder = self._descend(parent)
        if key.endswith(b"/"):
            fd = open_folder(name, self._quiet, dir_fd=folder)
            try:
                self._judge.folder(fd, key, None)
            finally:
                os.close(fd)
            return True
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISDIR(seen.st_mode):
            self._judge.file(folder, name, key, seen)
        return True

    def _descend(self, path: bytes) -> int:
        """Open a folder part by part, as the walk comes to it: no symlink is followed."""
        if path == self._path:
            return self._folder
        self._leave()
        folder = self._top
        for name in path.split(b"/") if path else ():
            try:
                below = open_folder(name, self._quiet, dir_fd=folder)
            finally:
                if folder != self._top:
                    os.close(folder)
            folder = below
        self._folder, self._path = folder, path
        return folder

    def _leave(self) -> None:
        if self._folder != self._top:
            os.close(self._folder)
        self._folder, self._path = self._top, b""
