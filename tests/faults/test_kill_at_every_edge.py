"""I10: `kill -9` at each row, HAProxy command, map file and gateway act of a cutover.

Two real HAProxy over two servers that journal each write, with clients that write all the while;
the journals of both sides say whether two ever wrote. The rounds, the proof and the gateway's mount
are stand-ins here: tests/integration/engine and tests/real have the real ones.
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


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    log = tmp_path / cutover_edges.WRITTEN
    with raised(Arena, tmp_path, "tests.faults.cutover_edges", log=log) as made:
        yield made


def test_i10_an_engine_killed_at_any_edge_leaves_one_writer_and_its_successor_ends_it(
    arena: Arena,
) -> None:
    arena.renew()
    edges, _ = arena.live(0)
    assert edges > 50
    assert arena.modes() == {"green"}
    ends: dict[str, int] = {"blue": 0, "green": 0}
    for edge in range(1, edges + 1):
        arena.renew()
        _, label = arena.live(edge)
        assert label, f"edge {edge} was not met"
        if "green" in arena.modes() or arena.green.taken_ns:
            assert arena.marked() == ["all"], label
        arena.live(0)
        ends[_judged(arena, f"edge {edge}, {label}")] += 1
    assert min(ends.values()) > 0, ends


def _judged(arena: Arena, where: str) -> str:
    """Return who writes in the end. Nobody lost its turn for good, and no two ever had it."""
    modes = arena.modes()
    assert modes in ({"blue"}, {"green"}), (where, modes)
    writer = modes.pop()
    fenced = (arena.folder / cutover_edges.FENCED).exists()
    assert fenced == (writer == "green"), where
    assert arena.marked() == (["all"] if writer == "green" else []), where
    blue, green = list(arena.blue.taken_ns), list(arena.green.taken_ns)
    if writer == "blue":
        assert green == [], where
    elif green and blue:
        assert max(blue) < min(green), where
    return writer
