"""Terminals that hang up or stall and clients that never read do not touch a job."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.faults.disturbed import XOFF, XON, Pty, copy_under, deaf, hung_up, make_small, stalled
from tests.integration.cli.shell import vgwm
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)  # a dozen processes: slow where many share a core


async def test_a_job_ends_exactly_while_its_terminals_and_clients_misbehave(tmp_path: Path) -> None:
    ground = make_small(tmp_path, 2_500)
    done = await copy_under(ground, tmp_path, hung_up, stalled, deaf)
    assert bodies(ground.target) == ground.bodies
    assert done.grown_bytes < 96 << 20
    assert done.connections < 80


async def test_a_foreground_copy_goes_on_while_its_terminal_is_stopped(tmp_path: Path) -> None:
    """The engine runs in the process that writes to the terminal, and must not wait for it."""
    ground = make_small(tmp_path, 1_000)
    ws = str(ground.workspace)
    planned = await vgwm("plan", "--foreground", "-w", ws, home=tmp_path)
    assert planned.code == 0, planned.err
    window = Pty("copy", "--foreground", "-w", ws, home=tmp_path)
    window.read_until(b"copy running")
    os.write(window.master, XOFF)
    with closing(sqlite3.connect(f"file:{ws}/ledger.db?mode=ro", uri=True)) as ledger:
        while ledger.execute("SELECT count(*) FROM bundles WHERE st<4").fetchone() != (0,):
            assert window.child.poll() is None
            await asyncio.sleep(0.05)
    os.write(window.master, XON)
    window.read_until(b"1,000 of 1,000")
    assert await asyncio.to_thread(window.child.wait, 30) == 0
    window.close()
