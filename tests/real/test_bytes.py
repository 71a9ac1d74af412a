"""Bytes read again: old versions too, and what real Kubo nodes lost behind sound pins."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, write
from core.dag import cid as cids
from core.dag.car_reading import sections
from core.engine.engine import Engine
from core.target.sink import KuboEndpoint
from core.target.sink_kubo import KuboSink
from core.verify.bytes_told import BytesWish
from core.verify.contents import Contents
from core.verify.reading_kubo import KuboBundles
from tests.fakes.bundles import bundle, contents
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.reading_again import EVERY, FULL, look
from tests.lab import target
from tests.lab.kubo import KuboNode
from tests.lab.vgwm import Vgwm
from tests.real.mutations import block_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.engine.ground import Ground
    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools
    from tests.lab.tree.grow import GatewayTree

pytestmark = pytest.mark.timeout(180)

PASSWORD = "VGWM_TEST_CLUSTER"  # noqa: S105 - the variable's name
OBJECTS = 120
ALL = OBJECTS + 1


def make_workspace(ground: Ground, stack: Stack) -> Path:
    """Write a workspace over the ground; return where its object table is."""
    table = ground.workspace.parent / "objects.db"
    ground.workspace.mkdir(exist_ok=True)
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=ground.source),
            target=IpfsTarget(
                kubo=tuple(stack.kubo_urls),
                cluster=tuple(stack.cluster_urls),
                cluster_user=stack.user,
                cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
                replication=2,
                table=f"sqlite:{table}",
            ),
            knobs=Knobs(workers=2, batch_size=50),
        ),
    )
    return table


def holders(stack: Stack, cid: str) -> list[KuboNode]:
    return [kubo for kubo in stack.kubos if block_file(kubo, cid).exists()]


def name_of(stack: Stack, kubo: KuboNode) -> str:
    return f"kubo-{stack.kubos.index(kubo) + 1}"


def leaf(body: bytes) -> str:
    return cids.text(cids.RAW + hashlib.sha256(body).digest())


async def test_what_one_node_lost_or_serves_wrong_is_named_and_nothing_else(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, stack.password)
    ground = make_ground(tmp_path, objects=OBJECTS, buckets=1, seed=4711)
    table = make_workspace(ground, stack)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        sound = await look(engine, EVERY, tmp_path / "sound")
        assert (sound.found, sound.figures.n, sound.figures.unread) == ([], ALL, 0)
        large = ground.bodies["bucket0", "large.bin"]
        lost, flipped = [row for row in target.rows(table) if row.size == 4096][:2]
        chunk = leaf(large[1 << 20 : 2 << 20])
        where = {
            lost.key: holders(stack, lost.cid)[0],
            flipped.key: holders(stack, flipped.cid)[1],
            "large.bin": holders(stack, chunk)[0],
        }
        block_file(where[lost.key], lost.cid).unlink()
        block_file(where["large.bin"], chunk).unlink()
        path = block_file(where[flipped.key], flipped.cid)
        body = bytearray(path.read_bytes())
        body[7] ^= 1
        path.write_bytes(body)

        told = await look(engine, EVERY, tmp_path / "hurt")
        ills = {"large.bin": "lost_block", lost.key: "lost_block", flipped.key: "bad_bytes"}
        assert told.ills == {("bucket0", key): ill for key, ill in ills.items()}
        seen = {one.key.decode(): one.where for one in told.found}
        assert seen == {key: name_of(stack, kubo) for key, kubo in where.items()}
        assert (told.figures.n, told.figures.bad) == (ALL, 3)
        # nobody healed it meanwhile, though the other node holds each block and is linked
        assert not block_file(where[lost.key], lost.cid).exists()

        once = await look(engine, FULL, tmp_path / "once")
        assert once.ills.items() <= told.ills.items()
        assert once.figures.unread == 0
        all_of_it = BytesWish(seed=5, sample=ALL)
        sampled = await look(engine, all_of_it, tmp_path / "sample")
        assert sampled.ills == once.ills
        assert sampled.figures.n == ALL


def test_a_node_that_hashes_what_it_reads_names_the_block_itself(
    tools: Tools, keeper: Keeper, tmp_path: Path
) -> None:
    kubo = KuboNode("kubo-hashing", tools.path("ipfs"), tmp_path / "kubo", storage_max="50GB")
    kubo.init()
    kubo.set("Datastore.HashOnRead", value=True)
    kubo.start(keeper)
    kubo.wait_ready()
    bodies = contents("hashed on read", 5)
    small = bundle(bodies)
    sink = KuboSink()
    small.send(sink, [KuboEndpoint(kubo.name, kubo.url)])
    sink.close()
    path = block_file(kubo, cids.text(small.cids[2]))
    path.write_bytes(bodies[2][:-1] + b"?")
    bundles = KuboBundles(KuboEndpoint(kubo.name, kubo.url), lambda _n: None)
    members = [(cid, len(body)) for cid, body in zip(small.cids, bodies, strict=True)]
    faults = bundles.all(Contents(small.root, lambda: members))
    bundles.close()
    keeper.forget(kubo.server)
    assert [(one.at, str(one.ill)) for one in faults] == [(2, "bad_bytes")]


async def test_old_versions_are_read_again_with_all_that_a_real_gateway_wrote(
    grown: Callable[[str], GatewayTree], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    gateway_tree = grown("xattr")
    with Vgwm(tmp_path / "ws") as vgwm:
        vgwm.run("init", *gateway_tree.init_words, "--target", f"dir:{folder}")
        vgwm.run("plan")
        vgwm.run("copy")
    with closing(sqlite3.connect(f"file:{tmp_path}/ws/ledger.db?mode=ro", uri=True)) as ledger:
        [recorded] = ledger.execute("SELECT count(*) FROM objects WHERE cid NOT NULL").fetchone()
        key, version, cid, root = ledger.execute(
            "SELECT o.key, o.ver, o.cid, b.root FROM objects o JOIN bundles b ON b.id = o.bun"
            " WHERE o.ver != x'' AND o.size BETWEEN 1 AND 1000000 ORDER BY o.key LIMIT 1"
        ).fetchone()
    engine = await Engine.open(tmp_path / "ws")
    try:
        sound = await look(engine, FULL, tmp_path / "sound")
        assert (sound.found, sound.figures.n, sound.figures.unread) == ([], recorded, 0)
        car = folder / "bundles" / f"{cids.text(root)}.car"
        with car.open("r+b") as file:
            at = next(one.offset for one in sections(file) if one.cid == cid)
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 128]))
        hurt = await look(engine, FULL, tmp_path / "hurt")
        named = {(one.key, one.version) for one in hurt.found}
        assert (key, version) in named
        assert {str(one.ill) for one in hurt.found} == {"bad_bytes"}
        assert {one.wanted for one in hurt.found} == {cids.text(cid)}
    finally:
        await engine.close()
