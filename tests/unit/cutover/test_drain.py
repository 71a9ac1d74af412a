"""A drain of a slice ends under the load of the others; real HAProxy: test_two_load_balancers."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from core.cutover import drain as drains
from core.cutover.balancer import Busy
from core.cutover.drain import drain
from core.cutover.mode import Side
from core.errors import NoAnswer
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Now = Callable[[int], Mapping[str, int] | None]

SLICE = ("photos",)


class Loaded(Wobbly):
    """A load balancer on which requests begin without end. now: those under way, by the look."""

    def __init__(self, now: Now) -> None:
        super().__init__("lb-1", busy_now=[Busy(requests=3, total=8)])
        self._now = now
        self._looks = count()

    async def under_way(self, side: Side) -> Mapping[str, int] | None:
        assert side is Side.GREEN
        return self._now(next(self._looks))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drains, "STILL_S", 0.05)
    monkeypatch.setattr(drains, "_EVERY_S", 0.01)


async def test_a_slice_is_drained_while_the_writes_of_others_go_on() -> None:
    """Each look shows new ones: in places of their own, or in that of one that has ended."""
    loads: list[Now] = [
        lambda look: {f"0x{look} c": 5},
        lambda look: {"0x1 c": 2 + look % 3},
    ]
    for now in loads:
        assert (await drain([Loaded(now)], Side.GREEN, SLICE, limit_s=5)).ended


async def test_without_a_slice_the_same_load_is_never_drained() -> None:
    left = (await drain([Loaded(lambda _: {})], Side.GREEN, limit_s=0.2)).left
    assert [one.why for one in left] == ["3 writes are under way"]


async def test_a_write_that_was_under_way_is_waited_for() -> None:
    """It is woken again and again; those beside it come and go."""
    lb = Loaded(lambda look: {"0x1 a": 1 + look, f"0x2 {look}": 1})
    (left,) = (await drain([lb], Side.GREEN, SLICE, limit_s=0.3)).left
    assert (left.name, left.why) == ("lb-1", "1 writes that were under way have not ended")
    ends = Loaded(lambda look: {} if look > 20 else {"0x1 a": 1})
    assert (await drain([ends], Side.GREEN, SLICE, limit_s=5)).ended


async def test_what_began_right_behind_the_fence_is_waited_for_too() -> None:
    """It may have met the map a moment before."""
    lb = Loaded(lambda look: {"0x1 a": 1} if look else {})
    assert not (await drain([lb], Side.GREEN, SLICE, limit_s=0.3)).ended


async def test_i7_one_that_cannot_say_or_is_silent_is_not_drained() -> None:
    def silent(look: int) -> Mapping[str, int] | None:
        raise NoAnswer(what=f"no answer {min(look, 0)}", where="lb-1", remedy="-")

    dumb: Now = lambda _: None  # noqa: E731 - typed here
    for now, why in ((dumb, "it cannot say what is under way"), (silent, "no answer 0")):
        (left,) = (await drain([Loaded(now)], Side.GREEN, SLICE, limit_s=0.1)).left
        assert left.why == why
