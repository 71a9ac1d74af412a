"""The gateway's attributes of a file or folder, as bytes by their bare names.

xattr mode: `user.` + name. Foreign attributes come with an empty value: counted, not carried.
Imports nothing of the project. Source: source-posix contract, section 3.
"""

from __future__ import annotations

import os
from typing import Final

Attributes = dict[str, bytes]

OBJECT_NAMES: Final = frozenset(
    {
        "etag",
        "content-type",
        "content-encoding",
        "content-language",
        "content-disposition",
        "cache-control",
        "expires",
        "website-redirect-location",
        "metadata",
        "X-Amz-Tagging",
        "checksums",
        "mp-metadata",
        "version-id",
        "delete-marker",
        "object-retention",
        "object-legal-hold",
    }
)
BUCKET_NAMES: Final = frozenset(
    {
        "acl",
        "ownership",
        "policy",
        "cors",
        "website",
        "X-Amz-Tagging",
        "versioning",
        "bucket-lock",
    }
)
LEGACY_USER: Final = "X-Amz-Meta."
"""Releases up to v1.3 kept each user attribute under this prefix; `metadata` wins over them."""

UPLOAD_KEY: Final = "objname"
"""On the folder of a key's uploads in progress: the raw key."""

NAMESPACE: Final = "user."
MARKER: Final = "delete-marker"
VERSION_ID: Final = "version-id"
USER_MARKER: Final = NAMESPACE + MARKER
USER_VERSION_ID: Final = NAMESPACE + VERSION_ID
USER_ETAG: Final = NAMESPACE + "etag"
USER_UPLOAD_KEY: Final = NAMESPACE + UPLOAD_KEY

_BARE: Final = {NAMESPACE + name: name for name in OBJECT_NAMES | BUCKET_NAMES}


def read_xattrs(fd: int) -> Attributes:
    """Return the attributes of an open file or folder.

    Raises OSError: ENODATA when one vanished meanwhile, ENOTSUP without attributes on this mount.
    """
    attributes: Attributes = {}
    for name in os.listxattr(fd):
        bare = _BARE.get(name)
        if bare is not None:
            attributes[bare] = os.getxattr(fd, name)
        elif name.startswith(NAMESPACE):
            bare = name.removeprefix(NAMESPACE)
            legacy = bare.startswith(LEGACY_USER)
            attributes[bare] = os.getxattr(fd, name) if legacy else b""
    return attributes
