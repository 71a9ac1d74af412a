"""One verification: bytes, pins, join, a second look, lists; each phase goes on where it stood.

    reports/verify-JOB/segments.json, bytes.db, pins.db, parts/     while it runs
    reports/verify-JOB/{equal,differ,missing,extra,error}.ndjson    at its end, with index/

May import the ledger, the target's profile, the verification and the engine's parts.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.config.schema import DirTarget
from core.display import count
from core.engine.reins import JobCancelled
from core.engine.settings import source_config
from core.engine.verifying.bytes import BytesRun
from core.engine.verifying.join_lanes import JoinLanes
from core.engine.verifying.join_pins import Pins, open_pins
from core.engine.verifying.join_plan import join_plan
from core.engine.verifying.join_task import HeldLogin, JoinSetup, ListsTask, PartTask
from core.engine.verifying.standing import Standing
from core.engine.verifying.wish import VerifyWish
from core.errors import VgwmError, WrongState
from core.ledger import proofs
from core.ledger.connection import LEDGER_NAME
from core.ledger.rows import EventDraft
from core.target import profile as profiles
from core.target.disk_faults import file_error
from core.target.open_table import absent_file, login_of, table_spec
from core.verify.bytes_told import BytesWish, Replicas
from core.verify.difference import Listed
from core.verify.part_files import FOLDER as PARTS
from core.verify.pin_book import PinBook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.engine.reins import Reins
    from core.engine.verifying.means import VerifyMeans
    from core.ledger.rows import BucketRow
    from core.verify.segments import Segment

VERIFY: Final = "verify"
REPORTS: Final = "reports"
_MOST_LANES: Final = 8
_LOOK_S: Final = 0.2


class VerifyRun:
    """Runs one verification. args: as its job keeps them."""

    def __init__(self, means: VerifyMeans, args: Mapping[str, str]) -> None:
        self._means = means
        self._args = args
        self._wish = VerifyWish.of(args)
        self._lists_due: tuple[Segment, ...] = ()

    async def run(self, reins: Reins) -> None:
        """Verify, and leave the lists. Raises JobCancelled: what was joined by then is listed."""
        means, ledger = self._means, self._means.ledger
        place = f"{REPORTS}/verify-{reins.id}"
        folder = means.path / place
        wish = await self._begun(reins, place)
        standing = Standing(ledger, reins.id, folder)
        await asyncio.to_thread(_make, folder)
        try:
            await self._prove(reins, folder, wish, standing)
        except JobCancelled:
            await self._leave(folder, wish, standing)
            text = f"verification cancelled: {_told(standing)} so far"
            await self._end(reins, standing, text, partial=True)
            raise
        except VgwmError as error:
            await self._end(reins, standing, f"verification ended: {error.what}", partial=True)
            raise
        await self._end(reins, standing, _told(standing), partial=False)
        await asyncio.to_thread(_tidy, folder)

    async def _begun(self, reins: Reins, place: str) -> VerifyWish:
        """Store that it begins, and return the wish with its seed: the same after a restart."""
        wish, ledger = self._wish, self._means.ledger
        seed = secrets.randbits(32) if wish.seed is None else wish.seed
        args = {**self._args, "seed": str(seed)}
        await ledger.proving.begin(reins.id, kind=VERIFY, scope=wish.scope, args=args, folder=place)
        row = await ledger.proof(reins.id)
        kept = seed if row is None else int(row.args.get("seed", seed))
        return replace(wish, seed=kept)

    async def _without_table(self) -> str:
        """Return what to do where there is no object table."""
        if not (await self._means.ledger.counters()).bundles_recorded:
            return "Nothing was copied yet: vgwm copy."
        return (
            "Is the target mounted? One that is lost is made anew: vgwm metadata rebuild --from"
            " ledger."
        )

    async def _prove(
        self, reins: Reins, folder: Path, wish: VerifyWish, standing: Standing
    ) -> None:
        means = self._means
        await asyncio.to_thread(means.require_source)
        absent = await asyncio.to_thread(absent_file, table_spec(means.workspace))
        if absent is not None:
            raise WrongState(
                what="the object table is not there",
                where=str(absent),
                remedy=await self._without_table(),
            )
        profile = await asyncio.to_thread(profiles.load, means.workspace.target.profile)
        buckets = [row for row in await means.ledger.buckets() if _wanted(row, wish)]
        counted = [await means.ledger.counters(row.id) for row in buckets]
        standing.keys = sum(one.objects for one in counted)
        await self._bytes(reins, folder, wish, standing, buckets)
        await standing.phase("pins")
        segments = await join_plan(means, folder, profile, standing.keys, wish.buckets)
        self._lists_due = tuple(segments)
        book = await asyncio.to_thread(PinBook, folder, fresh=True)
        look = await open_pins(means.workspace)
        try:
            ids = [row.id for row in buckets] if wish.buckets else []
            pins = Pins(means.path / LEDGER_NAME, look, book, ids)
            await pins.look(reins)
            standing.pins(*book.counts())
            async with JoinLanes(
                means.forks, await self._setup(folder, wish), _lanes(means)
            ) as lanes:
                await self._join(reins, lanes, standing)
                await self._again(reins, lanes, standing, pins)
                standing.pins(*book.counts())
                await self._lists(lanes, reins, standing, partial=False)
        finally:
            await look.close()
            book.close()

    async def _bytes(
        self,
        reins: Reins,
        folder: Path,
        wish: VerifyWish,
        standing: Standing,
        buckets: list[BucketRow],
    ) -> None:
        """Read what is wished for, and say how far that is meanwhile."""
        if not wish.sample and not wish.full:
            return
        await standing.phase("bytes")
        asked = BytesWish(
            seed=wish.seed or 0,
            sample=wish.sample,
            full=wish.full,
            replicas=Replicas(wish.replicas),
            buckets=frozenset(row.id for row in buckets) if wish.buckets else frozenset(),
        )
        look = BytesRun(self._means, asked, folder)
        standing.read(lambda: look.figures)
        async with standing.ticking():
            await look.run(reins)

    async def _join(self, reins: Reins, lanes: JoinLanes, standing: Standing) -> None:
        """Join every part that was not joined in this boot."""
        await standing.phase("join")
        due = await asyncio.to_thread(standing.unjoined, self._lists_due)
        tasks = [PartTask(deed="join", segment=one) for one in due]
        async with standing.ticking():
            await lanes.run(tasks, reins, standing.told)

    async def _again(self, reins: Reins, lanes: JoinLanes, standing: Standing, pins: Pins) -> None:
        """Look at what was not equal once more, some seconds later."""
        odd = await asyncio.to_thread(standing.unjudged, self._lists_due)
        if not odd:
            return
        await standing.phase("again")
        due_s = time.monotonic() + self._means.again_s
        while (left_s := due_s - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, _LOOK_S))
            await reins.checkpoint()
        await pins.look(reins, odd_only=True)
        tasks = [PartTask(deed="again", segment=one) for one in odd]
        async with standing.ticking():
            await lanes.run(tasks, reins, standing.told)

    async def _lists(
        self, lanes: JoinLanes, reins: Reins | None, standing: Standing, *, partial: bool
    ) -> None:
        await standing.phase("lists")
        task = ListsTask(segments=self._lists_due, partial=partial)
        await lanes.run([task], reins, standing.told)

    async def _leave(self, folder: Path, wish: VerifyWish, standing: Standing) -> None:
        """Make lists of what was joined, for a verification that was told to end."""
        if not self._lists_due:
            return
        setup = await self._setup(folder, wish)
        async with JoinLanes(self._means.forks, setup, 1) as lanes:
            await self._lists(lanes, None, standing, partial=True)

    async def _end(self, reins: Reins, standing: Standing, text: str, *, partial: bool) -> None:
        figures = standing.figures(ended=True, partial=partial)
        await self._means.ledger.proving.end(
            reins.id,
            state=proofs.PARTIAL if partial else proofs.DONE,
            figures=figures.stored(),
            shown=standing.shown(figures),
            event=EventDraft(
                kind=VERIFY,
                text=text,
                level="warn" if partial or figures.found else "info",
                job=reins.id,
            ),
        )

    async def _setup(self, folder: Path, wish: VerifyWish) -> JoinSetup:
        workspace = self._means.workspace
        target = workspace.target
        login = None
        if not isinstance(target, DirTarget):
            login = HeldLogin(await asyncio.to_thread(login_of, target))
        newest = await self._means.ledger.rounds.last_full()
        return JoinSetup(
            ledger=str(self._means.path / LEDGER_NAME),
            folder=str(folder),
            source=await asyncio.to_thread(source_config, workspace),
            profile=target.profile,
            workspace_id=workspace.id,
            table=table_spec(workspace),
            login=login,
            recorded_only=wish.scope == "recorded",
            round_ns=0 if newest is None else newest.began_ns,
        )


def _wanted(row: BucketRow, wish: VerifyWish) -> bool:
    return not wish.buckets or row.name in wish.buckets


def _lanes(means: VerifyMeans) -> int:
    return max(1, min(os.cpu_count() or 1, means.knobs().workers, _MOST_LANES))


def _told(standing: Standing) -> str:
    """Return what it came to, in words."""
    figures = standing.figures()
    said = ", ".join(f"{count(figures.objects.get(one, 0))} {one}" for one in Listed)
    if figures.bytes is None:
        return said
    return f"{said}; {count(figures.bytes.n)} read again, {count(figures.bytes.bad)} bad"


def _make(folder: Path) -> None:
    try:
        (folder / PARTS).mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise file_error(error, doing="making a report", path=folder) from error


def _tidy(folder: Path) -> None:
    """Remove what the lists were made of."""
    for path in (folder / PARTS).iterdir():
        path.unlink()
    (folder / PARTS).rmdir()
    for name in ("segments.json", "pins.db", "bytes.db", "bytes.db-wal", "bytes.db-shm"):
        (folder / name).unlink(missing_ok=True)
