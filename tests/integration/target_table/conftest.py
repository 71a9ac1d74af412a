"""Tables to test: a SQLite file, and the stand-in for YDB, which is not YDB."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from core.target import profile as profiles
from core.target.objects_sqlite import SqliteTable
from core.target.objects_ydb import YdbTable
from tests.fakes.ydb_process import YdbProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.target.objects import ObjectTable
    from core.target.profile import Profile


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
    table: ObjectTable
    if request.param == "sqlite":
        table = await SqliteTable.open(tmp_path / "objects.db", profile)
    else:
        server: YdbProcess = request.getfixturevalue("ydb_stand_in")
        table = await YdbTable.open(
            server.spec, profile, directory=f"t{uuid.uuid4().hex}", patience_s=10
        )
    yield table
    await table.close()


@pytest.fixture
async def table(fresh: ObjectTable) -> ObjectTable:
    """A table whose tables exist."""
    await fresh.ensure()
    return fresh
