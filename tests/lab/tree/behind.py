"""What is put into a bucket behind the gateway's back, and uploads that never ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.lab.tree.told import SkipTold

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.gateway import Gateway

BUCKET = "lab-behind"
PART = 5 * 1024 * 1024


def write(gateway: Gateway, client: BaseClient) -> tuple[list[str], list[SkipTold]]:
    """Fill the bucket; return the keys that S3 serves from it, and what a scan has to skip.

    reason: the classes of `core.model.Unrepresentable`.
    """
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="proper", Body=b"proper")
    root = gateway.root / BUCKET
    (root / "no-attributes").write_bytes(b"put here by hand")
    (root / "folder").mkdir()
    (root / "folder" / "edited").write_bytes(b"by hand, too")
    os.link(root / "proper", root / "hard-link")
    (root / "inner-link").symlink_to("no-attributes")
    keys = ["proper", "no-attributes", "folder/edited", "inner-link"]
    if gateway.sidecar is None:  # attributes of a link by path are nowhere in a sidecar
        keys.append("hard-link")
    else:
        (root / "hard-link").unlink()
    client.create_multipart_upload(Bucket=BUCKET, Key="never-ended")
    return keys, [
        *_leftovers(root),
        SkipTold(bucket=BUCKET, name=b"never-ended", reason="upload_in_progress"),
    ]


def _leftovers(root: Path) -> list[SkipTold]:
    leftover = b".proper.sgwtmp.1790000000000000000"
    bad = b"not-utf8-\xff\xfe"
    (root / os.fsdecode(leftover)).write_bytes(b"half of an overwrite")
    (root / os.fsdecode(bad)).write_bytes(b"?")
    os.mkfifo(root / "fifo")
    (root / "dangling").symlink_to("nowhere")
    (root / "outside").symlink_to("/etc/hostname")
    (root / "folder" / ".sgwtmp").mkdir()
    (root / "folder" / ".sgwtmp" / "deep").write_bytes(b"unlisted")
    found = {
        leftover: "leftover_temp",
        bad: "key_not_utf8",
        b"fifo": "special_file",
        b"dangling": "symlink",
        b"outside": "symlink",
        b"folder/.sgwtmp/deep": "nested_sgwtmp",
    }
    return [SkipTold(bucket=BUCKET, name=name, reason=why) for name, why in found.items()]
