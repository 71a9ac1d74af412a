"""A round's end over rows that name no root: content and the ledger say what rests on a bundle."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.dag import cid as cids
from core.engine.syncing.rebundle_plan import look
from core.errors import NodeUnreachable
from core.model import JobState
from core.target.dir_store import DirStore
from core.target.objects_sqlite import SqliteTable
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.leaving import gone, rebundled, settled

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from core.target.shape import Row, RowKey
    from tests.integration.engine.ground import Ground


def extended(tmp_path: Path) -> Ground:
    ground = make_ground(tmp_path, buckets=1)
    ground.workspace.mkdir()
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=ground.source),
            target=DirTarget(path=ground.target, profile="extended"),
            knobs=Knobs(workers=2, batch_size=10),
        ),
    )
    return ground


def table(ground: Ground, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(ground.target / "objects.db")) as db:
        return db.execute(query).fetchall()


def bodies(ground: Ground) -> dict[tuple[str, str], bytes]:
    """Every row's content, out of whichever bundle that is there holds it."""
    store = DirStore(ground.target)
    found = {}
    for bucket, key, cid in table(ground, "SELECT bucket, s3_key, cid FROM object_mappings"):
        for root in store.roots():
            try:
                found[bucket, key] = b"".join(store.read_object(root, cids.parse(cid)))
            except Exception:  # noqa: BLE001, S112 - another bundle's object
                continue
    return found


async def test_spent_and_wasteful_bundles_go_and_no_content_with_them(tmp_path: Path) -> None:
    ground = extended(tmp_path)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state is JobState.DONE
        before = {*DirStore(ground.target).roots()}
        names = [n for n in ground.bodies if n[1].startswith("d") and int(n[1][-1]) < 7]
        spent = [n for n in ground.bodies if n[1].startswith("d0/")]
        await settled(engine, await gone(engine, ground, {*names, *spent}))
        await settled(engine, await gone(engine, ground, []))
        assert bodies(ground) == ground.bodies
        plan = await look(engine.ledger, engine.workspace.id)
        assert plan.bundles
        row = await rebundled(engine, plan.hash)
        assert row.state is JobState.DONE, row.result
        assert bodies(ground) == ground.bodies
        after = {*DirStore(ground.target).roots()}
        assert len(after) < len(before)
        kept = [await engine.ledger.bundle(n) for n in range(1, 40)]
        assert after == {one.root for one in kept if one is not None and one.root is not None}
        # the CID table holds no rest of what is gone
        index = "SELECT bucket, s3_key, cid FROM cid_index ORDER BY 1, 2"
        assert table(ground, index) == table(ground, index.replace("cid_index", "object_mappings"))


async def test_i7_a_silent_table_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = extended(tmp_path)
    read, asked = SqliteTable.read, []

    async def silent_first(self: SqliteTable, keys: list[RowKey]) -> list[Row]:
        asked.append(len(keys))
        if len(asked) == 1:
            raise NodeUnreachable(what="no answer", where="table", remedy="Wait.")
        return await read(self, keys)

    async with engine_on(ground) as engine:
        await migrate(engine)
        monkeypatch.setattr(SqliteTable, "read", silent_first)
        names = [n for n in ground.bodies if n[1].startswith("d1/")]
        done = await settled(engine, await gone(engine, ground, names))
        assert asked == [len(names)] * 2
        assert done.applied.rows == len(names)
        assert len(table(ground, "SELECT 1 FROM object_mappings")) == len(ground.bodies)
