"""The object table backed up, restored and rebuilt beside a directory target, with real files."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.keeping.backup_run import BackupRun
from core.engine.keeping.wish import Act
from core.errors import BadInput, Denied, Refused
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import (
    all_rows,
    backed_up,
    begin,
    change,
    done,
    ended,
    entries,
    names,
    planned,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

TABLES = ["versitygw_buckets", "versitygw_objects"]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=25, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


def table_of(ground: Ground) -> Path:
    return ground.target / "objects.db"


async def test_a_restore_brings_the_very_rows_back_and_keeps_the_others(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    objects, buckets = all_rows(table), all_rows(table, "versitygw_buckets")
    assert (await backed_up(engine, kept)).state == "done"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    change(
        table,
        "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'",
        "UPDATE versitygw_objects SET cid = 'bafkwrong' WHERE s3_key LIKE 'd2/%'",
        "INSERT INTO versitygw_objects VALUES('bucket0','zz','bafk',1,1,1,'{}',2)",
        "DELETE FROM versitygw_buckets",
    )
    before = all_rows(table)
    came = await done(engine, Act.RESTORE, file=str(kept))
    assert all_rows(table) == objects
    assert all_rows(table, "versitygw_buckets") == buckets
    assert (came.added, came.changed, came.removed) == (8, 8, 1)
    assert came.same == len(objects) - 16
    assert all_rows(table, f"versitygw_objects_{came.old}") == before
    dropped = await done(engine, Act.DROP)
    assert names(table) == TABLES
    assert dropped.dropped == 2


async def test_a_lost_table_is_rebuilt_to_the_byte(ground: Ground, engine: Engine) -> None:
    table = table_of(ground)
    objects, buckets = all_rows(table), all_rows(table, "versitygw_buckets")
    for origin in ("ledger", "manifests", "pins", str(ground.target / "bundles")):
        change(table, "DROP TABLE versitygw_objects", "DROP TABLE versitygw_buckets")
        came = await done(engine, Act.REBUILD, origin=origin)
        assert all_rows(table) == objects
        assert all_rows(table, "versitygw_buckets") == buckets
        assert (came.done, came.buckets) == (len(objects), 2)


async def test_i10_the_plan_of_a_restore_warns_of_others_rows_that_it_does_not_carry(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    theirs = '\'bafkgreen\',5,1,1,\'{"etag":"x","v":1}\',2'
    change(table, f"INSERT INTO versitygw_objects VALUES('bucket0','a/kept',{theirs})")
    assert (await backed_up(engine, kept)).state == "done"
    change(table, "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd3/%'")
    plan = await planned(engine, Act.RESTORE, file=str(kept))
    assert plan.facts is not None
    assert plan.facts.warnings == ()  # of ours, and of a row that the backup has as it is
    change(
        table,
        f"INSERT INTO versitygw_objects VALUES('bucket0','new/of-green',{theirs})",
        f"INSERT OR REPLACE INTO versitygw_objects VALUES('bucket0','d0/k0000',{theirs})",
    )
    plan = await planned(engine, Act.RESTORE, file=str(kept))
    assert plan.facts is not None
    (warning,) = plan.facts.warnings
    assert warning.startswith("2 rows in use that somebody else wrote, such as bucket0/d0/k0000")
    assert (await ended(engine, await begin(engine, plan))).state == "done"


@pytest.mark.parametrize("origin", ["ledger", "pins"])
async def test_i10_a_rebuild_keeps_what_somebody_else_wrote(
    ground: Ground, engine: Engine, origin: str
) -> None:
    table = table_of(ground)
    objects = all_rows(table)
    theirs = '\'bafkgreen\',5,1,1,\'{"etag":"x","v":1}\',2'
    change(
        table,
        f"INSERT INTO versitygw_objects VALUES('bucket0','new/of-green',{theirs})",
        f"INSERT OR REPLACE INTO versitygw_objects VALUES('bucket0','d0/k0000',{theirs})",
        "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd3/%'",
    )
    kept = [row for row in all_rows(table) if row[2] == "bafkgreen"]
    came = await done(engine, Act.REBUILD, origin=origin)
    now = all_rows(table)
    assert [row for row in now if row[2] == "bafkgreen"] == kept
    assert came.carried == len(kept) == 2
    assert {row[:2] for row in now} == {row[:2] for row in objects} | {("bucket0", "new/of-green")}


async def test_i8_what_was_confirmed_is_done_or_refused(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    await backed_up(engine, kept)
    plan = await planned(engine, Act.RESTORE, file=str(kept))
    change(table, "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'")
    with pytest.raises(Refused, match="present 52 -> 44"):
        await begin(engine, plan)
    assert names(table) == TABLES


async def test_a_file_that_changes_after_its_confirmation_is_not_restored(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept, other = table_of(ground), tmp_path / "kept.ndjson", tmp_path / "other.ndjson"
    await backed_up(engine, kept)
    change(table, "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'")
    await backed_up(engine, other)
    before = all_rows(table)
    plan = await planned(engine, Act.RESTORE, file=str(kept))
    job = await begin(engine, plan)
    other.replace(kept)  # the job has not opened it yet, or has the old one open
    row = await ended(engine, job)
    if row.state == "failed":
        assert "another than the one that was confirmed" in row.result
        assert all_rows(table) == before
        assert names(table) == TABLES


async def test_a_file_that_is_no_whole_backup_of_ours_is_refused(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.ndjson"
    await backed_up(engine, kept)
    text = kept.read_bytes()
    lines = text.splitlines(keepends=True)
    all_bad = {
        "cut line": text[: len(text) // 2],
        "cut tail": b"".join(lines[:-1]),
        "changed": text.replace(b"AKOWNER", b"AKOTHER", 1),
        "sql": b"CREATE TABLE x(y);\n",
        "foreign": text.replace(b'"workspace":"0a1b2c3d"', b'"workspace":"ffffffff"', 1),
        "twice": b"".join([*lines[:-1], lines[-2], lines[-1]]),
    }
    before = all_rows(table_of(ground))
    for bad in all_bad.values():
        kept.write_bytes(bad)
        with pytest.raises(BadInput, match="cannot be restored"):
            await planned(engine, Act.RESTORE, file=str(kept))
    assert all_rows(table_of(ground)) == before
    assert names(table_of(ground)) == TABLES


async def test_new_tables_that_are_there_already_are_left_alone(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    await backed_up(engine, kept)
    change(table, "CREATE TABLE versitygw_objects_vgwm_new AS SELECT * FROM versitygw_objects")
    with pytest.raises(BadInput, match="are there already"):
        await planned(engine, Act.RESTORE, file=str(kept))
    assert "versitygw_objects_vgwm_new" in names(table)


async def test_a_backup_never_stands_over_another_file_unasked(
    engine: Engine, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.ndjson"
    kept.write_text("mine")
    row = await backed_up(engine, kept)
    assert row.state == "failed"
    assert "the file exists" in row.result
    assert kept.read_text() == "mine"
    assert (await backed_up(engine, kept, force=True)).state == "done"
    left = entries(tmp_path)
    old = [name for name in left if name.endswith(".backup")]
    assert [(tmp_path / name).read_text() for name in old] == ["mine"]
    assert not [name for name in left if name.endswith(".part")]


async def test_a_bundle_that_cannot_be_read_stops_a_rebuild_and_changes_nothing(
    ground: Ground, engine: Engine
) -> None:
    table = table_of(ground)
    change(table, "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'")
    before = all_rows(table)
    largest = max((ground.target / "bundles").iterdir(), key=lambda path: path.stat().st_size)
    for path in (ground.target / "bundles").iterdir():
        if path != largest:
            path.chmod(0o600)
            path.write_bytes(path.read_bytes()[:-40])
    plan = await planned(engine, Act.REBUILD, origin="ledger")
    row = await ended(engine, await begin(engine, plan))
    assert row.state == "failed"
    assert "damaged" in row.result
    assert all_rows(table) == before
    assert names(table) == TABLES


async def test_a_rebuild_takes_newer_attributes_from_the_row_in_use(
    ground: Ground, engine: Engine
) -> None:
    """An object whose attributes changed and whose bytes did not has no manifest that says so."""
    from core.verify.row_mark import metadata_digest, parted  # noqa: PLC0415 - for this alone

    table = table_of(ground)
    row = next(one for one in all_rows(table) if one[:2] == ("bucket0", "d0/k0000"))
    text = str(row[6]).replace("text/plain", "text/newer")
    bare = parted(text).bare
    assert bare is not None
    change(
        table,
        "UPDATE versitygw_objects SET metadata = replace(metadata, 'text/plain', 'text/newer')"
        " WHERE s3_key = 'd0/k0000' AND bucket = 'bucket0'",
        "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'",
    )
    digest = metadata_digest(bare)
    await engine.ledger._write(  # noqa: SLF001 - as a sync records it
        lambda conn: conn.execute(
            "UPDATE objects SET mh = ? WHERE key = CAST('d0/k0000' AS BLOB) AND bid = 1", (digest,)
        )
    )
    came = await done(engine, Act.REBUILD, origin="ledger")
    now = {one[:2]: one[6] for one in all_rows(table)}
    assert now["bucket0", "d0/k0000"] == text
    assert (came.stale, came.added) == (0, 8)


@pytest.mark.parametrize("origin", ["ledger", "pins"])
async def test_a_profile_of_many_columns_is_rebuilt_but_for_what_others_count(
    tmp_path: Path, origin: str
) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=2)
    make_workspace(ground, Knobs(workers=1, batch_size=10), profile="extended")
    table, tables = table_of(ground), ("object_mappings", "cid_index", "bucket_metadata")
    async with engine_on(ground) as running:
        assert (await migrate(running)).state == "done"
        before = [all_rows(table, name) for name in tables]
        change(table, *(f"DROP TABLE {name}" for name in tables))
        came = await done(running, Act.REBUILD, origin=origin)
    assert [all_rows(table, name) for name in tables] == before
    assert came.done == len(before[0]) == 26


async def test_another_workspaces_bundles_become_nobodys_rows(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = make_ground(tmp_path / "theirs", objects=3, buckets=1)
    make_workspace(theirs, Knobs(workers=1), "ffffffff")
    async with engine_on(theirs) as other:
        assert (await migrate(other)).state == "done"
    table = table_of(ground)
    before = all_rows(table)
    plan = await planned(engine, Act.REBUILD, origin=str(theirs.target / "bundles"))
    row = await ended(engine, await begin(engine, plan))
    assert row.state == "failed"
    assert "is of workspace ffffffff" in row.result
    assert (all_rows(table), names(table)) == (before, TABLES)


async def test_a_workspace_that_lost_all_but_its_name_is_served_again(
    ground: Ground, tmp_path: Path
) -> None:
    """A new ledger, an empty table: a backup brings all back, bundles alone bring the objects."""
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    async with engine_on(ground) as first:
        assert (await migrate(first)).state == "done"
        assert (await backed_up(first, kept)).state == "done"
    objects, buckets = all_rows(table), all_rows(table, "versitygw_buckets")
    for path in (ground.workspace / "ledger.db", table):
        for name in entries(path.parent):
            if name.startswith(path.name):
                (path.parent / name).unlink()
    async with engine_on(ground) as second:
        plan = await planned(second, Act.REBUILD, origin="pins")
        assert plan.facts is not None
        assert any("knows no bucket" in one for one in plan.facts.warnings)
        came = await ended(second, await begin(second, plan))
        assert came.state == "done"
        assert all_rows(table) == objects
        assert all_rows(table, "versitygw_buckets") == []
        await done(second, Act.RESTORE, file=str(kept))
    assert all_rows(table, "versitygw_buckets") == buckets


async def test_a_checks_canary_is_kept_in_no_backup(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    table, kept = table_of(ground), tmp_path / "kept.ndjson"
    canary = "INSERT INTO versitygw_objects VALUES('.vgwm-canary','k','c',0,1,1,'{}',2)"
    change(table, canary)
    row = await backed_up(engine, kept)
    assert row.state == "done"
    assert "canary" not in kept.read_text()
    assert kept.read_text().splitlines()[-1].startswith('{"end":true,"objects":52,')


async def test_swaps_that_follow_at_once_keep_every_table_that_was_in_use(
    ground: Ground, engine: Engine, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.ndjson"
    await backed_up(engine, kept)
    came = [await done(engine, Act.RESTORE, file=str(kept)) for _ in range(4)]
    assert len({one.old for one in came}) == 4
    assert len(names(table_of(ground))) == 2 * (1 + 4)


async def test_a_backup_for_which_there_is_no_room_says_so_and_leaves_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: BackupRun) -> BinaryIO:
        return Path("/dev/full").open("wb", buffering=1 << 20)

    monkeypatch.setattr(BackupRun, "_open", full)
    row = await backed_up(engine, tmp_path / "kept.ndjson")
    assert row.state == "failed"
    assert "there is no room for the backup" in row.result
    assert not [name for name in entries(tmp_path) if "kept" in name]


async def test_a_backup_on_a_disk_that_is_read_only_says_so(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refused(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == ".kept.ndjson.part":  # a file that is not there, too
            raise OSError(errno.EROFS, "Read-only file system")
        unlink(path, missing_ok=missing_ok)

    def no_file(_: BackupRun) -> BinaryIO:
        raise Denied(what="the disk is read-only", where="kept", remedy="")

    monkeypatch.setattr(Path, "unlink", refused)
    monkeypatch.setattr(BackupRun, "_open", no_file)
    row = await backed_up(engine, tmp_path / "kept.ndjson")
    assert row.state == "failed"
    assert "the disk is read-only" in row.result
