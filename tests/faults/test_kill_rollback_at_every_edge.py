"""I10: `kill -9` at each row, HAProxy command, map file, carried key and gateway act of a way back.

Two real HAProxy over two servers that journal each write, with clients that write all the while.
The copy and the proof are stand-ins here: tests/real/test_rollback.py has the real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import cutover_edges
from tests.faults.edge_arena import Arena, raised

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
        self.forget()
        self.blue.taken_ns.clear()
        self.green.taken_ns.clear()
        for lb in self.lbs:
            lb.map.write_text("/ green\n")
            self.tell(lb, "green")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[BackArena]:
    with raised(BackArena, tmp_path, "tests.faults.rollback_edges", log=None) as made:
        yield made


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
        assert arena.modes() == {"blue"} or arena.marked() == ["all"], label
        arena.live(0)
        _judge(arena, f"edge {edge}, {label}")


def _judge(arena: Arena, where: str) -> None:
    """See that blue writes in the end, and that no two sides ever had their turn at once."""
    assert arena.modes() == {"blue"}, where
    assert arena.marked() == [], where
    assert not (arena.folder / cutover_edges.FENCED).exists(), where
    blue, green = list(arena.blue.taken_ns), list(arena.green.taken_ns)
    if blue and green:
        assert max(green) < min(blue), where
