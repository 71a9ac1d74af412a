"""The ordered walk of a bucket: every key once, in S3's order, by pages.

    for page in walk(source, bucket, after=None):   # or after=(key, version)
        page.entries  -> `model.Entry` as plain tuples: (key, version, size, inode, mtime, ctime)
        page.skips    -> `model.Skip`, keys that lie among them

A page holds up to 1,000 entries; a key's old versions follow its current one, and may run over into
the next page. `after` names a key that is done, with all its versions and skips: the walk goes on
strictly behind it and lists no directory that lies wholly before it. Memory: the names of the
directories on the way down, so O(largest directory).
May import the model, errors, and its own room. Source: docs/source.md.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, cast

from core.display import safe
from core.errors import Denied
from core.model import Entry, Page, Unrepresentable
from core.source.posix.classify import Classifier, RawEntry
from core.source.posix.names import INTERNAL, is_utf8
from core.source.posix.opening import list_names, open_folder
from core.source.posix.stamps import END_NS, held_ns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree

PAGE_ENTRIES: Final = 1_000
_INTERNAL_FOLDER: Final = INTERNAL + b"/"
_SLASH: Final = ord("/")
_DOT: Final = ord(".")
_TYPE: Final = 0o170000


def walk(
    source: PosixTree, bucket: Bucket, after: tuple[bytes, bytes] | None = None
) -> Generator[Page, None, None]:
    """Yield the bucket's entries in key order, by pages; the generator is to be closed or ended.

    after: a key (and version) that is done, None for the beginning.
    Raises Denied where reading is refused or would move access times, NoGatewayRoot if it vanished.
    """
    walker = _Walker(source, bucket, after[0] if after is not None else None)
    try:
        yield from walker.pages()
    finally:
        walker.close()


class _Frame:
    """A directory on the way down. why: all that lies below is skipped for that reason."""

    __slots__ = ("at", "careful", "fd", "names", "prefix", "why")

    def __init__(
        self, fd: int, prefix: bytes, names: list[bytes], why: Unrepresentable | None
    ) -> None:
        self.fd = fd
        self.prefix = prefix
        self.names = names
        self.at = 0
        self.why = why
        self.careful = why is not None or not is_utf8(b"/".join(names))


class _Walker:
    """One walk. An explicit stack: keys may be 512 directories deep."""

    def __init__(self, source: PosixTree, bucket: Bucket, after: bytes | None) -> None:
        self._source = source
        self._after = after
        self._stack: list[_Frame] = []
        self._judge = Classifier(source, bucket)
        try:
            self._begin(source.open_bucket(bucket.name), bucket)
        except BaseException:
            self.close()
            raise

    def _begin(self, fd: int, bucket: Bucket) -> None:
        try:
            self._enter(fd, b"", None)
        except OSError as error:
            os.close(fd)
            raise Denied(
                what=f"bucket {safe(bucket.name)} cannot be listed: {error.strerror}",
                where="source",
                remedy="Run as the gateway's user or root, and look at its disk.",
            ) from error

    def close(self) -> None:
        while self._stack:
            os.close(self._stack.pop().fd)
        self._judge.close()

    def pages(self) -> Iterator[Page]:
        judge = self._judge
        while self._stack:
            frame = self._stack[-1]
            if judge.plain and not frame.careful:
                self._plain_run(frame)
            else:
                self._careful_run(frame)
            while len(judge.entries) >= PAGE_ENTRIES:
                yield self._page(PAGE_ENTRIES)
            if len(judge.skips) >= PAGE_ENTRIES:
                yield self._page(PAGE_ENTRIES)
        if judge.entries or judge.skips:
            yield self._page(PAGE_ENTRIES)

    def _page(self, size: int) -> Page:
        """Cut a page.

        What stays behind are versions of the page's last key: so every skip so far goes with it.
        """
        judge = self._judge
        entries, judge.entries = judge.entries[:size], judge.entries[size:]
        skips, judge.skips = judge.skips, []
        return Page(cast("list[Entry]", entries), skips)

    def _enter(self, fd: int, prefix: bytes, why: Unrepresentable | None) -> None:
        """List an open directory and put it on the stack, at the first name behind `after`.

        Takes the descriptor over once it is listed. Raises OSError.
        """
        names = list_names(fd)
        # With the slash behind its name a directory sorts where its keys do: `a.b` before `a/x`.
        names.sort()
        frame = _Frame(fd, prefix, names, why)
        if self._after is not None and self._after.startswith(prefix):
            head, slash, _ = self._after[len(prefix) :].partition(b"/")
            frame.at = bisect_left(names, head + slash)
            if not slash and frame.at < len(names) and names[frame.at] == head:
                frame.at += 1
        self._stack.append(frame)

    def _plain_run(self, frame: _Frame) -> None:
        """Take names until the page is full, a directory comes, or the names end. The hot loop."""
        names, prefix, fd, at = frame.names, frame.prefix, frame.fd, frame.at
        entries: list[RawEntry] = self._judge.entries
        add, look = entries.append, os.stat
        end = min(len(names), at + PAGE_ENTRIES - len(entries))
        while at < end:
            name = names[at]
            at += 1
            if name[-1] == _SLASH:
                frame.at = at
                self._descend(frame, name)
                return
            try:
                seen = look(name, dir_fd=fd, follow_symlinks=False)
            except OSError as error:
                self._not_seen(prefix + name, error)
                continue
            if seen.st_mode & _TYPE != stat.S_IFREG or name[0] == _DOT:
                self._judge.file(fd, name, prefix + name, seen)
                continue
            mtime_ns = seen.st_mtime_ns
            if not -END_NS <= mtime_ns < END_NS:
                mtime_ns = held_ns(mtime_ns)
            add((prefix + name, b"", seen.st_size, seen.st_ino, mtime_ns, seen.st_ctime_ns))
        frame.at = at
        if at >= len(names):
            self._leave()

    def _careful_run(self, frame: _Frame) -> None:
        """Do the same where each file needs a second look, or is skipped."""
        judge = self._judge
        while frame.at < len(frame.names) and len(judge.entries) < PAGE_ENTRIES:
            name = frame.names[frame.at]
            frame.at += 1
            if name[-1] == _SLASH:
                self._descend(frame, name)
                return
            key = frame.prefix + name
            if frame.why is not None:
                judge.skip_below(key, frame.why)
                continue
            try:
                seen = os.stat(name, dir_fd=frame.fd, follow_symlinks=False)
                judge.file(frame.fd, name, key, seen)
            except OSError as error:
                self._not_seen(key, error)
        if frame.at >= len(frame.names):
            self._leave()

    def _leave(self) -> None:
        os.close(self._stack.pop().fd)

    def _not_seen(self, key: bytes, error: OSError) -> None:
        """Record what could not be looked at; what has vanished since the listing is no key."""
        if not isinstance(error, FileNotFoundError):
            self._judge.skip(key, Unrepresentable.UNREADABLE, error.strerror or safe(str(error)))

    def _descend(self, frame: _Frame, name: bytes) -> None:
        key = frame.prefix + name
        why = frame.why
        if why is None and name == _INTERNAL_FOLDER:
            if not frame.prefix:
                return  # uploads in progress: no keys; `uploads` reports them
            why = Unrepresentable.NESTED_SGWTMP
        if why is None and frame.careful and not is_utf8(name):
            why = Unrepresentable.KEY_NOT_UTF8
        behind = self._after is None or key > self._after
        try:
            # Without its slash: a symlink put in its place meanwhile must not be followed.
            fd = open_folder(name[:-1], self._source.quiet, dir_fd=frame.fd)
        except OSError as error:
            if behind:
                self._not_seen(key, error)
            return
        try:
            self._enter(fd, key, why)
            if behind:
                self._judge.folder(fd, key, why)
        except OSError as error:
            if self._stack[-1].fd != fd:
                os.close(fd)
            self._not_seen(key, error)
