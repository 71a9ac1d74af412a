"""The parts of a join, made once a verification and kept in its folder.

Buckets of the source, of the ledger and of the table, in order of name: one that only one of them
has is a part as well. May import the ledger's statements, the source, the target and the parts.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.atomic import write_text
from core.display import safe
from core.engine.settings import source_config
from core.errors import Broken
from core.ledger.connection import LEDGER_NAME
from core.ledger.reader import Reader
from core.ledger.rows import position_of
from core.source.chosen import open_source
from core.target.open_table import open_target_table
from core.verify.segments import Segment, cuts, segment_keys

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from core.engine.verifying.means import VerifyMeans
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

FILE_NAME: Final = "segments.json"
_BUNDLES: Final = "SELECT bid,hi,n FROM bundles WHERE rnd=0 AND kind=0 ORDER BY bid,id"


async def join_plan(
    means: VerifyMeans, folder: Path, profile: Profile, keys: int, only: Collection[bytes]
) -> list[Segment]:
    """Return the parts, those that an earlier engine made if there are. only: empty for all."""
    kept = await asyncio.to_thread(_kept, folder / FILE_NAME)
    if kept is not None:
        return kept
    rows = {row.name: row for row in await means.ledger.buckets()}
    names = {*rows, *await asyncio.to_thread(_at_source, means)}
    names |= await _in_table(means, profile)
    if only:
        names &= set(only)
    reader = Reader(means.path / LEDGER_NAME, "parts")
    try:
        found = await reader.read(partial(_cuts, keys=segment_keys(keys)))
    finally:
        await reader.close()
    segments = list(_segments(sorted(names), rows, found))
    text = msgspec.json.encode(segments).decode()
    await asyncio.to_thread(write_text, folder / FILE_NAME, text)
    return segments


def _segments(
    names: Sequence[bytes], rows: dict[bytes, BucketRow], found: dict[int, list[bytes]]
) -> Iterator[Segment]:
    number = 0
    for name in names:
        row = rows.get(name)
        bucket_id = 0 if row is None else row.id
        owner = "" if row is None else str(json.loads(row.attrs).get("owner", ""))
        after = b""
        for upto in (*found.get(bucket_id, ()), None):
            number += 1
            yield Segment(
                number=number,
                bucket=name,
                bucket_id=bucket_id,
                owner=owner,
                after=after,
                upto=upto,
            )
            after = upto or b""


def _at_source(means: VerifyMeans) -> set[bytes]:
    source = open_source(source_config(means.workspace))
    return {bucket.name for bucket in source.buckets()[0]}


async def _in_table(means: VerifyMeans, profile: Profile) -> set[bytes]:
    """Return the buckets that rows name: a row of each is read, and no more."""
    table: ObjectTable = await open_target_table(means.workspace, profile)
    try:
        names: set[bytes] = set()
        after = ""
        while page := await table.scan((after, ""), 1):
            bucket = str(page[0][0])
            names.add(bucket.encode())
            after = f"{bucket}\0"
    finally:
        await table.close()
    return names


def _cuts(conn: sqlite3.Connection, keys: int) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for bucket, bundles in groupby(conn.execute(_BUNDLES), key=itemgetter(0)):
        found[bucket] = list(cuts(((position_of(hi)[0], n) for _, hi, n in bundles), keys))
    return found


def _kept(path: Path) -> list[Segment] | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Segment])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(
            what=f"the parts of a verification cannot be read ({type(error).__name__})",
            where=safe(str(path)),
            remedy="Cancel this verification and begin another.",
        ) from error
