"""Who called a gateway, from its access logs (`--access-log`, `VGW_ACCESS_LOG`)."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import IO, TYPE_CHECKING, Final, cast

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# OWNER BUCKET [TIME] ADDRESS REQUESTER REQUEST-ID OPERATION ..: as S3's own access logs
_LINE: Final = re.compile(rb"\S+ \S+ \[[^\]\n]{1,64}\] \S+ (\S+) \S+ s3_")
_LONGEST: Final = 64 << 10


def callers(logs: Iterable[Path]) -> frozenset[str]:
    """Return the access keys that signed a request in these logs; `.gz` ones are unpacked.

    Reads line by line. Raises BadInput if one cannot be read, or none holds a request.
    """
    found = {cast("re.Match[bytes]", _LINE.match(line)).group(1) for line in requests(logs)}
    return frozenset(one.decode("utf-8", "surrogateescape") for one in found)


def requests(logs: Iterable[Path]) -> Iterator[bytes]:
    """Yield the lines of S3 requests, at most 64 KiB of each. Raises as `callers`."""
    named, any_found = [], False
    for log in logs:
        named.append(safe(str(log)))
        try:
            with _opened(log) as file:
                while line := file.readline(_LONGEST):
                    if _LINE.match(line):
                        any_found = True
                        yield line
        except (OSError, EOFError, zlib.error) as e:
            raise _unread(named[-1], getattr(e, "strerror", None) or "it is cut off") from e
    if not any_found:
        raise _unread(", ".join(named), "no request of S3 stands in it")


def _opened(log: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(log)) if log.suffix == ".gz" else log.open("rb")


def _unread(where: str, why: str) -> BadInput:
    return BadInput(
        what=f"an access log says nothing: {why}",
        where=where,
        remedy="Name a file that the gateway writes by --access-log (VGW_ACCESS_LOG).",
    )
