"""Back to blue with its files, with its tree, and by hand: real VersityGW, two real HAProxys."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Blue
from core.cutover.rollback_plan import BackWish, Way
from core.cutover.runbook import runbook
from core.engine.engine import Engine
from core.engine.returning.backing_up import back_up
from core.model import JobState
from tests.real.rollback_scene import BUCKET, Traffics, flipped, get, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.lab.tools import Tools


@pytest.fixture
async def live(tools: Tools, tmp_path: Path) -> AsyncIterator[Traffics]:
    async with flipped(tmp_path, tools) as made:
        yield made


WAITING_COMMAND = """#!/bin/sh
cat > {folder}/told
mv {folder}/told {folder}/asked
while [ ! -e {folder}/done ]; do sleep 0.05; done
"""


async def test_a_data_way_back_serves_a_restored_tree_with_all_that_green_took(
    tools: Tools, tmp_path: Path
) -> None:
    command = tmp_path / "restart"
    command.write_text(WAITING_COMMAND.format(folder=tmp_path))
    command.chmod(0o755)
    async with flipped(tmp_path, tools, files=Blue(restart=(str(command),))) as live:
        root, new = live.scene.blue.root, tmp_path / "new"
        with live.client() as client:
            put(client, "on/green", b"green")
        await asyncio.to_thread(
            subprocess.run, ["/bin/cp", "-a", str(root), str(tmp_path / "backup")], check=True
        )
        (root / BUCKET / "old" / "03").write_bytes(b"rotten")
        wish = BackWish(way=Way.DATA, origin=str(tmp_path / "backup"), to=str(new))
        job = await live.begin((await live.plan(wish)).hash, wish)
        restarted = asyncio.create_task(_served(live, tmp_path, new))
        row = await live.ended(job)
        assert row.state is JobState.DONE, row.result
        await restarted
        with live.client(1) as client:
            assert get(client, "old/03") == b"blue 3"
            assert get(client, "on/green") == b"green"
            rich = client.head_object(Bucket=BUCKET, Key="old/rich")
            assert (rich["ContentType"], rich["Metadata"]) == ("text/plain", {"colour": "blue"})
            put(client, "after", b"on blue")
        assert (new / BUCKET / "after").read_bytes() == b"on blue"
        kept = root.with_name(f"{root.name}.old") / BUCKET / "old" / "03"
        assert kept.read_bytes() == b"rotten"


async def _served(live: Traffics, folder: Path, new: Path) -> None:
    """Do what an operator's command does: let blue's path be the new tree, restart its gateways."""
    while not (folder / "asked").exists():  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.05)
    assert json.loads((folder / "asked").read_text())["root"] == str(new)
    root = live.scene.blue.root
    for server in (live.scene.blue.server, live.scene.private):
        server.kill()
    root.rename(root.with_name(f"{root.name}.old"))
    root.symlink_to(new)
    for server in (live.scene.blue.server, live.scene.private):
        server.start()
    (folder / "done").touch()


async def test_a_full_way_back_puts_blue_s_files_back_and_restarts_it(
    tools: Tools, tmp_path: Path
) -> None:
    command, config = tmp_path / "restart", tmp_path / "blue.conf"
    command.write_text(WAITING_COMMAND.format(folder=tmp_path))
    command.chmod(0o755)
    config.write_text("VGW_REGION=old\n")
    files = Blue(config=(config,), restart=(str(command),))
    async with flipped(tmp_path, tools, files=files) as live:
        engine, wish = live.engine, BackWish(way=Way.FULL)
        await back_up(engine.path / "ledger.db", engine.workspace, engine.path)
        config.write_text("VGW_REGION=new\n")
        with live.client() as client:
            put(client, "on/green", b"green")
        job = await live.begin((await live.plan(wish)).hash, wish)
        restarted = asyncio.create_task(_restarted(live, tmp_path))
        row = await live.ended(job)
        assert row.state is JobState.DONE, row.result
        await restarted
        assert config.read_text() == "VGW_REGION=old\n"
        assert _set_aside(tmp_path) == ["VGW_REGION=new\n"]
        with live.client(1) as client:
            assert get(client, "on/green") == b"green"
            put(client, "after", b"on blue")
    assert live.scene.blue.root.joinpath(BUCKET, "after").read_bytes() == b"on blue"


async def _restarted(live: Traffics, folder: Path) -> None:
    """Do what an operator's command does: restart blue, once its files are back."""
    while not (folder / "asked").exists():  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.05)
    live.scene.blue.server.kill()
    live.scene.blue.server.start()
    (folder / "done").touch()


SOCAT = f"""#!{sys.executable} -I
import socket, sys  # a part of this test: `socat -t 2 - SOCKET`, which this host may not have
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[-1])
line.sendall(sys.stdin.buffer.read())
line.shutdown(socket.SHUT_WR)
while piece := line.recv(65536):
    sys.stdout.buffer.write(piece)
"""


async def test_the_printed_runbook_alone_brings_clients_back(
    live: Traffics, tmp_path: Path
) -> None:
    plan = await live.plan()
    text = runbook(plan, live.engine.workspace, live.engine.path)
    await live.engine.close()  # nothing of vgwm's runs any more
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "socat").write_text(SOCAT)
    (programs / "socat").chmod(0o755)
    seen = []
    for command in _commands(text):
        told = await asyncio.to_thread(
            subprocess.run,
            ["/bin/sh", "-ec", command],
            env={"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            check=True,
            text=True,
        )
        if command.startswith("echo 'show map") and "awk" not in command:
            lines = [line.split() for line in told.stdout.splitlines() if line.strip()]
            (mode,) = {mode for _, path, mode in lines if path != "/.vgwm/"}
            seen.append(mode)
    assert seen == [mode for mode in ("green_ro", "blue_ro", "blue") for _ in range(2)]
    assert live.modes() == ["blue", "blue"]
    live.balancers[0].reload(live.scene.keeper)
    assert live.modes() == ["blue", "blue"]  # the file says it, too
    with live.client() as client:
        put(client, "after", b"by hand")
    with live.scene.blue.client() as blue:
        assert get(blue, "after") == b"by hand"
    live.engine = await Engine.open(live.scene.workspace)


def _commands(text: str) -> list[str]:
    """Return what stands in its blocks of code and is about load balancers."""
    blocks = text.split("```")[1::2]
    lines = [line for block in blocks for line in block.strip().splitlines()]
    return [line for line in lines if line.startswith("sed") or "map" in line]


def _set_aside(folder: Path) -> list[str]:
    return [one.read_text() for one in folder.glob("*.set-aside")]
