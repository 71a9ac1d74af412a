"""A way back is done as it was shown, or refused with the difference (I8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.schema import Blue
from core.cutover.rollback_plan import BackWish, Green, Way
from core.engine.reins import Reins
from core.engine.returning.looking import SHOWN, Lookout
from core.errors import BadInput, Refused
from core.ledger.greenlog import Green as Change
from core.ledger.greenlog import GreenOp, Stuck
from core.model import JobKind

if TYPE_CHECKING:
    from tests.integration.returning.ground import World

WISH = BackWish()


def _lookout(world: World) -> Lookout:
    return Lookout(world.ledger, world.workspace, world.folder, world.green)


async def test_a_plan_shows_what_is_at_risk_now_and_its_hash_stands_still(world: World) -> None:
    lookout = _lookout(world)
    await world.accepted(b"a")
    first = await lookout.plan(WISH)
    await world.accepted(b"b", b"c")
    second = await lookout.plan(WISH)
    assert (first.risk.writes, second.risk.writes) == (1, 3)
    assert second.pause_s > first.pause_s
    assert first.hash == second.hash
    assert (await lookout.confirmed(WISH, first.hash)).hash == first.hash
    assert first.off == ""
    assert first.word == world.folder.name


@pytest.mark.parametrize("confirmed", ["", "deadbeef", "DEADBEEF "])
async def test_another_hash_is_refused(world: World, confirmed: str) -> None:
    lookout = _lookout(world)
    await lookout.plan(WISH)
    with pytest.raises(Refused, match="nothing was done"):
        await lookout.confirmed(WISH, confirmed)


async def test_a_hash_of_another_way_is_refused(world: World) -> None:
    lookout = _lookout(world)
    quick = await lookout.plan(WISH)
    with pytest.raises(Refused):
        await lookout.confirmed(BackWish(way=Way.FULL), quick.hash)


async def test_green_that_died_since_makes_another_plan_and_says_so(world: World) -> None:
    lookout = _lookout(world)
    await world.accepted(b"a")
    shown = await lookout.plan(WISH)
    world.green.is_ = Green.DEAD
    with pytest.raises(Refused, match="green alive -> dead"):
        await lookout.confirmed(WISH, shown.hash)


async def test_a_key_that_cannot_be_carried_makes_another_plan(world: World) -> None:
    lookout = _lookout(world)
    await world.accepted(b"a")
    shown = await lookout.plan(WISH)
    (row,) = await world.ledger.greenlog.page(None)
    await world.ledger.green.settle(
        [], [Stuck(row.bucket_id, row.key, row.digest, why="409", uncarriable=True)]
    )
    with pytest.raises(Refused, match="other names cannot be carried"):
        await lookout.confirmed(WISH, shown.hash)
    assert (await lookout.plan(WISH)).uncarriable_names == ("photos/a",)


async def test_a_plan_shown_before_an_engine_began_anew_counts_in_the_same_world(
    world: World,
) -> None:
    await world.accepted(b"a")
    shown = await _lookout(world).plan(WISH)
    assert (await _lookout(world).confirmed(WISH, shown.hash)).wish == WISH
    world.green.is_ = Green.GATEWAY_DEAD
    with pytest.raises(Refused):
        await _lookout(world).confirmed(WISH, shown.hash)


async def test_more_at_risk_than_the_limits_is_refused(world: World) -> None:
    lookout = _lookout(world)
    shown = await lookout.plan(WISH)
    await world.accepted(*(b"%04d" % number for number in range(101)))
    with pytest.raises(Refused, match="101 writes at risk, at most 100"):
        await lookout.confirmed(WISH, shown.hash)


async def test_with_green_dead_the_keys_that_stay_behind_are_named_first(world: World) -> None:
    lookout = _lookout(world)
    await world.accepted(*(b"%04d" % number for number in range(SHOWN + 5)))
    world.green.is_ = Green.DEAD
    plan = await lookout.plan(WISH)
    assert plan.lost == SHOWN + 5
    assert plan.lost_names == tuple(f"photos/{number:04d}" for number in range(SHOWN))
    assert any("stay behind" in note for note in plan.notes)
    await world.accepted(b"one more")
    with pytest.raises(Refused, match="other names stay behind"):
        await lookout.confirmed(WISH, plan.hash)


async def test_a_slice_that_blue_serves_has_no_way_back(world: World) -> None:
    await world.back()
    lookout = _lookout(world)
    plan = await lookout.plan(WISH)
    assert "green does not serve it" in plan.off
    with pytest.raises(Refused, match="green does not serve it"):
        await lookout.confirmed(WISH, plan.hash)


async def test_a_hash_is_good_for_one_flip_only(world: World) -> None:
    lookout = _lookout(world)
    first = await lookout.plan(WISH)
    await world.back()
    await world.flip("0a1b2c3d-20")
    with pytest.raises(Refused, match="another cutover"):
        await lookout.confirmed(WISH, first.hash)
    second = await lookout.plan(WISH)
    assert (await lookout.confirmed(WISH, second.hash)).flip == "0a1b2c3d-20"


async def test_an_unknown_slice_is_bad_input(world: World) -> None:
    with pytest.raises(BadInput, match="no slice"):
        await _lookout(world).plan(BackWish(slice="nobody"))


async def test_a_restored_tree_needs_a_green_that_lives(world: World) -> None:
    world.blue_files(Blue(restart=("/bin/true",)))
    lookout, wish = _lookout(world), BackWish(way=Way.DATA, origin="/b", to="/n")
    await world.accepted(b"a")
    await world.copy.finish(Reins(id=1, kind=JobKind.ROLLBACK))  # blue's old tree alone has it
    assert (await lookout.plan(wish)).off == ""
    world.green.is_ = Green.DEAD
    plan = await lookout.plan(wish)
    assert "could not be carried to a restored tree" in plan.off
    with pytest.raises(Refused, match="green is dead"):
        await lookout.confirmed(wish, plan.hash)


async def test_a_restored_tree_waits_for_all_that_was_carried_before(world: World) -> None:
    world.blue_files(Blue(restart=("/bin/true",)))
    size_bytes = 100 << 30
    change = Change(world.ids[1], b"big", GreenOp.PUT, 7, b"cid", size_bytes, b"-" * 16)
    await world.ledger.green.heard("merge", [change], 0, to_end=True)
    await world.copy.finish(Reins(id=1, kind=JobKind.ROLLBACK))
    lookout = _lookout(world)
    quick = await lookout.plan(WISH)
    data = await lookout.plan(BackWish(way=Way.DATA, origin="/b", to="/n"))
    assert quick.pause_s < 10
    assert data.pause_s > 1_000
    assert data.facts.limits.duration_s >= 2 * data.pause_s


@pytest.mark.parametrize("way", [Way.FULL, Way.DATA])
async def test_what_a_wider_way_needs_is_said_before(world: World, way: Way) -> None:
    wish = BackWish(way=way, **({"origin": "/b", "to": "/n"} if way is Way.DATA else {}))
    lookout = _lookout(world)
    plan = await lookout.plan(wish)
    assert plan.off
    with pytest.raises(Refused):
        await lookout.confirmed(wish, plan.hash)


async def test_the_way_back_of_everything_has_all_buckets_whatever_slices_are_named_since(
    world: World,
) -> None:
    cutover = msgspec.structs.replace(world.workspace.cutover, slices={"music": ("songs",)})
    world.workspace = msgspec.structs.replace(world.workspace, cutover=cutover)
    lookout = _lookout(world)
    assert [row.name for row in await lookout.buckets("all")] == [b"photos", b"songs"]
    assert (await lookout.plan(WISH)).off == ""
    assert [row.name for row in await lookout.buckets("rest")] == [b"photos"]
    assert [row.name for row in await lookout.buckets("music")] == [b"songs"]
    plan = await lookout.plan(BackWish(slice="music"))
    assert plan.facts.buckets == ("songs",)
    assert plan.word == "music"
    assert "stands at PLANNED: green does not serve it; it serves all: --slice NAME" in plan.off
