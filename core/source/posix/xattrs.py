"""Reading extended attributes by descriptor; on the hot path.

Foreign attributes come with an empty value: they are counted, not carried.
May import the attribute names.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

from core.source.posix.attributes import (
    BUCKET_NAMES,
    LEGACY_USER,
    NAMESPACE,
    OBJECT_NAMES,
    Attributes,
)

_BARE: Final = {NAMESPACE + name: name for name in OBJECT_NAMES | BUCKET_NAMES}
_WIDE: Final = NAMESPACE + "checksums"
_WIDE_BYTES: Final = 1_024


class XattrReader:
    """Reads the attributes of open files, one after another. Not for two threads."""

    def __init__(self) -> None:
        # os.getxattr asks with 128 bytes, then with 64 KiB that the kernel clears first: 4 us for
        # the one value that nearly every object has and that is longer. With room at hand: 1.9 us.
        function = ctypes.CDLL(None).fgetxattr
        function.restype = ctypes.c_ssize_t
        self._get = function
        self._room = ctypes.create_string_buffer(_WIDE_BYTES)
        self._place = ctypes.c_void_p(ctypes.addressof(self._room))
        self._name = ctypes.c_char_p(_WIDE.encode())
        self._length = ctypes.c_size_t(_WIDE_BYTES)

    def read(self, fd: int) -> Attributes:
        """Return the attributes of an open file or folder.

        Raises OSError: ENODATA when one vanished meanwhile, ENOTSUP without attributes here.
        """
        attributes: Attributes = {}
        for name in os.listxattr(fd):
            bare = _BARE.get(name)
            if name == _WIDE:
                got: int = self._get(fd, self._name, self._place, self._length)
                # whatever went wrong, a value longer than the room included, os says it better
                attributes["checksums"] = (
                    memoryview(self._room)[:got].tobytes() if got >= 0 else os.getxattr(fd, name)
                )
            elif bare is not None:
                attributes[bare] = os.getxattr(fd, name)
            elif name.startswith(NAMESPACE):
                bare = name.removeprefix(NAMESPACE)
                legacy = bare.startswith(LEGACY_USER)
                attributes[bare] = os.getxattr(fd, name) if legacy else b""
        return attributes
