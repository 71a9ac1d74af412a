"""An object's headers as the attributes of a posix backend, so that one code judges both. Pure.

What S3 does not show is not there: a header that is absent leaves no attribute. May import the
attribute names of its sibling, and its own room.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from core.source.posix.attributes import LEGACY_USER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.source.posix.attributes import Attributes
    from core.source.s3.fetched import Head

_SAME: Final = {
    "etag": "etag",
    "content-type": "content-type",
    "content-encoding": "content-encoding",
    "content-language": "content-language",
    "content-disposition": "content-disposition",
    "cache-control": "cache-control",
    "expires": "expires",
    "x-amz-website-redirect-location": "website-redirect-location",
    "x-amz-version-id": "version-id",
}
_USER: Final = "x-amz-meta-"
_SUM: Final = "x-amz-checksum-"
_SUM_TYPE: Final = "x-amz-checksum-type"
_HOLD: Final = "x-amz-object-lock-legal-hold"
_LOCK_MODE: Final = "x-amz-object-lock-mode"
_LOCK_UNTIL: Final = "x-amz-object-lock-retain-until-date"
_PLAIN: Final = re.compile(r"[A-Za-z0-9+/=_-]*")
_CHUNKED: Final = (b"aws-chunked,", b"aws-chunked")


def attributes(head: Head, tags: bytes = b"", parts: Sequence[int] = ()) -> Attributes:
    """Return the attributes that a posix backend would keep.

    tags: as `X-Amz-Tagging`, or b"". parts: end offsets of a multipart upload's, () if not known.
    """
    fields = head.fields
    told, sums, user = _sorted(fields)
    if sums:
        told["checksums"] = _sums(fields, sums)
    if user:
        _add_user(told, fields, user)
    if tags:
        told["X-Amz-Tagging"] = tags
    if parts:
        told["mp-metadata"] = json.dumps({"parts": list(parts)}).encode()
    _add_lock(told, fields)
    if told.get("content-encoding", b"").startswith(_CHUNKED):
        _drop_transfer(told)
    return told


def _sorted(fields: dict[str, bytes]) -> tuple[Attributes, list[str], list[str]]:
    """Return what is kept as it is, and the names of checksums and of user metadata."""
    told: Attributes = {}
    sums: list[str] = []
    user: list[str] = []
    for name, value in fields.items():  # the hot loop: a dozen headers an object
        same = _SAME.get(name)
        if same is not None:
            told[same] = value
        elif name.startswith(_SUM):
            if name != _SUM_TYPE:
                sums.append(name)
        elif name.startswith(_USER):
            user.append(name)
    return told, sums, user


def _sums(fields: dict[str, bytes], names: list[str]) -> bytes:
    """Return the attribute `checksums`: nearly always one algorithm, of the whole object."""
    kind = fields.get(_SUM_TYPE, b"").decode("latin-1")
    values = {name[len(_SUM) :].upper(): fields[name].decode("latin-1") for name in names}
    if not kind:
        composite = any("-" in value for value in values.values())
        kind = "COMPOSITE" if composite else "FULL_OBJECT"
    if len(values) == 1:
        [(algorithm, value)] = values.items()
        if _PLAIN.fullmatch(value + kind):
            text = f'{{"Algorithm":"{algorithm}","Type":"{kind}","{algorithm}":"{value}"}}'
            return text.encode()
    return _json({"Algorithm": "", "Type": kind, **values})


def _add_lock(told: Attributes, fields: dict[str, bytes]) -> None:
    if fields.get(_HOLD) == b"ON":
        told["object-legal-hold"] = b"\x01"
    if _LOCK_MODE in fields and _LOCK_UNTIL in fields:
        told["object-retention"] = _json(
            {"Mode": _text(fields[_LOCK_MODE]), "RetainUntilDate": _text(fields[_LOCK_UNTIL])}
        )


def _add_user(told: Attributes, fields: dict[str, bytes], names: list[str]) -> None:
    """Add user metadata; where a value is no UTF-8 under the names that may hold any bytes."""
    start = len(_USER)
    try:
        pairs = {name[start:]: fields[name].decode() for name in names}
    except UnicodeDecodeError:
        for name in names:
            told[LEGACY_USER + name[start:]] = fields[name]
        return
    told["metadata"] = _json(pairs)


def _drop_transfer(told: Attributes) -> None:
    """Leave out `aws-chunked`: how a client sent the object, which some servers keep showing."""
    rest = told["content-encoding"].removeprefix(b"aws-chunked").lstrip(b", ")
    if rest:
        told["content-encoding"] = rest
    else:
        del told["content-encoding"]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _json(value: dict[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
