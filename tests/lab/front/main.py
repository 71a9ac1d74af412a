"""A TEST PART: the green side's S3 front. `python -m tests.lab.front.main SETTINGS`.

Enough of S3 for boto3: objects (put, get with ranges and conditions, head, copy, delete), listing
in both versions, tags, multipart, buckets; signatures in the header are checked, path style only.
It serves the `guide` profile in SQLite. It has no versions, ACLs, policies, locks, presigned URLs,
chunked signatures, other accounts than its one, and unpins nothing.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from tests.lab.front import routes, settings, sigv4
from tests.lab.front.blocks_folder import FolderBlocks
from tests.lab.front.blocks_kubo import KuboBlocks
from tests.lab.front.call import SERVER, parse
from tests.lab.front.faults import S3Fault
from tests.lab.front.gate import Gate
from tests.lab.front.journal import Journal
from tests.lab.front.state import Front
from tests.lab.front.table import Table
from tests.lab.front_dial import RELOAD

if TYPE_CHECKING:
    from tests.lab.front.blocks import Blocks
    from tests.lab.front.settings import Settings


class Server:
    """Answers each request: the lab's own ones first, then S3's."""

    def __init__(self, front: Front, told: Settings) -> None:
        self._front = front
        self._told = told

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one; what ends it early closes the connection, whose body was not read."""
        try:
            response = await self._answer(request)
        except S3Fault as fault:
            response = fault.answer(request.method, request.path)
        except web.HTTPNotModified as unchanged:
            response = web.Response(status=304, headers={"ETag": unchanged.headers["ETag"]})
        if not response.prepared:
            response.headers["Server"] = SERVER
            if request.can_read_body and not request.content.is_eof():
                response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        gate = self._front.gate
        if request.raw_path == "/health":
            return web.Response(status=503 if gate.dial.answer == "sick" else 200)
        if request.raw_path == RELOAD:
            await gate.reload()
            return web.Response(status=204)
        if gate.dial.delay_s:
            await asyncio.sleep(gate.dial.delay_s)
        if gate.dial.answer:
            raise S3Fault("InternalError")
        call = parse(request)
        sigv4.check(call, self._told.access, self._told.secret)
        return await routes.answer(self._front, call)


def _blocks(told: Settings) -> Blocks:
    if told.bundles is not None:
        return FolderBlocks(told.bundles)
    auth = aiohttp.BasicAuth(told.user, told.password)
    return KuboBlocks(told.kubo, told.cluster, auth, told.replication)


async def serve(told: Settings) -> None:
    """Serve until SIGTERM; what is under way then is ended first."""
    spool = told.folder / "spool"
    spool.mkdir(exist_ok=True)
    front = Front(
        table=Table(told.table),
        blocks=_blocks(told),
        gate=Gate(told.folder),
        journal=Journal(told.folder / "journal.ndjson"),
        spool=spool,
        account=told.access,
        region=told.region,
    )
    server = Server(front, told)
    runner = web.ServerRunner(
        web.Server(server.handle, auto_decompress=False, access_log=None), shutdown_timeout=10
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", told.port).start()
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    await runner.cleanup()
    await front.blocks.close()
    front.journal.close()
    front.table.close()


if __name__ == "__main__":
    asyncio.run(serve(settings.load(Path(sys.argv[1]))))
