"""The canary set: what of S3 a side does with an object of ours, case by case.

What green passes before the flip is kept; behind it the same is asked again, and a case that is
lost is red (`live-cases`). The bucket is one of the slice's, the keys are a probe's; what is made
is taken away again, with the versions that a versioned bucket made of it.
"""

from __future__ import annotations

import time
from base64 import b64encode
from enum import StrEnum
from hashlib import md5
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from core.cutover.listing import EXACT, objects_of, uploads_in
from core.cutover.proof_keys import probe_key, sweep
from core.cutover.signing import Call
from core.errors import Broken, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.cutover.door import Asker, Door, Reply
    from core.cutover.listing import Upload

_OK: Final = 200
_GONE: Final = 404
_TAG: Final = "vgwm-case"
_TAGGED: Final = (
    "<Tagging><TagSet><Tag><Key>vgwm-case</Key><Value>1</Value></Tag></TagSet></Tagging>"
)


class Case(StrEnum):
    """One thing that clients do. PUT and DELETE stand first and last: the others lie between."""

    PUT = "put"
    GET = "get"
    HEAD = "head"
    RANGE = "range"
    LIST = "list"
    CONDITIONAL = "conditional"
    CONDITIONAL_PUT = "conditional-put"
    TAG = "tag"
    COPY = "copy"
    MULTIPART = "multipart"
    DELETE = "delete"


class Lost(NamedTuple):
    """A case that does not hold, and what was answered; safe to show."""

    case: Case
    why: str


class Asked(NamedTuple):
    """What came of asking, in the order of the cases; at_ns UTC.

    lost: asked and not so. What stands in neither was not asked: nothing was put to ask it of.
    silent: who did not answer, and why; then nothing is known.
    """

    bucket: str
    at_ns: int
    passed: tuple[Case, ...] = ()
    lost: tuple[Lost, ...] = ()
    silent: str = ""


async def ask_cases(asker: Asker, door: Door, bucket: str, mark: str) -> Asked:
    """Ask a side for every case, with an object of ours. mark: a workspace's id.

    Never raises silence: it is in the answer.
    """
    at_ns = time.time_ns()
    trial = _Trial(asker, door, bucket, f"{mark}-case")
    passed, lost = [], []
    try:
        await trial.clear()
        for case, ask in trial.cases():
            why = await _why(ask)
            if why:
                lost.append(Lost(case, why))
            else:
                passed.append(case)
            if case is Case.PUT and why:
                break
        await trial.clear()
    except NoAnswer as error:
        return Asked(bucket, at_ns, silent=f"{door.name}: {error.what}")
    return Asked(bucket, at_ns, tuple(passed), tuple(lost))


async def _why(ask: Callable[[], Awaitable[str]]) -> str:
    """Return why a case does not hold, "" if it does. Raises NoAnswer."""
    try:
        return await ask()
    except Broken as error:
        return error.what


class _Trial:
    """An object at one door. Each case returns what is wrong, "" for nothing."""

    def __init__(self, asker: Asker, door: Door, bucket: str, mark: str) -> None:
        self._asker = asker
        self._door = door
        self._bucket = bucket
        self._mark = mark
        self._key = probe_key(f"{mark}-a")
        self._other = probe_key(f"{mark}-b")
        self._body = f"vgwm {time.time_ns()}".encode()
        self._etag = f'"{md5(self._body, usedforsecurity=False).hexdigest()}"'
        self._made: list[tuple[str, str]] = []

    def cases(self) -> tuple[tuple[Case, Callable[[], Awaitable[str]]], ...]:
        """Return each case with what asks it, in the order in which they stand on each other."""
        return (
            (Case.PUT, self._put),
            (Case.GET, self._get),
            (Case.HEAD, self._head),
            (Case.RANGE, self._range),
            (Case.LIST, self._list),
            (Case.CONDITIONAL, self._conditional),
            (Case.CONDITIONAL_PUT, self._conditional_put),
            (Case.TAG, self._tag),
            (Case.COPY, self._copy),
            (Case.MULTIPART, self._multipart),
            (Case.DELETE, self._delete),
        )

    async def clear(self) -> None:
        """Take away what this or an earlier asking left, its versions and uploads among it."""
        for key, version in self._made:
            await self._ask("DELETE", key, query=(("versionId", version),))
        self._made.clear()
        await sweep(self._asker, self._door, [self._bucket], self._mark)
        query = (EXACT, ("prefix", probe_key(f"{self._mark}-")), ("uploads", ""))
        reply = await self._ask("GET", "", query=query)
        if reply.status != _OK:
            return  # it lists none: then there is none that could be named
        for upload in _uploads(reply, self._door.name):
            if upload.key.startswith(probe_key(f"{self._mark}-")):
                await self._ask("DELETE", upload.key, query=(("uploadId", upload.upload_id),))

    async def _ask(
        self,
        method: str,
        key: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Reply:
        call = Call(
            method=method, bucket=self._bucket, key=key, query=query, headers=headers, body=body
        )
        reply = await self._asker.ask(self._door, call)
        version = reply.headers.get("x-amz-version-id", "null")
        if version != "null" and method != "GET" and ("versionId", version) not in query:
            self._made.append((key, version))
        return reply

    async def _put(self) -> str:
        headers = (("content-type", "text/x-vgwm"), ("x-amz-meta-vgwm-case", "1"))
        reply = await self._ask("PUT", self._key, headers=headers, body=self._body)
        return "" if reply.status == _OK else reply.told

    async def _get(self) -> str:
        reply = await self._ask("GET", self._key)
        if reply.status != _OK:
            return reply.told
        seen = {
            "bytes": reply.body == self._body,
            "ETag": reply.headers.get("ETag") == self._etag,
            "metadata": reply.headers.get("x-amz-meta-vgwm-case") == "1",
            "Content-Type": reply.headers.get("Content-Type") == "text/x-vgwm",
        }
        other = [name for name, same in seen.items() if not same]
        return f"{', '.join(other)} came back otherwise" if other else ""

    async def _head(self) -> str:
        reply = await self._ask("HEAD", self._key)
        if reply.status != _OK:
            return reply.told
        same = reply.headers.get("Content-Length") == str(len(self._body))
        return "" if same else "another Content-Length"

    async def _range(self) -> str:
        reply = await self._ask("GET", self._key, headers=(("range", "bytes=1-3"),))
        if reply.status != 206:  # noqa: PLR2004 - HTTP's own
            return reply.told
        return "" if reply.body == self._body[1:4] else "other bytes"

    async def _list(self) -> str:
        query = (EXACT, ("list-type", "2"), ("prefix", self._key))
        reply = await self._ask("GET", "", query=query)
        if reply.status != _OK:
            return reply.told
        keys = [one.key for one in objects_of(reply.body, f"LIST at {self._door.name}")]
        return "" if keys == [self._key] else "it is not listed"

    async def _conditional(self) -> str:
        same = await self._ask("GET", self._key, headers=(("if-none-match", self._etag),))
        other = await self._ask("GET", self._key, headers=(("if-match", '"other"'),))
        told = (same.status, other.status)
        return "" if told == (304, 412) else f"{same.told} and {other.told}, not 304 and 412"

    async def _conditional_put(self) -> str:
        reply = await self._ask(
            "PUT", self._key, headers=(("if-none-match", "*"),), body=self._body
        )
        return "" if reply.status == 412 else f"{reply.told}, not 412"  # noqa: PLR2004 - HTTP's own

    async def _tag(self) -> str:
        body = _TAGGED.encode()
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()
        tagging = (("tagging", ""),)
        put = await self._ask(
            "PUT", self._key, query=tagging, headers=(("content-md5", digest),), body=body
        )
        if put.status != _OK:
            return put.told
        got = await self._ask("GET", self._key, query=tagging)
        if got.status != _OK:
            return got.told
        return "" if _TAG.encode() in got.body else "the tag is not there"

    async def _copy(self) -> str:
        source = quote(f"/{self._bucket}/{self._key}")
        reply = await self._ask("PUT", self._other, headers=(("x-amz-copy-source", source),))
        return reply.told if reply.status != _OK else await self._is_there(self._body)

    async def _multipart(self) -> str:
        begun = await self._ask("POST", self._other, query=(("uploads", ""),))
        upload = _between(begun.body, b"<UploadId>", b"</UploadId>")
        if begun.status != _OK or not upload:
            return f"begin: {begun.told}"
        query = (("uploadId", upload),)
        put = await self._ask(
            "PUT", self._other, query=(("partNumber", "1"), *query), body=self._body
        )
        if put.status != _OK:
            return f"part: {put.told}"
        part = f"<Part><PartNumber>1</PartNumber><ETag>{put.headers.get('ETag', '')}</ETag></Part>"
        whole = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
        ended = await self._ask("POST", self._other, query=query, body=whole)
        if ended.status != _OK or b"<Error>" in ended.body:  # S3 may answer 200 before it knows
            return f"complete: {ended.told}"
        return await self._is_there(self._body)

    async def _is_there(self, body: bytes) -> str:
        reply = await self._ask("GET", self._other)
        if reply.status != _OK:
            return f"GET: {reply.told}"
        return "" if reply.body == body else "GET: other bytes"

    async def _delete(self) -> str:
        reply = await self._ask("DELETE", self._key)
        if reply.status not in {_OK, 204}:
            return reply.told
        after = await self._ask("HEAD", self._key)
        return "" if after.status == _GONE else f"HEAD after it: {after.told}"


def _uploads(reply: Reply, name: str) -> list[Upload]:
    try:
        return uploads_in(reply.body, f"uploads at {name}").uploads
    except Broken:
        return []  # an answer that is no listing names none


def _between(body: bytes, begin: bytes, end: bytes) -> str:
    return body.partition(begin)[2].partition(end)[0].decode("utf-8", "replace")
