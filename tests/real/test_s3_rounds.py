"""Rounds of sync from an S3 endpoint: what a listing shows, and by a full look what it does not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.dag.car_reading import CarIndex
from core.dag.reading import read_file
from tests.lab import target
from tests.lab.gateway import Gateway
from tests.lab.vgwm import Vgwm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

pytestmark = pytest.mark.timeout(200)

ACCESS, SECRET = "LAB_S3_ACCESS", "LAB_S3_SECRET"
SMALL, LARGE = 300, 3 << 20


def _body(key: str, size: int) -> bytes:
    return hashlib.shake_128(key.encode()).digest(size)


def _bytes_of(row: target.Row, folder: Path) -> bytes:
    with (folder / "bundles" / f"{row.root}.car").open("rb") as car:
        return b"".join(read_file(cids.parse(row.cid), CarIndex(car).get))


def _bodies_read(gateway: Gateway) -> int:
    return gateway.access_log.read_text().count(" s3_GetObject ")


def test_puts_overwrites_deletes_and_at_last_tags_come_over(
    tools: Tools, keeper: Keeper, tmp_path: Path
) -> None:
    program, iam = tools.path("versitygw"), tmp_path / "iam"  # with accounts it keeps a log
    gateway = Gateway("rounds", program, tmp_path / "g", with_sidecar=False, iam_dir=iam)
    gateway.start(keeper)
    wanted = {f"k/{n:03}": _body(f"k/{n:03}", SMALL) for n in range(60)}
    wanted["large"] = _body("large", LARGE)
    out = tmp_path / "out"
    secrets = {ACCESS: gateway.account.access, SECRET: gateway.account.secret}
    with gateway.client() as client, Vgwm(tmp_path / "ws", secrets) as vgwm:
        client.create_bucket(Bucket="lab")
        for key, body in wanted.items():
            client.put_object(Bucket="lab", Key=key, Body=body)
        keys = ["--s3-access-key-env", ACCESS, "--s3-secret-env", SECRET]
        vgwm.run("init", "--source", f"s3:{gateway.url}", *keys, "--target", f"dir:{out}")
        vgwm.run("plan")
        vgwm.run("copy")
        wanted |= {"k/007": b"over", "large": _body("other", LARGE), "new": b"", "k/1": b"one"}
        for key in ("k/007", "large", "new", "k/1"):
            client.put_object(Bucket="lab", Key=key, Body=wanted[key])
        for key in ("k/001", "k/059"):
            client.delete_object(Bucket="lab", Key=key)
            del wanted[key]
        tags = {"TagSet": [{"Key": "later", "Value": "1"}]}
        client.put_object_tagging(Bucket="lab", Key="k/010", Tagging=tags)
        vgwm.run("sync", "--once")
        rows = {row.key: row for row in target.rows(out / "objects.db")}
        assert rows.keys() == wanted.keys()
        for key, row in rows.items():
            assert _bytes_of(row, out) == wanted[key], key
        told = vgwm.run("--json", "sync", "--once").result()
        assert all(told[name] == 0 for name in ("added", "changed", "deleted")), told
        read = _bodies_read(gateway)
        vgwm.run("sync", "--once", "--full")  # no listing shows a change of tags alone
        assert _bodies_read(gateway) == read > len(wanted)
        rows = {row.key: row for row in target.rows(out / "objects.db")}
        assert rows["k/010"].metadata["tags"] == {"later": "1"}
        assert rows.keys() == wanted.keys()
        vgwm.run("verify")
    keeper.forget(gateway.server)
