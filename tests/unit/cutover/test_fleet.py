"""Several load balancers, each failing in its own way: at no instant do two sides accept writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cutover.balancer import Busy
from core.cutover.fleet import Fleet, Outcome, Way
from core.cutover.mode import Mode, Side, one_writer
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from core.cutover.reading import Trouble

ORDER = list(Mode)
FORTH = Way(writer=Side.BLUE, back=Mode.BLUE)


def pair(*modes: Mode) -> tuple[Wobbly, Wobbly]:
    first, second = modes or (Mode.BLUE, Mode.BLUE)
    return Wobbly("lb-1", first), Wobbly("lb-2", second)


async def test_all_reach_a_mode() -> None:
    one, two = pair()
    moved = await Fleet((one, two)).reach((), Mode.BLUE_RO, "1", FORTH)
    assert (moved.outcome, moved.reading.mode, moved.why) == (Outcome.REACHED, Mode.BLUE_RO, "")
    assert (one.mode, two.mode) == (Mode.BLUE_RO, Mode.BLUE_RO)


async def test_one_that_refuses_takes_the_others_back_and_is_named_at_once() -> None:
    said: list[Trouble] = []
    one, two = pair()
    two.whims = [Whim.REFUSE]
    moved = await Fleet((one, two), say=said.append).reach((), Mode.BLUE_RO, "1", FORTH)
    assert (moved.outcome, moved.why) == (Outcome.UNDONE, "lb-2: it answers a text")
    assert (one.mode, two.mode) == (Mode.BLUE, Mode.BLUE)
    assert one.told == [Mode.BLUE_RO, Mode.BLUE]
    assert [trouble.name for trouble in said] == ["lb-2"]


async def test_i7_one_that_times_out_is_unknown_until_it_reads_back() -> None:
    one, two = pair()
    two.whims = [Whim.LATE, Whim.LATE]
    fleet = Fleet((one, two))
    moved = await fleet.reach((), Mode.BLUE_RO, "1", FORTH)
    assert moved.outcome is Outcome.UNSETTLED
    assert moved.reading.silent[0].name == "lb-2"
    two.wake()
    assert (await fleet.read(())).mode is Mode.BLUE


async def test_no_step_begins_while_one_is_silent() -> None:
    one, two = pair(Mode.GREEN_RO, Mode.GREEN_RO)
    two.silent = True
    moved = await Fleet((one, two)).reach((), Mode.GREEN, "1", Way(writer=Side.BLUE))
    assert (moved.outcome, one.told) == (Outcome.REFUSED, [])


async def test_i10_green_is_not_undone_and_is_done_again() -> None:
    one, two = pair(Mode.GREEN_RO, Mode.GREEN_RO)
    two.whims = [Whim.LATE]
    fleet = Fleet((one, two))
    way = Way(writer=Side.GREEN, back=Mode.GREEN_RO)
    moved = await fleet.reach((), Mode.GREEN, "1", way)
    assert (moved.outcome, one.mode) == (Outcome.UNSETTLED, Mode.GREEN)
    two.wake()
    assert (await fleet.reach((), Mode.GREEN, "1", way)).reached


async def test_i10_blue_is_opened_again_beside_a_silent_one_while_green_never_was() -> None:
    one, two = pair(Mode.BLUE_RO, Mode.BLUE_RO)
    two.silent = True
    fleet = Fleet((one, two))
    assert (await fleet.reach((), Mode.BLUE, "1", Way(writer=Side.BLUE))).mode is Mode.BLUE
    assert one.mode is Mode.BLUE
    one.mode = Mode.BLUE_RO
    refused = await fleet.reach((), Mode.BLUE, "1", Way(writer=Side.GREEN))
    assert (refused.outcome, one.mode) == (Outcome.REFUSED, Mode.BLUE_RO)


@pytest.mark.parametrize("mode", [Mode.GREEN_RO, Mode.GREEN])
async def test_i10_no_mode_is_skipped(mode: Mode) -> None:
    one, two = pair(Mode.BLUE, mode)
    moved = await Fleet((one, two)).reach((), mode, "1", Way(writer=Side.GREEN))
    assert (moved.outcome, one.told) == (Outcome.REFUSED, [])
    assert "lb-1: it is at blue" in moved.why


async def test_one_that_cannot_fence_is_switched_only_while_the_gateways_do() -> None:
    dns = Wobbly("dns", modes=frozenset({Mode.BLUE, Mode.GREEN}))
    fleet = Fleet((dns,))
    assert not fleet.can_fence
    assert (await fleet.reach((), Mode.BLUE_RO, "1", FORTH)).outcome is Outcome.REFUSED
    bare = await fleet.reach((), Mode.GREEN, "1", Way(writer=Side.GREEN))
    assert (bare.outcome, dns.told) == (Outcome.REFUSED, [])
    held = Way(writer=Side.GREEN, held=frozenset({Side.BLUE}))
    assert (await fleet.reach((), Mode.GREEN, "1", held)).reached


async def test_no_load_balancer_is_no_mode() -> None:
    fleet = Fleet(())
    assert fleet.modes == frozenset()
    assert (await fleet.read(())).mode is None
    assert (await fleet.reach((), Mode.BLUE_RO, "1", FORTH)).outcome is Outcome.REFUSED
    assert not (await fleet.drain(Side.BLUE, limit_s=0)).ended


async def test_another_process_is_noticed() -> None:
    one, two = pair()
    fleet = Fleet((one, two))
    before = await fleet.read(())
    assert (await fleet.read(())).reloaded(before) == ()
    two.process = "2"
    assert (await fleet.read(())).reloaded(before) == ("lb-2",)


async def test_a_reload_in_the_middle_of_a_step_is_said() -> None:
    said: list[Trouble] = []
    one, two = pair()

    def reload() -> None:
        two.process = "2"

    two.on_change = reload
    moved = await Fleet((one, two), say=said.append).reach((), Mode.BLUE_RO, "1", FORTH)
    assert moved.reached
    assert [(trouble.name, "reloaded" in trouble.why) for trouble in said] == [("lb-2", True)]


class Operator:
    """Who goes forth and back as the rows of the ledger would let him."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._at = Mode.BLUE  # reached by all
        self._wanted: Mode | None = None  # sent, and not reached by all
        self._writer = Side.BLUE

    async def step(self, *, forth: bool) -> None:
        if self._wanted is not None and (self._wanted.writes is not None or forth):
            return await self._reach(self._wanted)
        if self._wanted is not None:
            return await self._reach(self._at)
        place = ORDER.index(self._at) + (1 if forth else -1)
        if 0 <= place < len(ORDER):
            await self._reach(ORDER[place])
        return None

    async def _reach(self, mode: Mode) -> None:
        if mode.writes is not None and mode is not self._at:
            self._writer = mode.writes  # the row comes before the first sending
        back = self._at if mode is not self._at and mode.writes is None else None
        moved = await self._fleet.reach((), mode, "1", Way(writer=self._writer, back=back))
        if moved.reached:
            self._at, self._wanted = mode, None
        elif moved.outcome is Outcome.UNDONE:
            self._wanted = None
        elif moved.outcome is Outcome.UNSETTLED or mode.writes is not None:
            self._wanted = mode


@settings(max_examples=400)
@given(st.data())
async def test_i10_whatever_fails_two_sides_never_accept_writes(data: st.DataObject) -> None:
    whims = st.lists(st.sampled_from(Whim), max_size=12)
    balancers = [Wobbly(f"lb-{i}", whims=data.draw(whims)) for i in range(3)]

    def judge() -> None:
        assert one_writer({one.mode for one in balancers}), [one.mode for one in balancers]

    for one in balancers:
        one.on_change = judge
    operator = Operator(Fleet(balancers))
    for _ in range(data.draw(st.integers(4, 14))):
        await operator.step(forth=data.draw(st.integers(0, 9)) < 7)
        for one in balancers:
            if one.silent and data.draw(st.booleans()):
                one.wake(backwards=data.draw(st.booleans()))


async def test_a_drain_ends_when_nothing_is_under_way_and_nothing_begins() -> None:
    one, two = pair()
    one.busy_now = [Busy(requests=0, total=7)]
    two.busy_now = [
        Busy(requests=2, total=9),
        Busy(requests=0, total=9),
        Busy(requests=0, total=10),
    ]
    drained = await Fleet((one, two)).drain(Side.BLUE, limit_s=5)
    assert drained.ended
    assert not two.busy_now[1:]


async def test_i7_a_drain_names_who_is_busy_or_cannot_say() -> None:
    one, two = pair()
    one.busy_now = [Busy(requests=3, total=7)]
    two.busy_now = [None]
    drained = await Fleet((one, two)).drain(Side.BLUE, limit_s=0.4)
    assert [trouble.why for trouble in drained.left] == [
        "3 writes are under way",
        "it cannot say what is under way",
    ]
