"""Green's changes carried to blue, key by key: kept, written, read back, noted.

Every key can be carried again at any time: what counts is the row as it is now. One carrier at a
time (`core.engine.reversing.reverses`), so that no older content comes behind a newer one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.cutover.private_writer import CannotHold
from core.cutover.uncarriable import why_not
from core.display import safe
from core.engine.reversing.seen_on_blue import differs
from core.engine.reversing.strangers import is_strangers
from core.errors import Broken, CapacityExhausted, Denied, NoAnswer
from core.ledger.greenlog import BEGINNING, Carried, GreenOp, GreenState, Stuck
from core.ledger.rows import EventDraft
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.cutover.green_object import GreenObject, GreenRows
    from core.cutover.private_writer import PrivateWriter, Written
    from core.engine.reversing.contents import Contents
    from core.engine.reversing.undoing import Blue
    from core.ledger.greenlog import GreenRow, Place
    from core.ledger.known import Known
    from core.ledger.ledger import Ledger
    from core.target.objects import ObjectTable
    from core.target.shape import Row

PAGE: Final = 256
AT_ONCE: Final = 8
NAMED: Final = 10
"""Keys of a page that events name; all of them are in the greenlog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What carrying works with. blue: its tree as files, None where it is not reachable.

    job: whose events tell of it. checkpoint: waits while the job is paused.
    """

    ledger: Ledger
    table: ObjectTable
    rows: GreenRows
    contents: Contents
    writer: PrivateWriter
    blue: Blue | None
    job: int | None
    checkpoint: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Round:
    """What a round came to. why: of the first key that is tried again."""

    carried: int = 0
    stuck: int = 0
    why: str = ""


@dataclass(slots=True)
class _Page:
    carried: list[Carried] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


class Carrier:
    """Carries what waits."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._names: dict[int, str] = {}
        self._made: set[str] = set()
        self._known: dict[Place, Known] = {}

    async def carry(self, *, again: bool = False) -> Round:
        """Carry every change that waits, in key order. again: also those that blue refused.

        Of buckets that green serves: what an earlier way back left behind of others stays there,
        for blue's clients have written to them since. A key that fails stays waiting, and others
        go on. Raises CapacityExhausted and Denied: no key can be carried until somebody acts.
        """
        done = Round()
        # deletes first: what green has no more makes room for what it has now
        for op in (GreenOp.DELETE, GreenOp.PUT):
            states = (GreenState.WAITING, GreenState.UNCARRIABLE)
            for state in states if again else states[:1]:
                await self._all(state, op, done)
        return done

    async def _all(self, state: GreenState, op: GreenOp, done: Round) -> None:
        after = BEGINNING
        while page := await self._means.ledger.greenlog.page(state, after, PAGE):
            after = page[-1].place
            await self._means.checkpoint()
            # asked for each page: a slice may go back while another one's changes are carried
            ours = (await self._means.ledger.greenlog.stand()).buckets
            some = [row for row in page if row.op is op and row.bucket_id in ours]
            if some:
                await self._page(some, done)

    async def _page(self, rows: Sequence[GreenRow], done: Round) -> None:
        means = self._means
        if not {row.bucket_id for row in rows} <= self._names.keys():
            buckets = await means.ledger.buckets()  # the feed has learned of one meanwhile
            self._names = {row.id: row.name.decode() for row in buckets}
        names = [(self._names[row.bucket_id], row.key.decode()) for row in rows]
        refused = await self._buckets({name for name, _ in names})
        table = {(str(row[0]), str(row[1])): row for row in await means.table.read(names)}
        self._known = await self._migrated(rows)
        page, room = _Page(), asyncio.Semaphore(AT_ONCE)

        async def one(row: GreenRow, name: tuple[str, str]) -> None:
            if name[0] in refused:
                page.stuck.append(_uncarriable(row, refused[name[0]]))
                return
            async with room:
                await self._one(page, row, name, table.get(name))

        try:
            async with TaskGroup() as group:
                for row, name in zip(rows, names, strict=True):
                    group.create_task(one(row, name), name="carry to blue")
        except ExceptionGroup as errors:
            raise _first(errors) from errors
        finally:
            # what was read back on blue is noted, whatever ended the page
            await means.ledger.green.settle(page.carried, page.stuck, foreign=len(page.strangers))
        done.carried += len(page.carried)
        done.stuck += sum(not one.uncarriable for one in page.stuck)
        done.why = next((one.why for one in page.stuck), done.why)
        await self._tell(page)

    async def _buckets(self, names: set[str]) -> dict[str, str]:
        """Make the buckets that blue lacks; return those that it cannot have, and why."""
        refused: dict[str, str] = {}
        for name in sorted(names - self._made):
            try:
                await self._means.writer.make_bucket(name)
            except CannotHold as refusal:
                refused[name] = f"its bucket: {refusal.what}"
            else:
                self._made.add(name)
        return refused

    async def _migrated(self, rows: Sequence[GreenRow]) -> dict[Place, Known]:
        """Return what the ledger knows of a page's keys."""
        found: dict[Place, Known] = {}
        for bucket in {row.bucket_id for row in rows}:
            keys = [row.key for row in rows if row.bucket_id == bucket]
            known = await self._means.ledger.greenlog.known(bucket, keys)
            found |= {(bucket, key): one for key, one in known.items()}
        return found

    async def _tell(self, page: _Page) -> None:
        """Name what blue cannot hold, and what somebody else wrote there."""
        if page.strangers:
            text = (
                f"{len(page.strangers)} keys on blue were written by somebody else since the flip,"
                f" such as {page.strangers[0]}: green's are there now, theirs are kept"
            )
            event = EventDraft(kind="reverse", text=text, level="warn", job=self._means.job)
            await self._means.ledger.event(event)
        refused = [one for one in page.stuck if one.uncarriable]
        for one in refused[:NAMED]:
            where = f"{safe(self._names[one.bucket_id])}/{safe(one.key)}"
            more = f"; so are {len(refused) - 1} more" if len(refused) > NAMED else ""
            event = EventDraft(
                kind="reverse",
                text=f"blue cannot hold {where}: {one.why}{more}",
                level="warn",
                job=self._means.job,
            )
            await self._means.ledger.event(event)

    async def _one(self, page: _Page, at: GreenRow, name: tuple[str, str], row: Row | None) -> None:
        """Carry one key, and put what became of it on the page. Raises what concerns all keys."""
        try:
            if at.op is GreenOp.DELETE:
                if row is None:
                    await self._delete(page, at, *name)
                    page.carried.append(Carried(at.bucket_id, at.key, at.digest, at.digest))
            elif row is not None:
                page.carried.append(await self._put(page, at, row))
            # else: the table has moved on, and the feed will tell
        except CannotHold as refusal:
            page.stuck.append(_uncarriable(at, refusal.what))
        except (CapacityExhausted, Denied):
            raise
        except (NoAnswer, Broken) as error:
            page.stuck.append(Stuck(*at.place, at.digest, error.what, uncarriable=False))

    async def _delete(self, page: _Page, at: GreenRow, bucket: str, key: str) -> None:
        means = self._means
        if why_not(key):
            return  # never was on blue, and its path would name another key
        if await means.writer.head(bucket, key) is None:
            return
        await self._keep(page, at, (bucket, key), None)
        await means.writer.delete(bucket, key)
        if await means.writer.head(bucket, key) is not None:
            raise _unseen(bucket, key, "it is there after it was deleted")

    async def _put(self, page: _Page, at: GreenRow, row: Row) -> Carried:
        means = self._means
        wanted = means.rows.described(row)
        why = why_not(wanted.key, wanted.size_bytes)
        if why:
            raise CannotHold(what=why, where=safe(wanted.key), remedy="")
        await self._keep(page, at, (wanted.bucket, wanted.key), wanted.modified_us)
        written = await self._write(wanted)
        if means.blue is not None and wanted.modified_us is not None:
            await means.blue.set_time(wanted.bucket, wanted.key, wanted.modified_us)
        seen = await means.writer.head(wanted.bucket, wanted.key)
        unlike = differs(wanted, seen, written.wanted)
        # a PUT without tags leaves none: only those that were sent are asked for
        if wanted.tags and not unlike:
            tags = await means.writer.tags(wanted.bucket, wanted.key)
            unlike = "" if tags == wanted.tags else "its tags are not as on green"
        if unlike:
            raise _unseen(wanted.bucket, wanted.key, unlike)
        print_ = None
        if means.blue is not None:
            print_ = await means.blue.fingerprint(wanted.bucket, wanted.key)
        why = ""
        if wanted.etag and wanted.etag != written.etag:
            why = f"its ETag on blue is {safe(written.etag)}, on green {safe(wanted.etag)}"
        now = means.rows.digest(row)
        return Carried(*at.place, at.digest, now, why, *(print_ or (None, None, None)))

    async def _keep(
        self, page: _Page, at: GreenRow, name: tuple[str, str], modified_us: int | None
    ) -> None:
        """Keep what is about to be replaced, and note it where it is somebody else's."""
        blue = self._means.blue
        if blue is None:
            return
        seen = await blue.keep(*name)
        if is_strangers(seen, at, self._known.get(at.place), modified_us):
            page.strangers.append(f"{safe(name[0])}/{safe(name[1])}")

    async def _write(self, wanted: GreenObject) -> Written:
        pieces = self._means.contents.pieces(wanted)
        if wanted.by_parts:
            return await self._means.writer.put_parts(wanted, pieces)
        return await self._means.writer.put(wanted, pieces)


def _uncarriable(at: GreenRow, why: str) -> Stuck:
    return Stuck(*at.place, at.digest, why, uncarriable=True)


def _unseen(bucket: str, key: str, why: str) -> Broken:
    return Broken(
        what=f"blue does not show what was written: {why}",
        where=f"{safe(bucket)}/{safe(key)}",
        remedy="It is written again with the next round.",
    )


def _first(errors: BaseExceptionGroup) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
