"""A fence through two real load balancers and at each real gateway, of blue and of green."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.config.workspace import parse
from core.cutover.balancers import fleet as fleet_of
from core.cutover.canary import canary
from core.cutover.door import asking
from core.cutover.fence import door_of, doors_of, fence_gate, hold, release
from core.cutover.fence_proof import look_fenced, open_doors, prove_fenced, summary
from core.cutover.fleet import Way
from core.cutover.gateway import Hold
from core.cutover.gateway_command import gateways_of
from core.cutover.mode import Mode, Side
from core.cutover.samples import Sample, read_back
from core.cutover.served import served
from core.cutover.uploads import uploads
from core.verdict import Verdict
from tests.lab.green_front import Backend, GreenFront
from tests.lab.haproxy import Haproxy
from tests.real.fenced_gateway import Fenced, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from core.config.schema import Workspace
    from core.cutover.door import Asker, Door
    from core.cutover.fleet import Fleet
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

ID = "9f2c1a7e"
RUN = f"{ID}-1"
BUCKETS = ["photos"]
BACK_TO_BLUE = Way(writer=Side.BLUE, back=Mode.BLUE)


@dataclass(frozen=True)
class Ground:
    """Both sides, and two load balancers before them, as vgwm.yaml names them."""

    blue: Fenced
    green: GreenFront
    lbs: tuple[Haproxy, Haproxy]
    workspace: Workspace

    def fleet(self) -> Fleet:
        return fleet_of(self.workspace)

    def doors(self, side: Side) -> list[Door]:
        return doors_of(self.fleet(), gateways_of(self.workspace, side))

    async def reach(self, *modes: Mode, writer: Side = Side.BLUE) -> None:
        for mode in modes:
            moved = await self.fleet().reach(BUCKETS, mode, RUN, Way(writer=writer))
            assert moved.reached, moved.why


def _workspace(blue: Fenced, green: GreenFront, lbs: tuple[Haproxy, Haproxy]) -> Workspace:
    def argvs(words: dict[str, list[str]]) -> str:
        return ", ".join(f"{op}: [{', '.join(argv)}]" for op, argv in words.items())

    green_words = {op: green.words(op) for op in ("fence", "open", "state")}
    return parse(
        f'v: 1\nid: "{ID}"\nsource: {{type: posix, path: {blue.tree.root}}}\n'
        f"target: {{type: dir, path: {green.folder / 'out'}}}\n"
        f"traffic: {{haproxy: [{', '.join(lb.entry for lb in lbs)}]}}\n"
        f"gateways:\n"
        f"  - {{name: blue-1, side: blue, address: '{blue.gateway.url}', {argvs(blue.words)}}}\n"
        f"  - {{name: green-1, side: green, address: '{green.url}', {argvs(green_words)}}}\n"
    )


@pytest.fixture(scope="module")
def ground(keeper: Keeper, tools: Tools) -> Iterator[Ground]:
    short = Path(tempfile.mkdtemp(prefix="vgwm-"))
    blue = start(keeper, tools, short / "blue")
    (short / "green" / "out" / "bundles").mkdir(parents=True)
    backend = Backend.folder(short / "green" / "out")
    green = GreenFront("green", short / "green", backend, blue.gateway.account)
    green.start(keeper)
    addresses = [one.url.removeprefix("http://") for one in (blue.gateway, green)]
    first, second = (
        Haproxy(f"lb-{i}", short / f"lb-{i}", blue=addresses[0], green=addresses[1]) for i in (1, 2)
    )
    for lb in (first, second):
        lb.start(keeper)
    with blue.gateway.client() as client:
        client.create_bucket(Bucket="photos")
        client.put_object(Bucket="photos", Key="a/one", Body=b"one")
    with green.client() as client:
        client.create_bucket(Bucket="photos")
        client.put_object(Bucket="photos", Key="a/one", Body=b"one")
    yield Ground(blue, green, (first, second), _workspace(blue, green, (first, second)))
    for server in (first.server, second.server, green.server, blue.gateway.server):
        keeper.forget(server)
    shutil.rmtree(short)


@pytest.fixture
async def asker(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asker]:
    account = ground.blue.gateway.account
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.secret)
    async with asking() as opened:
        yield opened


@pytest.fixture
async def _opened(ground: Ground) -> AsyncIterator[None]:
    yield
    for side in Side:
        assert await release(gateways_of(ground.workspace, side), BUCKETS, RUN) == []
    await ground.reach(
        *([Mode.BLUE_RO, Mode.BLUE] if ground.lbs[0].met("photos") != "blue" else [])
    )


pytestmark = pytest.mark.usefixtures("_opened")


async def test_the_whole_fence_of_blue_is_proven_at_every_door(
    ground: Ground, asker: Asker
) -> None:
    doors, blue = ground.doors(Side.BLUE), gateways_of(ground.workspace, Side.BLUE)
    assert [door.side for door in doors] == [None, None, Side.BLUE]
    gate = await fence_gate(blue, ground.fleet(), BUCKETS)
    assert (gate.verdict, gate.evidence) == (Verdict.PASS, "load balancers and each gateway")
    may_write = open_doors(await look_fenced(asker, doors, BUCKETS))
    assert may_write == {door.name for door in doors}

    moved = await ground.fleet().reach(BUCKETS, Mode.BLUE_RO, RUN, BACK_TO_BLUE)
    assert moved.reached, moved.why
    assert (await ground.fleet().drain(Side.BLUE, limit_s=10)).ended
    unproven = await prove_fenced(asker, doors, BUCKETS, RUN, may_write=may_write)
    assert [one.door for one in unproven] == [doors[2].name], "F1 does not stop direct clients"

    assert await hold(blue, BUCKETS, RUN) == []
    left = await fence_gate(blue, ground.fleet(), BUCKETS)
    assert (left.verdict, left.evidence) == (Verdict.FAIL, "blue-1 says fenced, not open")
    unproven = await prove_fenced(asker, doors, BUCKETS, RUN, may_write=may_write)
    assert unproven == [], summary(unproven)
    shown = await look_fenced(asker, doors[:2], BUCKETS)
    assert {one.hold for one in shown} == {Hold.FENCED}
    sample = [Sample("photos", "a/one", 3)]
    assert await read_back(asker, doors[:2], sample, Mode.BLUE_RO) == [], "reads go on"


async def test_a_listener_that_lets_writes_through_is_named(ground: Ground, asker: Asker) -> None:
    await ground.reach(Mode.BLUE_RO)
    listeners = ground.doors(Side.BLUE)[:2]
    assert await prove_fenced(asker, listeners, BUCKETS, RUN) == []
    behind = ground.lbs[1]
    behind.ask(f"set map {behind.map} /photos/ blue")
    [unproven] = await prove_fenced(asker, listeners, BUCKETS, RUN)
    assert unproven.door.startswith("lb-2 ")
    assert "was written; it was taken away again" in unproven.why


async def test_a_load_balancer_that_hangs_proves_nothing(ground: Ground, asker: Asker) -> None:
    await ground.reach(Mode.BLUE_RO)
    listeners = ground.doors(Side.BLUE)[:2]
    ground.lbs[0].server.stop()
    try:
        [unproven] = await prove_fenced(asker, listeners, BUCKETS, RUN)
    finally:
        ground.lbs[0].server.cont()
    assert unproven.door.startswith("lb-1 ")
    assert "no answer within" in unproven.why


async def test_green_is_fenced_by_the_same_rules(ground: Ground, asker: Asker) -> None:
    green = gateways_of(ground.workspace, Side.GREEN)
    doors = ground.doors(Side.GREEN)
    assert (await canary(asker, door_of(green[0]), "photos", RUN)).verdict is Verdict.PASS
    assert (await uploads(asker, door_of(green[0]), BUCKETS)).verdict is Verdict.PASS
    await ground.reach(Mode.BLUE_RO, Mode.GREEN_RO)
    may_write = open_doors(await look_fenced(asker, doors, BUCKETS))
    assert may_write == {doors[2].name}, "behind green_ro only the gateway itself is open"
    unproven = await prove_fenced(asker, doors, BUCKETS, RUN, may_write=may_write)
    assert [one.door for one in unproven] == [doors[2].name]
    assert await hold(green, BUCKETS, RUN) == []
    unproven = await prove_fenced(asker, doors, BUCKETS, RUN, may_write=may_write)
    assert unproven == [], summary(unproven)
    sample = [Sample("photos", "a/one", 3)]
    assert await read_back(asker, doors[:2], sample, Mode.GREEN_RO) == []


async def test_what_green_served_is_counted_at_all_load_balancers(
    ground: Ground, asker: Asker
) -> None:
    await ground.reach(Mode.BLUE_RO, Mode.GREEN_RO)
    haproxies = ground.workspace.traffic.haproxy
    before = await served(haproxies)
    assert not before.why
    sample = [Sample("photos", "a/one", 3)]
    await read_back(asker, ground.doors(Side.GREEN)[:2], sample * 5)
    ground.green.break_()
    try:
        await read_back(asker, ground.doors(Side.GREEN)[:2], sample * 3)
    finally:
        ground.green.mend()
    after = await served(haproxies)
    assert (after.requests - before.requests, after.errors - before.errors) == (16, 6)
    ground.lbs[1].server.stop()
    try:
        assert "lb-2" in (await served(haproxies)).why, "silence is not zero"
    finally:
        ground.lbs[1].server.cont()
