"""I2 on the way back: bytes of green's that do not hash to their CID never show on blue."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.cutover.green_object import GreenObject
from core.dag import cid as cids
from core.engine.reversing.contents import KuboContents
from core.errors import Broken
from core.target.kubo import KuboClient
from tests.lab.kubo import KuboNode
from tests.real import reverse_scene as scenes
from tests.real.mutations import block_file
from tests.real.reverse_scene import BUCKET, MIB, at_work, fill, migrated, settled, waits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.model import Cid
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

BODY = random.Random(5).randbytes(2 * MIB + 99)  # noqa: S311 - test data
ADD = "/api/v0/add?cid-version=1&raw-leaves=true&chunker=size-1048576&pin=false&progress=false"


def flip_byte(path: Path, at: int) -> None:
    """Change one bit of a file; twice is never."""
    with path.open("r+b") as file:
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))


async def test_i2_nothing_of_a_corrupt_object_shows_on_blue_and_a_mended_one_comes(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scenes.scene_at(tmp_path, tools) as scene:
        for name, value in scenes.variables(scene).items():
            monkeypatch.setenv(name, value)
        with scene.blue.client() as client:
            fill(client)
        async with migrated(scene) as engine:
            await engine.reverses.arm([])
            with scene.clients() as (blue, green):
                before = {path.name for path in (scene.target / "bundles").iterdir()}
                green.put_object(Bucket=BUCKET, Key="old/07", Body=BODY)
                [car] = [
                    path
                    for path in (scene.target / "bundles").iterdir()
                    if path.name not in before and path.suffix == ".car"
                ]
                at = car.stat().st_size // 2
                flip_byte(car, at)
                green.put_object(Bucket=BUCKET, Key="sound", Body=b"sound")
                job = await at_work(scene, engine)
                await waits(engine, job, "1 keys are tried again")
                assert blue.get_object(Bucket=BUCKET, Key="old/07")["Body"].read() == b"blue 7"
                assert blue.get_object(Bucket=BUCKET, Key="sound")["Body"].read() == b"sound"
                flip_byte(car, at)
                await settled(engine, 2)
                assert blue.get_object(Bucket=BUCKET, Key="old/07")["Body"].read() == BODY


@pytest.fixture(scope="module")
def nodes(
    tools: Tools, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[KuboNode]]:
    """Two nodes that do not know of each other."""
    base = tmp_path_factory.mktemp("reverse-kubo")
    made = [
        KuboNode(f"kubo-{n}", tools.path("ipfs"), base / str(n), storage_max="1GB") for n in (1, 2)
    ]
    for node in made:
        node.init()
        node.start(keeper)
    for node in made:
        node.wait_ready()
    yield made
    for node in made:
        keeper.forget(node.server)


@asynccontextmanager
async def contents_of(nodes: list[KuboNode]) -> AsyncIterator[KuboContents]:
    clients = [KuboClient(node.name, node.url) for node in nodes]
    try:
        yield KuboContents(clients)
    finally:
        for client in clients:
            await client.close()


def added(nodes: list[KuboNode], body: bytes) -> str:
    """Add a content to each node, under one CID."""
    told = {str(node.api.upload(ADD, body).member("Hash")) for node in nodes}
    [cid] = told
    return cid


def wanted(cid: Cid, size_bytes: int) -> GreenObject:
    return GreenObject(
        bucket=BUCKET,
        key="k",
        cid=cid,
        size_bytes=size_bytes,
        etag="",
        modified_us=None,
        headers=(),
        root=cid,
    )


async def read(contents: KuboContents, cid: str, size_bytes: int) -> bytes:
    pieces = contents.pieces(wanted(cids.parse(cid), size_bytes))
    return b"".join([piece async for piece in pieces])


async def test_i2_a_block_that_one_node_has_wrong_comes_from_another(nodes: list[KuboNode]) -> None:
    body = os.urandom(5_000)
    cid = await asyncio.to_thread(added, nodes, body)
    async with contents_of(nodes) as contents:
        assert await read(contents, cid, len(body)) == body
        flip_byte(block_file(nodes[0], cid), 11)
        assert await read(contents, cid, len(body)) == body
        flip_byte(block_file(nodes[1], cid), 12)
        with pytest.raises(Broken, match=r"kubo-1 holds other bytes, kubo-2 holds other bytes"):
            await read(contents, cid, len(body))


async def test_a_file_of_many_blocks_is_read_in_order_and_its_length_believed_of_nobody(
    nodes: list[KuboNode],
) -> None:
    body = os.urandom(3 * MIB + 5)
    cid = await asyncio.to_thread(added, nodes, body)
    async with contents_of(nodes) as contents:
        assert await read(contents, cid, len(body)) == body
        with pytest.raises(Broken, match="1 bytes longer"):
            await read(contents, cid, len(body) - 1)
