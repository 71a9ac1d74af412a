"""A migrated set without its bytes: a ledger, an object table, a walk and pins that agree.

Made by hand, for a join asks nothing else; a copy of a million objects would take minutes.
"""

from __future__ import annotations

import pickle
from bisect import bisect_right
from contextlib import closing
from hashlib import md5, sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag.cid import DAG_PB, RAW
from core.ledger import schema
from core.ledger.connection import open_writer
from core.model import Cid, MetaText
from core.target import profile as profiles
from core.target import sqlite_statements as sql
from core.target.rows import PinnedBundle, RowMaker
from core.target.sqlite_reader import connect
from core.verify.pin_book import PinBook
from core.verify.row_mark import metadata_digest
from core.verify.sides import Look, PinSeen

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from core.model import Entry
    from core.target.shape import Row

WORKSPACE: Final = "0a1b2c3d"
BUCKET: Final = b"photos"
BUNDLE: Final = 1_000
PROFILE: Final = "guide"
LEDGER, TABLE, WALK = "ledger.db", "objects.db", "walk.pickles"
PLACES: Final = "walk.places"
_MADE_NS: Final = 1_764_598_931_000_000_000
_NUMBERS: Final = (
    "INSERT INTO objects(bid,key,ver,st,bun,size,ino,mt,ct,cid,etag,mh)"
    " VALUES(1,?,x'',1,?,?,?,?,?,?,?,?)"
)


class JoinedGround:
    """Where it lies: folder/{ledger.db,objects.db,walk.pickles,walk.places,pins.db}."""

    def __init__(self, folder: Path, objects: int) -> None:
        self.folder = folder
        self.objects = objects

    def make(self) -> None:
        """Make it, unless it is there."""
        if (self.folder / WALK).exists():
            return
        self.folder.mkdir(parents=True)
        profile = profiles.load(PROFILE)
        maker = RowMaker(profile, WORKSPACE)
        with (
            closing(open_writer(self.folder / LEDGER, create=True)) as ledger,
            closing(connect(self.folder / TABLE)) as table,
            (self.folder / WALK).open("wb") as walk,
        ):
            ledger.execute("BEGIN")
            schema.create(ledger)
            ledger.execute("INSERT INTO buckets(bid,name,st,attrs) VALUES(1,?,2,'{}')", (BUCKET,))
            table.execute("BEGIN")
            table.execute(sql.create(profile.objects))
            book = PinBook(self.folder, fresh=True)
            places: list[tuple[bytes, int]] = []
            for bundle in range(-(-self.objects // BUNDLE)):
                last = min((bundle + 1) * BUNDLE, self.objects) - 1
                places.append((key_of(last).encode(), walk.tell()))
                self._bundle(bundle + 1, ledger, table, maker, walk, book)
            book.close()
            (self.folder / PLACES).write_bytes(pickle.dumps(places))
            ledger.execute("COMMIT")
            table.execute("COMMIT")
            table.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def rows(self) -> Iterator[list[Row]]:
        """Yield the table's rows, a bundle at a time."""
        with closing(connect(self.folder / TABLE)) as table:
            cursor = table.execute(sql.select(profiles.load(PROFILE).objects) + " ORDER BY 1,2")
            while page := cursor.fetchmany(BUNDLE):
                yield page

    def _bundle(  # noqa: PLR0913, PLR0917 - the places that a bundle is written to
        self,
        number: int,
        ledger: sqlite3.Connection,
        table: sqlite3.Connection,
        maker: RowMaker,
        walk: object,
        book: PinBook,
    ) -> None:
        first = (number - 1) * BUNDLE
        places = range(first, min(first + BUNDLE, self.objects))
        root = Cid(DAG_PB + sha256(b"root %d" % number).digest())
        keys = [key_of(place) for place in places]
        content = [Cid(RAW + sha256(key.encode()).digest()) for key in keys]
        texts = cids.texts(content)
        metas = [_meta(place) for place in places]
        entries = [
            (key, text, 4096, _MADE_NS + place, _MADE_NS + place, meta, f"{n:06d}")
            for n, (place, key, text, meta) in enumerate(
                zip(places, keys, texts, metas, strict=True)
            )
        ]
        pinned = PinnedBundle(BUCKET.decode(), cids.text(root), number)
        sql.upsert(profiles.load(PROFILE).objects).run(table, maker.rows(pinned, entries))
        seen: list[Entry] = [
            (key.encode(), b"", 4096, 1_000 + place, _MADE_NS + place, _MADE_NS + place)  # type: ignore[misc] # plain tuples, as the walk makes them
            for place, key in zip(places, keys, strict=True)
        ]
        ledger.executemany(
            _NUMBERS,
            [
                (one[0], number, *one[2:], cid, b"", metadata_digest(meta.manifest()))
                for one, cid, meta in zip(seen, content, metas, strict=True)
            ],
        )
        pickle.dump(seen, walk)  # type: ignore[arg-type] # an open file
        book.note([(number, (), PinSeen(cids.text(root)))])


class RecordedWalk:
    """A walk that was recorded, as it would come from a walking process: pickled pages.

    As a walk does it begins at a key, and looks at nothing before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: list[tuple[bytes, int]] = pickle.loads(path.with_name(PLACES).read_bytes())  # noqa: S301 - written above

    def pages(self, bucket: bytes, after: bytes) -> Iterator[list[Entry]]:
        """Yield what lies behind a key."""
        if bucket != BUCKET:
            return
        first = bisect_right(self._places, after, key=itemgetter(0))
        if first == len(self._places):
            return
        with self._path.open("rb") as file:
            file.seek(self._places[first][1])
            while True:
                try:
                    page: list[Entry] = pickle.load(file)  # noqa: S301 - written above
                except EOFError:
                    return
                if page[0][0] > after:
                    yield page
                elif page[-1][0] > after:
                    yield [one for one in page if one[0] > after]

    def look(self, bucket: bytes, key: bytes, version: bytes) -> Look:
        """Raise: nothing of the set is odd."""
        raise AssertionError((bucket, key, version))

    def close(self) -> None:
        """Do nothing."""


def key_of(place: int) -> str:
    """Return the key of an object by its place."""
    return f"2024/{place // 10_000:04d}/IMG_{place:08d}.jpeg"


def _meta(place: int) -> MetaText:
    etag = md5(b"%d" % place, usedforsecurity=False).hexdigest()
    head = (
        '"checksums":{"crc64nvme":"AAAAAAAAAAA=","type":"FULL_OBJECT"},'
        f'"content_type":"image/jpeg","etag":"{etag}","mtime_ns":"{_MADE_NS + place}",'
        '"owner":"AKOWNER"'
    )
    return MetaText(head, ',"user":{"camera":"x100"},"v":1', "")
