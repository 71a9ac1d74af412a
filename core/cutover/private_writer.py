"""S3 through a socket that no client reaches: how the reverse copy writes on blue.

Each write is read back by the caller; here a reply is judged. Bodies come in pieces, so that an
object is never in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from core.config.secret import AwsPart
from core.cutover.reverse_parts import complete_body, upload_id
from core.cutover.signing import Call, Signer
from core.cutover.uncarriable import why_refused
from core.display import safe
from core.errors import CapacityExhausted, Denied, NodeSlow, NodeUnreachable, Refused
from core.source.s3.tagging import tags_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.config.schema import PrivateWriter as Settings
    from core.cutover.green_object import GreenObject

NAME: Final = "private-writer"
CALL_S: Final = 30.0
_HOST: Final = "private-writer"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_FULL: Final = frozenset({"InsufficientStorage", "QuotaExceeded"})
_SHUT: Final = frozenset({"AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"})
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_FIRST_ERROR: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What blue's gateway said of a write. etag: unquoted, as it told; wanted: of what was sent."""

    etag: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An object as blue shows it. headers: lower case."""

    etag: str
    size_bytes: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Body:
    """What goes out in pieces. size_bytes: told beforehand, so that a cut one is no object."""

    pieces: AsyncIterator[bytes]
    size_bytes: int


class CannotHold(Refused):
    """Blue's gateway says that it cannot hold this key. what: why, safe to show."""


class PrivateWriter:
    """One account at one socket. Made by `writing`.

    Methods raise CannotHold; CapacityExhausted: blue is full; Denied: its keys are refused;
    NodeSlow: whether it was done is not known; NodeUnreachable.
    """

    def __init__(self, session: aiohttp.ClientSession, signer: Signer) -> None:
        self._session = session
        self._signer = signer

    async def head(self, bucket: str, key: str) -> Seen | None:
        """Return what stands there, None for nothing."""
        call = Call(method="HEAD", bucket=bucket, key=key)
        status, headers, _ = await self._ask(call, absent_ok=True)
        if status == _NOT_FOUND:
            return None
        return Seen(
            etag=headers.get("etag", "").strip('"'),
            size_bytes=int(headers.get("content-length", "0")),
            headers=headers,
        )

    async def tags(self, bucket: str, key: str) -> dict[str, str]:
        """Return the tags of an object that is there."""
        call = Call(method="GET", bucket=bucket, key=key, query=(("tagging", ""),))
        return tags_of((await self._ask(call))[2], f"{safe(bucket)}/{safe(key)}")

    async def delete(self, bucket: str, key: str) -> None:
        """Remove a key; an absent one is no error."""
        await self._ask(Call(method="DELETE", bucket=bucket, key=key), absent_ok=True)

    async def has_bucket(self, bucket: str) -> bool:
        """Tell whether a bucket is there."""
        call = Call(method="HEAD", bucket=bucket)
        return (await self._ask(call, absent_ok=True))[0] != _NOT_FOUND

    async def make_bucket(self, bucket: str) -> None:
        """Make a bucket unless it is there."""
        if not await self.has_bucket(bucket):
            await self._ask(Call(method="PUT", bucket=bucket))

    async def put(self, wanted: GreenObject, pieces: AsyncIterator[bytes]) -> Written:
        """Write an object in one request. An error of `pieces` cuts it: nothing is visible then."""
        md5 = hashlib.md5(usedforsecurity=False)
        headers = [*wanted.headers]
        if wanted.checksum[0]:
            headers.append(wanted.checksum)
        call = Call(method="PUT", bucket=wanted.bucket, key=wanted.key, headers=tuple(headers))
        _, told, _ = await self._ask(call, body=Body(_hashed(pieces, md5), wanted.size_bytes))
        return Written(etag=told.get("etag", "").strip('"'), wanted=md5.hexdigest())

    async def put_parts(self, wanted: GreenObject, pieces: AsyncIterator[bytes]) -> Written:
        """Write an object by parts as green has them, so that its ETag stays."""
        bucket, key = wanted.bucket, wanted.key
        begin = Call(
            method="POST", bucket=bucket, key=key, query=(("uploads", ""),), headers=wanted.headers
        )
        upload = upload_id((await self._ask(begin))[2])
        try:
            tags, digests = await self._parts(wanted, upload, pieces)
        except BaseException:
            query = (("uploadId", upload),)
            await self._ask(Call(method="DELETE", bucket=bucket, key=key, query=query))
            raise
        end = Call(
            method="POST",
            bucket=bucket,
            key=key,
            query=(("uploadId", upload),),
            body=complete_body(tags),
        )
        await self._ask(end)
        whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        seen = await self.head(bucket, key)
        etag = "" if seen is None else seen.etag
        return Written(etag=etag, wanted=f"{whole}-{len(digests)}")

    async def _parts(
        self, wanted: GreenObject, upload: str, pieces: AsyncIterator[bytes]
    ) -> tuple[list[str], list[bytes]]:
        cut = Cut(pieces)
        tags: list[str] = []
        digests: list[bytes] = []
        begin = 0
        for number, end in enumerate(wanted.part_ends, 1):
            md5 = hashlib.md5(usedforsecurity=False)
            call = Call(
                method="PUT",
                bucket=wanted.bucket,
                key=wanted.key,
                query=(("partNumber", str(number)), ("uploadId", upload)),
            )
            _, told, _ = await self._ask(
                call, body=Body(_hashed(cut.take(end - begin), md5), end - begin)
            )
            tags.append(told.get("etag", ""))
            digests.append(md5.digest())
            begin = end
        return tags, digests

    async def _ask(
        self,
        call: Call,
        *,
        body: Body | None = None,
        absent_ok: bool = False,
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a reply that is no error."""
        digest = None if body is None else _UNSIGNED
        headers = self._signer.headers(call, _HOST, digest=digest)
        if body is not None:
            headers["content-length"] = str(body.size_bytes)
        url = f"http://{_HOST}{call.path}" + (f"?{call.query_text}" if call.query else "")
        where = f"{call.method} {safe(call.bucket)}/{safe(call.key)}"
        try:
            async with self._session.request(
                call.method,
                URL(url, encoded=True),
                data=call.body or None if body is None else body.pieces,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                text = await answer.read()
                told = {name.lower(): value for name, value in answer.headers.items()}
                if answer.status >= _FIRST_ERROR and not (
                    absent_ok and answer.status == _NOT_FOUND
                ):
                    raise refusal_of(answer.status, text, where)
                return answer.status, told, text
        except TimeoutError as error:
            raise NodeSlow(
                what=f"no answer within {CALL_S:.0f} s: what was asked may still be done",
                where=where,
                remedy="It is written again. Look whether the private writer hangs.",
                node=NAME,
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NodeUnreachable(
                what=f"it does not answer: {safe(str(error) or type(error).__name__)[:200]}",
                where=where,
                remedy="Start it, or correct cutover.private_writer in vgwm.yaml.",
                node=NAME,
            ) from error


class Cut:
    """Pieces of a stream, cut anew at the ends of parts."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    async def take(self, count: int) -> AsyncIterator[bytes]:
        """Yield the next bytes, so many."""
        while count > 0:
            if not self._left:
                self._left = await anext(self._pieces, b"")
                if not self._left:
                    return  # too short: the content-length tells
            piece, self._left = self._left[:count], self._left[count:]
            count -= len(piece)
            yield piece


async def _hashed(pieces: AsyncIterator[bytes], md5: hashlib._Hash) -> AsyncIterator[bytes]:
    async for piece in pieces:
        md5.update(piece)
        yield piece


def refusal_of(status: int, body: bytes, where: str) -> Exception:
    """Return the error that a reply stands for. where: safe to show."""
    _, begin, behind = body.partition(b"<Code>")
    code = safe(behind.partition(b"</Code>")[0][:60]) if begin else ""
    told = f"{status} {code}".rstrip()
    if code in _FULL:
        return CapacityExhausted(
            what=f"blue has no room: {told}", where=where, remedy="Make room on blue's disk."
        )
    if b"object lock" in body:
        return CannotHold(
            what="blue's object is locked",
            where=where,
            remedy="It is listed, and stays as it is on blue.",
        )
    if code in _SHUT or (status == _FORBIDDEN and not code):  # a HEAD has no body
        return Denied(
            what=f"blue refuses the private writer's keys: {told}",
            where=where,
            remedy="Correct cutover.private_writer: access_key_ref and secret_ref.",
        )
    why = why_refused(status, code)
    if why:
        return CannotHold(what=why, where=where, remedy="It is listed: vgwm rollback plan.")
    return NodeUnreachable(
        what=f"blue answers {told}", where=where, remedy="It is written again.", node=NAME
    )


def require_private(settings: Settings) -> None:
    """Raise NodeUnreachable without a socket there, Denied for one that others can reach."""
    try:
        found = settings.socket.stat()
    except OSError as error:
        raise NodeUnreachable(
            what=f"the private writer's socket is not there: {safe(str(error.strerror))}",
            where=safe(str(settings.socket)),
            remedy="Start a gateway of blue on it: see docs/reverse.md.",
            node=NAME,
        ) from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_mode & 0o077:
        raise Denied(
            what="the private writer can be reached by others, or is no socket",
            where=safe(str(settings.socket)),
            remedy="Start it with --socket-perm 0600.",
        )


@asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[PrivateWriter]:
    """Open connections to the private writer. Raises as `require_private`, BadInput, Denied."""
    await asyncio.to_thread(require_private, settings)
    access = await asyncio.to_thread(settings.access_key_ref.resolve, part=AwsPart.ACCESS_KEY)
    secret = await asyncio.to_thread(settings.secret_ref.resolve)
    limits = aiohttp.ClientTimeout(total=None, sock_connect=CALL_S, sock_read=CALL_S)
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(path=str(settings.socket)),
        timeout=limits,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Content-Type", "Accept-Encoding"),
    ) as session:
        yield PrivateWriter(session, Signer(access, secret, settings.region))
