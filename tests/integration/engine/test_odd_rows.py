"""Rows that no copy makes, as damage or other software leaves them: named, and no look ends."""

from __future__ import annotations

import os
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.verifying import verifications
from core.errors import Broken
from core.model import JobKind
from core.verify.difference import Ill, Listed
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import ended
from tests.integration.engine.proved import JOIN, OBJECTS, Found, change, setting, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.ledger.rows import JobRow

NAMES = {
    "bucket0/k%00a": ("'bucket0'", "CAST(X'6b0061' AS TEXT)"),
    "bucket0/": ("'bucket0'", "''"),
    "bucket0/../bucket1/large.bin": ("'bucket0'", "'../bucket1/large.bin'"),
    "bucket0//etc/passwd": ("'bucket0'", "'/etc/passwd'"),
    "bucket0/d1//k0001": ("'bucket0'", "'d1//k0001'"),
    "bucket0/d1/./k0001": ("'bucket0'", "'d1/./k0001'"),
    f"bucket0/{'n' * 300}": ("'bucket0'", f"'{'n' * 300}'"),
    "/k": ("''", "'k'"),
    "bucket0%2Fd1/k0001": ("'bucket0/d1'", "'k0001'"),
    "bucket0%00/k": ("CAST(X'6275636b65743000' AS TEXT)", "'k'"),
}
"""Names of rows, as a list shows them, and in SQL: what no source can have."""

TEXTS = {
    "d1/k0001": "'" + "[" * 100_000 + "'",
    "d2/k0002": "'{\"v\":NaN}'",
    "d3/k0003": "'{\"v\":1e999}'",
    "d4/k0004": '\'{"v":"\\ud800"}\'',
    "d5/k0005": "CAST(X'7bff7d' AS TEXT)",
}
"""Metadata of rows, in SQL: what nothing can be read of."""


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


@asynccontextmanager
async def _migrated(folder: Path) -> AsyncIterator[tuple[Engine, Path]]:
    """Yield an engine that has copied a few objects, and its object table."""
    ground = make_ground(folder, objects=8)
    make_workspace(ground, Knobs(workers=1, batch_size=10))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        yield engine, ground.target / "objects.db"


def copied(bucket: str, key: str) -> str:
    """Return the statement that gives a row of ours another name."""
    return (
        f"INSERT INTO {OBJECTS} SELECT {bucket},{key},cid,size,created_at,updated_at,metadata,"  # noqa: S608 - a test's own words
        f"pin_status FROM {OBJECTS} WHERE bucket='bucket0' AND s3_key='large.bin'"
    )


async def looked(engine: Engine, kind: JobKind) -> tuple[str, Found]:
    """Look at all rows; return the folder of the lists, and what they hold but for the equal."""
    row = await look(engine, kind)
    assert row.state == "done", row.result
    _, found = await told(engine, row.id)
    found.pop((Listed.EQUAL, ""), None)
    return f"reports/{kind}-{row.id}", found


async def look(engine: Engine, kind: JobKind) -> JobRow:
    args = JOIN if kind is JobKind.VERIFY else {}
    return await ended(engine, await engine.start_job(kind, args, "op1", os.urandom(4).hex()))


async def repaired(engine: Engine, folder: str) -> None:
    plan = await engine.repairs.plans.make(folder, (), patience_s=60.0)
    assert plan.error is None
    args = {"plan": plan.plan.hash}
    row = await ended(engine, await engine.start_job(JobKind.REPAIR, args, "op1", "mend"))
    assert row.state == "done", row.result


async def test_a_row_whose_name_no_source_can_have_is_extra_and_goes_by_a_repair(
    tmp_path: Path,
) -> None:
    async with _migrated(tmp_path) as (engine, table):
        change(table, *(copied(*name) for name in NAMES.values()))
        folder = ""
        for kind in (JobKind.CHECK, JobKind.VERIFY):
            folder, found = await looked(engine, kind)
            assert found == {(Listed.EXTRA, Ill.ORPHAN_ROW): set(NAMES)}, kind
        await repaired(engine, folder)
        assert (await looked(engine, JobKind.VERIFY))[1] == {}


async def test_a_row_whose_texts_say_nothing_differs_and_ends_no_look(tmp_path: Path) -> None:
    async with _migrated(tmp_path) as (engine, table):
        change(
            table,
            *(setting(f"metadata={text}", key) for key, text in TEXTS.items()),
            setting("cid=CAST(X'ff' AS TEXT)", "d6/k0006"),
            setting("metadata=metadata||' '", "d0/k0000"),  # another form, the same meaning
        )
        folder = ""
        for kind in (JobKind.CHECK, JobKind.VERIFY):
            folder, found = await looked(engine, kind)
            assert found == {
                (Listed.DIFFER, Ill.WRONG_METADATA): {f"bucket0/{key}" for key in TEXTS},
                (Listed.DIFFER, Ill.WRONG_CID): {"bucket0/d6/k0006"},
            }, kind
        await repaired(engine, folder)
        _, found = await looked(engine, JobKind.VERIFY)
        # a row that bears no mark may be green's: only the one that does was written again
        assert found == {(Listed.DIFFER, Ill.WRONG_METADATA): {f"bucket0/{key}" for key in TEXTS}}


async def test_a_row_whose_name_is_not_utf8_is_an_error_that_says_how_it_goes(
    tmp_path: Path,
) -> None:
    async with _migrated(tmp_path) as (engine, table):
        for name in (("'bucket0'", "CAST(X'6bff' AS TEXT)"), ("CAST(X'ff' AS TEXT)", "'k'")):
            change(table, copied(*name))
            result = ""
            for kind in (JobKind.CHECK, JobKind.VERIFY):
                row = await look(engine, kind)
                assert (row.state, "a row's name is not UTF-8" in row.result) == ("failed", True)
                assert f'"exit_code":{Broken.exit_code}' in row.result
                result = row.result
            statement = result.partition("With sqlite3: ")[2].partition(";")[0]
            with closing(sqlite3.connect(table, isolation_level=None)) as db:
                assert db.execute(statement).rowcount == 1
            assert (await looked(engine, JobKind.VERIFY))[1] == {}
