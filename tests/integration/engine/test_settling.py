"""What a round does to the target at its end: deletes, spent bundles, survivors, on a directory."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.copying.placement_dir import DirPlacement
from core.engine.syncing.rebundle_plan import look
from core.engine.syncing.shelves import DirShelf
from core.errors import BadInput, Refused
from core.ledger.clearing import Clearing
from core.ledger.ledger import Ledger
from core.model import JobKind, JobState
from core.target.objects_sqlite import SqliteTable
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.leaving import Name, gone, rebundled, settled
from tests.integration.engine.proof import bodies, rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.engine.ground import Ground

SMALL = Knobs(workers=2, batch_size=10)


def files(ground: Ground) -> set[str]:
    """The bundles that lie in the directory, and that each has its manifest's copy."""
    found = {path.stem for path in (ground.target / "bundles").iterdir()}
    assert found == {path.stem for path in (ground.target / "manifests").iterdir()}
    return found


def roots(ground: Ground) -> set[str]:
    """The roots that rows name."""
    return {_root(meta) for _, _, meta in rows(ground.target).values()}


def change_row(ground: Ground, name: Name, cid: str) -> None:
    """Give an object other content, as a gateway would that serves the target already."""
    with closing(sqlite3.connect(ground.target / "objects.db")) as table:
        table.execute(
            "UPDATE versitygw_objects SET cid=?, metadata='{\"v\":1}' WHERE bucket=? AND s3_key=?",
            (cid, *name),
        )
        table.commit()


async def test_deleted_objects_leave_the_table_and_no_other(tmp_path: Path) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        names = [name for name in ground.bodies if name[1] in {"d0/k0000", "d1/k0001", "large.bin"}]
        round_id = await gone(engine, ground, names)
        done = await settled(engine, round_id)
        assert (done.applied.objects, done.applied.rows, done.applied.kept) == (6, 6, 0)
        assert bodies(ground.target) == ground.bodies
        assert await settled(engine, round_id) == type(done)()
        await engine.ledger.recount()


async def test_i10_a_row_that_somebody_else_wrote_stays(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        theirs, ours = ("bucket0", "d0/k0000"), ("bucket0", "d0/k0007")
        change_row(ground, theirs, "bafy-theirs")
        done = await settled(engine, await gone(engine, ground, [theirs, ours]))
        assert (done.applied.rows, done.applied.kept) == (1, 1)
        assert rows(ground.target)[theirs][0] == "bafy-theirs"
        assert ours not in rows(ground.target)
        told = [event.text for event in await engine.ledger.last_events(5)]
        assert any("somebody else wrote them: bucket0/d0/k0000" in text for text in told)


async def test_a_spent_bundle_goes_one_round_later(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        before = files(ground)
        spent = cids.text((await engine.ledger.bundle(1)).root or b"")  # type: ignore[union-attr]
        names = [n for n, (_, _, m) in rows(ground.target).items() if _root(m) == spent]
        first = await gone(engine, ground, names)
        assert (await settled(engine, first)).swept.noted == 1
        assert files(ground) == before  # whoever read a row a moment ago finds its bundle
        assert (await settled(engine, first)).swept.let_go == 0
        second = await gone(engine, ground, [])
        assert (await settled(engine, second)).swept.let_go == 1
        assert files(ground) == before - {spent} == roots(ground)
        assert bodies(ground.target) == ground.bodies
        assert await engine.ledger.waste.spent(9) == []


async def test_a_spent_bundle_stays_while_a_row_names_it(tmp_path: Path) -> None:
    """The ledger says that nothing is left of it; the table says otherwise, and is believed."""
    ground = make_ground(tmp_path, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        spent = cids.text((await engine.ledger.bundle(1)).root or b"")  # type: ignore[union-attr]
        names = [n for n, (_, _, m) in rows(ground.target).items() if _root(m) == spent]
        with closing(sqlite3.connect(ground.target / "objects.db")) as table:
            kept = table.execute(
                "SELECT * FROM versitygw_objects WHERE s3_key=?", (names[0][1],)
            ).fetchone()
            first = await gone(engine, ground, names)
            await settled(engine, first)
            places = ",".join("?" * len(kept))
            table.execute(f"INSERT INTO versitygw_objects VALUES({places})", kept)
            table.commit()
        done = await settled(engine, await gone(engine, ground, []))
        assert (done.swept.let_go, done.swept.named) == (0, 1)
        assert spent in files(ground)


async def test_i8_survivors_get_a_root_of_their_own_as_it_was_shown(tmp_path: Path) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        await engine.wait(1)
        with pytest.raises(BadInput):
            await engine.start_job(
                JobKind.SYNC,
                {"rebundle": (await look(engine.ledger, "0a1b2c3d")).hash},
                "op1",
                "",
            )
        names = [n for n in ground.bodies if n[1].startswith("d") and int(n[1][-1]) < 7]
        await settled(engine, await gone(engine, ground, names))
        before, kept = files(ground), rows(ground.target)
        plan = await look(engine.ledger, engine.workspace.id)
        assert plan.bundles > 2
        with pytest.raises(Refused):
            await engine.start_job(JobKind.SYNC, {"rebundle": "00000000"}, "op1", "")
        assert files(ground) == before
        row = await rebundled(engine, plan.hash)
        assert row.state is JobState.DONE, row.result
        assert bodies(ground.target) == ground.bodies
        assert files(ground) == roots(
            ground
        )  # the old ones are gone, and every row names a new one
        assert len(files(ground) & before) == len(before) - plan.bundles
        assert {n: _bare(m) for n, (_, _, m) in rows(ground.target).items()} == {
            n: _bare(m) for n, (_, _, m) in kept.items()
        }
        assert (await look(engine.ledger, engine.workspace.id)).bundles == 0
        await engine.ledger.recount()
    (ground.workspace / "ledger.db.sum").unlink()
    async with engine_on(ground) as engine:  # every digest computed again
        assert (await engine.ledger.counters()).migrated == len(ground.bodies)


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (Clearing, "destine"),
        (DirShelf, "put"),
        (DirPlacement, "pin"),
        (SqliteTable, "replace_if"),
        (Clearing, "move"),
        (DirPlacement, "let_go"),
        (Clearing, "let_go"),
    ],
)
async def test_a_rebundling_that_was_broken_off_behind_a_step_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
) -> None:
    ground = make_ground(tmp_path, objects=30, buckets=1)
    make_workspace(ground, SMALL)
    reached = asyncio.Event()
    whole = getattr(owner, step)

    async def hang(*given: object, **named: object) -> None:
        await whole(*given, **named)
        reached.set()
        await asyncio.Event().wait()

    async with engine_on(ground) as engine:
        await migrate(engine)
        names = [n for n in ground.bodies if n[1].startswith("d") and int(n[1][-1]) < 7]
        await settled(engine, await gone(engine, ground, names))
        plan = await look(engine.ledger, engine.workspace.id)
        monkeypatch.setattr(owner, step, hang)
        job = await engine.start_job(JobKind.SYNC, {"rebundle": plan.hash}, "op1", "")
        await reached.wait()
        assert bodies(ground.target) == ground.bodies
    monkeypatch.undo()
    others = count(5_000)

    async def another(_ledger: Ledger) -> int:
        return next(others)

    # what was begun goes on under its own number: a root under another one would stay behind
    monkeypatch.setattr(Ledger, "next_bundle_id", another)
    async with engine_on(ground) as engine:
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state is JobState.DONE, row.result
        # the roots of bundles whose move was stored go with a later round
        await settled(engine, await gone(engine, ground, []))
        await settled(engine, await gone(engine, ground, []))
        assert bodies(ground.target) == ground.bodies
        assert files(ground) == roots(ground)
        await engine.ledger.recount()


async def test_a_damaged_bundle_stays_as_it_was_and_is_said(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        names = [n for n in ground.bodies if n[1].startswith("d") and int(n[1][-1]) < 7]
        await settled(engine, await gone(engine, ground, names))
        (held, *_) = await engine.ledger.waste.wasteful(9, 0.3)
        bundle = await engine.ledger.bundle(held.bundle)
        assert bundle is not None
        assert bundle.root is not None
        path = ground.target / "bundles" / f"{cids.text(bundle.root)}.car"
        raw = bytearray(path.read_bytes())
        left = [one.key.decode() for one in await engine.ledger.waste.survivors(held.bundle)]
        body = next(b for key in left if len(b := ground.bodies["bucket0", key]) > 1)
        raw[raw.index(body)] ^= 1
        path.write_bytes(raw)
        plan = await look(engine.ledger, engine.workspace.id)
        row = await rebundled(engine, plan.hash)
        assert row.state is JobState.FAILED
        assert f"bundle {held.bundle}" in row.result
        assert path.exists()
        assert [one.bundle for one in await engine.ledger.waste.wasteful(9, 0.3)] == [held.bundle]


def _root(metadata: dict[str, object]) -> str:
    pin = metadata["pin"]
    assert isinstance(pin, dict)
    return str(pin["root"])


def _bare(metadata: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in metadata.items() if name not in {"pin", "vgwm"}}
