"""Which of green's keys blue's posix tree cannot hold, and why. Pure.

Some are seen in the key itself, before anything is sent: a gateway would write another key. Others
only blue's gateway can tell, by its answer. Source: cutover.md 8, seen with VersityGW 1.7.0.
"""

from __future__ import annotations

from typing import Final

COMPONENT_BYTES: Final = 255

_TOLD: Final = {
    "ObjectParentIsFile": "a part of its path is an object on blue",
    "ExistingObjectIsDirectory": "on blue other keys lie below it",
    "KeyTooLongError": f"a component of over {COMPONENT_BYTES} bytes",
    "DirectoryObjectContainsData": "a key that ends in / holds no bytes on blue",
    "ErrDirectoryNotEmpty": "on blue other keys lie below it",
    "MetadataTooLarge": "more attributes than blue's inode holds",
    "InvalidBucketState": "blue's bucket lacks object lock",
    "ObjectLockConfigurationNotFoundError": "blue's bucket lacks object lock",
}


def why_not(key: str, size_bytes: int = 0) -> str:
    """Return why blue cannot hold a key, "" where nothing is against it."""
    parts = key.removesuffix("/").split("/")
    if {"", ".", ".."}.intersection(parts) or "\0" in key:
        return "its path would be cleaned: blue would hold another key"
    if any(len(part.encode()) > COMPONENT_BYTES for part in parts):
        return _TOLD["KeyTooLongError"]
    if key.endswith("/") and size_bytes:
        return _TOLD["DirectoryObjectContainsData"]
    return ""


def why_refused(status: int, code: str) -> str:
    """Return why blue cannot hold what its gateway refused, "" where it may take it later."""
    if code in _TOLD:
        return _TOLD[code]
    return f"blue refuses it: {status} {code}".rstrip() if status in {400, 409, 501} else ""
