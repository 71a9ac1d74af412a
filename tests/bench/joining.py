"""P7: a verification's join against a bare ordered read of the object table; its memory.

The source's side is a walk that was recorded: pickled pages, as a walking process would send them.
A real walk takes several times as long as the read; P6 has it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sqlite3
import time
from contextlib import ExitStack, closing
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from core.engine.verifying.join_lanes import Stretches
from core.engine.verifying.join_process import collect_seldom
from core.target import profile as profiles
from core.target import sqlite_statements as sql
from core.target.objects_sqlite import SqliteTable
from core.target.objects_ydb import YdbTable
from core.verify.found_side import FoundRows
from core.verify.join import Join, Sides
from core.verify.key_judge import KeyJudge
from core.verify.ledger_side import LedgerRows
from core.verify.page_match import PageMatch
from core.verify.part_files import FOLDER, JoinPart
from core.verify.pin_book import PinBook
from core.verify.segments import Segment, segment_keys
from core.verify.table_side import AskedRows, SqliteRows
from tests.bench import machine
from tests.bench.figures import Goal, Spread, Take, Unit
from tests.bench.ground import expect
from tests.bench.joined_ground import (
    BUCKET,
    LEDGER,
    PROFILE,
    TABLE,
    WALK,
    WORKSPACE,
    JoinedGround,
    RecordedWalk,
    key_of,
)
from tests.bench.machine import Meter
from tests.bench.series import NotDone, run_series
from tests.bench.table import Figure, Section, figures, section
from tests.fakes.ydb_process import YdbProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from core.target.objects import ObjectTable
    from tests.bench.series import Row
    from tests.bench.settings import Settings

ROWS: Final = 1_000_000
ASKED_ROWS: Final = 200_000
FEWER: Final = 100_000
LANES: Final = 2
PAGE: Final = 1_000
BARE, PAGED = "ordered read of all columns", "ordered read by the table's own pages"
JOIN = "join: ledger, table, pins, a recorded walk"
GOAL: Final = Goal(0.7, 0.9)
_FORK: Final = multiprocessing.get_context("forkserver")
"""Forks from a process that has loaded what lanes need, as the engine does: gRPC bears no fork."""


class Ran(NamedTuple):
    """What a joining process did: keys that were equal, others, and its most memory in bytes."""

    equal: int
    others: int
    rss: int


class BareRow:
    """The table read in order, and nothing done with it: by one statement, or paged by its API."""

    def __init__(self, ground: JoinedGround, ydb: str, *, paged: bool) -> None:
        self.name = PAGED if paged else BARE
        self._ground = ground
        self._ydb = ydb
        self._paged = paged
        self._seen = 0

    def prepare(self) -> None:
        self._seen = 0

    def run(self) -> Take:
        meter, began_s = Meter({}), time.monotonic()
        self._seen = asyncio.run(self._asked()) if self._paged else self._read()
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return Take(objects=self._ground.objects, seconds=seconds, cpu_s=cpu_s, foreign=foreign)

    def check(self) -> None:
        expect("rows read", self._seen, self._ground.objects)

    def end(self) -> None:
        pass

    def _read(self) -> int:
        statement = f"{sql.select(profiles.load(PROFILE).objects)} ORDER BY 1, 2"
        with closing(sqlite3.connect(self._ground.folder / TABLE)) as table:
            cursor, rows = table.execute(statement), 0
            while page := cursor.fetchmany(PAGE):
                rows += len(page)
        return rows

    async def _asked(self) -> int:
        profile = profiles.load(PROFILE)
        table: ObjectTable = (
            await YdbTable.open(self._ydb, profile)
            if self._ydb
            else await SqliteTable.open(self._ground.folder / TABLE, profile)
        )
        rows, after = 0, ("", "")
        while page := await table.scan(after, PAGE):
            rows, after = rows + len(page), (str(page[-1][0]), str(page[-1][1]))
        await table.close()
        return rows


class JoinRow:
    """The same rows joined by two processes, each key's line written down."""

    name = JOIN

    def __init__(self, ground: JoinedGround, ydb: str) -> None:
        self._ground = ground
        self._ydb = ydb
        self._segments = segments(ground)
        self.ran: list[Ran] = []

    def prepare(self) -> None:
        (self._ground.folder / FOLDER).mkdir(exist_ok=True)
        warm = _FORK.Process(target=time.monotonic)
        warm.start()
        warm.join()

    def run(self) -> Take:
        meter, began_s = Meter({}), time.monotonic()
        left = Stretches(self._segments, LANES)
        lanes: dict[Connection, tuple[int, BaseProcess]] = {}
        for number in range(LANES):
            ours, its = _FORK.Pipe()
            lane = _FORK.Process(target=_lane, args=(self._ground, self._ydb, its))
            lane.start()
            its.close()
            lanes[ours] = number, lane
        self.ran = []
        while lanes:
            for pipe in cast("list[Connection]", wait(list(lanes))):
                try:
                    told: Ran | None = pipe.recv()
                except EOFError as error:
                    raise NotDone("a joining process died") from error
                if told is None:
                    pipe.send(left.next(lanes[pipe][0]))
                else:
                    self.ran.append(told)
                    lanes.pop(pipe)[1].join()
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return Take(objects=self._ground.objects, seconds=seconds, cpu_s=cpu_s, foreign=foreign)

    def check(self) -> None:
        expect("keys that are equal", sum(one.equal for one in self.ran), self._ground.objects)
        expect("keys that are not", sum(one.others for one in self.ran), 0)

    def end(self) -> None:
        pass


def run_joining(settings: Settings) -> list[Section]:
    """Run P7; return its tables."""
    _FORK.set_forkserver_preload([__name__])
    large = JoinedGround(settings.folder / "joined", settings.count(ROWS))
    small = JoinedGround(settings.folder / "joined-fewer", settings.count(FEWER))
    asked = JoinedGround(settings.folder / "joined-asked", settings.count(ASKED_ROWS))
    for ground in (large, small, asked):
        machine.say(f"joining: making {ground.objects:,} rows")
        ground.make()
    told = [_compared("SQLite", large, "", settings)]
    with YdbProcess(settings.folder / "stand-in.db") as ydb:
        asyncio.run(_fill(asked, ydb.spec))
        told.append(_compared("YDB's stand-in", asked, ydb.spec, settings))
    return [*told, figures("P7: memory of a joining process (VmHWM)", _memory(small, large))]


def segments(ground: JoinedGround) -> list[Segment]:
    """Cut a ground's keys as a verification does, into a part for each lane at least."""
    step = min(segment_keys(ground.objects), -(-ground.objects // LANES))
    ends: list[bytes | None] = [
        key_of(place).encode() for place in range(step - 1, ground.objects - 1, step)
    ]
    return [
        Segment(number=n, bucket=BUCKET, bucket_id=1, after=after or b"", upto=upto)
        for n, (after, upto) in enumerate(zip([b"", *ends], [*ends, None], strict=True), 1)
    ]


def _compared(what: str, ground: JoinedGround, ydb: str, settings: Settings) -> Section:
    rows: list[Row] = [JoinRow(ground, ydb), BareRow(ground, ydb, paged=True)]
    if not ydb:
        rows.append(BareRow(ground, ydb, paged=False))
    found = run_series(f"join, {what}", rows, settings)
    title = f"P7: join, {what}, {ground.objects:,} rows"
    return section(title, JOIN, found, Unit.OBJECTS, {PAGED if ydb else BARE: GOAL})


def _memory(small: JoinedGround, large: JoinedGround) -> list[Figure]:
    """Return the most memory of a joining process at two sizes, and the slope between."""
    peaks: list[tuple[int, int]] = []
    for ground in (small, large):
        row = JoinRow(ground, "")
        row.prepare()
        row.run()
        peaks.append((ground.objects, max((one.rss for one in row.ran), default=0)))
    told = [
        Figure(f"{objects:,} keys", Spread.of([rss / 1e6]), "{:.0f} MB") for objects, rss in peaks
    ]
    (fewer, less), (more, most) = peaks
    slope = Spread.of([(most - less) / max(1, more - fewer)])
    return [*told, Figure("slope a key", slope, "{:.1f} B", Goal(20, most=True))]


def _lane(ground: JoinedGround, ydb: str, pipe: Connection) -> None:
    """Join the parts that are handed out, in a process of their own."""
    collect_seldom()
    profile, folder = profiles.load(PROFILE), ground.folder
    with ExitStack() as stays:
        table = (
            AskedRows(lambda: YdbTable.open(ydb, profile))
            if ydb
            else SqliteRows(folder / TABLE, profile.objects)
        )
        sides = Sides(
            source=RecordedWalk(folder / WALK),
            ledger=LedgerRows(folder / LEDGER),
            table=table,
            pins=PinBook(folder),
            found=FoundRows(folder),
            match=PageMatch(profile, WORKSPACE),
            judge=KeyJudge(profile, WORKSPACE, recorded_only=False),
            recorded_only=False,
        )
        stays.callback(sides.close)
        join, equal, others = Join(sides), 0, 0
        for segment in _handed_out(pipe):
            with JoinPart(folder, segment.number, segment.bucket) as part:
                join.run(segment, part, lambda _keys: None)
                done = part.done()
            equal, others = equal + done.equal, others + done.again
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pipe.send(Ran(equal, others, peak))


def _handed_out(pipe: Connection) -> Iterator[Segment]:
    """Ask for parts until there are none."""
    while True:
        pipe.send(None)
        part: Segment | None = pipe.recv()
        if part is None:
            return
        yield part


async def _fill(ground: JoinedGround, spec: str) -> None:
    """Write a ground's rows into the stand-in."""
    table = await YdbTable.open(spec, profiles.load(PROFILE))
    await table.ensure()
    for page in ground.rows():
        await table.upsert(page)
    await table.close()
