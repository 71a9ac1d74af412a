"""Attributes in sidecar mode: one file per attribute in a `meta` folder beside nothing else.

The scan is driven from the data tree, never from here: the gateway leaves sets behind.
May import the attribute names and quiet opening. Source: docs/source.md.
"""

from __future__ import annotations

import os
import stat
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from core.source.posix.attributes import (
    BUCKET_NAMES,
    LEGACY_USER,
    OBJECT_NAMES,
    UPLOAD_KEY,
    Attributes,
)
from core.source.posix.opening import FILE, list_names, open_folder, raise_if_not_owner

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES: Final = OBJECT_NAMES | BUCKET_NAMES | {UPLOAD_KEY}
_VALUE_BYTES: Final = 4 << 20
_DIGEST_BITS: Final = 63


class Sidecar:
    """The sets of one bucket, or of its old versions.

    base: SC/<bucket>, or SC<absolute V>/<bucket>. quiet: the flag of `opening.quiet_flag`.
    """

    def __init__(self, base: bytes, quiet: int) -> None:
        self._base = base
        self._quiet = quiet

    def read(self, name: bytes) -> Attributes:
        """Return the set of a key, a version's path or, for b"", the bucket; {} without one."""
        try:
            folder = open_folder(self._meta(name), self._quiet)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        try:
            # Children of a directory named `meta`, and the gateway's temporary files, lie here too.
            wanted = _known(list_names(folder))
            return {bare: self._value(bare, folder) for bare in wanted}
        finally:
            os.close(folder)

    def stamp(self, name: bytes) -> tuple[int, int]:
        """Return (mtime_ns, ctime_ns) of a set; (0, 0) without one. They move with every change."""
        seen = _seen(self._meta(name))
        return (0, 0) if seen is None else (seen.st_mtime_ns, seen.st_ctime_ns)

    def changed_ns(self, name: bytes, attribute: str) -> int | None:
        """Return when one attribute was last written, None if it is not there."""
        seen = _seen(self._meta(name) + b"/" + attribute.encode())
        return seen.st_mtime_ns if seen is not None and stat.S_ISREG(seen.st_mode) else None

    def _meta(self, name: bytes) -> bytes:
        bare = name.rstrip(b"/")
        return self._base + b"/" + bare + b"/meta" if bare else self._base + b"/meta"

    def _value(self, attribute: str, folder: int) -> bytes:
        name = attribute.encode()
        try:
            fd = os.open(name, FILE | self._quiet, dir_fd=folder)
        except PermissionError as error:
            raise_if_not_owner(error, name)
            raise
        try:
            return os.read(fd, _VALUE_BYTES)
        finally:
            os.close(fd)


def both_ctimes(file_ctime_ns: int, meta_ctime_ns: int) -> int:
    """Return a 63-bit digest of the ctimes of a file and of its set: one moves, it moves."""
    text = b"%d %d" % (file_ctime_ns, meta_ctime_ns)
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> (64 - _DIGEST_BITS)


def _known(names: Iterable[bytes]) -> list[str]:
    texts = (name.decode("utf-8", "replace") for name in names)
    return sorted(text for text in texts if text in _NAMES or text.startswith(LEGACY_USER))


def _seen(path: bytes) -> os.stat_result | None:
    try:
        # keys are bytes: a Path would hold text
        return os.stat(path, follow_symlinks=False)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return None
