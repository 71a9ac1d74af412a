"""A gateway's tree built by hand, in xattr or in sidecar mode."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.model import Entry, Skip
from core.source.posix.config import PosixConfig
from core.source.posix.names import hash_folder
from core.source.posix.source import PosixSource
from core.source.posix.walk import walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.source.posix.buckets import Bucket

Mode = Literal["xattr", "sidecar"]
ACL = json.dumps({"Owner": "AKBLUE", "Grantees": []}).encode()
ENABLED = {"versioning": b"\x01"}


@dataclass(frozen=True)
class HandTree:
    """All folders lie below `base`. Names and keys are bytes."""

    base: Path
    mode: Mode

    @property
    def root(self) -> Path:
        return self.base / "root"

    @property
    def versions(self) -> Path:
        return self.base / "versions"

    @property
    def sidecar(self) -> Path:
        return self.base / "beside"

    def make(self) -> HandTree:
        for folder in (self.root, self.versions, self.sidecar):
            folder.mkdir(parents=True)
        return self

    def bucket(
        self, name: bytes = b"bucket", attributes: Mapping[str, bytes] | None = None
    ) -> Path:
        path = self.root / os.fsdecode(name)
        path.mkdir()
        self.mark(path, {"acl": ACL, **(attributes or {})})
        return path

    def put(
        self,
        key: bytes,
        body: bytes = b"body",
        attributes: Mapping[str, bytes] | None = None,
        *,
        bucket: bytes = b"bucket",
    ) -> Path:
        """Write an object as the gateway would; attributes None for its ETag alone, {} for none."""
        path = self.root / os.fsdecode(bucket) / os.fsdecode(key)
        return self._write(path, body, attributes)

    def version(
        self,
        key: bytes,
        version: bytes,
        body: bytes = b"old",
        attributes: Mapping[str, bytes] | None = None,
        *,
        bucket: bytes = b"bucket",
    ) -> Path:
        """Write an old version."""
        folder = self.versions / os.fsdecode(bucket) / os.fsdecode(hash_folder(key))
        own = {} if version == b"null" else {"version-id": version}
        return self._write(folder / os.fsdecode(version), body, {**(attributes or {}), **own})

    def mark(self, path: Path, attributes: Mapping[str, bytes]) -> None:
        """Set attributes of a file or folder of the tree."""
        for name, value in attributes.items():
            if self.mode == "xattr":
                os.setxattr(path, f"user.{name}", value, follow_symlinks=False)
            else:
                meta = self.meta(path)
                meta.mkdir(parents=True, exist_ok=True)
                (meta / name).write_bytes(value)

    def meta(self, path: Path) -> Path:
        """Return where a sidecar keeps the attributes of a path of root or versions."""
        if path.is_relative_to(self.root):
            return self.sidecar / path.relative_to(self.root) / "meta"
        return self.sidecar / path.relative_to("/") / "meta"

    def source(self, **options: object) -> PosixSource:
        given: dict[str, object] = {
            "root": self.root,
            "versioning_dir": self.versions,
            "sidecar": self.sidecar if self.mode == "sidecar" else None,
            "root_account": "AKROOT",
        }
        return PosixSource(PosixConfig(**(given | options)))  # type: ignore[arg-type]

    def opened(self, name: bytes = b"bucket", **options: object) -> tuple[PosixSource, Bucket]:
        source = self.source(**options)
        return source, next(b for b in source.buckets()[0] if b.name == name)

    def walked(
        self, after: tuple[bytes, bytes] | None = None, *, nometa: bool = False
    ) -> tuple[list[Entry], list[Skip]]:
        """Walk the bucket `bucket`."""
        pages = list(walk(*self.opened(nometa=nometa), after))
        entries = [Entry(*entry) for page in pages for entry in page.entries]
        return entries, [skip for page in pages for skip in page.skips]

    def _write(self, path: Path, body: bytes, attributes: Mapping[str, bytes] | None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.mark(path, etag(body) if attributes is None else attributes)
        return path


def etag(body: bytes) -> dict[str, bytes]:
    """Return the attribute of a single PUT."""
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {"etag": f'"{digest}"'.encode()}
