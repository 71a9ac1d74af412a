"""An object's metadata, one value per attribute, for profiles with a column for each.

What such a profile cannot show is kept in the bundle's manifest and counted by class.
Source: guide.md 5 (`extended`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from core.model import Unrepresentable
from core.target.shape import Source, Value, timestamp_us

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MD5_HEX: Final = re.compile(r"[0-9a-f]{32}")
_TEXTS: Final = (
    (Source.CONTENT_TYPE, "content_type"),
    (Source.CONTENT_ENCODING, "content_encoding"),
    (Source.CONTENT_LANGUAGE, "content_language"),
    (Source.CACHE_CONTROL, "cache_control"),
    (Source.VERSION_ID, "version_id"),
    (Source.ETAG, "etag"),
)
_LOCK_FIELDS: Final = ("retention", "legal_hold")


def attribute_values(metadata: str, peers: tuple[str, ...]) -> dict[Source, Value]:
    """Return the value of each attribute that has a column of its own; None where it is not set.

    metadata: an object's canonical JSON, with or without `pin`. peers: ids seen pinned.
    """
    fields = json.loads(metadata)
    values: dict[Source, Value] = {source: _text(fields.get(name)) for source, name in _TEXTS}
    checksums = fields.get("checksums", {})
    etag = values[Source.ETAG]
    md5 = _hex(checksums.get("md5"))
    if md5 is None and isinstance(etag, str) and _MD5_HEX.fullmatch(etag):
        md5 = etag
    whole = checksums.get("type") != "COMPOSITE"
    values[Source.MD5_HEX] = md5
    values[Source.SHA256_HEX] = _hex(checksums.get("sha256")) if whole else None
    values[Source.CHECKSUM] = _checksum(checksums)
    values[Source.EXPIRES] = expires_us(fields["expires"]) if "expires" in fields else None
    values[Source.USER] = _json(fields.get("user"))
    values[Source.TAGS] = _json(fields.get("tags"))
    values[Source.PINNED_COUNT] = len(peers)
    values[Source.PINNED_PEERS] = _json(list(peers))
    return values


def lost_attributes(metadata: str) -> frozenset[Unrepresentable]:
    """Return the classes of what a profile with a column per attribute cannot show of an object.

    metadata: an object's canonical JSON. The manifest keeps all of it.
    """
    fields = json.loads(metadata)
    lost: set[Unrepresentable] = set()
    if "content_disposition" in fields:
        lost.add(Unrepresentable.CONTENT_DISPOSITION)
    if "website_redirect" in fields:
        lost.add(Unrepresentable.WEBSITE_REDIRECT)
    if any(name in fields for name in _LOCK_FIELDS):
        lost.add(Unrepresentable.OBJECT_LOCK)
    if "parts" in fields:
        lost.add(Unrepresentable.PART_LAYOUT)
    if "expires" in fields and expires_us(fields["expires"]) is None:
        lost.add(Unrepresentable.EXPIRES_UNPARSABLE)
    if any(isinstance(fields.get(name), dict) for _, name in _TEXTS):
        lost.add(Unrepresentable.VALUE_NOT_UTF8)
    return frozenset(lost)


def expires_us(raw: object) -> int | None:
    """Return an Expires value, HTTP date or ISO 8601, in microseconds UTC; None if neither."""
    if not isinstance(raw, str):
        return None
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        try:
            moment = datetime.fromisoformat(raw)
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return timestamp_us((moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def _text(value: object) -> str | None:
    # A value that is not UTF-8 travels as {"b64": ..} and has no place in a Utf8 column.
    return value if isinstance(value, str) else None


def _json(value: object) -> str | None:
    if value is None:
        return None
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def _hex(encoded: object) -> str | None:
    if not isinstance(encoded, str):
        return None
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except binascii.Error:
        return None


def _checksum(checksums: Mapping[str, str]) -> str | None:
    """Return `ALGO:base64`, `ALGO-COMPOSITE:base64` for a checksum of checksums."""
    names = sorted(name for name in checksums if name != "type")
    if not names:
        return None
    kind = "-COMPOSITE" if checksums.get("type") == "COMPOSITE" else ""
    return f"{names[0].upper()}{kind}:{checksums[names[0]]}"
