"""A request's body, received whole into a file before anything is done with it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from tests.lab.front import sums
from tests.lab.front.faults import S3Fault
from tests.lab.front.sigv4 import UNSIGNED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.front.call import Call

SMALL: Final = 1 << 20
"""Bodies up to here stay in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """file: at its start. checksums: base64 by name, those declared, or our own one."""

    file: IO[bytes]
    size: int
    md5: bytes
    checksums: dict[str, str]


async def receive(call: Call, folder: Path) -> Body:
    """Return the body; S3Fault unless it is all that was declared of it."""
    sha256 = call.headers.get("x-amz-content-sha256", UNSIGNED)
    if sha256.startswith("STREAMING"):
        raise S3Fault("NotImplemented")
    length = call.headers.get("Content-Length")
    if length is None:
        raise S3Fault("MissingContentLength")
    await go_on(call)
    said = sums.declared(call.headers)
    wanted = [*said] or [sums.OWN]
    running = {name: sums.begin(name) for name in {*wanted, "sha256"}}
    md5 = hashlib.md5(usedforsecurity=False)
    size = 0
    file = tempfile.SpooledTemporaryFile(SMALL, dir=str(folder))  # noqa: SIM115 - the caller closes it
    async for piece in call.request.content.iter_chunked(SMALL):
        size += len(piece)
        md5.update(piece)
        for one in running.values():
            one.update(piece)
        await asyncio.to_thread(file.write, piece) if size > SMALL else file.write(piece)
    if size != int(length):
        raise S3Fault("IncompleteBody")
    if sha256 != UNSIGNED:
        found = running["sha256"].digest().hex()
        sums.refuse_other(sha256, found, "XAmzContentSHA256Mismatch")
    if "Content-MD5" in call.headers:
        sums.refuse_other(call.headers["Content-MD5"], base64.b64encode(md5.digest()).decode())
    found_sums = {name: sums.text(running[name]) for name in wanted}
    for name, value in said.items():
        sums.refuse_other(value, found_sums[name])
    file.seek(0)
    return Body(file=file, size=size, md5=md5.digest(), checksums=found_sums)


async def go_on(call: Call) -> None:
    """Tell a client that waits for it to send its body."""
    if call.headers.get("Expect", "").lower() == "100-continue":
        writer = call.request.writer
        await writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        writer.output_size = 0  # so that aiohttp does not take it for the answer's head
