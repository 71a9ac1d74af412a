"""Green is watched while a slice is live: gates, an alarm each, a return that loses nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from core.config.workspace import parse
from core.cutover.balancer import Told
from core.cutover.cases import Asked, Case, Lost
from core.cutover.limits import Limits
from core.cutover.mode import Mode
from core.cutover.reading import Reading
from core.cutover.risk import Risk
from core.cutover.served import Served
from core.cutover.shadow import Compared, Times
from core.cutover.states import Phase, State
from core.engine.green_cases import Passed, live_gate
from core.engine.watching.green_watch import CASES_EACH, GreenWatch
from core.engine.watching.strangers import Strangers
from core.errors import Refused
from core.ledger.cutovers import FLIP, CutoverDraft
from core.target.changes import TRIGGERS
from core.verdict import Verdict
from tests.integration.cutting.scene import plan_of
from tests.integration.ledger.scene import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from core.cutover.gate import Gate
    from core.ledger.ledger import Ledger

RUN = "0a1b2c3d-4"
TEXT = (
    'v: 1\nid: "0a1b2c3d"\nsource: {type: posix, path: /data}\n'
    "target: {type: dir, path: /out}\ncutover: {slices: {films: [films, trailers]}"
)


NOBODY = Strangers(5, 0, ())
PASSED = Passed("films", 1, frozenset({Case.PUT, Case.COPY}))
COPY_LOST = (Lost(Case.COPY, "501 NotImplemented"),)


async def _nothing() -> None:
    await asyncio.sleep(0)


@dataclass
class World:
    """What the watch is told; back: slices that were sent back."""

    differ: int = 0
    silent: str = ""
    wrote_: bool | None = False
    risk_: Risk = field(default_factory=lambda: Risk(since_ns=time.time_ns()))
    refuses: bool = False
    modes: tuple[Mode | None, ...] = (Mode.GREEN, Mode.GREEN)
    meanwhile: Callable[[], Awaitable[None]] = _nothing
    others: Strangers | None = NOBODY
    lost: tuple[Lost, ...] = ()
    cases_asked: int = 0
    back_: list[str] = field(default_factory=list)
    asked: list[tuple[Sequence[str], int]] = field(default_factory=list)

    async def steered(self, buckets: Sequence[str]) -> Reading:
        assert tuple(buckets) == ("films", "trailers")
        await self.meanwhile()
        return Reading(
            told=tuple(Told(name=f"lb-{n}", mode=m) for n, m in enumerate(self.modes, 1))
        )

    async def served(self) -> Served:
        return Served(time.time_ns(), 10, 0)

    async def compared(self, buckets: Sequence[str], turn: int) -> Compared:
        self.asked.append((tuple(buckets), turn))
        times = Times([0.001])
        return Compared(
            keys=0 if self.silent else 10,
            differ=self.differ,
            names=["films/a"],
            silent=self.silent,
            blue=times,
            green=times,
        )

    async def cases(self, buckets: Sequence[str]) -> Gate:
        del buckets
        self.cases_asked += 1
        return live_gate(PASSED, Asked("films", time.time_ns(), (Case.PUT,), self.lost))

    async def strangers(self, buckets: Sequence[str], since_ns: int) -> Strangers | None:
        assert (tuple(buckets), since_ns > 0) == (("films", "trailers"), True)
        return self.others

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        del buckets
        return self.wrote_

    async def risk(self) -> Risk:
        return self.risk_

    async def back(self, slice_: str) -> int:
        if self.refuses:
            raise Refused(what="another job runs", where="rollback", remedy="Wait.")
        self.back_.append(slice_)
        return 1


class Ground:
    """A ledger in which a slice may stand anywhere, and a watch of it."""

    def __init__(self, ledger: Ledger, policy: str = "off") -> None:
        self.ledger = ledger
        self.world = World()
        workspace = parse(f"{TEXT}, auto_rollback: {policy}}}\n")
        self.watch = GreenWatch(workspace, ledger, lambda: self.world, compared_s=0)

    async def row(
        self, state: State, step: str, phase: Phase = Phase.DONE, plan: bytes | None = None
    ) -> None:
        await self.ledger.cutting.append(
            CutoverDraft(
                run=RUN,
                slice="films",
                state=state,
                step=step,
                phase=phase,
                actor="anna",
                plan=plan,
            )
        )

    async def flip(self) -> None:
        await self.row(State.SWITCH_WRITES, FLIP)
        await self.row(State.GREEN_LIVE, "watch", Phase.INTENT)
        await self.ledger.green.armed(TRIGGERS, 0, keeps_s=0)

    async def alarms(self) -> list[str]:
        rows = await self.ledger.events(0, 1_000)
        return [row.text for row in rows if row.kind == "watch"]

    def verdict(self, name: str) -> Verdict:
        return next(gate.verdict for gate in self.watch.gates("films") if gate.name == name)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    made = await opened(tmp_path)
    yield made
    await made.close()


async def test_nobody_is_asked_while_nothing_is_live(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.row(State.FENCE, "proof")
    await ground.watch.look()
    assert ground.world.asked == []
    assert ground.watch.gates("films") == []


async def test_a_live_slice_has_its_gates_by_its_own_buckets(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    await ground.watch.look()
    await ground.watch.look()
    names = [gate.name for gate in ground.watch.gates("films")]
    live = ["mismatch", "errors", "slow", "lag", "feed", "traffic", "cases", "foreign"]
    assert names == [f"live-{name}" for name in live]
    assert all(gate.is_open(time.time_ns()) for gate in ground.watch.gates("films"))
    assert ground.world.asked == [(("films", "trailers"), 1), (("films", "trailers"), 2)]
    assert await ground.alarms() == []


async def test_a_red_gate_before_greens_first_write_goes_back_once(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.differ = 1
    for _ in range(3):
        await ground.watch.look()
    assert ground.world.back_ == ["films"]
    alarms = await ground.alarms()
    assert len(alarms) == 2
    assert "gate live-mismatch is red: 1 of 10 keys differ: films/a" in alarms[0]
    assert "green has accepted no write yet" in alarms[1]


@pytest.mark.parametrize("wrote", [True, None])
async def test_behind_greens_first_write_a_person_decides(
    ledger: Ledger,
    wrote: bool | None,  # noqa: FBT001 - a case
) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.differ, ground.world.wrote_ = 1, wrote
    await ground.watch.look()
    assert ground.world.back_ == []
    assert len(await ground.alarms()) == 1


@pytest.mark.parametrize(
    ("risk", "back"),
    [
        (Risk(since_ns=1), ["films"]),
        (Risk(since_ns=1, writes=1), []),
        (Risk(since_ns=1, deletes=1), []),
        (Risk(since_ns=1, uncarriable=1), []),
        (Risk(since_ns=1, silent_since_ns=5), []),
        (Risk(since_ns=0), []),
    ],
)
async def test_the_policy_lag_zero_goes_back_while_blue_holds_all(
    ledger: Ledger, risk: Risk, back: list[str]
) -> None:
    ground = Ground(ledger, "lag-zero")
    await ground.flip()
    ground.world.differ, ground.world.wrote_, ground.world.risk_ = 1, True, risk
    await ground.watch.look()
    assert ground.world.back_ == back


async def test_a_way_back_that_is_refused_is_said_and_tried_again(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.differ, ground.world.refuses = 1, True
    await ground.watch.look()
    assert "cannot go back by itself: another job runs" in (await ground.alarms())[-1]
    ground.world.refuses = False
    await ground.watch.look()
    assert ground.world.back_ == ["films"]


async def test_silence_is_unknown_and_sends_nobody_back(ledger: Ledger) -> None:
    ground = Ground(ledger, "lag-zero")
    await ground.flip()
    ground.world.silent = "green hangs"
    await ground.watch.look()
    assert ground.verdict("live-mismatch") is Verdict.UNKNOWN
    assert ground.verdict("live-slow") is Verdict.UNKNOWN
    assert ground.world.back_ == []


async def test_a_lag_is_red_by_its_oldest_change(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.wrote_ = True
    now_ns = time.time_ns()
    ground.world.risk_ = Risk(since_ns=1, writes=3, oldest_ns=now_ns - 59 * 10**9)
    await ground.watch.look()
    assert ground.verdict("live-lag") is Verdict.PASS
    ground.world.risk_ = Risk(since_ns=1, writes=3, oldest_ns=now_ns - 61 * 10**9)
    await ground.watch.look()
    assert ground.verdict("live-lag") is Verdict.FAIL
    ground.world.risk_ = Risk(since_ns=1, writes=3, silent_since_ns=now_ns)
    await ground.watch.look()
    assert ground.verdict("live-lag") is Verdict.UNKNOWN


async def test_what_others_write_on_blue_is_an_alarm_and_no_way_back(ledger: Ledger) -> None:
    ground = Ground(ledger, "lag-zero")
    await ground.flip()
    ground.world.others = Strangers(5, 2, ("films/by-nfs", "films/b"))
    await ground.watch.look()
    assert ground.verdict("live-foreign") is Verdict.UNKNOWN, "it has not been looked yet"
    await ground.watch.look()
    assert ground.verdict("live-foreign") is Verdict.FAIL
    assert (
        "2 keys on blue were written by others, such as films/by-nfs" in (await ground.alarms())[0]
    )
    assert ground.world.back_ == []


async def test_i10_a_load_balancer_that_leaves_green_by_itself_is_an_alarm(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.modes = (Mode.GREEN, Mode.BLUE)
    await ground.watch.look()
    assert ground.verdict("live-traffic") is Verdict.FAIL
    told = "gate live-traffic is red: lb-2: it is not at green but blue"
    assert told in (await ground.alarms())[0]
    assert ground.world.back_ == [], "a person decides"
    ground.world.modes = (Mode.GREEN, None)
    await ground.watch.look()
    assert ground.verdict("live-traffic") is Verdict.UNKNOWN


async def test_a_way_back_that_moves_load_balancers_is_no_alarm(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()

    async def back() -> None:
        await ground.row(State.FENCE_GREEN, "lb-green_ro", Phase.INTENT)

    ground.world.modes, ground.world.meanwhile = (Mode.GREEN_RO, Mode.GREEN), back
    await ground.watch.look()
    assert await ground.alarms() == []


async def test_a_watch_that_stumbles_says_so_and_watches_on(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    risk, faults = ground.world.risk, [ValueError("a fault of ours")]

    async def stumbles() -> Risk:
        if faults:
            raise faults.pop()
        return await risk()

    ground.world.risk = stumbles  # type: ignore[method-assign]
    ground.watch._every_s = 0.01  # noqa: SLF001 - else the test waits for seconds
    ground.watch.begin()
    try:
        async with asyncio.timeout(20):
            while not ground.watch.gates("films"):  # noqa: ASYNC110 - a look has no event
                await asyncio.sleep(0.01)
    finally:
        await ground.watch.close()
    assert "green is not watched: a fault of vgwm, ValueError" in await ground.alarms()


async def test_an_s3_source_has_no_gate_of_others(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.others = None
    for _ in range(2):
        await ground.watch.look()
    assert "live-foreign" not in [gate.name for gate in ground.watch.gates("films")]


async def test_a_slice_that_went_back_is_watched_no_more(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    await ground.watch.look()
    await ground.row(State.FENCE_GREEN, "lb-green_ro", Phase.INTENT)
    await ground.watch.look()
    assert ground.watch.gates("films") == []


async def test_i8_more_at_risk_than_the_run_s_plan_allows_is_an_alarm(ledger: Ledger) -> None:
    ground = Ground(ledger)
    plan = replace(plan_of(), slice="films", buckets=("films", "trailers"))
    plan = replace(plan, limits=Limits(pause_s=60, objects=3))
    await ground.row(State.PLANNED, "plan", plan=plan.stored())
    await ground.flip()
    now_ns = time.time_ns()
    ground.world.risk_ = Risk(since_ns=now_ns, writes=3, oldest_ns=now_ns)
    await ground.watch.look()
    assert ground.verdict("live-lag") is Verdict.PASS
    ground.world.risk_ = Risk(since_ns=now_ns, writes=4, oldest_ns=now_ns)
    await ground.watch.look()
    assert ground.verdict("live-lag") is Verdict.FAIL
    assert "4 objects at risk, the plan allows 3" in (await ground.alarms())[-1]


async def test_an_s3_case_that_green_lost_is_an_alarm_and_sends_it_back(ledger: Ledger) -> None:
    ground = Ground(ledger)
    await ground.flip()
    ground.world.wrote_ = True
    for _ in range(CASES_EACH):
        await ground.watch.look()
    assert ground.world.cases_asked == 2, "the first look asks, and each fifth"
    ground.world.lost = COPY_LOST
    for _ in range(CASES_EACH):
        await ground.watch.look()
    assert ground.verdict("live-cases") is Verdict.FAIL
    assert "does no more: copy (501 NotImplemented)" in (await ground.alarms())[0]
    assert ground.world.back_ == [], "green has clients' writes: a person decides"
    ground.world.lost = ()
    await ground.watch.look()
    assert ground.verdict("live-cases") is Verdict.PASS, "a lost one is asked for each time"
    ground.world.lost, ground.world.wrote_ = COPY_LOST, False
    for _ in range(CASES_EACH):
        await ground.watch.look()
    assert ground.world.back_ == ["films"]
