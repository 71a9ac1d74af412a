"""Hints of a real gateway: what is named is what changed, as it lies in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from core.config.schema import Cutover, PosixSource
from core.errors import Denied
from core.source.chosen import config_of
from core.source.hint_sources import open_hints
from core.source.hints import Names
from core.source.posix.config import PosixConfig
from core.source.posix.look import look
from core.source.posix.source import PosixSource as Tree
from tests.lab.gateway import Gateway

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.client import BaseClient

    from core.source.hints import Hints
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

PUT = ["a/b", "a b+c", "dir/", "é/ü", "x//y", "parts", "-", "tagged", "gone"]
STORED = ["-", "a b+c", "a/b", "copied", "dir/", "gone", "parts", "tagged", "x/y", "é/ü"]


def _write(s3: BaseClient) -> None:
    for key in PUT:
        if key != "parts":
            s3.put_object(Bucket="photos", Key=key, Body=b"" if key == "dir/" else b"body")
    s3.copy_object(Bucket="photos", Key="copied", CopySource="photos/a/b")
    begun = s3.create_multipart_upload(Bucket="photos", Key="parts")["UploadId"]
    part = s3.upload_part(
        Bucket="photos", Key="parts", UploadId=begun, PartNumber=1, Body=b"p" * 1000
    )
    s3.complete_multipart_upload(
        Bucket="photos",
        Key="parts",
        UploadId=begun,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


def _begin(hints: Hints) -> None:
    try:
        hints.begin()
    except Denied as error:
        pytest.skip(f"{error.what}: fanotify needs root")


def _of(named: list[str], hints: str) -> list[str]:
    """Return what is named without the folders that the kernel tells of beside."""
    folders = {key.rpartition("/")[0] + "/" for key in STORED if not key.endswith("/")}
    return [key for key in named if key not in folders] if hints == "fanotify" else named


@pytest.mark.parametrize("hints", ["access-log", "fanotify"])
def test_every_write_of_a_gateway_is_named_as_it_lies_in_its_tree(
    tools: Tools, keeper: Keeper, tmp_path: Path, hints: Literal["access-log", "fanotify"]
) -> None:
    program = tools.path("versitygw")
    gateway = Gateway("gw", program, tmp_path / "gw", with_sidecar=False, iam_dir=tmp_path / "iam")
    gateway.start(keeper)
    place = config_of(PosixSource(path=gateway.root, versioning_dir=gateway.versioning_dir))
    assert isinstance(place, PosixConfig)
    with gateway.client() as s3:
        s3.create_bucket(Bucket="photos")
        listening = open_hints(Cutover(hints=hints, access_logs=(gateway.access_log,)), place)
        assert listening is not None
        _begin(listening)
        names = Names()

        def named() -> list[str]:
            listening.gather(names)
            return [key.decode() for key in names.take(settled=False).get(b"photos", [])]

        _write(s3)
        s3.get_object(Bucket="photos", Key="a/b")["Body"].read()
        assert _of(named(), hints) == sorted(STORED)
        s3.put_object_tagging(
            Bucket="photos", Key="tagged", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
        )
        s3.delete_object(Bucket="photos", Key="gone")
        s3.delete_objects(Bucket="photos", Delete={"Objects": [{"Key": "a/b"}]})
        listed = ["a/b"] if hints == "fanotify" else []
        assert _of(named(), hints) == [*listed, "gone", "tagged"]
        assert names.nameless >= (hints == "access-log")
        listening.close()
    tree = Tree(place)
    seen = look(tree, tree.bucket(b"photos"), [key.encode() for key in sorted(STORED)])
    there = [entry[0].decode() for entry in seen.page.entries]
    assert sorted(there) == sorted(set(STORED) - {"gone", "a/b"})
    assert (seen.page.skips, seen.left) == ([], [])
