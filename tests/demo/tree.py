"""A small tree as VersityGW's posix backend leaves it, in xattr or in sidecar mode."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from awscrt import checksums

if TYPE_CHECKING:
    from pathlib import Path

SEED: Final = 20
OWNER: Final = "AKDEMO"
PHOTOS: Final = 1_800
REPORTS: Final = 900
VERSIONED: Final = 120
TYPES: Final = {".jpg": "image/jpeg", ".csv": "text/csv", ".txt": "text/plain; charset=utf-8"}
SIZES: Final = (0, 900, 4_096, 4_096, 18_000, 70_000, 300_000)
MIB: Final = 1 << 20


@dataclass(slots=True)
class DemoTree:
    """What was made. sums: SHA-256 of each current object's bytes, by (bucket, key)."""

    root: Path
    versions: Path
    sidecar: Path | None
    sums: dict[tuple[str, str], str] = field(default_factory=dict)
    old_versions: int = 0
    size_bytes: int = 0


def grow(folder: Path) -> DemoTree:
    """Make the tree below an empty folder. The same bytes every time."""
    root, versions = folder / "gateway", folder / "versions"
    root.mkdir(parents=True)
    versions.mkdir()
    tree = DemoTree(root, versions, None if _takes_xattrs(root) else folder / "sidecar")
    planter = _Planter(tree)
    for i in range(PHOTOS):
        planter.put("photos", f"2024/{i % 12 + 1:02d}/IMG_{i:05d}.jpg", planter.body(i))
    for i in range(REPORTS):
        planter.put("reports", f"team-{i % 9}/Übersicht {i:04d}.csv", planter.body(i + 3))
    planter.put("photos", "panorama.jpg", planter.rng.randbytes(9 * MIB + 5))
    planter.folder("photos", "2024/albums/")
    planter.versioned("notes", VERSIONED)
    return tree


def _takes_xattrs(root: Path) -> bool:
    try:
        os.setxattr(root, "user.vgwm-demo", b"1")
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EPERM):
            return False
        raise
    os.removexattr(root, "user.vgwm-demo")
    return True


class _Planter:
    def __init__(self, tree: DemoTree) -> None:
        self._tree = tree
        self.rng = random.Random(SEED)  # noqa: S311 - test data, the same every time

    def body(self, i: int) -> bytes:
        return self.rng.randbytes(SIZES[i % len(SIZES)])

    def put(self, bucket: str, key: str, body: bytes, **more: bytes) -> None:
        """Write one current object."""
        self._bucket(bucket)
        path = self._tree.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self._attributes(path, f"{bucket}/{key}", {**_attributes(key, body), **more})
        self._tree.sums[bucket, key] = hashlib.sha256(body).hexdigest()
        self._tree.size_bytes += len(body)

    def folder(self, bucket: str, key: str) -> None:
        """Write a directory object."""
        self._bucket(bucket)
        path = self._tree.root / bucket / key
        path.mkdir(parents=True, exist_ok=True)
        told = _attributes(key, b"") | {"content-type": b"application/x-directory"}
        self._attributes(path, f"{bucket}/{key.rstrip('/')}", told)
        self._tree.sums[bucket, key] = hashlib.sha256(b"").hexdigest()

    def versioned(self, bucket: str, count: int) -> None:
        """Write objects with one old version each."""
        self._bucket(bucket, versioning=b"\x01")
        for i in range(count):
            key = f"note-{i:03d}.txt"
            new, old = (f"01M82T6EXM{n}G27GPVRE8K{i:05d}".encode() for n in ("S", "R"))
            self.put(bucket, key, b"second thoughts %d\n" % i, **{"version-id": new})
            digest = hashlib.sha256(key.encode()).hexdigest()
            where = f"{bucket}/{digest[:2]}/{digest[2:4]}/{digest[4:6]}/{digest}"
            path = self._tree.versions / where / old.decode()
            path.parent.mkdir(parents=True, exist_ok=True)
            body = b"first thoughts %d\n" % i
            path.write_bytes(body)
            told = _attributes(key, body) | {"version-id": old}
            self._attributes(path, f"{str(path).lstrip('/')}", told)
            self._tree.old_versions += 1

    def _bucket(self, bucket: str, **more: bytes) -> None:
        path = self._tree.root / bucket
        if path.exists():
            return
        path.mkdir()
        acl = {"Owner": OWNER, "Grantees": []}
        self._attributes(path, bucket, {"acl": json.dumps(acl).encode(), **more})

    def _attributes(self, path: Path, beside: str, values: dict[str, bytes]) -> None:
        if self._tree.sidecar is None:
            for name, value in values.items():
                os.setxattr(path, f"user.{name}", value)
            return
        meta = self._tree.sidecar / beside / "meta"
        meta.mkdir(parents=True, exist_ok=True)
        for name, value in values.items():
            (meta / name).write_bytes(value)


def _attributes(key: str, body: bytes) -> dict[str, bytes]:
    """Return what the gateway stores beside an object that a client put with a few tags."""
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    crc = b64encode(checksums.crc64nvme(body).to_bytes(8, "big")).decode()
    stored = {"Algorithm": "CRC64NVME", "Type": "FULL_OBJECT", "CRC64NVME": crc}
    found = {
        "etag": f'"{md5}"'.encode(),
        "content-type": TYPES.get(key[-4:], "binary/octet-stream").encode(),
        "checksums": json.dumps(stored).encode(),
    }
    if md5.startswith("0"):  # one in sixteen
        found["X-Amz-Tagging"] = b'{"team":"ops"}'
        found["metadata"] = b'{"camera":"demo"}'
    return found
