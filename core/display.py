"""Outside text made safe to show, and figures written the same way everywhere.

Keys, error bodies and file names are hostile: an ESC in one of them writes the clipboard or clears
the screen. Imports the error tree only.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from core.errors import BadInput
from core.model import NS_PER_S

# Printable by Unicode's book, yet blank or joined to what stands before: fillers, selectors.
_SPECIAL: Final = re.compile(
    "[\\\\\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_PLAIN: Final = re.compile(rb"[ -\[\]-~]*")


def _shown(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if char.isprintable() and not _SPECIAL.match(char):
        return char
    if "\udc80" <= char <= "\udcff":  # surrogateescape brought a byte that is not UTF-8 here
        return f"\\x{ord(char) - 0xDC00:02x}"
    return f"\\u{{{ord(char):x}}}"


def safe(outside: bytes | str) -> str:
    r"""Return outside text as it may stand on a terminal, in a log or a message.

    Bytes that are not UTF-8 become \xNN; control, format, bidirectional, unassigned and private
    characters and blanks that are no plain space \u{N}; a backslash is doubled. Distinct texts
    stay distinct.
    """
    if isinstance(outside, bytes):
        if _PLAIN.fullmatch(outside):
            return outside.decode("ascii")
        outside = outside.decode("utf-8", "surrogateescape")
    if outside.isprintable() and not _SPECIAL.search(outside):
        return outside
    return "".join(map(_shown, outside))


class ObjectName(NamedTuple):
    """A source object as people and files name it. version: b"" for the current one."""

    bucket: bytes
    key: bytes
    version: bytes = b""


_VERSION: Final = "?versionId="
_ODD_ASCII: Final = frozenset("%?")


def object_name(bucket: bytes, key: bytes, version: bytes = b"") -> str:
    """Return `bucket/key` or `bucket/key?versionId=ID`: one line, safe to show and paste.

    Odd bytes (not UTF-8, control, format and bidirectional characters, `%`, `?`) are
    percent-encoded, and a slash in the bucket. parse_object_name reads it back.
    """
    name = f"{_percent(bucket).replace('/', '%2F')}/{_percent(key)}"
    return f"{name}{_VERSION}{_percent(version)}" if version else name


def parse_object_name(text: str, *, of_row: bool = False) -> ObjectName:
    """Return the object of a name; BadInput unless it has a bucket and a key.

    Also takes names in which more was percent-encoded than object_name does. of_row: bucket or key
    may be empty, as a row can have them that somebody else wrote.
    """
    name, mark, version = text.partition(_VERSION)
    bucket, slash, key = name.partition("/")
    empty = not of_row and not (bucket and key)
    if empty or not slash or (mark and not version):
        raise BadInput(
            what=f"{safe(text)} names no object",
            where="object",
            remedy="Write BUCKET/KEY, or BUCKET/KEY?versionId=ID; odd bytes as %NN.",
        )
    return ObjectName(*(unquote_to_bytes(_raw(part)) for part in (bucket, key, version)))


def _raw(part: str) -> bytes:
    return part.encode("utf-8", "surrogateescape")


def _percent(raw: bytes) -> str:
    if _PLAIN.fullmatch(raw) and b"%" not in raw and b"?" not in raw:
        return raw.decode("ascii")
    out = []
    for char in raw.decode("utf-8", "surrogateescape"):
        odd = char in _ODD_ASCII or (char != "\\" and _shown(char) != char)
        out.append("".join(f"%{b:02X}" for b in _raw(char)) if odd else char)
    return "".join(out)


_UNITS: Final = ("KB", "MB", "GB", "TB", "PB", "EB")
_THOUSAND: Final = 1000
_TEN: Final = 10
_HUNDRED: Final = 100


def size(size_bytes: float) -> str:
    """Return bytes in decimal units with three figures: `512 B`, `4.70 TB`, `41.2 MB`, `412 MB`."""
    if round(size_bytes) < _THOUSAND:
        return f"{round(size_bytes)} B"
    value = float(size_bytes)
    unit = ""
    for unit in _UNITS:  # noqa: B007 - the last one is used
        value /= _THOUSAND
        if float(f"{value:.3g}") < _THOUSAND:
            break
    figures = 2 if value < 9.995 else 1 if value < 99.95 else 0  # noqa: PLR2004 - where rounding carries
    return f"{value:.{figures}f} {unit}"


def count(n: int) -> str:
    """Return a whole number with commas: `12,004,118`."""
    return f"{n:,}"


def counted(n: int, noun: str) -> str:
    """Return a count with its noun, of more than one thing in the plural: `1 round`, `2 rounds`."""
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"


def figure(n: int, name: str) -> str:
    """Return what a figure of this name counts: rows_written: `1 row written`, `2 rows written`."""
    first, _, rest = name.partition("_")
    noun = first.removesuffix("s") if n == 1 else first
    return f"{count(n)} {noun} {rest.replace('_', ' ')}".rstrip()


def percent(done: int, total: int) -> str:
    """Return done of total as `40.0 %`, cut and not rounded: 100.0 only if nothing is left.

    `-` if total is 0.
    """
    if total <= 0:
        return "-"
    tenths = done * 1000 // total
    return f"{tenths // 10}.{tenths % 10} %"


_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


def age(seconds: float) -> str:
    """Return how long ago, in one unit, cut: `0.4 s`, `42 s`, `9 m`, `2 h`, `7 d`."""
    if seconds < _TEN:
        return f"{int(max(seconds, 0.0) * 10) / 10:.1f} s"
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} m"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h"
    return f"{whole // _DAY_S} d"


def duration(seconds: float) -> str:
    """Return how long, in two units, rounded: `42 s`, `4 m 05 s`, `3 h 10 m`, `2 d 04 h`."""
    whole = round(max(seconds, 0.0))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} m {whole % _MINUTE_S:02d} s"
    minutes = round(whole / _MINUTE_S)
    if whole < _DAY_S and minutes < _DAY_S // _MINUTE_S:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    hours = round(whole / _HOUR_S)
    return f"{hours // 24} d {hours % 24:02d} h"


def clock_s(ts_ns: int) -> str:
    """Return a time as hh:mm:ss in UTC."""
    return datetime.fromtimestamp(ts_ns / NS_PER_S, tz=UTC).strftime("%H:%M:%S")
