"""Sides of a join in memory and in small files, and the same keys judged one by one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from core.dag import cid as cids
from core.dag.cid import DAG_PB, RAW
from core.ledger import schema
from core.ledger.connection import open_writer
from core.model import Cid, MetaText, ObjectState
from core.target import profile as profiles
from core.target import sqlite_statements as sql
from core.target.rows import PinnedBundle, RowMaker
from core.target.sqlite_reader import connect
from core.target.version_time import created_ns
from core.verify.again import Again
from core.verify.feed import Feed
from core.verify.join import Join, Sides
from core.verify.key_judge import Case, KeyJudge
from core.verify.ledger_side import LedgerRows
from core.verify.list_maker import make_lists
from core.verify.page_match import PageMatch
from core.verify.part_files import AgainPart, JoinPart
from core.verify.row_mark import metadata_digest
from core.verify.segments import Segment
from core.verify.sides import LedgerCut, Look, PinSeen
from core.verify.table_side import FedCursor, SqliteRows, row_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.target.shape import Row
    from core.verify.difference import Difference
    from core.verify.key_judge import Said
    from core.verify.ledger_row import LedgerRow
    from core.verify.list_files import Contents
    from core.verify.sides import TableCursor

BUCKET = b"photos"
PLAN = "0a1b2c3d"
MADE_NS = 1_764_598_931_000_000_000
ROOTS = {n: cids.text(Cid(DAG_PB + sha256(b"root %d" % n).digest())) for n in range(1, 9)}

_T = TypeVar("_T")
Name = tuple[bytes, bytes]


@dataclass
class World:
    """What each side has. rows: by key. chunk: rows of a page of ledger and walk."""

    seen: dict[Name, Look] = field(default_factory=dict)
    kept: dict[Name, LedgerRow] = field(default_factory=dict)
    rows: dict[bytes, Row] = field(default_factory=dict)
    pins: dict[int, PinSeen] = field(default_factory=dict)
    found: list[Difference] = field(default_factory=list)
    chunk: int = 7
    recorded_only: bool = False
    profile: str = "guide"

    def __post_init__(self) -> None:
        self.pins = {number: PinSeen(root) for number, root in ROOTS.items()}
        self.maker = RowMaker(profiles.load(self.profile), PLAN)

    def put(  # noqa: PLR0913 - what an object is made of
        self,
        key: bytes,
        version: bytes = b"",
        *,
        size: int | None = 10,
        bundle: int = 1,
        user: str = "u",
        version_id: str = "",
    ) -> None:
        """Put an object on every side, as a copy leaves it."""
        n = len(self.seen)
        tail = f',"version_id":"{version_id}"' if version_id else ""
        meta = MetaText(f'"etag":"{n:032x}"', f',"user":{{"name":"{user}"}},"v":1{tail}', "")
        digest = metadata_digest(meta.manifest())
        stamp = (1_000 + n, MADE_NS + n, MADE_NS + 5 + n)
        made_ns = MADE_NS + n
        if version_id:
            made_ns = created_ns(version_id, made_ns)
        self.seen[key, version] = Look(
            here=True,
            size=size,
            ino=stamp[0],
            mtime_ns=stamp[1],
            ctime_ns=stamp[2],
            mh=digest,
            meta=meta,
            created_ns=made_ns,
        )
        cid = None if size is None else Cid(RAW + sha256(key + version).digest())
        self.kept[key, version] = (
            key,
            version,
            size,
            *stamp,
            int(ObjectState.RECORDED),
            bundle,
            cid,
            digest,
        )
        if not version and cid is not None:
            pinned = PinnedBundle(BUCKET.decode(), ROOTS[bundle], bundle)
            entry = (key.decode(), cids.text(cid), size or 0, stamp[1], made_ns, meta, f"{n:06d}")
            self.rows[key] = self.maker.rows(pinned, [entry])[0]

    def names(self) -> list[Name]:
        """Return every key that any side has."""
        of_rows = {(key, b"") for key in self.rows}
        return sorted({*self.seen, *self.kept, *of_rows})

    def judged(self) -> dict[Name, Said]:
        """Judge each key by itself: what a join must come to."""
        judge = KeyJudge(profiles.load(self.profile), PLAN, recorded_only=self.recorded_only)
        return {name: judge.judge(self.case(*name)) for name in self.names()}

    def case(self, key: bytes, version: bytes = b"") -> Case:
        """Return all sides of a key."""
        kept = self.kept.get((key, version))
        return Case(
            BUCKET,
            key,
            version,
            kept,
            self.seen.get((key, version), Look(here=False)),
            None if version else self.rows.get(key),
            None if kept is None or kept[7] is None else self.pins.get(kept[7]),
            [one for one in self.found if (one.key, one.version) == (key, version)],
        )


class MemorySource:
    """The source of a world; newest versions first, as the walk lists them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def pages(
        self, bucket: bytes, after: bytes
    ) -> Iterator[list[tuple[bytes, bytes, int | None, int, int, int]]]:
        if bucket != BUCKET:
            return
        names = sorted(self._world.seen, key=lambda name: (name[0], name[1] != b""))
        entries = [
            (*name, look.size, look.ino, look.mtime_ns, look.ctime_ns)
            for name in names
            if (look := self._world.seen[name]).here and name[0] > after
        ]
        yield from _chunks(entries, self._world.chunk)

    def look(self, bucket: bytes, key: bytes, version: bytes) -> Look:
        assert bucket == BUCKET
        return self._world.seen.get((key, version), Look(here=False))

    def close(self) -> None:
        pass


class MemoryLedger:
    """The ledger of a world, row by row; small cuts, so that they end within stretches."""

    def __init__(self, world: World) -> None:
        self._world = world

    def cut(
        self, bucket_id: int, low: bytes, end: bytes | None, *, packed: bool, whole: bool = False
    ) -> LedgerCut:
        assert bucket_id == 1
        assert not packed  # the table gives pages
        names = [one for one in sorted(self._world.kept) if low <= one[0] < (end or b"\xff")]
        most = self._world.chunk + 2
        if len(names) > most and not whole:
            end = names[most][0] if names[most][0] > names[0][0] else names[0][0] + b"\0"
        rows = [self._world.kept[one] for one in names if end is None or one[0] < end]
        return LedgerCut(end, None, lambda: rows)

    def row(self, bucket_id: int, key: bytes, version: bytes) -> LedgerRow | None:
        assert bucket_id == 1
        return self._world.kept.get((key, version))

    def close(self) -> None:
        pass


class MemoryTable:
    """Rows by pages, as a database gives them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, bucket: str, after: str) -> TableCursor:
        assert bucket == BUCKET.decode()
        rows = [self._world.rows[key] for key in sorted(self._world.rows) if key > after.encode()]
        return FedCursor(Feed(_chunks(rows, self._world.chunk + 1), row_key, several=False))

    def read(self, bucket: str, keys: Sequence[str]) -> dict[str, Row]:
        assert bucket == BUCKET.decode()
        return {key: row for key in keys if (row := self._world.rows.get(key.encode()))}

    def close(self) -> None:
        pass


class MemoryPins:
    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, bundles: Sequence[int]) -> dict[int, PinSeen]:
        return {n: self._world.pins[n] for n in bundles if n in self._world.pins}

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


class MemoryFound:
    def __init__(self, world: World) -> None:
        self._world = world

    def pages(self, bucket: bytes, after: bytes) -> Iterator[list[Difference]]:
        assert bucket == BUCKET
        found = sorted(self._world.found, key=lambda one: (one.key, one.version))
        yield from _chunks([one for one in found if one.key > after], 2)

    def close(self) -> None:
        pass


def table_file(folder: Path, world: World, *, most: int = 5) -> SqliteRows:
    """Return the world's rows in a file; small cuts, so that they end within stretches."""
    profile = profiles.load(world.profile)
    path = folder / "objects.db"
    with closing(connect(path)) as conn:
        conn.execute(sql.create(profile.objects))
        sql.upsert(profile.objects).run(conn, list(world.rows.values()))
    return SqliteRows(path, profile.objects, most=most)


def ledger_file(folder: Path, world: World, *, most: int = 7) -> LedgerRows:
    """Return the world's ledger in a file; its cuts are small as well."""
    path = folder / "ledger.db"
    with closing(open_writer(path, create=True)) as conn:
        conn.execute("BEGIN")
        schema.create(conn)
        conn.executemany(
            "INSERT INTO objects(bid,key,ver,size,ino,mt,ct,st,bun,cid,mh)"
            " VALUES(1,?,?,?,?,?,?,?,?,?,?)",
            list(world.kept.values()),
        )
        conn.execute("COMMIT")
    return LedgerRows(path, most=most)


def join(folder: Path, world: World, *, in_file: bool, cuts: Sequence[bytes] = ()) -> Contents:
    """Join a world, look again, make the lists. cuts: keys at which it is parted."""
    profile = profiles.load(world.profile)
    sides = Sides(
        source=MemorySource(world),  # type: ignore[arg-type] # plain tuples, as the walk makes them
        ledger=ledger_file(folder, world) if in_file else MemoryLedger(world),
        table=table_file(folder, world) if in_file else MemoryTable(world),
        pins=MemoryPins(world),
        found=MemoryFound(world),
        match=PageMatch(profile, PLAN),
        judge=KeyJudge(profile, PLAN, recorded_only=world.recorded_only),
        recorded_only=world.recorded_only,
    )
    (folder / "parts").mkdir(exist_ok=True)
    ends: list[bytes | None] = [*sorted(set(cuts)), None]
    segments = [
        Segment(number=n, bucket=BUCKET, bucket_id=1, after=after, upto=upto)
        for n, (after, upto) in enumerate(zip([b"", *sorted(set(cuts))], ends, strict=True), 1)
    ]
    joining, again = Join(sides), Again(sides)
    for segment in segments:
        with JoinPart(folder, segment.number, BUCKET) as part:
            joining.run(segment, part, lambda _keys: None)
            told = part.done()
        if told.again:
            with AgainPart(folder, segment.number, BUCKET) as second:
                again.run(folder, segment, second, lambda _keys: None)
                second.done()
    sides.close()
    return make_lists(folder, segments, partial=False, told=lambda _n: None)


def _chunks(rows: list[_T], size: int) -> Iterator[list[_T]]:
    for at in range(0, len(rows), size):
        yield rows[at : at + size]
