"""A source that goes on changing under copy and rounds: fenced at last, the target equals it.

20 s of load in the suite; `VGWM_LONG=1` takes the two minutes of a proof, `VGWM_SEED` another load.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab import target
from tests.lab.gateway import Gateway
from tests.lab.live import LATE, PLAIN, VERSIONED, Writers
from tests.lab.s3 import S3Reader
from tests.lab.target import Fetcher
from tests.lab.tree import ask
from tests.lab.tree.grow import GatewayTree
from tests.lab.tree.told import TreeTold
from tests.real.migrated import REPLICATION, begin, said, workspace_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.target import Line, Row
    from tests.lab.tools import Tools
    from tests.lab.tree.told import ObjectTold
    from tests.lab.vgwm import Vgwm

LONG = os.environ.get("VGWM_LONG") == "1"
LOAD_S = 120 if LONG else 20
SEED = int(os.environ.get("VGWM_SEED", "20261126"))

pytestmark = pytest.mark.timeout(900 if LONG else 240)


@pytest.fixture
def gateway(tools: Tools, tmp_path: Path, keeper: Keeper) -> Iterator[Gateway]:
    made = Gateway("live", tools.path("versitygw"), tmp_path / "gw", with_sidecar=False)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


def test_i4_a_fenced_source_equals_its_target_object_by_object(
    gateway: Gateway, stack: Stack, tmp_path: Path
) -> None:
    writers = Writers(gateway, seed=SEED, writers=3)
    tree = GatewayTree(
        gateway, TreeTold(owner=gateway.account.access, buckets=(), objects=(), skips=())
    )
    table = tmp_path / "objects.db"
    rounds: list[dict[str, object]] = []
    with begin(tree, stack, tmp_path, f"sqlite:{table}") as vgwm:
        writers.start()
        ends_s = time.monotonic() + LOAD_S
        vgwm.run("plan")
        copied = vgwm.run("copy", code=None)
        assert copied.code in {0, 1}, copied.err  # 1: some changed under every try
        while time.monotonic() < ends_s or not rounds:
            rounds.append(_round(vgwm))
        writers.stop()
        rounds.append(_round(vgwm))
        truth = _truth(gateway)
        rows = {(row.bucket, row.key): row for row in target.rows(table)}
        _say(writers, rounds, len(truth))
        assert set(rows) == set(truth)
        assert [at for at, row in rows.items() if _differs(row, truth[at])] == []
        assert _wrong_bytes(stack, rows, truth) == []
        _same_buckets(gateway, target.bucket_rows(table))
        status = vgwm.run("--json", "status").result()
        assert (status["failed"], status["remaining"]) == (0, 0)
        # nothing has changed since: a round finds nothing, but for those of the last seconds
        assert _round(vgwm)["added"] == 0
        vgwm.run("sync", "--once")
        assert {(row.bucket, row.key): row for row in target.rows(table)} == rows
        _rebundled(vgwm)
        moved = {(row.bucket, row.key): row for row in target.rows(table)}
        assert {at: (row.cid, said(row.metadata)) for at, row in moved.items()} == {
            at: (row.cid, said(row.metadata)) for at, row in rows.items()
        }
        assert _wrong_bytes(stack, moved, truth) == []
        assert _wrong_history(gateway, stack, workspace_id(vgwm)) == []
        vgwm.run("verify", "--sample-size", "300")


def _round(vgwm: Vgwm) -> dict[str, object]:
    done = vgwm.run("--json", "sync", "--once", code=None)
    assert done.code in {0, 1}, done.err
    return done.result()


def _rebundled(vgwm: Vgwm) -> None:
    """Give what is left of wasteful bundles a root of its own, as it was shown."""
    plan = vgwm.run("--json", "sync", "--rebundle").result()
    if plan["bundles"]:
        vgwm.run("sync", "--rebundle", "--confirm", str(plan["hash"]))
        assert vgwm.run("--json", "sync", "--rebundle").result()["bundles"] == 0


def _truth(gateway: Gateway) -> dict[tuple[str, str], ObjectTold]:
    """What S3 says of every current object."""
    told: dict[tuple[str, str], ObjectTold] = {}
    with gateway.client() as client, S3Reader(gateway) as reader:
        for bucket in [one["Name"] for one in client.list_buckets()["Buckets"]]:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for one in page.get("Contents", ()):
                    told[bucket, one["Key"]] = ask.current(reader, bucket, one["Key"])
    return told


def _differs(row: Row, told: ObjectTold) -> bool:
    document = {name: value for name, value in said(row.metadata).items() if name != "parts"}
    return (
        row.size != told.size
        or row.pin_status != 2
        or row.updated_us is None
        or row.updated_us // 1_000_000 != told.modified_s
        or document != told.document()
    )


def _wrong_bytes(
    stack: Stack, rows: dict[tuple[str, str], Row], truth: dict[tuple[str, str], ObjectTold]
) -> list[str]:
    """Read every object from each node that its bundle is allocated to; return what differs."""
    pins = stack.peers[0].allocations()
    wanted: dict[str, dict[str, str]] = {}
    for at, row in rows.items():
        assert len(pins[row.root]) == REPLICATION
        for peer in pins[row.root]:
            assert stack.peer(peer).kubo.pinned(row.root)
            wanted.setdefault(peer, {})[row.cid] = truth[at].sha256

    def wrong(peer: str) -> list[str]:
        with Fetcher(stack.peer(peer).kubo) as fetcher:
            return [cid for cid, sha in wanted[peer].items() if fetcher.sha256(cid) != sha]

    with ThreadPoolExecutor(len(wanted)) as threads:
        return [cid for some in threads.map(wrong, wanted) for cid in some]


def _wrong_history(gateway: Gateway, stack: Stack, workspace: str) -> list[str]:
    """Look for every old version and marker in the manifests of our pins; return what differs.

    A version may stand in several: one of them has to say what S3 says of it now.
    """
    lines: dict[tuple[str, str], list[Line]] = {}
    named = stack.peers[0].names()
    pins = stack.peers[0].allocations()
    for root, peers in pins.items():
        if named[root].startswith(f"vgwm-{workspace}-"):
            with Fetcher(stack.peer(peers[0]).kubo) as fetcher:
                for line in target.lines(root, fetcher.cat(f"{root}/manifest")):
                    if line.bucket == VERSIONED:
                        lines.setdefault((line.key, line.version), []).append(line)
    wrong, seen = [], 0
    with S3Reader(gateway) as reader, ExitStack() as stays:
        nodes = {p.id: stays.enter_context(Fetcher(p.kubo)) for p in stack.peers}
        for told in ask.history(reader, VERSIONED):
            if told.version or told.marker:
                seen += 1
                found = lines.get((told.key, told.version), [])
                if not any(
                    _is_told(line, told, [nodes[p] for p in pins[line.root]]) for line in found
                ):
                    wrong.append(f"{told.key}?{told.version} marker={told.marker}")
    assert seen > 50
    return wrong


def _is_told(line: Line, told: ObjectTold, nodes: list[Fetcher]) -> bool:
    if line.marker or told.marker:
        return line.marker == told.marker
    document = {name: value for name, value in said(line.meta).items() if name != "parts"}
    wanted = told.document()
    if told.tags is None:  # the gateway tells no tags of an old version
        document.pop("tags", None)
    return document == wanted and all(node.sha256(line.cid) == told.sha256 for node in nodes)


def _same_buckets(gateway: Gateway, rows: dict[str, dict[str, object]]) -> None:
    with gateway.client() as client, S3Reader(gateway) as reader:
        names = {one["Name"] for one in client.list_buckets()["Buckets"]}
        assert set(rows) == names >= {PLAIN, VERSIONED}
        for name in names:
            told = ask.bucket(reader, name)
            assert rows[name].get("tags", {}) == told.tags, name
            grants = client.get_bucket_acl(Bucket=name)["Grants"]
            assert _grants(rows[name]) == sorted(
                (grant["Grantee"]["ID"], grant["Permission"]) for grant in grants
            ), name
            policy = rows[name].get("policy", "")
            assert (json.loads(str(policy)) if policy else "") == (
                json.loads(told.policy) if told.policy else ""
            ), name


def _grants(document: dict[str, object]) -> list[tuple[str, str]]:
    acl = document["acl"]
    assert isinstance(acl, dict)
    return sorted((one["Access"], one["Permission"]) for one in acl["Grantees"])


def _say(writers: Writers, rounds: list[dict[str, object]], objects: int) -> None:
    lines = [f"{writers.total} writes: {dict(writers.done)}; refused: {dict(writers.lacking)}"]
    for number, found in enumerate(rounds, 1):
        told = {n: found[n] for n in ("added", "changed", "attrs", "deleted", "failed")}
        lines.append(f"round {number}: {told}")
    lines.append(f"{objects} objects at the end; bucket {LATE} came while copying")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
