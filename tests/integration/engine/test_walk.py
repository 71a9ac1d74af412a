"""The walk of a bucket names what its table has no place for."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from core.engine.crew.board import Board
from core.engine.crew.task import WalkTask, WorkerSetup
from core.engine.worker.walk import stream_pages
from core.source.posix.config import PosixConfig

if TYPE_CHECKING:
    from pathlib import Path


def _walked(root: Path, profile: str) -> list[tuple[str, str]]:
    setup = WorkerSetup(
        workspace_id="0a1b2c3d",
        source=PosixConfig(root=root),
        profile=profile,
        cid_profile="unixfs-v1-2025",
        sink="discard",
        sink_path="",
        etag="verify",
        large_threshold=1 << 20,
        segment_bytes=1 << 20,
        archive_versions=True,
        timeout_s=60.0,
    )
    board = Board.create()
    pages = list(stream_pages(setup, WalkTask(bucket=b"photos", after=None), board.desk(0)))
    board.close()
    return [(one.reason, one.text) for page in pages for one in page.beside]


def test_bucket_settings_that_a_profile_has_no_column_for_are_named(tmp_path: Path) -> None:
    bucket = tmp_path / "photos"
    bucket.mkdir()
    os.setxattr(bucket, "user.acl", json.dumps({"Owner": "AK1", "Grantees": []}).encode())
    os.setxattr(bucket, "user.ownership", b"BucketOwnerEnforced")
    assert _walked(tmp_path, "guide") == []
    (lost,) = _walked(tmp_path, "extended")
    assert lost == ("bucket_attr", "the bucket's ownership: no column for it")
