"""Where S3 requests come in, and asking there as a client does: signed, once, with short limits.

    async with asking(login) as asker:
        reply = await asker.ask(door, Call(method="HEAD", bucket="b", key="k"))

Statuses are the caller's to judge; silence is raised, and is never an answer.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from core.cutover.signing import Signer
from core.display import safe
from core.errors import NodeSlow, NodeUnreachable
from core.probe.s3 import REGION, S3Login

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.cutover.mode import Side
    from core.cutover.signing import Call

CALL_S: Final = 2.0
"""Limit of connecting, and of each wait for bytes: a fence's dead-line is tens of seconds."""

_ROUTE: Final = "X-Vgwm-Route"
_KEPT_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A URL at which clients may come in: a load balancer's listener, or a gateway itself.

    name: safe to show. side: of a gateway; None for a listener, where the mode decides. ca_file:
    PEM file of the authority of an https one, None for AWS_CA_BUNDLE's, or the host's.
    """

    name: str
    url: str
    side: Side | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. code: S3's word for an error, safe; "" without one. body: its first MiB.

    headers: names as aiohttp compares them, regardless of case. sha256: of the whole body. route:
    the mode by which a load balancer sent it, "" if none says so.
    """

    status: int
    code: str
    headers: Mapping[str, str]
    body: bytes
    size_bytes: int
    sha256: bytes
    took_s: float

    @property
    def route(self) -> str:
        """Return the mode that a load balancer wrote into the reply, "" for none."""
        return safe(self.headers.get(_ROUTE, ""))

    @property
    def told(self) -> str:
        """Return status and word, for messages."""
        return f"{self.status} {self.code}".rstrip()


class Asker:
    """Asks with one account, at any door. Belongs to the loop in which it was made."""

    def __init__(self, session: aiohttp.ClientSession, signer: Signer) -> None:
        self._session = session
        self._signer = signer

    async def ask(self, door: Door, call: Call) -> Reply:
        """Return what a door answers.

        Raises NodeUnreachable; NodeSlow: it is not known whether the request was done.
        """
        url = f"{door.url.rstrip('/')}{call.path}"
        if call.query:
            url += f"?{call.query_text}"
        headers = self._signer.headers(call, urlsplit(door.url).netloc)
        secure = url.startswith("https:")
        began_s = time.monotonic()
        try:
            tls = await asyncio.to_thread(_tls, authority(door)) if secure else False
            async with self._session.request(
                call.method,
                URL(url, encoded=True),
                data=call.body or None,
                headers=headers,
                ssl=tls,
                allow_redirects=False,
            ) as answer:
                return await _read(answer, began_s)
        except TimeoutError as error:
            raise NodeSlow(
                what=f"no answer within {CALL_S:.0f} s: what was asked may still be done",
                where=f"{call.method} at {door.name}",
                remedy="Look whether it hangs, and at the way to it.",
                node=door.name,
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NodeUnreachable(
                what=f"it does not answer: {safe(str(error) or type(error).__name__)[:200]}",
                where=f"{call.method} at {door.name}",
                remedy="Start it, or correct its address in vgwm.yaml.",
                node=door.name,
            ) from error


async def _read(answer: aiohttp.ClientResponse, began_s: float) -> Reply:
    kept, size_bytes, digest = bytearray(), 0, sha256()
    async for piece in answer.content.iter_chunked(_PIECE_BYTES):
        digest.update(piece)
        size_bytes += len(piece)
        if len(kept) < _KEPT_BYTES:
            kept += piece
    return Reply(
        status=answer.status,
        code=_word(bytes(kept)) if answer.status >= 400 else "",  # noqa: PLR2004 - HTTP's first error
        headers=answer.headers,
        body=bytes(kept),
        size_bytes=size_bytes,
        sha256=digest.digest(),
        took_s=time.monotonic() - began_s,
    )


def _word(body: bytes) -> str:
    """Return what stands in an error's `<Code>`; a parser would be more than that needs."""
    _, begin, behind = body.partition(b"<Code>")
    return safe(behind.partition(b"</Code>")[0][:60]) if begin else ""


def authority(door: Door) -> Path | None:
    """Return the file that vouches for a door, None for the host's own authorities."""
    named = os.environ.get("AWS_CA_BUNDLE")
    return door.ca_file or (Path(named) if named else None)


@cache
def _tls(file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(file) if file else None)


@asynccontextmanager
async def asking(
    login: S3Login | None = None, *, region: str = REGION, limit_s: float = CALL_S
) -> AsyncIterator[Asker]:
    """Open connections for one account; None: the keys that AWS's two variables hold.

    Raises BadInput where a key is absent, Denied where it cannot be read.
    """
    access, secret = (login or S3Login()).resolve()
    # `total` stays open: an object of gigabytes is read as long as its bytes come.
    limits = aiohttp.ClientTimeout(total=None, sock_connect=limit_s, sock_read=limit_s)
    async with aiohttp.ClientSession(
        timeout=limits, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:
        yield Asker(session, Signer(access, secret, region))
