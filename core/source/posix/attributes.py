"""The names of the gateway's attributes; their values are bytes. Imports nothing of the project.

xattr mode: `user.` + name; sidecar mode: a file of that name.
Source: docs/source.md.
"""

from __future__ import annotations

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
