"""Buckets that one side lacks hold up no way back, and are not forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.schema import Gateway
from core.cutover.fleet import Fleet
from core.cutover.mode import Mode
from core.cutover.states import State
from core.engine.known_buckets import KnownBuckets
from core.engine.returning.outside import NamedBlue, NamedGreen
from core.engine.reversing.new_buckets import learn
from core.ledger.rows import EventDraft
from core.target import profile as profiles
from tests.fakes.side import Side
from tests.integration.ledger import scene
from tests.integration.returning.ground import World, flipped
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.reading import Trouble

KNOWN = json.dumps({"owner": "AKOWNER", "document": {}, "mtime_ns": 7})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with flipped(tmp_path) as made:
        await made.ledger.add_buckets([(b"photos", KNOWN), (b"songs", KNOWN)])
        yield made


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def test_one_that_was_gone_before_the_flip_is_asked_of_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No side has it: nothing could be proven of it, and R4 would wait for it for ever."""
    event = EventDraft(kind="sync", text="bucket songs is gone at the source")
    await world.ledger.syncing.bucket_gone(world.ids[1], event)
    asked: list[list[str]] = []

    async def heard(buckets: Sequence[str], run: str) -> list[Trouble]:
        asked.append(list(buckets))
        assert run
        return []

    for at, name in (
        (world.green, "prove_fenced"),
        (world.blue, "open"),
        (world.blue, "canary"),
    ):
        monkeypatch.setattr(at, name, heard)
    await world.back()
    assert asked == [["photos"]] * 3
    assert await world.state() == State.CATCHUP
    assert (await world.ledger.greenlog.stand()).buckets == ()


@pytest.mark.parametrize("left", [["photos"], []])
async def test_one_that_was_removed_on_green_says_nothing_of_its_fence(
    world: World, left: list[str]
) -> None:
    front = Side(*left)
    front.instead = {"PutObject": (503, "SlowDown"), "CopyObject": (503, "SlowDown")}
    async with front.serve():
        fleet = Fleet([Wobbly("lb-1", mode=Mode.GREEN_RO, listeners=(front.url,))])
        unproven = await NamedGreen(world.workspace, fleet).prove_fenced(["photos", "songs"], "r")
    assert bool(unproven) is not bool(left)  # where all are gone, nothing is proven


async def test_one_that_was_made_on_green_and_did_not_come_to_blue_is_not_waited_for(
    world: World,
) -> None:
    """Such as of a green that died: else clients would never come back."""
    await world.ledger.add_buckets([(b"made", "{}")])
    names = ["made", "photos", "songs"]
    async with Side("photos", "songs").serve() as gateway:
        blue = NamedBlue(_named(world, gateway), world.ledger.buckets)
        assert await blue.open(names, "r") == []
        assert await blue.canary(names, "r") == []
        del gateway.buckets["songs"]  # as with a disk that is not mounted: that one was there
        assert [one.name for one in await blue.open(names, "r")] == ["gw-1"]
        gateway.buckets.clear()
        assert len(await blue.open(names, "r")) == 2
        assert [one.name for one in await blue.canary(names, "r")] == ["gw-1"]


def _named(world: World, gateway: Side) -> Workspace:
    one = Gateway(name="gw-1", side="blue", address=gateway.url)
    return msgspec.structs.replace(world.workspace, gateways=(one,))


async def test_a_kill_between_learning_of_one_and_hearing_it_loses_no_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await scene.opened(tmp_path)
    try:
        (old,) = await ledger.add_buckets([(b"old", KNOWN)])
        await ledger.green.begin([old])
        stand = await ledger.greenlog.stand()

        async def killed(ids: Sequence[int]) -> None:
            assert ids
            raise OSError("killed")

        with monkeypatch.context() as broken:
            broken.setattr(ledger.green, "begin", killed)
            with pytest.raises(OSError, match="killed"):
                await learn(ledger, stand, ["made", "old"])
        assert [row.name for row in await learn(ledger, stand, ["made", "old"])] == [b"made"]
        after = await ledger.greenlog.stand()
        assert len(after.buckets) == 2
        assert await learn(ledger, after, ["made", "old"]) == []
    finally:
        await ledger.close()


async def test_one_of_which_the_source_told_nothing_ends_no_sync(world: World) -> None:
    (made,) = await world.ledger.add_buckets([(b"made", "{}")])
    gone = EventDraft(kind="sync", text="bucket made is gone at the source")
    await world.ledger.syncing.bucket_gone(made, gone)
    known = KnownBuckets()
    known.learn(await world.ledger.buckets())
    assert (known.owner(made), known.owner(world.ids[0])) == ("", "AKOWNER")
    assert [row[0] for row in known.rows(profiles.load("extended"), gone=True)] == ["made"]
