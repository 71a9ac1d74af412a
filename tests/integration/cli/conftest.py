"""A small gateway tree, and workspaces over it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import write
from tests.integration.cli.config_ground import place, vgwm  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS = {
    "photos/2024/a.jpg": b"a" * 5_000,
    "photos/2024/b.jpg": b"b" * 70_000,
    "photos/z": b"",
    "docs/read me.txt": b"hello world",
}


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A tree as a posix backend leaves it: a folder per bucket, ETags in xattrs."""
    root = tmp_path / "gw"
    for name, content in OBJECTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.setxattr(path, "user.etag", hashlib.md5(content).hexdigest().encode())  # noqa: S324 - S3's ETag
        os.setxattr(path, "user.content-type", b"text/plain")
    for bucket in ("photos", "docs"):
        os.setxattr(root / bucket, "user.acl", b'{"Owner":"AKBLUE1","Grantees":[]}')
    return root


@pytest.fixture
def ws(tmp_path: Path, gateway: Path) -> Path:
    """A workspace from that tree to a folder."""
    folder = tmp_path / "ws"
    folder.mkdir(mode=0o700)
    write(
        folder / "vgwm.yaml",
        Workspace(
            id="9f2c1a7e",
            source=PosixSource(path=gateway),
            target=DirTarget(path=tmp_path / "out"),
            knobs=Knobs(workers=2),
        ),
    )
    return folder
