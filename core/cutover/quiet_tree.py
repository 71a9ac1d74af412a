"""Every file and folder of a tree with its ctime, in no order. Moves no atime (I6)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import Denied
from core.source.posix.opening import list_names, open_folder, quiet_flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.source.posix.config import PosixConfig


def stamps(tree: PosixConfig, buckets: Sequence[bytes]) -> Iterator[tuple[bytes, int | None]]:
    """Yield paths below their top with their ctimes in ns, None for what vanished meanwhile.

    buckets: empty for all, and the tops themselves. A bucket that is named and gone has vanished.
    Raises Denied.
    """
    quiet = quiet_flag(tree.folders())
    for top in tree.folders():
        path = os.fsencode(top)
        walk = _Walk(path, quiet, follow=tree.bucket_links and top == tree.root)
        yield from walk.all() if not buckets else walk.some(buckets, must=top == tree.root)


class _Walk:
    """The tree below one top. Memory: the paths of folders that wait, O(largest folder)."""

    def __init__(self, top: bytes, quiet: int, *, follow: bool) -> None:
        self._top = top
        self._quiet = quiet
        self._follow = follow

    def all(self) -> Iterator[tuple[bytes, int | None]]:
        """Yield the top and everything below."""
        fd = self._open(self._top, follow=True)
        try:
            yield self._top, os.fstat(fd).st_ctime_ns
            names = sorted(list_names(fd))
        finally:
            os.close(fd)
        # A bucket that is a symlink is listed as a file; what it names is looked at as well.
        below = [name.rstrip(b"/") for name in names if name.endswith(b"/") or self._follow]
        yield from self.some(below, must=False)

    def some(self, names: Sequence[bytes], *, must: bool) -> Iterator[tuple[bytes, int | None]]:
        """Yield folders of the top, and everything below. must: one that is not there is told."""
        for name in names:
            try:
                fd = self._open(self._top + b"/" + name, follow=self._follow)
            except (FileNotFoundError, NotADirectoryError):
                if must:
                    yield name, None
                continue
            yield from self._below(name, fd)

    def _below(self, name: bytes, fd: int) -> Iterator[tuple[bytes, int | None]]:
        waiting: list[bytes] = []
        path = name
        while True:
            try:
                yield path + b"/", os.fstat(fd).st_ctime_ns
                for child in list_names(fd):
                    if child.endswith(b"/"):
                        waiting.append(path + b"/" + child[:-1])
                    else:
                        yield path + b"/" + child, self._ctime(fd, child)
            finally:
                os.close(fd)
            while True:
                if not waiting:
                    return
                path = waiting.pop()
                try:
                    fd = self._open(self._top + b"/" + path, follow=False)
                    break
                except (FileNotFoundError, NotADirectoryError):
                    yield path + b"/", None

    @staticmethod
    def _ctime(fd: int, name: bytes) -> int | None:
        try:
            return os.stat(name, dir_fd=fd, follow_symlinks=False).st_ctime_ns
        except FileNotFoundError:
            return None

    def _open(self, path: bytes, *, follow: bool) -> int:
        try:
            return open_folder(path, self._quiet, follow=follow)
        except PermissionError as error:
            raise Denied(
                what=f"{safe(path)} cannot be looked at: {error.strerror}",
                where="source",
                remedy="Run as the gateway's user or root.",
            ) from error
