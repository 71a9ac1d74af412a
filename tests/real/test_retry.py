"""Failed objects tried again and skipped on real servers: what comes through is pinned as any."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.lab import target
from tests.lab.target import Fetcher
from tests.lab.vgwm import Vgwm
from tests.real.migrated import PASSWORD, REPLICATION
from tests.real.outside import grow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.stack import Stack
    from tests.real.outside import Source

OBJECTS = 60
BROKEN = [(f"bucket{n % 2}", f"d{n % 9}/k{n:05d}") for n in (3, 8, 21, 40)]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return grow(tmp_path / "gw", objects=OBJECTS, size_bytes=4_096)


def begin(source: Source, stack: Stack, folder: Path) -> Vgwm:
    vgwm = Vgwm(folder / "ws", {PASSWORD: stack.password})
    words = ["--target", "ipfs", "--replication", str(REPLICATION)]
    words += ["--table", f"sqlite:{folder / 'objects.db'}"]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    vgwm.run("init", "--source", f"posix:{source.root}", *words)
    return vgwm


def test_i1_a_recovered_object_is_pinned_where_its_new_bundle_is_allocated(
    source: Source, stack: Stack, tmp_path: Path
) -> None:
    with begin(source, stack, tmp_path) as vgwm:
        vgwm.run("plan", "--batch-size", "10")
        for bucket, key in BROKEN:
            path = source.root / bucket / key
            path.rename(tmp_path / path.name)
            path.symlink_to(path.name)
        vgwm.run("copy", code=1)
        assert [one["code"] for one in vgwm.run("errors", "--json").rows()] == ["unreadable"] * 4
        for bucket, key in BROKEN[:3]:
            (source.root / bucket / key).unlink()
            os.rename(tmp_path / key.rsplit("/")[-1], source.root / bucket / key)  # noqa: PTH104
        came = vgwm.run("retry", "--json", code=1).result()
        assert [came[name] for name in ("queued", "recovered", "still_failed")] == [4, 3, 1]
        skip = ("skip", "--class", "unreadable", "--reason", "lost", "--json")
        hash_ = str(vgwm.run(*skip).result()["hash"])
        assert vgwm.run(*skip, "--confirm", hash_).result()["objects"] == 1
        status = vgwm.run("status", "--json").result()
        assert [status[name] for name in ("migrated", "skipped", "failed", "remaining")] == [
            *(OBJECTS - 1, 1, 0, 0)
        ]
    rows = {(row.bucket, row.key): row for row in target.rows(tmp_path / "objects.db")}
    assert set(rows) == set(source.digests) - {BROKEN[3]}
    allocations = stack.peers[0].allocations()
    for name in BROKEN[:3]:
        row = rows[name]
        assert len(set(allocations[row.root])) == REPLICATION
        for peer_id in allocations[row.root]:
            peer = stack.peer(peer_id)
            assert peer.status(row.root) == "pinned"
            with Fetcher(peer.kubo) as fetcher:
                assert fetcher.sha256(row.cid) == source.digests[name]
