"""One S3 request, taken apart: bucket, key and query as they stand on the wire."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

SERVER: Final = "vgwm-lab-front"
"""What the front calls itself in every answer: so a client can tell who took its write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """path: percent-encoded, as sent. pairs: the query's, decoded, in its order."""

    request: web.BaseRequest
    path: str
    pairs: tuple[tuple[str, str], ...]
    bucket: str
    key: str

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def headers(self) -> Mapping[str, str]:
        return self.request.headers

    @property
    def query(self) -> dict[str, str]:
        return dict(self.pairs)


def parse(request: web.BaseRequest) -> Call:
    """Return the request as S3 means it, path style only."""
    path, _, query = request.raw_path.partition("?")
    bucket, _, key = path.removeprefix("/").partition("/")
    return Call(
        request=request,
        path=path,
        pairs=tuple(
            (unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ),
        bucket=unquote(bucket),
        key=unquote(key),
    )


def now_ns() -> int:
    return time.time_ns()


def http_date(us: int) -> str:
    """Return a time in microseconds UTC as headers write it."""
    return formatdate(us // 1_000_000, usegmt=True)


def iso_date(us: int) -> str:
    """Return a time in microseconds UTC as S3's documents write it."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1_000_000))
    return f"{text}.{us // 1_000 % 1_000:03}Z"
