"""I10: `kill -9` at each row, HAProxy command, map file, carried key and gateway act of a way back.

Two real HAProxy over two servers that journal each write, with clients that write all the while.
The copy and the proof are stand-ins here: tests/real/test_rollback.py has the real ones.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.faults import cutover_edges
from tests.faults.test_kill_at_every_edge import Arena, Journalled
from tests.lab.haproxy import Haproxy
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)


class BackArena(Arena):
    """The same, with clients at green and blue's gateway fenced."""

    def renew(self) -> None:
        """Bring everything to its beginning: clients at green, a ledger to be made, no journal."""
        for lb in self.lbs:
            lb.map.write_text("/ green_ro\n")
            self.tell(lb, "green_ro")
        self.drained()
        (self.folder / cutover_edges.FENCED).touch()
        for path in self.folder.glob(f"{cutover_edges.LEDGER}*"):
            path.unlink()
        self.blue.taken_ns.clear()
        self.green.taken_ns.clear()
        for lb in self.lbs:
            lb.map.write_text("/ green\n")
            self.tell(lb, "green")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[BackArena]:
    with ExitStack() as stack:
        blue = stack.enter_context(Journalled(tmp_path / cutover_edges.FENCED, None))
        green = stack.enter_context(Journalled(None, None))
        keeper = stack.enter_context(Keeper())
        first, second = (
            Haproxy(f"lb-{i}", tmp_path / str(i), blue=blue.address, green=green.address)
            for i in (1, 2)
        )
        for lb in (first, second):
            lb.start(keeper)
            for backend in ("blue_w", "green_w"):
                lb.wait_until_up(backend)
        entries = ", ".join(lb.entry for lb in (first, second))
        (tmp_path / "vgwm.yaml").write_text(
            f'v: 1\nid: "{cutover_edges.WORKSPACE}"\nsource: {{type: posix, path: /data/gw}}\n'
            f"target: {{type: dir, path: /out}}\ntraffic: {{haproxy: [{entries}]}}\n"
        )
        lives = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.faults.rollback_edges", str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made = BackArena(tmp_path, (first, second), blue, green, lives)
        clients = [threading.Thread(target=made.write_on, args=(lb,)) for lb in made.lbs]
        for client in clients:
            client.start()
        yield made
        made.ends.set()
        for client in clients:
            client.join()
        assert lives.stdin is not None
        lives.stdin.close()
        assert lives.wait(timeout=20) == 0
        assert lives.stdout is not None
        lives.stdout.close()


def test_i10_a_way_back_killed_at_any_edge_leaves_one_writer_and_its_successor_ends_on_blue(
    arena: BackArena,
) -> None:
    arena.renew()
    edges, _ = arena.live(0)
    assert edges > 30
    _judge(arena, "no edge")
    for edge in range(1, edges + 1):
        arena.renew()
        _, label = arena.live(edge)
        assert label, f"edge {edge} was not met"
        arena.live(0)
        _judge(arena, f"edge {edge}, {label}")


def _judge(arena: Arena, where: str) -> None:
    """See that blue writes in the end, and that no two sides ever had their turn at once."""
    assert arena.modes() == {"blue"}, where
    assert not (arena.folder / cutover_edges.FENCED).exists(), where
    blue, green = list(arena.blue.taken_ns), list(arena.green.taken_ns)
    if blue and green:
        assert max(green) < min(blue), where
