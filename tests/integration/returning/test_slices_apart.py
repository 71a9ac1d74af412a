"""One slice goes back beside others: neither takes from the other what it needs (I10)."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.schema import Blue, Cutover, PrivateWriter, Traffic
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, load, write
from core.cutover.machine import Step
from core.cutover.private_writer import Seen
from core.cutover.rollback_plan import BackWish, Green, Way
from core.cutover.states import Phase, State
from core.engine.returning.looking import Lookout
from core.engine.reversing.carrying import Carrier, Means
from core.errors import Refused
from core.ledger.cutovers import CutoverDraft
from core.ledger.greenlog import Green as Change
from core.ledger.greenlog import GreenOp, GreenState
from core.model import JobKind, JobState
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.cutover.private_writer import PrivateWriter as Client
    from core.engine.engine import Engine
    from core.engine.reversing.contents import Contents
    from core.ledger.ledger import Ledger
    from core.target.objects import ObjectTable

SLICES = {"one": ("photos",), "two": ("songs",)}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with flipped(tmp_path) as made:
        cutover = msgspec.structs.replace(made.workspace.cutover, slices=SLICES)
        made.workspace = msgspec.structs.replace(made.workspace, cutover=cutover)
        yield made


@dataclass
class Writer:
    """A private writer at a blue that holds every key until it is deleted."""

    deleted: list[str] = field(default_factory=list)

    async def make_bucket(self, bucket: str) -> None:
        assert bucket

    async def head(self, bucket: str, key: str) -> Seen | None:
        there = f"{bucket}/{key}" not in self.deleted
        return Seen(etag="e", size_bytes=1, headers={}) if there else None

    async def delete(self, bucket: str, key: str) -> None:
        self.deleted.append(f"{bucket}/{key}")


class Table:
    """An object table without a row."""

    async def read(self, keys: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
        assert keys
        return []


def carrier(ledger: Ledger, writer: Writer) -> Carrier:
    async def go_on() -> None:
        """Hold up nothing."""

    means = Means(
        ledger=ledger,
        table=cast("ObjectTable", Table()),
        rows=cast("object", None),  # type: ignore[arg-type]  # no row is described
        contents=cast("Contents", None),
        writer=cast("Client", writer),
        blue=None,
        job=None,
        checkpoint=go_on,
    )
    return Carrier(means)


async def gone(world: World, bucket: int, key: bytes) -> None:
    change = Change(bucket, key, GreenOp.DELETE, 7, None, 0, key.ljust(16, b"-"))
    await world.ledger.green.heard("merge", [change], 0, to_end=True)


async def test_what_one_left_behind_on_green_is_not_written_over_blue_s_newer_data(
    world: World,
) -> None:
    """Green was dead when `one` went back; `two`, that green serves on, is carried by and by."""
    for bucket in world.ids:
        await gone(world, bucket, b"k")
    await world.ledger.green.end([world.ids[0]])
    writer = Writer()
    await carrier(world.ledger, writer).carry(again=True)
    assert writer.deleted == ["songs/k"]
    left = await world.ledger.greenlog.page(GreenState.WAITING)
    assert [(row.bucket_id, row.key) for row in left] == [(world.ids[0], b"k")]


async def test_one_slice_gets_no_tree_of_its_own(world: World) -> None:
    """Clients write to blue's other buckets: a tree of yesterday would take that from sight."""
    world.blue_files(Blue(restart=("/bin/true",)))
    wish = BackWish(slice="one", way=Way.DATA, origin="/b", to="/n")
    await _live(world.ledger, "one", "0a1b2c3d-30")
    lookout = Lookout(world.ledger, world.workspace, world.folder, world.green)
    plan = await lookout.plan(wish)
    assert "cannot have a tree of its own" in plan.off
    with pytest.raises(Refused, match="cannot have a tree of its own"):
        await lookout.confirmed(wish, plan.hash)


async def test_another_slice_s_risk_neither_hinders_nor_widens_a_plan(world: World) -> None:
    await _live(world.ledger, "one", "0a1b2c3d-30")
    lookout = Lookout(world.ledger, world.workspace, world.folder, world.green)
    before = await lookout.plan(BackWish(slice="one"))
    keys = [b"%04d" % number for number in range(101)]
    changes = [Change(world.ids[1], key, GreenOp.PUT, 7, b"c", 1, key * 4) for key in keys]
    await world.ledger.green.heard("merge", changes, 0, to_end=True)
    await gone(world, world.ids[0], b"mine")
    world.green.is_ = Green.DEAD
    after = await lookout.plan(BackWish(slice="one"))
    assert (after.risk.writes, after.risk.deletes, after.lost) == (0, 1, 1)
    assert after.lost_names == ("photos/mine",)
    assert after.facts.limits == before.facts.limits


HOOK = """#!{python} -I
import json, sys
print(json.dumps({{"mode": json.load(sys.stdin).get("mode") or "blue"}}))
"""


async def test_the_reverse_copy_goes_on_for_the_others(tmp_path: Path) -> None:
    """It is one for all: a way back ends it before blue opens."""
    ground = make_ground(tmp_path, objects=2)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        await _half_back(engine)
    hook = tmp_path / "hook"
    hook.write_text(HOOK.format(python=sys.executable))
    hook.chmod(0o755)
    named = msgspec.structs.replace(
        load(ground.workspace / FILE_NAME),
        traffic=Traffic(command=(str(hook),)),
        cutover=Cutover(slices={"one": ("bucket0",), "two": ("bucket1",)}),
    )
    write(ground.workspace / FILE_NAME, named)
    async with engine_on(ground) as engine:
        (job,) = [one for one in await engine.ledger.jobs() if one.kind is JobKind.ROLLBACK]
        await engine.wait(job.id)
        ended = await engine.ledger.job(job.id)
        assert ended is not None
        assert ended.state is JobState.DONE, ended.result
        states = {row.slice: row.state for row in await engine.ledger.cutovers.newest()}
        assert states == {"one": State.CATCHUP, "two": State.GREEN_LIVE}
        assert engine.jobs.running(JobKind.REVERSE) is not None


async def _half_back(engine: Engine) -> None:
    """Leave `one` behind the last command of its way back, and `two` at green."""
    await engine.reverses.arm([])
    await _live(engine.ledger, "two", "0a1b2c3d-21")
    made = await World.over(engine, engine.path)
    facts = await made.facts(BackWish(slice="one"), buckets=("bucket0",))
    await engine.ledger.cutting.append(
        CutoverDraft(
            run="0a1b2c3d-20",
            slice="one",
            state=State.SWITCH_BACK,
            step=Step.BLUE,
            phase=Phase.INTENT,
            actor="tester",
            plan=facts.text.encode(),
        )
    )
    assert json.loads(facts.text)["buckets"] == ["bucket0"]


async def _live(ledger: Ledger, slice_: str, run: str) -> None:
    for state, step in ((State.SWITCH_WRITES, Step.T_FLIP), (State.GREEN_LIVE, Step.WATCH)):
        draft = CutoverDraft(
            run=run, slice=slice_, state=state, step=step, phase=Phase.DONE, actor="tester"
        )
        await ledger.cutting.append(draft)


async def test_nothing_is_carried_over_what_clients_write_to_blue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were brought there by hand, and an engine is begun that knows of no way back."""
    monkeypatch.setenv("WRITER", "test")
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    hook = tmp_path / "hook"
    hook.write_text(HOOK.format(python=sys.executable))
    hook.chmod(0o755)
    secret = SecretRef.parse("env:WRITER")
    listener = socket.socket(socket.AF_UNIX)
    with closing(listener):
        listener.bind(str(tmp_path / "w.sock"))
        (tmp_path / "w.sock").chmod(0o600)
        named = PrivateWriter(
            socket=tmp_path / "w.sock", access_key_ref=secret, secret_ref=secret, argv=()
        )
        changed = msgspec.structs.replace(
            load(ground.workspace / FILE_NAME),
            traffic=Traffic(command=(str(hook),)),
            cutover=Cutover(private_writer=named),
        )
        write(ground.workspace / FILE_NAME, changed)
        async with engine_on(ground) as engine:
            await migrate(engine)
            await engine.reverses.arm([])
            await engine.reverses.ensure("tester")
            reins = engine.jobs.running(JobKind.REVERSE)
            assert reins is not None
            async with asyncio.timeout(20):
                while "sends writes to blue" not in reins.waits.get("blue", ""):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
                # one that was made on green has no line of its own, and holds up nobody
                await engine.ledger.add_buckets([(b"bucket0", "{}")])
                while "blue" in reins.waits:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
