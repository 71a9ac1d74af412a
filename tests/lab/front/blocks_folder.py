"""Contents of a `dir:` target: read from its bundles, written as a CAR of one object."""

from __future__ import annotations

import asyncio
import os
from typing import IO, TYPE_CHECKING

from core.dag import car
from core.dag import cid as cids
from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import FileBuilder
from core.errors import VgwmError
from core.target.dir_store import DirStore
from tests.lab.front.blocks import Kept
from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.lab.front.table import Entry


class FolderBlocks:
    """The bundles' folder of a directory target."""

    def __init__(self, bundles: Path) -> None:
        self._bundles = bundles
        self._store = DirStore(bundles.parent)

    async def close(self) -> None:
        """Nothing is held open."""

    async def add(self, file: IO[bytes]) -> Kept:
        cid = await asyncio.to_thread(self._write, file)
        return Kept(cid, cid)

    async def keep(self, entry: Entry) -> Kept:
        """Its bundle goes on keeping it."""
        root, path = _pin(entry)
        return Kept(entry.cid, root, path)

    async def read(self, entry: Entry, offset: int, length: int) -> AsyncIterator[bytes]:
        root, _ = _pin(entry)
        try:
            content = await asyncio.to_thread(self._content, root, entry.cid)
        except VgwmError as error:
            raise S3Fault("InternalError") from error
        return _one(content[offset : offset + length])

    def _content(self, root: str, cid: str) -> bytes:
        return b"".join(self._store.read_object(cids.parse(root), cids.parse(cid)))

    def _write(self, file: IO[bytes]) -> str:
        """Write blocks first; the header, which needs the root, goes where room was left for it."""
        beside = self._bundles / f".front-{os.getpid()}-{id(file)}"
        file.seek(0)
        with beside.open("wb") as out:
            out.seek(car.ONE_ROOT_BYTES)
            builder = FileBuilder(
                UNIXFS_V1_2025, lambda cid, block: _append(out, car.section(cid, block))
            )
            while chunk := file.read(UNIXFS_V1_2025.chunk_bytes):
                builder.chunk(chunk)
            root = builder.finish().cid
            out.seek(0)
            out.write(car.header([root]))
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self._bundles / f"{cids.text(root)}.car")
        return cids.text(root)


def _append(out: IO[bytes], section: bytes) -> None:
    out.write(section)


def _pin(entry: Entry) -> tuple[str, str]:
    pin = entry.texts("pin")
    return pin.get("root", entry.cid), pin.get("path", "")


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
