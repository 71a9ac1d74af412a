"""The object table asked: a SQLite file, and a stand-in for YDB, which is not YDB."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.config.schema import DirTarget, IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretKind, SecretRef
from core.probe import metadata
from core.probe.metadata_canary import canary_row
from core.probe.probe import Depth, ask_all
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_ydb import YdbTable
from core.target.open_table import open_target_table
from core.verdict import Verdict
from tests.fakes.ydb_process import YdbProcess
from tests.integration.target_table.making import make_rows
from tests.lab import ports
from tests.lab.authority import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.target.objects import ObjectTable
    from core.verdict import Answer

GUIDE = profiles.load("guide")
ID = "9f2c1a7e"
HEALTH = {"connect", "read", "schema"}
CHECK = {*HEALTH, "version", "canary", "clock", "rows"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[YdbProcess]:
    with YdbProcess(tmp_path_factory.mktemp("ydb") / "stand-in.db") as process:
        yield process


@pytest.fixture
def own(tmp_path: Path) -> Iterator[YdbProcess]:
    """A stand-in of the test's own, not started: the test chooses how."""
    process = YdbProcess(tmp_path / "stand-in.db")
    yield process
    process.kill()


def workspace(table: str, **more: object) -> Workspace:
    target = {"kubo": ("http://k",), "cluster": ("http://c",), "table": table, **more}
    return Workspace(id=ID, source=PosixSource(path="/nowhere"), target=IpfsTarget(**target))  # type: ignore[arg-type] # members by name


@pytest.fixture(params=["sqlite", "ydb"])
async def ws(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Workspace]:
    """A workspace whose table is not made yet."""
    if request.param == "sqlite":
        yield workspace(f"sqlite:{tmp_path / 'objects.db'}")
        return
    process: YdbProcess = request.getfixturevalue("server")
    yield workspace(f"ydb:{process.spec}")
    table = await YdbTable.open(process.spec, GUIDE)
    for path in table.paths:
        await table.client.define(f"DROP TABLE IF EXISTS `{path}`")
    await table.close()


async def asked(ws: Workspace, depth: Depth = Depth.CHECK) -> dict[str, Answer]:
    return {answer.check: answer async for answer in ask_all(metadata.probes(ws, depth))}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def not_passed(answers: dict[str, Answer]) -> dict[str, Verdict]:
    return {
        check: answer.verdict
        for check, answer in answers.items()
        if answer.verdict is not Verdict.PASS
    }


@asynccontextmanager
async def made(ws: Workspace) -> AsyncIterator[ObjectTable]:
    """The workspace's table, with its tables."""
    table = await open_target_table(ws, GUIDE)
    try:
        await table.ensure()
        yield table
    finally:
        await table.close()


async def test_a_table_that_is_well_passes_every_question(ws: Workspace) -> None:
    async with made(ws):
        pass
    answers = await asked(ws)
    assert set(answers) == CHECK
    assert not_passed(answers) == {}
    assert all(answer.evidence and answer.at_ns and answer.endpoint for answer in answers.values())


async def test_health_only_reads(ws: Workspace) -> None:
    async with made(ws) as table:
        answers = await asked(ws, Depth.HEALTH)
        assert set(answers) == HEALTH
        assert not_passed(answers) == {}
        assert await table.count() == 0


async def test_no_table_yet_is_no_fault_and_asking_makes_none(ws: Workspace) -> None:
    answers = await asked(ws)
    assert not_passed(answers) == {"canary": Verdict.WARN}
    assert "target init" in answers["canary"].remedy
    assert "no table yet" in answers["schema"].evidence
    async with made(ws) as table:
        assert await table.count() == 0


async def test_a_file_that_is_absent_is_not_made(tmp_path: Path) -> None:
    await asked(workspace(f"sqlite:{tmp_path / 'objects.db'}"))
    await asked(
        Workspace(id=ID, source=PosixSource(path=tmp_path), target=DirTarget(path=tmp_path / "out"))
    )
    assert names_in(tmp_path) == []


async def test_the_canary_is_removed_and_says_so(ws: Workspace) -> None:
    async with made(ws) as table:
        answers = await asked(ws)
        assert "removed" in answers["canary"].evidence
        assert await table.scan(START, 10) == []


async def test_what_a_killed_check_left_is_removed_by_the_next(ws: Workspace) -> None:
    async with made(ws) as table:
        await table.upsert([canary_row(GUIDE, ID)])
        answers = await asked(ws)
        assert not_passed(answers) == {}
        assert "empty" in answers["rows"].evidence  # nor is it anybody's row
        assert await table.count() == 0


async def test_the_canary_is_removed_when_the_check_is_broken_off(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with made(ws) as table:
        written = asyncio.Event()
        kind = type(table)

        async def never(*_: object) -> None:
            written.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(kind, "read", never)
        canary = next(one for one in metadata.probes(ws, Depth.CHECK) if one.check == "canary")
        asking = asyncio.ensure_future(canary.ask())
        await written.wait()
        assert await table.count() == 1
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await table.count() == 0


async def test_rows_of_somebody_else_are_named(ws: Workspace) -> None:
    async with made(ws) as table:
        await table.upsert(make_rows(GUIDE, "photos", ["ours"]))
        await table.upsert(
            [
                (*row[:6], '{"etag":"x","vgwm":{"plan":"00000000"}}', *row[7:])
                for row in make_rows(GUIDE, "videos", ["theirs"])
            ]
        )
    answers = await asked(ws)
    assert not_passed(answers) == {"rows": Verdict.WARN}
    assert "1 of 2 rows" in answers["rows"].evidence
    assert "videos/theirs" in answers["rows"].evidence
    assert "acknowledge" in answers["rows"].remedy


async def test_only_our_rows_are_in_order(ws: Workspace) -> None:
    async with made(ws) as table:
        for bucket in ("a", "b", "c"):
            await table.upsert(make_rows(GUIDE, bucket, [f"{n:03d}" for n in range(120)]))
    answers = await asked(ws)
    assert not_passed(answers) == {}
    assert "300 rows of 3 buckets looked at, all ours" in answers["rows"].evidence


async def test_another_schema_fails_and_names_each_column(tmp_path: Path) -> None:
    ws = workspace(f"sqlite:{tmp_path / 'objects.db'}")
    async with made(ws):
        pass
    with sqlite3.connect(tmp_path / "objects.db") as database:
        database.execute("ALTER TABLE versitygw_objects DROP COLUMN size")
    answers = await asked(ws)
    assert answers["schema"].verdict is Verdict.FAIL
    assert "versitygw_objects.size: the column is missing" in answers["schema"].evidence
    assert "profile" in answers["schema"].remedy
    assert answers["connect"].verdict is Verdict.PASS


async def test_another_schema_of_ydb_fails(server: YdbProcess) -> None:
    table = await YdbTable.open(server.spec, GUIDE)
    await table.client.define(
        "CREATE TABLE versitygw_objects (bucket Utf8 NOT NULL, s3_key Utf8 NOT NULL, cid Int64, "
        "PRIMARY KEY (bucket, s3_key))"
    )
    answers = await asked(workspace(f"ydb:{server.spec}"))
    await table.client.define("DROP TABLE versitygw_objects")
    await table.close()
    assert answers["schema"].verdict is Verdict.FAIL
    assert "cid: type Int64 instead of Utf8" in answers["schema"].evidence


async def test_a_row_that_comes_back_bent_fails_the_canary_alone(tmp_path: Path) -> None:
    ws = workspace(f"sqlite:{tmp_path / 'objects.db'}")
    async with made(ws):
        pass
    with sqlite3.connect(tmp_path / "objects.db") as database:
        database.execute(
            "CREATE TRIGGER bend AFTER INSERT ON versitygw_objects BEGIN "
            "UPDATE versitygw_objects SET size = 7 WHERE s3_key = new.s3_key; END"
        )
    answers = await asked(ws)
    assert not_passed(answers) == {"canary": Verdict.FAIL}
    assert "not the row that was written" in answers["canary"].evidence


async def test_rows_of_a_profile_that_names_no_writer_are_a_warning(tmp_path: Path) -> None:
    extended = profiles.load("extended")
    ws = workspace(f"sqlite:{tmp_path / 'objects.db'}", profile="extended")
    table = await open_target_table(ws, extended)
    await table.ensure()
    assert not_passed(await asked(ws)) == {}
    await table.upsert(make_rows(extended, "photos", ["a"]))
    await table.close()
    answers = await asked(ws)
    assert not_passed(answers) == {"rows": Verdict.WARN}
    assert "does not say whose" in answers["rows"].evidence


async def test_a_wrong_password_fails_once_and_leaves_the_rest_unknown(
    own: YdbProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.start("--user", "vgwm", "--password", "right-one")
    monkeypatch.setenv("TABLE_PW", "wrong-one-77")
    ws = workspace(
        f"ydb:{own.spec}",
        table_user="vgwm",
        table_password_ref=SecretRef(SecretKind.ENV, "TABLE_PW"),
    )
    answers = await asked(ws)
    assert answers["connect"].verdict is Verdict.FAIL
    assert "password" in answers["connect"].evidence.lower()
    assert "reference" in answers["connect"].remedy
    others = {answer.verdict for check, answer in answers.items() if check != "connect"}
    assert others == {Verdict.UNKNOWN}
    assert "wrong-one-77" not in repr(answers)
    monkeypatch.setenv("TABLE_PW", "right-one")
    assert (await asked(ws))["connect"].verdict is Verdict.PASS


async def test_a_password_that_is_not_set_fails_with_its_name(server: YdbProcess) -> None:
    ws = workspace(
        f"ydb:{server.spec}",
        table_user="vgwm",
        table_password_ref=SecretRef(SecretKind.ENV, "NOT_SET_HERE"),
    )
    answers = await asked(ws, Depth.HEALTH)
    assert answers["connect"].verdict is Verdict.FAIL
    assert "Export that variable" in answers["connect"].remedy


async def test_i7_a_closed_port_is_a_fail_and_all_else_unknown() -> None:
    answers = await asked(workspace(f"ydb:grpc://localhost:{ports.free(1)[0]}/local"))
    assert answers["connect"].verdict is Verdict.FAIL
    assert "refused" in answers["connect"].evidence
    others = {answer.verdict for check, answer in answers.items() if check != "connect"}
    assert others == {Verdict.UNKNOWN}


async def test_a_certificate_that_has_ended_fails_once(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("table", host="localhost", ends_in_days=-1)
    with YdbProcess(
        tmp_path / "tls.db", "--cert", str(pair.cert), "--key", str(pair.key)
    ) as process:
        answers = await asked(
            workspace(f"ydb:{process.spec}", table_ca_file=authority.file), Depth.HEALTH
        )
    assert answers["connect"].verdict is Verdict.FAIL
    assert "expired" in answers["connect"].evidence
    assert {answers[check].verdict for check in ("read", "schema")} == {Verdict.UNKNOWN}


async def test_an_absent_database_fails(server: YdbProcess) -> None:
    answers = await asked(workspace(f"ydb:{server.spec}-other"), Depth.HEALTH)
    assert answers["connect"].verdict is Verdict.FAIL
    assert "database" in answers["connect"].remedy


async def test_a_clock_that_is_ahead_is_a_warning(own: YdbProcess) -> None:
    own.start("--ahead", "90")
    ws = workspace(f"ydb:{own.spec}")
    async with made(ws):
        pass
    answers = await asked(ws)
    assert not_passed(answers) == {"clock": Verdict.WARN}
    assert "90.0 s ahead" in answers["clock"].evidence
    assert "p99" in answers["clock"].evidence


async def test_a_table_that_may_not_be_written_fails_the_canary_alone(own: YdbProcess) -> None:
    own.start()
    ws = workspace(f"ydb:{own.spec}")
    async with made(ws):
        pass
    own.kill()
    own.start("--fault", "BulkUpsert=UNAUTHORIZED:1")
    answers = await asked(ws)
    assert not_passed(answers) == {"canary": Verdict.FAIL}
    assert "right to write" in answers["canary"].remedy
