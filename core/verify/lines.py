"""Lines of the five lists: what a difference is in NDJSON, and many equal keys at once.

    {"object":"photos/a.jpg"}                                   in equal.ndjson
    {"object":"photos/b.jpg","kind":"wrong_size","field":"size","wanted":"9","found":"8","bundle":3}

`object` is `core.display.object_name`, which reads back to the byte. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from core.display import object_name, parse_object_name
from core.verify.difference import Difference, Ill, Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIMPLE: Final = bytes(set(range(0x20, 0x7F)) - set(b'"\\%?'))
"""Bytes that stand in a name as they are, and in JSON as well."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line as it stands in the file. kind: an `Ill`, empty in the list of the equal."""

    object: str
    kind: str = ""
    field: str = ""
    wanted: str = ""
    found: str = ""
    where: str = ""
    bundle: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] = 0


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Line).decode


def line_of(one: Difference) -> bytes:
    """Return a difference's line, with its line feed."""
    name = object_name(one.bucket, one.key, one.version)
    told = (str(one.ill), one.field, one.wanted, one.found, one.where, one.bundle)
    return _encode(Line(name, *told)) + b"\n"


def read_line(line: bytes) -> Line:
    """Return what a line says. Raises msgspec.DecodeError for one that is none."""
    return _decode(line)


def difference_of(line: Line, listed: Listed) -> Difference:
    """Return the difference that a line of a list tells. Raises BadInput, ValueError."""
    bucket, key, version = parse_object_name(line.object, of_row=True)
    told = (line.field, line.wanted, line.found, line.where, line.bundle)
    return Difference(listed, bucket, key, version, Ill(line.kind), *told)


def equal_lines(bucket: bytes, keys: Sequence[bytes], versions: Sequence[bytes] = ()) -> bytes:
    """Return the lines of equal objects, in the order given. versions: empty if all are current.

    Most keys need no escape: those are joined, and nobody looks at them one by one.
    """
    if not keys:
        return b""
    if not any(versions) and (lines := glued_lines(bucket, b"\n".join(keys), b"\n", len(keys))):
        return lines
    names = zip(keys, versions or [b""] * len(keys), strict=True)
    return b"".join(_encode(Line(object_name(bucket, *name))) + b"\n" for name in names)


def glued_lines(bucket: bytes, keys: bytes, gap: bytes, rows: int) -> bytes:
    """Return the lines of current objects if no key needs an escape, else b"".

    keys: with a gap of a byte between.
    """
    if bucket.translate(None, _SIMPLE) or keys.translate(None, _SIMPLE + gap):
        return b""
    if keys.count(gap) != rows - 1:
        return b""
    begin = b'{"object":"' + bucket + b"/"
    return begin + keys.replace(gap, b'"}\n' + begin) + b'"}\n'
