"""The reverse copy killed, and a blue that has no room: nothing is lost, all of it is said."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.engine.engine import Engine
from core.ledger.greenlog import GreenOp, GreenState
from core.model import JobKind
from tests.lab.gateway import own_mounts
from tests.real import reverse_scene as scenes
from tests.real.reverse_scene import BUCKET, Scene, fill, migrated, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.tools import Tools

KEYS = 120


@pytest.fixture
def scene(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with scenes.scene_at(tmp_path, tools) as made:
        for name, value in scenes.variables(made).items():
            monkeypatch.setenv(name, value)
        with made.blue.client() as client:
            fill(client)
        yield made


def child(scene: Scene, *step: str) -> subprocess.Popen[bytes]:
    """Begin an engine of its own that carries; return once it does. step: where it dies."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.real.reverse_child", str(scene.workspace), *step],
        env={**os.environ, **scenes.variables(scene)},
        stdout=subprocess.PIPE,
        process_group=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"at work\n"
    return process


def carried(scene: Scene) -> int:
    """Return how many keys the ledger says are on blue, without an engine's help."""
    path = f"file:{scene.workspace}/ledger.db?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as ledger:
        [(count,)] = ledger.execute("SELECT count(*) FROM greenlog WHERE st=2")
        return int(count)


def write_all(green: BaseClient, word: str) -> None:
    for number in range(KEYS):
        green.put_object(Bucket=BUCKET, Key=f"k{number:03d}", Body=f"{word} {number}".encode())


async def killed(scene: Scene, least: int) -> None:
    """Let an engine carry at least so many keys, and kill it as it is."""
    process = await asyncio.to_thread(child, scene)
    async with asyncio.timeout(30):
        while True:
            if await asyncio.to_thread(carried, scene) >= least:
                break
            await asyncio.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


async def heard(engine: Engine, op: GreenOp, key: bytes, size: int) -> None:
    """Wait until what green did last with a key was carried."""
    async with asyncio.timeout(30):
        while True:
            rows = await engine.ledger.greenlog.page(GreenState.CARRIED)
            if any((row.op, row.key, row.size_bytes) == (op, key, size) for row in rows):
                return
            await asyncio.sleep(0.05)


async def test_killed_again_and_again_every_write_of_greens_comes_to_blue(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await engine.reverses.arm([])
    with scene.clients() as (blue, green):
        await asyncio.to_thread(write_all, green, "first")
        await killed(scene, 1)
        green.delete_object(Bucket=BUCKET, Key="k000")
        await killed(scene, KEYS // 2)
        green.put_object(Bucket=BUCKET, Key="k001", Body=b"last")
        engine = await Engine.open(scene.workspace)
        try:
            running = engine.jobs.running(JobKind.REVERSE)
            assert running is not None  # taken up, by nobody's hand
            # before either is heard, all that was carried counts KEYS, too
            await heard(engine, GreenOp.DELETE, b"k000", size=0)
            await heard(engine, GreenOp.PUT, b"k001", size=len(b"last"))
            await settled(engine, KEYS)
        finally:
            await engine.close()
        found = {one["Key"] for one in blue.list_objects_v2(Bucket=BUCKET, Prefix="k")["Contents"]}
        assert found == {f"k{number:03d}" for number in range(1, KEYS)}
        assert blue.get_object(Bucket=BUCKET, Key="k001")["Body"].read() == b"last"
        for number in (2, KEYS // 2, KEYS - 1):
            body = blue.get_object(Bucket=BUCKET, Key=f"k{number:03d}")["Body"].read()
            assert body == f"first {number}".encode()


STEPS = (
    "GreenWrites.heard:before",
    "GreenWrites.heard:after",
    "ChangeList.trim:before",
    "Blue.keep:after",
    "PrivateWriter.put:before",
    "PrivateWriter.put:after",
    "PrivateWriter.delete:after",
    "Blue.set_time:after",
    "GreenWrites.settle:before",
    "GreenWrites.settle:after",
)


async def test_killed_at_every_step_of_a_key_nothing_is_lost_or_left_half(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await engine.reverses.arm([])
    with scene.clients() as (blue, green):
        for number, step in enumerate(STEPS):
            green.put_object(Bucket=BUCKET, Key="old/05", Body=b"green %d" % number)
            green.put_object(Bucket=BUCKET, Key=f"e{number}", Body=b"%d" % number)
            green.delete_object(Bucket=BUCKET, Key=f"old/{number:02d}" if number != 5 else "none")
            process = await asyncio.to_thread(child, scene, step)
            assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL, step
            assert process.stdout is not None
            process.stdout.close()
        engine = await Engine.open(scene.workspace)
        try:
            await settled(engine, len(STEPS))
        finally:
            await engine.close()
        sides = [client.list_objects_v2(Bucket=BUCKET)["Contents"] for client in (blue, green)]
        told = [
            [(one["Key"], one["ETag"], int(one["LastModified"].timestamp())) for one in side]
            for side in sides
        ]
        assert told[0] == told[1]
    kept = [one.read_bytes() for one in (scene.undo / BUCKET).iterdir() if not one.suffix]
    assert {b"blue %d" % number for number in range(len(STEPS))} <= set(kept)


async def test_what_changed_while_no_engine_lived_is_found(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await scenes.at_work(scene, engine)
    with scene.clients() as (blue, green):
        green.put_object(Bucket=BUCKET, Key="alone", Body=b"v")
        engine = await Engine.open(scene.workspace)
        try:
            await settled(engine, 1)
        finally:
            await engine.close()
        assert blue.get_object(Bucket=BUCKET, Key="alone")["Body"].read() == b"v"


async def test_a_private_writer_that_is_away_is_waited_for(scene: Scene) -> None:
    async with migrated(scene) as engine:
        scene.private.kill()
        scene.socket.unlink()
        job = await scenes.at_work(scene, engine)
        with scene.clients() as (blue, green):
            green.put_object(Bucket=BUCKET, Key="late", Body=b"v")
            await scenes.waits(engine, job, "socket is not there")
            await scenes.heard(engine, 1)  # known all the same
            scene.private.start()
            await settled(engine, 1)
            assert blue.get_object(Bucket=BUCKET, Key="late")["Body"].read() == b"v"


def test_a_blue_without_room_holds_the_copy_and_loses_nothing(tmp_path: Path, tools: Tools) -> None:
    tools.path("versitygw")  # or it is skipped
    done = subprocess.run(  # noqa: S603 - our own module
        [*own_mounts(), sys.executable, "-m", "tests.real.reverse_full", str(tmp_path / "full")],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert "is served" in done.stdout, done.stderr[-3_000:]


@pytest.fixture
def own(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A scene whose private writer is the engine's to begin."""
    with scenes.scene_at(tmp_path, tools, own=True) as made:
        for name, value in scenes.variables(made).items():
            monkeypatch.setenv(name, value)
        with made.blue.client() as client:
            fill(client)
        yield made


async def answers(scene: Scene) -> bool:
    """Tell whether anybody listens at the private writer's socket."""
    try:
        _, writer = await asyncio.open_unix_connection(str(scene.socket))
    except OSError:
        return False
    writer.close()
    return True


async def until_silent(scene: Scene) -> None:
    async with asyncio.timeout(30):
        while True:
            if not await answers(scene):
                return
            await asyncio.sleep(0.05)


async def test_a_writer_of_ours_lives_as_long_as_the_job(own: Scene) -> None:
    async with migrated(own) as engine:
        assert not await answers(own)
        await scenes.at_work(own, engine)
        with own.clients() as (blue, green):
            green.put_object(Bucket=BUCKET, Key="k", Body=b"v")
            await settled(engine, 1)
            assert blue.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"v"
        assert await answers(own)
        await engine.reverses.halt("tester")
        assert not await answers(own)


async def test_i10_a_writer_of_ours_does_not_outlive_a_killed_engine(own: Scene) -> None:
    async with migrated(own) as engine:
        await engine.reverses.arm([])
    with own.green.client() as green:
        green.put_object(Bucket=BUCKET, Key="k", Body=b"v")
    await killed(own, 1)
    await until_silent(own)
