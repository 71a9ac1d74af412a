"""A blue whose disk is full while green is written to, in mounts of its own. argv: a folder."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.cutover.risk import risk
from tests.lab import tools as lab_tools
from tests.real import reverse_scene as scenes
from tests.real.reverse_scene import BUCKET, MIB, at_work, fill, migrated, settled, waits

if TYPE_CHECKING:
    from tests.real.reverse_scene import Scene

DISK = 24 * MIB


async def main(folder: Path) -> None:
    """Fill blue's disk, see it said, make room, see it go on."""
    disk = folder / "blue"
    disk.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(disk)]
    subprocess.run(words, check=True)  # noqa: ASYNC221, S603 - before anything runs
    with scenes.scene_at(folder, lab_tools.find()) as scene:
        os.environ.update(scenes.variables(scene))
        with scene.blue.client() as client:
            fill(client)
        await full(scene, disk)
    print("blue was full, and is served")  # noqa: T201 - the parent reads it


async def full(scene: Scene, disk: Path) -> None:
    async with migrated(scene) as engine:
        job = await at_work(scene, engine)
        filler = disk / "filler"
        _fill_up(filler)
        os.truncate(filler, filler.stat().st_size - MIB)  # room for what is kept, not for more
        with scene.clients() as (blue, green):
            green.put_object(Bucket=BUCKET, Key="old/08", Body=os.urandom(3 * MIB))
            await waits(engine, job, "no room")
            await scenes.heard(engine, 1)
            green.put_object(Bucket=BUCKET, Key="later", Body=b"later")
            await scenes.heard(engine, 2)  # while the job is held, green is heard
            assert not (await risk(engine.ledger)).silent_since_ns
            assert blue.get_object(Bucket=BUCKET, Key="old/08")["Body"].read() == b"blue 8"
            filler.unlink()
            await settled(engine, 2)
            for key in ("old/08", "later"):
                bodies = [
                    side.get_object(Bucket=BUCKET, Key=key)["Body"].read() for side in (blue, green)
                ]
                assert bodies[0] == bodies[1], key


def _fill_up(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return


asyncio.run(main(Path(sys.argv[1])))
