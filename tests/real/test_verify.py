"""Verification on real servers: a real gateway's tree, a real cluster, what they lose and hide."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from core.display import object_name
from tests.fakes.ydb_process import YdbProcess
from tests.lab.gateway import Gateway
from tests.lab.process import until
from tests.lab.vgwm import Vgwm
from tests.real.migrated import begin, workspace_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools
    from tests.lab.tree.grow import GatewayTree
    from tests.lab.vgwm import Ran

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def migrated(
    gateway_tree: GatewayTree, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Vgwm]:
    """A tree of every kind of object, copied: xattrs into SQLite, a sidecar into YDB's stand-in."""
    folder = tmp_path_factory.mktemp("verify")
    with ExitStack() as stays:
        table = f"sqlite:{folder / 'objects.db'}"
        if gateway_tree.gateway.sidecar is not None:
            table = f"ydb:{stays.enter_context(YdbProcess(folder / 'ydb.db')).spec}"
        vgwm = stays.enter_context(begin(gateway_tree, stack, folder, table))
        vgwm.run("plan")
        vgwm.run("copy")
        yield vgwm


def lists(ran: Ran) -> dict[str, int]:
    """Return the keys in each list."""
    told: list[dict[str, object]] = ran.result()["lists"]  # type: ignore[assignment] # JSON
    return {str(one["name"]): int(str(one["objects"])) for one in told}


def counters(vgwm: Vgwm) -> dict[str, int]:
    """Return what the ledger counts."""
    with closing(sqlite3.connect(f"file:{vgwm.workspace}/ledger.db?mode=ro", uri=True)) as ledger:
        return dict(ledger.execute("SELECT name, n FROM counters WHERE scope = 0"))


def lines(vgwm: Vgwm, ran: Ran, name: str) -> list[dict[str, object]]:
    """Return a list's lines from its file."""
    path = vgwm.workspace / str(ran.result()["folder"]) / f"{name}.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_object_of_a_real_gateway_is_equal_and_each_of_its_bytes(
    migrated: Vgwm, gateway_tree: GatewayTree
) -> None:
    ran = migrated.run("--json", "verify", "--full", "--replicas", "all")
    told, counted = ran.result(), lists(ran)
    totals = counters(migrated)
    assert {name: n for name, n in counted.items() if n} == {"equal": totals["migrated"]}
    assert counted["equal"] >= 2_000
    assert told["versions"] == totals["versions"]
    assert told["markers"] == totals["markers"]
    assert told["skipped"] == totals["skipped"]
    read = told["bytes"]
    assert isinstance(read, dict)
    assert (read["mode"], read["bad"], read["unread"], read["bound95"]) == ("full", 0, 0, 0.0)
    named = {str(line["object"]) for line in lines(migrated, ran, "equal")}
    assert len(named) == counted["equal"]
    current = {object_name(o.bucket.encode(), o.key.encode()) for o in gateway_tree.told.current()}
    assert current <= named


@pytest.mark.parametrize("gateway_tree", ["xattr"], indirect=True, scope="session")
def test_i7_a_pin_lost_on_one_node_is_named_there_and_one_that_is_silent_is_an_error(
    migrated: Vgwm, stack: Stack
) -> None:
    prefix = f"vgwm-{workspace_id(migrated)}-"
    peer = stack.peers[0]
    names = peer.names()
    ours = {
        root: peers for root, peers in peer.allocations().items() if names[root].startswith(prefix)
    }
    root, (first, second) = next((r, p) for r, p in sorted(ours.items()) if len(p) == 2)
    holder, other = stack.peer(first), stack.peer(second)
    holder.kubo.api.post(f"/api/v0/pin/rm?arg={root}")
    until("the peer sees that its pin is lost", lambda: holder.status(root) != "pinned", limit_s=60)
    ran = migrated.run("--json", "verify", "--sample-size", "0", code=1)
    counted, differ = lists(ran), lines(migrated, ran, "differ")
    assert {line["kind"] for line in differ} == {"no_pin"}
    # vgwm counts nodes from 1, in the order of their addresses
    name = f"kubo-{stack.kubo_urls.index(holder.kubo.url) + 1}"
    assert {line["where"] for line in differ} == {name}
    assert len({line["bundle"] for line in differ}) == 1
    assert counted["differ"] == len(differ) == ran.result()["unpinned"]
    assert (counted["missing"], counted["extra"], counted["error"]) == (0, 0, 0)

    other.kubo.server.kill()
    ran = migrated.run("--json", "verify", "--sample-size", "0", code=1)
    unread = lines(migrated, ran, "error")
    assert {line["kind"] for line in unread} == {"unread"}
    assert {line["where"] for line in unread} == {second}
    held = sum(second in peers for peers in ours.values())
    assert len({line["bundle"] for line in unread}) == held
    assert lists(ran)["equal"] > 0


def test_a_set_that_came_through_s3_is_held_against_s3(
    tools: Tools, keeper: Keeper, tmp_path: Path
) -> None:
    gateway = Gateway(
        "gateway-verify", tools.path("versitygw"), tmp_path / "gw", with_sidecar=False
    )
    gateway.start(keeper)
    keys = [f"d{n % 3}/k{n:03d} é" for n in range(120)]
    with gateway.client() as client:
        client.create_bucket(Bucket="photos")
        for n, key in enumerate(keys):
            more = {"Tagging": "a=b"} if n % 7 == 0 else {}
            body = key.encode() * (n + 1)
            client.put_object(Bucket="photos", Key=key, Body=body, Metadata={"n": str(n)}, **more)
        account = gateway.account
        secrets = {"LAB_S3_ACCESS": account.access, "LAB_S3_SECRET": account.secret}
        words = ["--s3-access-key-env", "LAB_S3_ACCESS", "--s3-secret-env", "LAB_S3_SECRET"]
        with Vgwm(tmp_path / "ws", secrets) as vgwm:
            place = f"dir:{tmp_path / 'out'}"
            vgwm.run("init", "--source", f"s3:{gateway.url}", *words, "--target", place)
            vgwm.run("plan")
            vgwm.run("copy")
            assert lists(vgwm.run("--json", "verify", "--full"))["equal"] == len(keys)
            client.delete_object(Bucket="photos", Key=keys[5])
            client.put_object(Bucket="photos", Key=keys[6], Body=b"another")
            client.put_object(Bucket="photos", Key="new", Body=b"later")
            ran = vgwm.run("--json", "verify", "--sample-size", "0", code=1)
            (gone,) = lines(vgwm, ran, "extra")
            late = {str(line["kind"]): line["object"] for line in lines(vgwm, ran, "missing")}
    assert (gone["kind"], gone["object"]) == ("gone_at_source", f"photos/{keys[5]}")
    assert late == {"source_moved": f"photos/{keys[6]}", "not_copied": "photos/new"}
    assert lists(ran) == {"equal": 118, "differ": 0, "missing": 2, "extra": 1, "error": 0}
