"""Sizes, durations, rates and shares as people write them. A unit is required, always.

Sizes: `1MiB`, `1.5 GiB`, `100MB`, `512B`. Durations: `300s`, `5m`, `1h30m`, `500ms`. Rates:
`50MiB/s`. Shares: `10%`. The writers give the shortest text that reads back to the same value.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from core.display import safe
from core.errors import BadInput

_SIZE_UNITS: Final = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_TIME_UNITS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_NUMBER: Final = r"[0-9]{1,18}(?:\.[0-9]{1,9})?"
_SIZE: Final = re.compile(rf"({_NUMBER}) ?({'|'.join(_SIZE_UNITS)})")
_STEP: Final = re.compile(rf"({_NUMBER}) ?(ms|s|m|h|d)")
_SHARE: Final = re.compile(rf"({_NUMBER}) ?%")
_BINARY: Final = ("TiB", "GiB", "MiB", "KiB")
_HOUR_S: Final = 3600
_PER_SECOND: Final = "/s"
_HUNDRED: Final = 100


def _refuse(text: str, what: str, accepted: str) -> BadInput:
    return BadInput(what=f"{safe(text)!r} is no {what}", where="value", remedy=f"Write {accepted}.")


def parse_size(text: str) -> int:
    """Return the bytes of a size; BadInput names the accepted forms."""
    match = _SIZE.fullmatch(text.strip())
    if match is not None:
        number = Decimal(match.group(1)) * _SIZE_UNITS[match.group(2)]
        if number == number.to_integral_value():
            return int(number)
    raise _refuse(text, "size", "a number and its unit, such as 64KiB, 1MiB, 1.5GiB, 100MB or 512B")


def parse_duration(text: str) -> float:
    """Return the seconds of a duration; BadInput names the accepted forms."""
    rest = text.strip()
    total = Decimal(0)
    last: Decimal | None = None
    while match := _STEP.match(rest):
        unit = _TIME_UNITS[match.group(2)]
        if last is not None and unit >= last:
            break
        total += Decimal(match.group(1)) * unit
        last = unit
        rest = rest[match.end() :].lstrip()
    if rest or last is None:
        raise _refuse(
            text, "duration", "numbers and their units, such as 500ms, 300s, 5m, 1h30m or 7d"
        )
    return float(total)


def parse_rate(text: str) -> int:
    """Return the bytes per second of a rate such as 50MiB/s; BadInput names the accepted forms."""
    stripped = text.strip()
    if stripped.endswith(_PER_SECOND):
        try:
            return parse_size(stripped.removesuffix(_PER_SECOND))
        except BadInput:
            pass
    raise _refuse(text, "rate", "a size per second, such as 50MiB/s or 100MB/s")


def parse_share(text: str) -> float:
    """Return a share such as 10% as a part of 1, at most 1; BadInput names the accepted forms."""
    match = _SHARE.fullmatch(text.strip())
    if match is not None and Decimal(match.group(1)) <= _HUNDRED:
        return float(Decimal(match.group(1)) / _HUNDRED)
    raise _refuse(text, "share", "a percentage, such as 10% or 0.05%")


def size_text(size_bytes: int) -> str:
    """Return a size in the largest binary unit that holds it whole: parse_size reads it back."""
    for unit in _BINARY:
        if size_bytes and size_bytes % _SIZE_UNITS[unit] == 0:
            return f"{size_bytes // _SIZE_UNITS[unit]}{unit}"
    return f"{size_bytes}B"


def duration_text(seconds: float) -> str:
    """Return a duration, to the millisecond: whole hours as 24h, else 300s, below that 1500ms."""
    millis = round(seconds * 1000)
    if millis % 1000:
        return f"{millis}ms"
    whole = millis // 1000
    if whole and whole % _HOUR_S == 0:
        return f"{whole // _HOUR_S}h"
    return f"{whole}s"


def rate_text(bytes_s: int) -> str:
    """Return a rate that parse_rate reads back."""
    return size_text(bytes_s) + _PER_SECOND
