"""A check at work: ledger, table, pins and cache held against each other. Reads only.

What it finds goes into a file of its own by key, and becomes lists at the end. A check that was
interrupted begins anew: it reads no byte of content, and costs a look at each row.
May import the engine's parts, the ledger, the target and the verify room.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.schema import DirTarget
from core.display import safe
from core.engine.holding import Hold
from core.engine.known_buckets import KnownBuckets
from core.engine.opening import Opening
from core.engine.reins import JobCancelled
from core.engine.repairing.plans import CHECK
from core.engine.verifying.progress import VerifyProgress
from core.errors import VgwmError, WrongState
from core.ledger import proofs
from core.ledger.rows import EventDraft
from core.model import BundleState
from core.target import profile as profiles
from core.target.dir_store import DirStore
from core.target.disk_faults import file_error
from core.target.open_table import absent_file, open_target_table, table_spec
from core.verify import check_pins
from core.verify.check_join import Sides, join_rows
from core.verify.check_lists import write_lists
from core.verify.check_rows import RowCheck, lost_bucket
from core.verify.difference import Ill, Listed
from core.verify.figures import Figures, RowCount
from core.verify.findings import FILE_NAME, Findings, findings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.engine.reins import Reins
    from core.engine.repairing.means import RepairMeans
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.verify.check_cache import CacheCheck
    from core.verify.check_pins import PinLook
    from core.verify.difference import Difference
    from core.verify.list_files import Contents

SCOPE: Final = "recorded"
BUNDLES: Final = 1_000
_TOLD_S: Final = 1.0

AGAIN_S: Final = 5.0
"""While a job of ours writes, a row and the ledger's word of it are some time apart."""


class CheckRun:
    """One check."""

    def __init__(self, means: RepairMeans) -> None:
        self._m = means
        self._figures = Figures()
        self._told_s = 0.0
        self._job = 0

    async def run(self, reins: Reins) -> None:
        """Compare, write the lists, and say what was found. Raises JobCancelled."""
        means, self._job = self._m, reins.id
        place = f"reports/check-{reins.id}"
        folder = means.path / place
        await asyncio.to_thread(_fresh, folder)
        await means.ledger.proving.begin(reins.id, kind=CHECK, scope=SCOPE, args={}, folder=place)
        found = await asyncio.to_thread(Findings, folder)
        try:
            await self._compare(reins, found)
        except (JobCancelled, VgwmError):
            await self._end(folder, whole=False)
            raise
        else:
            await self._end(folder, whole=True)
        finally:
            found.close()
            _fresh(folder)  # the lists say it all; the engine after a killed one begins anew

    async def _compare(self, reins: Reins, found: Findings) -> None:
        means = self._m
        profile = await asyncio.to_thread(profiles.load, means.workspace.target.profile)
        opening = Opening(Hold(means.ledger, reins), reins)
        async with AsyncExitStack() as stack:
            spec = table_spec(means.workspace)
            if await asyncio.to_thread(absent_file, spec):
                raise _no_table(spec)  # a look must not make one
            table = await opening.of(
                lambda: open_target_table(means.workspace, profile), opens=True
            )
            stack.push_async_callback(table.close)
            if any(one.verdict == "fail" for one in await table.check()):
                raise _no_table(spec)
            pins = await opening.of(partial(self._pins, stack), opens=True)
            cache = await self._cache(stack, profile, found)
            await self._look_at_pins(reins, pins, found)
            await self._look_at_rows(reins, table, profile, cache, found)
            await self._look_at_buckets(table, profile, found)
            if cache is not None:
                await self._look_at_cache(reins, table, cache, found)

    async def _pins(self, stack: AsyncExitStack) -> PinLook:
        target = self._m.workspace.target
        if isinstance(target, DirTarget):
            return check_pins.DirPins(DirStore(target.path))
        # HTTP costs 0.2 s and 12 MB: loaded where there is a cluster
        from core.engine.copying.target_ipfs import cluster_login  # noqa: PLC0415
        from core.target.peers import Roster  # noqa: PLC0415

        login = await asyncio.to_thread(cluster_login, target)
        roster = await Roster.discover(target.kubo, target.cluster, login)
        stack.push_async_callback(roster.close)
        return check_pins.ClusterPins(roster, self._m.workspace.id)

    async def _cache(
        self, stack: AsyncExitStack, profile: Profile, found: Findings
    ) -> CacheCheck | None:
        """Return what compares cached rows; a cache that does not answer is said, and left."""
        target = self._m.workspace.target
        if isinstance(target, DirTarget) or target.cache is None:
            return None
        from core.target.cache_keys import CacheKeys  # noqa: PLC0415 - as above
        from core.verify.check_cache import CacheCheck  # noqa: PLC0415

        try:
            keys = await CacheKeys.open(target.cache)
        except VgwmError as error:
            await self._keep(found, [check_pins.unread("cache", error.what)])
            return None
        stack.push_async_callback(keys.close)
        return CacheCheck(profile, keys)

    async def _look_at_pins(self, reins: Reins, pins: PinLook, found: Findings) -> None:
        ledger, after = self._m.ledger, 0
        await self._tell(phase="pins", at_once=True)
        while page := await ledger.in_states(BundleState.RECORDED, after_id=after, limit=BUNDLES):
            await reins.checkpoint()
            after = page[-1].id
            held = [one for one in page if one.objects and one.root is not None]
            first = {one.id: (one.bucket, one.first[0]) for one in held}
            amiss = await pins.look(held)
            unpinned = {one.bundle for one in amiss if one.ill is Ill.NO_PIN}
            await self._keep(
                found, [check_pins.difference(one, first[one.bundle]) for one in amiss]
            )
            await self._tell(
                bundles=self._figures.bundles + len(held),
                bundles_unpinned=self._figures.bundles_unpinned + len(unpinned),
                unpinned=self._figures.unpinned
                + sum(one.objects for one in held if one.id in unpinned),
            )
        known = await ledger.looked.roots()
        async for strays in pins.strays(known):
            await self._keep(found, strays)

    async def _look_at_rows(
        self,
        reins: Reins,
        table: ObjectTable,
        profile: Profile,
        cache: CacheCheck | None,
        found: Findings,
    ) -> None:
        ledger = self._m.ledger
        await self._tell(phase="join", keys=(await ledger.counters()).migrated, at_once=True)
        check = RowCheck(profile, self._m.workspace.id)
        sound = looked = 0
        objects: Counter[Listed] = Counter()
        stretches = join_rows(
            Sides(ledger.looked, await ledger.buckets(), table),
            check,
            again_s=lambda: AGAIN_S if self._m.writes() else 0.0,
        )
        async for stretch in stretches:
            await reins.checkpoint()
            await self._keep(found, stretch.found)
            sound += len(stretch.sound)
            objects.update({(one.bucket, one.key): one.listed for one in stretch.found}.values())
            looked += len(stretch.sound) + len(
                {(one.bucket, one.key) for one in stretch.found if one.listed is not Listed.EXTRA}
            )
            if cache is not None:
                await self._keep(found, await cache.rows(stretch.sound))
            await self._tell(joined=looked, objects={**objects, Listed.EQUAL: sound})
        # old versions and markers are migrated, too, and have no row
        await self._tell(keys=looked, at_once=True)

    async def _look_at_buckets(self, table: ObjectTable, profile: Profile, found: Findings) -> None:
        """Look for each bucket's own row; what stands in it, others may have changed since."""
        if profile.buckets is None:
            return
        known = KnownBuckets()
        known.learn(await self._m.ledger.buckets())
        wanted = {str(row[0]) for row in known.rows(profile)}
        there = {str(row[0]) for row in await table.scan_buckets()}
        await self._keep(found, [lost_bucket(name) for name in sorted(wanted - there)])

    async def _look_at_cache(
        self, reins: Reins, table: ObjectTable, cache: CacheCheck, found: Findings
    ) -> None:
        await self._tell(phase="cache", at_once=True)
        await self._keep(found, await cache.doubted(table))
        async for stray in cache.rowless(table):
            await reins.checkpoint()
            await self._keep(found, stray)

    async def _keep(self, found: Findings, some: Sequence[Difference]) -> None:
        if some:
            await asyncio.to_thread(found.keep, some, {}, {})

    async def _tell(self, *, at_once: bool = False, **changed: object) -> None:
        """Store how far the check is, once a second."""
        if "phase" in changed:
            changed["phase_ns"] = time.time_ns()
        self._figures = msgspec.structs.replace(self._figures, **changed)
        if at_once or time.monotonic() - self._told_s >= _TOLD_S:
            self._told_s = time.monotonic()
            await self._note()

    async def _note(self) -> None:
        """Store the figures: for who asks for the proof, and for who follows the job."""
        ledger = self._m.ledger
        await ledger.proving.progress(self._job, b"", self._figures.stored())
        await ledger.mending.progress(self._job, VerifyProgress.of(self._figures).stored())

    async def _end(self, folder: Path, *, whole: bool) -> None:
        """Make the lists, and store what the check came to."""
        sound = self._figures.objects.get(Listed.EQUAL, 0)
        contents = await asyncio.to_thread(
            write_lists, folder, lambda: findings(folder), sound=sound, partial=not whole
        )
        figures = self._figures = _with(self._figures, contents)
        await self._note()
        kinds = Counter({one.ill: one.rows for one in figures.rows})
        told = ", ".join(f"{n:,} {ill}" for ill, n in sorted(kinds.items()))
        event = EventDraft(
            kind="check",
            text=f"check: {told or 'nothing found'}{'' if whole else ' (it was broken off)'}",
            level="warn" if told else "info",
            job=self._job,
        )
        state = proofs.DONE if whole else proofs.PARTIAL
        await self._m.ledger.proving.end(
            self._job, state=state, figures=figures.stored(), event=event
        )


def _no_table(spec: str) -> WrongState:
    return WrongState(
        what="the target has no object table as the profile has it",
        where=safe(spec),
        remedy="Copy first (vgwm copy); one that was lost is made anew by vgwm metadata rebuild.",
    )


def _with(figures: Figures, contents: Contents) -> Figures:
    """Return the figures with what the lists hold."""
    rows = tuple(
        RowCount(listed=listed, ill=Ill(kind), rows=n)
        for listed, told in contents.lists.items()
        for kind, n in told.kinds.items()
    )
    return msgspec.structs.replace(
        figures,
        phase="done",
        objects={listed: told.objects for listed, told in contents.lists.items()},
        rows=rows,
        unread=sum(one.rows for one in rows if one.ill is Ill.UNREAD),
        partial=contents.partial,
    )


def _fresh(folder: Path) -> None:
    """Make the folder, without the findings that lists are made of."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for end in ("", "-wal", "-shm"):
            (folder / f"{FILE_NAME}{end}").unlink(missing_ok=True)
    except OSError as error:
        raise file_error(error, doing="making a report", path=folder) from error
