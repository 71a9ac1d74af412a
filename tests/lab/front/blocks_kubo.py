"""Contents in Kubo nodes, each pinned by its own CID through the cluster.

A write is acknowledged when its blocks stand on one node and the cluster has accepted the pin; the
row says `pending`. Nothing is ever unpinned: a content may belong to other rows.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlencode

import aiohttp

from tests.lab.front.blocks import PIECE, Kept
from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.lab.front.table import Entry

LIMIT_S: Final = 30
_ADD: Final = urlencode(
    {
        "cid-version": 1,
        "raw-leaves": "true",
        "chunker": "size-1048576",
        "max-file-links": 1024,
        "hash": "sha2-256",
        "pin": "false",
        "progress": "false",
    }
)


class KuboBlocks:
    """The nodes are asked in their order, the next one where one does not answer or hold it."""

    def __init__(
        self,
        kubo: Sequence[str],
        cluster: Sequence[str],
        auth: aiohttp.BasicAuth,
        replication: int,
    ) -> None:
        self._kubo = kubo
        self._cluster = cluster
        self._auth = auth
        self._replication = replication
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT_S))

    async def close(self) -> None:
        await self._session.close()

    async def add(self, file: IO[bytes]) -> Kept:
        for url in self._kubo:
            file.seek(0)
            try:
                cid = await self._add_to(url, file)
            except (aiohttp.ClientError, TimeoutError):
                continue
            await self._pin(cid)
            return Kept(cid, cid)
        raise S3Fault("InternalError")

    async def keep(self, entry: Entry) -> Kept:
        await self._pin(entry.cid)
        return Kept(entry.cid, entry.cid)

    async def read(self, entry: Entry, offset: int, length: int) -> AsyncIterator[bytes]:
        query = urlencode({"arg": entry.cid, "offset": offset, "length": length, "offline": "true"})
        for url in self._kubo:
            try:
                answer = await self._session.post(f"{url}/api/v0/cat?{query}")
            except (aiohttp.ClientError, TimeoutError):
                continue
            if answer.status == 200:
                return _pieces(answer)
            answer.close()
        raise S3Fault("InternalError")

    async def _add_to(self, url: str, file: IO[bytes]) -> str:
        form = aiohttp.FormData()
        form.add_field("file", _read(file), filename="f", content_type="application/octet-stream")
        async with self._session.post(f"{url}/api/v0/add?{_ADD}", data=form) as answer:
            told = await answer.text()
            if answer.status != 200:
                raise S3Fault("InternalError")
        return str(json.loads(told.splitlines()[-1])["Hash"])

    async def _pin(self, cid: str) -> None:
        wish = urlencode(
            {
                "name": "lab-front",
                "replication-min": self._replication,
                "replication-max": self._replication,
            }
        )
        for url in self._cluster:
            try:
                async with self._session.post(
                    f"{url}/pins/{cid}?{wish}", auth=self._auth
                ) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                continue
        raise S3Fault("InternalError")


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for piece in answer.content.iter_chunked(PIECE):
            yield piece
