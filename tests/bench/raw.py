"""What any migration has to do at least, as a program: read, hash, append. `raw ROOT OUT N OF`.

Per file: open, fstat, all attributes, read, SHA-256, MD5, close; the bytes of a bundle's files go
into one file, which is synced. Nothing is built, named or recorded.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
from typing import TYPE_CHECKING

from tests.bench.program import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20


class Appender:
    """One bundle's file: bytes held to the MiB, written, synced."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.size_bytes = 0
        self.files = 0

    def small(self, body: bytes) -> None:
        self._held.append(body)
        self._held_bytes += len(body)
        if self._held_bytes >= MIB:
            self._flush()

    def chunk(self, view: memoryview) -> None:
        self._flush()
        os.write(self._fd, view)
        self.size_bytes += len(view)

    def _flush(self) -> None:
        if self._held:
            os.write(self._fd, b"".join(self._held))
            self.size_bytes += self._held_bytes
            self._held, self._held_bytes = [], 0

    def close(self) -> None:
        self._flush()
        os.fsync(self._fd)
        os.close(self._fd)


def copy(root: str, out: str, number: int, of: int, bundle_files: int) -> dict[str, float]:
    """Copy the number-th of `of` shares of the tree; return files and bytes."""
    page_aligned = memoryview(mmap.mmap(-1, MIB))  # readinto other memory is four times slower
    files = size_bytes = 0
    for index, paths in enumerate(_bundles(root, bundle_files)):
        if index % of != number:
            continue
        appender = Appender(f"{out}/{index:06d}")
        for path in paths:
            _carry(path, appender, page_aligned)
        appender.close()
        files += len(paths)
        size_bytes += appender.size_bytes
    return {"files": files, "size_bytes": size_bytes}


def _carry(path: str, appender: Appender, buffer: memoryview) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
    size = os.fstat(fd).st_size
    for name in os.listxattr(fd):
        os.getxattr(fd, name)
    if size <= MIB:
        body = os.read(fd, size + 1)
        hashlib.sha256(body).digest()
        hashlib.md5(body, usedforsecurity=False).digest()
        appender.small(body)
    else:
        whole = hashlib.md5(usedforsecurity=False)
        while n := os.readv(fd, [buffer]):
            view = buffer[:n]
            hashlib.sha256(view).digest()
            whole.update(view)
            appender.chunk(view)
        whole.digest()
    os.close(fd)


def _bundles(root: str, bundle_files: int) -> Iterator[list[str]]:
    """Yield the paths of a bundle's files; both processes list all, as both need the cut."""
    bundle: list[str] = []
    for path in _files(root):
        bundle.append(path)
        if len(bundle) == bundle_files:
            yield bundle
            bundle = []
    if bundle:
        yield bundle


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        else:
            yield entry.path


def main(words: list[str]) -> None:
    root, out, *numbers = words
    number, of, bundle_files = map(int, numbers)
    serve(lambda: copy(root, out, number, of, bundle_files))


if __name__ == "__main__":
    main(sys.argv[1:])
