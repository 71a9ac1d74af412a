"""The main job on real servers: every object of a real gateway is on IPFS, named and pinned."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from tests.fakes.ydb_process import YdbProcess
from tests.lab.stamps import stamps
from tests.lab.target import Fetcher
from tests.real.migrated import REPLICATION, Migrated, age, begin, read_table, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stack import Stack
    from tests.lab.tree.grow import GatewayTree

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def done(
    gateway_tree: GatewayTree, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Migrated]:
    """The main job, done: from xattrs into an SQLite table, from a sidecar into YDB's stand-in."""
    folder = tmp_path_factory.mktemp("main-job")
    with ExitStack() as stays:
        table = f"sqlite:{folder / 'objects.db'}"
        if gateway_tree.gateway.sidecar is not None:
            table = f"ydb:{stays.enter_context(YdbProcess(folder / 'ydb.db')).spec}"
        before, atimes = age(gateway_tree)
        vgwm = stays.enter_context(begin(gateway_tree, stack, folder, table))
        vgwm.run("plan")
        vgwm.run("copy")
        yield Migrated(gateway_tree, stack, vgwm, asyncio.run(read_table(table)), before, atimes)


def test_i4_there_is_a_row_for_each_current_object_and_no_other(done: Migrated) -> None:
    assert set(done.rows) == set(done.told)
    for key, row in done.rows.items():
        told = done.told[key]
        assert (row.size, row.pin_status) == (told.size, 2), key
        assert row.updated_us is not None
        assert row.updated_us // 1_000_000 == told.modified_s, key


def test_i1_every_bundle_is_pinned_on_as_many_peers_as_asked_for(done: Migrated) -> None:
    assert {row.root for row in done.rows.values()} <= set(done.pins)
    for root, peers in done.pins.items():
        assert len(set(peers)) == REPLICATION
        for peer_id in peers:
            peer = done.stack.peer(peer_id)
            assert peer.status(root) == "pinned"
            assert peer.kubo.pinned(root)


def test_i2_each_allocated_node_gives_the_bytes_that_s3_gave(done: Migrated) -> None:
    wanted: dict[str, dict[str, str]] = {}
    for key, row in done.rows.items():
        for peer_id in done.pins[row.root]:
            wanted.setdefault(peer_id, {})[row.cid] = done.told[key].sha256
    assert sum(map(len, wanted.values())) >= REPLICATION * 2_000

    def differing(peer_id: str) -> list[str]:
        with Fetcher(done.stack.peer(peer_id).kubo) as fetcher:
            return [cid for cid, sha in wanted[peer_id].items() if fetcher.sha256(cid) != sha]

    with ThreadPoolExecutor(len(wanted)) as threads:
        assert [*threads.map(differing, wanted)] == [[]] * len(wanted)


def test_the_metadata_document_is_what_head_and_get_tagging_said(done: Migrated) -> None:
    for key, row in done.rows.items():
        told = done.told[key]
        assert said(row.metadata) == told.document(), key
        assert int(str(row.metadata["mtime_ns"])) // 10**9 == told.modified_s, key
        assert row.metadata["owner"] == done.tree.told.owner
        assert row.metadata["v"] == 1


def test_the_manifests_name_every_object_version_and_marker_once(done: Migrated) -> None:
    named = [(line.bucket, line.key, line.version) for line in done.lines]
    assert len(set(named)) == len(named)
    assert set(named) == {(o.bucket, o.key, o.version) for o in done.tree.told.objects}
    markers = {(o.bucket, o.key, o.version) for o in done.tree.told.markers()}
    assert {(x.bucket, x.key, x.version) for x in done.lines if x.marker} == markers


def test_old_versions_come_back_by_the_cid_that_the_manifest_names(done: Migrated) -> None:
    old = {(o.bucket, o.key, o.version): o for o in done.tree.told.versions()}
    lines = [line for line in done.lines if line.version and not line.marker]
    assert len(lines) == len(old) >= 80
    for line in lines:
        told = old[line.bucket, line.key, line.version]
        for peer_id in done.pins[line.root]:
            with Fetcher(done.stack.peer(peer_id).kubo) as fetcher:
                assert fetcher.sha256(line.cid) == told.sha256, line
                assert fetcher.sha256(f"{line.root}/{line.name}") == told.sha256, line


def test_what_the_manifest_says_of_a_current_object_is_what_its_row_says(done: Migrated) -> None:
    for line in done.lines:
        if line.version or line.marker:
            continue
        row = done.rows[line.bucket, line.key]
        assert (line.cid, line.size, line.root) == (row.cid, row.size, row.root)
        assert said(line.meta) == said(row.metadata)


def test_i4_the_counters_add_up_and_the_skips_are_listed_by_name(done: Migrated) -> None:
    totals = done.vgwm.run("--json", "status").result()
    told = done.tree.told
    ends = [int(str(totals[n])) for n in ("migrated", "failed", "skipped", "gone", "remaining")]
    assert int(str(totals["total"])) == sum(ends)
    assert ends[1] == ends[3] == ends[4] == 0
    listed = done.vgwm.run("--json", "errors").rows()
    reasons = sorted((str(r["bucket"]), str(r["code"])) for r in listed)
    keys = [s for s in told.skips if s.reason != "upload_in_progress"]
    assert reasons == sorted((s.bucket, s.reason) for s in keys)
    assert ends[2] == len(keys)


def test_the_plan_counts_what_the_target_cannot_show_and_names_open_uploads(done: Migrated) -> None:
    told = done.tree.told
    counted = done.vgwm.run("--json", "plan", "show").result()["unrepresentable"]
    assert isinstance(counted, dict)
    expected = Counter(skip.reason for skip in told.skips)
    expected["noncurrent_version"] = len(list(told.versions()))
    expected["delete_marker"] = len(list(told.markers()))
    assert {reason: counted.get(reason) for reason in expected} == expected
    with closing(sqlite3.connect(done.vgwm.workspace / "ledger.db")) as ledger:
        events = ledger.execute("SELECT data FROM events WHERE kind = 'beside'").fetchall()
    assert any("never-ended" in str(data) for (data,) in events)


def test_buckets_keep_their_own_settings(done: Migrated) -> None:
    rows = done.table.buckets
    assert set(rows) == {bucket.name for bucket in done.tree.told.buckets}
    for bucket in done.tree.told.buckets:
        row = rows[bucket.name]
        assert row["owner"] == done.tree.told.owner
        assert row.get("tags", {}) == bucket.tags
        assert bool(row.get("policy")) == bool(bucket.policy)
        assert bool(row.get("cors")) == bool(bucket.cors)


def test_i6_nothing_of_the_source_has_moved(done: Migrated) -> None:
    for folder, before in done.before.items():
        assert stamps(folder) == before
    if not done.atimes:
        pytest.skip("this file system keeps no atimes: reads would leave no trace here")


def test_i9_no_secret_lies_in_the_workspace(done: Migrated) -> None:
    secrets = [done.stack.password, done.tree.gateway.account.secret]
    for path in done.vgwm.workspace.rglob("*"):
        if path.is_file():
            written = path.read_bytes()
            assert not any(secret.encode() in written for secret in secrets), path


def test_copying_again_finds_nothing_to_do(done: Migrated) -> None:
    before = done.stack.peers[0].allocations()
    done.vgwm.run("copy")
    assert done.stack.peers[0].allocations() == before
