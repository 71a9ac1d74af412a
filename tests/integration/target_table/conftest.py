"""Tables to test: a SQLite file, and the stand-in for YDB, which is not YDB."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx

from core.target import profile as profiles
from core.target.objects_sqlite import SqliteTable
from core.target.open_table import TableLogin
from tests.fakes.ydb_process import YdbProcess
from tests.lab.missing import Missing
from tests.lab.ydb import YdbPlace, real_ydb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.target.objects import ObjectTable
    from core.target.profile import Profile


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop() -> Iterator[None]:
    """Fail a test whose code of ours blocks the event loop."""
    with blockbuster_ctx("core"):
        yield


@pytest.fixture(scope="session")
def ydb_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[YdbProcess]:
    with YdbProcess(tmp_path_factory.mktemp("ydb") / "stand-in.db") as process:
        yield process


@pytest.fixture(params=["guide", "extended"])
def profile(request: pytest.FixtureRequest) -> Profile:
    return profiles.load(request.param)


@pytest.fixture(params=["sqlite", "ydb"])
async def fresh(
    request: pytest.FixtureRequest, profile: Profile, tmp_path: Path
) -> AsyncIterator[ObjectTable]:
    """A table that is open, with nothing in its database."""
    if request.param == "sqlite":
        file = await SqliteTable.open(tmp_path / "objects.db", profile)
        yield file
        await file.close()
        return
    place = ydb_place(request)
    table = await place.open(profile)
    yield table
    if table.is_open:
        await place.clear(table)
    await table.close()


def ydb_place(request: pytest.FixtureRequest) -> YdbPlace:
    """A real database if VGWM_TEST_YDB names one, else the stand-in."""
    try:
        return real_ydb()
    except Missing:
        server: YdbProcess = request.getfixturevalue("ydb_stand_in")
        return YdbPlace(server.spec, TableLogin(), f"t{uuid.uuid4().hex}")


@pytest.fixture
async def table(fresh: ObjectTable) -> ObjectTable:
    """A table whose tables exist."""
    await fresh.ensure()
    return fresh
