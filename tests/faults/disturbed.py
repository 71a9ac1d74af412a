"""A copy while terminals and clients misbehave: how long nothing was recorded, and what it cost.

By hand, with a copy of 80 s: `python -m tests.faults.disturbed 20000`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import psutil

from core.config.knobs import Knobs
from core.control.client import Client
from tests.integration.cli.shell import environment, vgwm
from tests.integration.engine.ground import Ground, make_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

BYTES_S = 1 << 20
SILENT_S = 60.0
XOFF, XON = b"\x13", b"\x11"
ASK = b"GET /v1/snapshot HTTP/1.1\r\nhost: engine\r\n\r\n" * 100
HALF = b"POST /v1/jobs HTTP/1.1\r\nhost: engine\r\ncontent-length: 900\r\n\r\n{"


class Copied(NamedTuple):
    """How a copy went: the longest time between two recorded bundles, and the engine's size."""

    longest_gap_s: float
    lasted_s: float
    grown_bytes: int
    connections: int


def make_small(root: Path, objects: int) -> Ground:
    """A ground of many objects of 4 KiB, its workspace held to 1 MiB/s in bundles of ten."""
    ground = Ground(root / "gw", root / "out", root / "ws", {})
    rng = random.Random(5)  # noqa: S311 - test data, the same every time
    for number in range(objects):
        ground.put("bucket", f"d{number // 500}/k{number:06d}", rng.randbytes(4_096))
    make_workspace(ground, Knobs(workers=2, batch_size=10, bandwidth=BYTES_S))
    return ground


class Gaps:
    """Watches a ledger from outside, as any process may: when did bundles become recorded."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._over = threading.Event()
        self.moments: list[float] = []
        self._thread = threading.Thread(target=self._watch, name="gaps", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        left = -1
        with closing(sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True)) as db:
            while not self._over.wait(0.005):
                (now,) = db.execute("SELECT count(*) FROM bundles WHERE st<4").fetchone()
                if now != left:
                    left = now
                    self.moments.append(time.monotonic())

    def longest_s(self) -> float:
        return max(b - a for a, b in zip(self.moments, self.moments[1:], strict=False))


class Pty:
    """A command in a terminal of its own."""

    def __init__(self, *words: str, home: Path) -> None:
        self.master, slave = pty.openpty()

        def own_terminal() -> None:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ours may be ignored, under nohup
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "tui.main", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment(home), "TERM": "xterm"},
            preexec_fn=own_terminal,  # noqa: PLW1509 - the child execs at once
        )
        os.close(slave)

    def read_until(self, text: bytes) -> bytes:
        """Read what it writes until this is among it, and return all of that."""
        seen = b""
        while text not in seen:
            # a read alone would hold the whole suite when the words never come
            assert select.select([self.master], [], [], SILENT_S)[0], seen
            piece = os.read(self.master, 65_536)
            assert piece, seen
            seen += piece
        return seen

    def close(self) -> None:
        os.close(self.master)


@contextmanager
def hung_up(ground: Ground, home: Path) -> Iterator[None]:
    """A `vgwm copy` whose window is closed while the job runs."""
    window = Pty("copy", "-w", str(ground.workspace), home=home)
    window.read_until(b"copy running")
    window.close()
    assert window.child.wait(30) != 0
    yield


@contextmanager
def stalled(ground: Ground, home: Path) -> Iterator[None]:
    """A follower whose terminal was stopped by Ctrl-S, and screens that nobody reads."""
    ws = str(ground.workspace)
    windows = [
        Pty("copy", "-w", ws, home=home),
        Pty("watch", "-w", ws, "--interval", "100ms", home=home),
        Pty("-w", ws, home=home),
    ]
    for window in windows[:2]:
        window.read_until(b"copy")
        os.write(window.master, XOFF)
    windows[2].read_until(b"vgwm")
    yield
    for window in windows:
        assert window.child.poll() is None, "it did not stall: it has ended"
        window.child.kill()
        window.child.wait(10)
        window.close()


@contextmanager
def deaf(ground: Ground, _home: Path) -> Iterator[None]:
    """Twenty clients that ask without reading, twenty that do not finish what they say."""
    links: list[socket.socket] = []
    for number in range(40):
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(ground.workspace / "engine.sock"))
        link.settimeout(0.05)
        links.append(link)
        if number < 20:
            _stuff(link)
        else:
            link.sendall(HALF)
    yield
    for link in links:
        link.close()


def _stuff(link: socket.socket) -> None:
    """Send until the engine reads no more."""
    try:
        while True:
            link.sendall(ASK)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        return


@asynccontextmanager
async def ended(ground: Ground, home: Path) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await vgwm("engine", "stop", "-w", str(ground.workspace), home=home)


async def copy_under(
    ground: Ground,
    home: Path,
    *disturbances: Callable[[Ground, Path], AbstractContextManager[None]],
) -> Copied:
    """Plan and copy while this goes on, and say how the job fared. It must have ended well."""
    ws = ground.workspace
    async with ended(ground, home):
        await asyncio.to_thread(_start_from_a_terminal_that_goes, ws, home)
        planned = await vgwm("plan", "-w", str(ws), home=home)
        assert planned.code == 0, planned.err
        async with Client(ws) as client:
            engine = psutil.Process((await client.snapshot()).engine.pid)
            before = engine.memory_info().rss
            begun = await vgwm("copy", "--detach", "-w", str(ws), home=home)
            assert begun.code == 0, begun.err
            with Gaps(ws / "ledger.db") as gaps:
                opened = [
                    await asyncio.to_thread(_enter, each, ground, home) for each in disturbances
                ]
                most = connections = 0
                async for _ in client.follow_job(int(begun.out), every_s=0.2):
                    most = max(most, engine.memory_info().rss)
                    connections = max(connections, len(engine.net_connections("unix")))
                for each in reversed(opened):
                    each.__exit__(None, None, None)
            now = await client.snapshot()
            (job,) = (job for job in now.jobs if job.id == int(begun.out))
            assert job.state == "done", job
            assert now.totals.migrated == now.totals.objects == len(ground.bodies)
    lasted_s = gaps.moments[-1] - gaps.moments[0]
    return Copied(gaps.longest_s(), lasted_s, most - before, connections)


def _start_from_a_terminal_that_goes(ws: Path, home: Path) -> None:
    """Log in, start the engine, log out."""
    window = Pty("engine", "start", "-w", str(ws), home=home)
    window.read_until(b"engine started")
    assert window.child.wait(30) == 0
    window.close()


def _enter(
    disturb: Callable[[Ground, Path], AbstractContextManager[None]], ground: Ground, home: Path
) -> AbstractContextManager[None]:
    context = disturb(ground, home)
    context.__enter__()
    return context


async def _by_hand(objects: int) -> None:
    for name, disturbances in {
        "undisturbed": (),
        "terminal hung up": (hung_up,),
        "terminals stalled": (stalled,),
        "40 deaf clients": (deaf,),
        "all at once": (hung_up, stalled, deaf),
        "undisturbed again": (),
    }.items():
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            root = Path(folder)
            done = await copy_under(make_small(root, objects), root, *disturbances)
        sys.stdout.write(
            f"{name:<20} longest gap {done.longest_gap_s * 1000:5.0f} ms in {done.lasted_s:4.0f} s,"
            f" engine grew {done.grown_bytes / 1e6:5.1f} MB, {done.connections} connections\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_by_hand(int(sys.argv[1])))
