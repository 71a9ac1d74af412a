"""Trees as the gateway's posix backend leaves them: many equal objects, stamped anew in place."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
from base64 import b64encode
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from awscrt import checksums

from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import FileBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUCKET = "bench"
PER_FOLDER = 1_000
STAMP_EVERY = 64 << 10
STAMP_BYTES = 32
OWNER = "AKBENCH"
PROCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """objects of size_bytes each, in folders of 1,000, in one bucket below root."""

    root: Path
    objects: int
    size_bytes: int

    @property
    def total_bytes(self) -> int:
        """Content of all objects."""
        return self.objects * self.size_bytes

    def key(self, i: int) -> str:
        """Return the key of object i; keys sort as their numbers."""
        return f"d{i // PER_FOLDER:05d}/object-{i:08d}.bin"

    def path(self, i: int) -> Path:
        """Return where object i lies."""
        return self.root / BUCKET / self.key(i)

    def make(self) -> None:
        """Write the tree, unless it is there."""
        bucket = self.root / BUCKET
        if bucket.exists():
            return
        bucket.mkdir(parents=True)
        acl = {"Owner": OWNER, "Grantees": []}
        os.setxattr(bucket, "user.acl", json.dumps(acl).encode())
        for i in range(0, self.objects, PER_FOLDER):
            self.path(i).parent.mkdir()
        self._share(_make)

    def stamp(self) -> None:
        """Give every block of content new bytes, and the attributes that go with them."""
        self._share(_stamp)

    def sample(self, count: int) -> Iterator[tuple[str, bytes]]:
        """Yield (key, CID) of objects spread over the tree, computed from their bytes."""
        step = max(1, self.objects // count)
        for i in range(0, self.objects, step):
            yield self.key(i), cid_of(self.path(i))

    def _share(self, work: Callable[[Tree, int, int], None]) -> None:
        cut = -(-self.objects // (4 * PROCESSES))
        starts = range(0, self.objects, cut)
        # spawn: a fork would copy the threads' locks of a process that may have some
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            ends = [min(start + cut, self.objects) for start in starts]
            list(pool.map(partial(work, self), starts, ends))


def cid_of(path: Path) -> bytes:
    """Return a file's CID by the default profile, from its bytes."""
    builder = FileBuilder(UNIXFS_V1_2025, lambda _cid, _block: None)
    with path.open("rb") as file:
        while chunk := file.read(UNIXFS_V1_2025.chunk_bytes):
            builder.chunk(chunk)
    return bytes(builder.finish().cid)


def _make(tree: Tree, start: int, end: int) -> None:
    rng = random.Random(f"{tree.root} {start}")  # noqa: S311 - content, not a secret
    for i in range(start, end):
        body = rng.randbytes(tree.size_bytes)
        fd = os.open(tree.path(i), os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644)
        try:
            os.write(fd, body)
            os.setxattr(fd, "user.content-type", b"application/octet-stream")
            _tell(fd, body)
        finally:
            os.close(fd)


def _stamp(tree: Tree, start: int, end: int) -> None:
    for i in range(start, end):
        fd = os.open(tree.path(i), os.O_RDWR)
        try:
            body = bytearray(os.pread(fd, tree.size_bytes, 0))
            for at in range(0, tree.size_bytes, STAMP_EVERY):
                fresh = os.urandom(min(STAMP_BYTES, tree.size_bytes - at))
                body[at : at + len(fresh)] = fresh
                os.pwrite(fd, fresh, at)
            _tell(fd, bytes(body))
        finally:
            os.close(fd)


def _tell(fd: int, body: bytes) -> None:
    """Write the attributes that follow from the bytes: ETag and the gateway's default checksum."""
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    crc = b64encode(checksums.crc64nvme(body).to_bytes(8, "big")).decode()
    stored = {"Algorithm": "CRC64NVME", "Type": "FULL_OBJECT", "CRC64NVME": crc}
    os.setxattr(fd, "user.etag", f'"{etag}"'.encode())
    os.setxattr(fd, "user.checksums", json.dumps(stored).encode())
