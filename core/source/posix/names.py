"""Names in a gateway's tree: buckets, internal folders, leftovers, version ids, hash folders. Pure.

Imports nothing of the project.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

INTERNAL: Final = b".sgwtmp"
"""The gateway's own folder at the top of a bucket; deeper it is a key that no listing shows."""

NULL_VERSION: Final = b"null"

_NEVER: Final = frozenset({b"", b".", b"..", INTERNAL})
"""What no part of a key is that a walk would yield."""

_MOST_NAME: Final = 255
"""Bytes of a name that Linux's file systems hold."""

_BUCKET: Final = re.compile(rb"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS: Final = re.compile(rb"\d+\.\d+\.\d+\.\d+")
_LEFTOVER: Final = re.compile(rb"\..+\.sgwtmp\.\d{15,}", re.DOTALL)
_ULID: Final = re.compile(rb"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_CROCKFORD: Final = bytes.maketrans(
    b"ABCDEFGHJKMNPQRSTVWXYZ", bytes(range(ord("A"), ord("A") + 22))
)
_ULID_TIME_DIGITS: Final = 10


def is_bucket(name: bytes) -> bool:
    """Tell whether a directory of this name under the root is a bucket."""
    return _BUCKET.fullmatch(name) is not None and _ADDRESS.fullmatch(name) is None


def is_leftover(name: bytes) -> bool:
    """Tell whether a file is what a crash left of an overwrite (`.<name>.sgwtmp.<nanoseconds>`)."""
    return _LEFTOVER.fullmatch(name) is not None


def is_key(key: bytes) -> bool:
    """Tell whether a walk can come to a key, and it lies where it says."""
    parts = key.removesuffix(b"/").split(b"/")
    return (
        b"\0" not in key and not _NEVER.intersection(parts) and max(map(len, parts)) <= _MOST_NAME
    )


def is_utf8(name: bytes) -> bool:
    """Tell whether S3 can name it."""
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_version_id(name: bytes) -> bool:
    """Tell whether a file in a hash folder is a version: a ULID, or `null`."""
    return name == NULL_VERSION or _ULID.fullmatch(name) is not None


def ulid_ms(version: bytes) -> int | None:
    """Return when a version was made, in UTC milliseconds; None for `null`, b"" or a foreign id.

    It is the only true time of an old version: its mtime is the moment of superseding.
    """
    if _ULID.fullmatch(version) is None:
        return None
    # Crockford's alphabet leaves out I, L, O, U; closed up it is Python's base 32
    return int(version[:_ULID_TIME_DIGITS].translate(_CROCKFORD), 32)


def hash_folder(key: bytes) -> bytes:
    """Return the folder of a key's old versions, below `V/<bucket>/`: aa/bb/cc/H."""
    h = sha256(key).hexdigest()
    return f"{h[:2]}/{h[2:4]}/{h[4:6]}/{h}".encode()
