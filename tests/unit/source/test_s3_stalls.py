"""An answer that stands still is the object's own failure only where we looked at it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from core.errors import NodeUnreachable
from core.source.s3.fetched import Missed, Wanted, Whole
from core.source.s3.handle import STALLED
from core.source.s3.lane import LaneRun
from core.source.s3.reply import Reply
from core.source.s3.slot import Bodies

if TYPE_CHECKING:
    from core.source.s3.request import Request
    from core.source.s3.slot import Slot
    from core.source.s3.wire import Wire

GOOD = Reply(200, (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 1\r\n"), b"x")
STANDS = Reply(0, (), b"", STALLED, "Operation too slow")


class Still:
    """Connections over which one key stands still `stalls` times; a look takes some seconds."""

    room = 4

    def __init__(self, key: bytes, stalls: int, look_s: float) -> None:
        self._key = key
        self._stalls = stalls
        self._look_s = look_s
        self._sent: list[Slot] = []
        self.now_s = 1_000.0
        self.away_s = 0.0

    @property
    def under_way(self) -> int:
        return len(self._sent)

    def send(self, request: Request, slot: Slot, limit_bytes: int) -> None:
        del request, limit_bytes
        self._sent.append(slot)

    def push(self) -> None:
        pass

    def clock(self) -> float:
        return self.now_s

    def sleep(self, wait_s: float) -> None:
        self.now_s += wait_s

    def wait(self, wait_s: float) -> list[tuple[Slot, Reply]]:
        del wait_s
        self.now_s += self._look_s
        done = [(slot, self._reply(slot)) for slot in self._sent]
        self._sent.clear()
        return done

    def _reply(self, slot: Slot) -> Reply:
        if slot.wanted.key == self._key and self._stalls:
            self._stalls -= 1
            return STANDS
        return GOOD


def _outcomes(wire: Still, keys: list[bytes], *, away_s: float) -> list[type]:
    aim = Bodies(b"bucket", "bucket", 1 << 20)
    run = LaneRun(cast("Wire", wire), aim, map(Wanted, keys), slots=4)
    found = []
    for got in run.results(wire.clock, wire.sleep):
        found.append(type(got))
        wire.now_s += away_s  # all work is held
    return found


def test_one_that_stands_still_while_others_are_answered_fails_by_itself() -> None:
    keys = [b"a", b"still", *(b"%d" % at for at in range(20))]
    found = _outcomes(Still(b"still", 9, 0.1), keys, away_s=0.0)
    assert found == [Whole, Missed, *[Whole] * 20]


def test_a_pause_of_ours_blames_no_object() -> None:
    keys = [b"a", b"still", *(b"%d" % at for at in range(20))]
    found = _outcomes(Still(b"still", 2, 0.1), keys, away_s=60.0)
    assert set(found) == {Whole}


def test_where_nobody_is_answered_the_endpoint_is_silent() -> None:
    with pytest.raises(NodeUnreachable, match="too slow"):
        _outcomes(Still(b"still", 9, 0.1), [b"still"], away_s=0.0)
