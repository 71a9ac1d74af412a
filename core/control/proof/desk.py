"""What clients are told of proofs: figures from the ledger, rows from the lists on disk.

With or without an engine. May import the ledger, the lists and the wire.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.control.wire import verify as wire_verify
from core.display import safe
from core.errors import BadInput, WrongState
from core.ledger import proofs
from core.model import ENDED, NS_PER_S, JobState
from core.verify.difference import Listed
from core.verify.figures import Figures
from core.verify.list_files import ListTold, contents_path
from core.verify.list_pages import ListPages

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.proofs import ProofRow
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import JobRow
    from core.verify.bytes_told import BytesFigures
    from core.verify.lines import Line
    from core.verify.list_files import Contents

VERIFY: Final = "verify"
_PHASE_S: Final = 2.0
_NEWEST: Final = 50


class ProofDesk:
    """Answers for one workspace."""

    def __init__(self, path: Path, ledger: LedgerReader) -> None:
        self._path = path
        self._ledger = ledger
        self._pages = ListPages()

    async def proof(self, job: int | None) -> wire_verify.Proof:
        """Return a proof by its job, or the newest verification. Raises WrongState without one."""
        return await self._told(await self._row(job))

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        """Return proofs of all kinds, the newest first."""
        rows = await self._ledger.proofs(limit)
        return wire_verify.Proofs(proofs=[await self._told(row) for row in rows])

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        """Return rows of a list. Raises BadInput, WrongState where there are no lists yet."""
        try:
            listed = Listed(query.name)
        except ValueError as error:
            raise BadInput(
                what=f"there is no list {safe(query.name)}",
                where="/v1/views",
                remedy=f"Lists: {', '.join(Listed)}.",
            ) from error
        row = await self._listed(query.job)
        folder = self._path / row.folder
        contents = await asyncio.to_thread(self._pages.contents, folder)
        page = await asyncio.to_thread(
            self._pages.page,
            *(folder, listed, query.at, query.limit),
            kind=query.kind,
            bucket=query.bucket,
        )
        return _view(row.job, query, contents, page.lines, page.total)

    async def _listed(self, job: int | None) -> ProofRow:
        """Return a proof by its job, or the newest verification that left its lists."""
        if job is None:
            for row in await self._ledger.proofs(_NEWEST, VERIFY, ended=True):
                path = contents_path(self._path / row.folder)
                if await asyncio.to_thread(path.exists):
                    return row
        return await self._row(job)

    async def _row(self, job: int | None) -> ProofRow:
        if job is not None:
            row = await self._ledger.proof(job)
        else:
            row = next(iter(await self._ledger.proofs(1, VERIFY)), None)
        if row is None:
            raise WrongState(
                what="nothing was verified yet" if job is None else f"job {job} verified nothing",
                where=safe(str(self._path)),
                remedy="Begin with: vgwm verify",
            )
        return row

    async def _told(self, row: ProofRow) -> wire_verify.Proof:
        """Return a proof as clients see it."""
        return told(row, await self._ledger.job(row.job))


def told(row: ProofRow, job: JobRow | None) -> wire_verify.Proof:
    """Return a proof as clients see it. job: its own."""
    figures = Figures.parse(row.figures)
    state = JobState.INTERRUPTED if job is None else job.state
    # a job that has just ended, and whose proof says so in the next commit, is still at work
    over = row.ended_ns is not None or state in ENDED
    age_s = None if row.ended_ns is None else max(0.0, (time.time_ns() - row.ended_ns) / NS_PER_S)
    rate, eta_s = (None, None) if over else _speed(figures)
    return wire_verify.Proof(
        job=row.job,
        kind=row.kind,
        scope=row.scope,
        state=str(state),
        partial=row.state != proofs.DONE,
        began_ns=row.began_ns,
        ended_ns=row.ended_ns,
        verdict_age_s=age_s,
        reason="" if job is None else job.reason,
        phase=figures.phase,
        joined=figures.joined,
        keys=figures.keys,
        rate=rate,
        eta_s=eta_s,
        buckets=tuple(safe(n) for n in row.args.get("bucket", "").split(",") if n),
        lists=_sizes(figures),
        kinds=_kinds(figures),
        unpinned=figures.unpinned,
        unread=figures.unread,
        bundles=figures.bundles,
        bundles_unpinned=figures.bundles_unpinned,
        dirty=figures.dirty,
        gone=figures.gone,
        skipped=figures.skipped,
        versions=figures.versions,
        markers=figures.markers,
        bytes=_bytes(row, figures.bytes),
        folder=row.folder,
    )


def _view(
    job: int, query: wire_verify.ViewQuery, contents: Contents, lines: list[Line], total: int
) -> wire_verify.View:
    told = contents.lists.get(Listed(query.name), ListTold())
    return wire_verify.View(
        job=job,
        name=query.name,
        at=query.at,
        total=total,
        rows=[
            wire_verify.ViewRow(
                at=query.at + place,
                object=line.object,
                kind=line.kind,
                field=line.field,
                wanted=line.wanted,
                found=line.found,
                where=line.where,
                bundle=line.bundle,
            )
            for place, line in enumerate(lines)
        ],
        kinds=tuple(
            wire_verify.IllCount(name=query.name, kind=kind, rows=n)
            for kind, n in told.kinds.items()
        ),
        buckets=tuple(one.name for one in told.buckets),
        partial=contents.partial,
    )


def _sizes(figures: Figures) -> tuple[wire_verify.ListSize, ...]:
    return tuple(
        wire_verify.ListSize(
            name=str(listed),
            sign=listed.sign,
            objects=figures.objects.get(listed, 0),
            rows=sum(one.rows for one in figures.rows if one.listed is listed),
        )
        for listed in Listed
    )


def _kinds(figures: Figures) -> tuple[wire_verify.IllCount, ...]:
    return tuple(
        wire_verify.IllCount(name=str(one.listed), kind=str(one.ill), rows=one.rows)
        for one in figures.rows
        if one.ill is not None
    )


def _speed(figures: Figures) -> tuple[float | None, float | None]:
    """Return keys a second of the join, and how long it will take; None until that is earned."""
    if figures.phase != "join" or not figures.phase_ns:
        return None, None
    took_s = (time.time_ns() - figures.phase_ns) / NS_PER_S
    done = figures.joined - figures.joined_before
    if took_s < _PHASE_S or done <= 0:
        return None, None
    rate = done / took_s
    return rate, max(0, figures.keys - figures.joined) / rate


def _bytes(row: ProofRow, told: BytesFigures | None) -> wire_verify.Bytes:
    """Return what was read again."""
    if told is None:
        return wire_verify.Bytes()
    return wire_verify.Bytes(
        mode="full" if told.full else "sample",
        replicas=row.args.get("replicas", "one"),
        seed=told.seed,
        sample=int(row.args.get("sample", "0")),
        n=told.n,
        bad=told.bad,
        unread=told.unread,
        extra=told.extra,
        object_bytes=told.object_bytes,
        read_bytes=told.read_bytes,
        seconds=told.seconds,
        bound95=told.bound95 if told.n or told.whole else None,
        done=told.done,
        all=told.all,
        whole=told.whole,
        strata=tuple(
            wire_verify.Stratum(
                kind=one.kind,
                name=safe(one.name),
                n=one.n,
                bad=one.bad,
                bound95=one.bound95,
                denser=one.denser,
            )
            for one in told.strata
        ),
    )
