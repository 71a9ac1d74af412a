"""The list of failures as the API gives it: by places or cursors, by cause, by bundle.

A place far down is reached by hops of `HOP` rows, each a short read of its own, and the hops are
kept: a screen that jumps about in a million rows costs what it shows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.control import snapshot
from core.control.failures.remedy import remedy_of
from core.control.wire import failures as wire_failures
from core.control.wire import state as wire
from core.display import object_name, safe
from core.errors import BadInput
from core.ledger.failure_pages import END, FailureFilter
from core.ledger.rows import Disposition

if TYPE_CHECKING:
    from core.ledger.failure_pages import FailurePlace
    from core.ledger.failures import Cause, FailedBundle
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import FailureRow

HOP: Final = 20_000
"""Rows between two places that are kept: SQLite walks over so many in some milliseconds."""
MOST_LISTS: Final = 8
"""Filters whose hops are kept."""

OLD_S: Final = 5.0
"""Hops of a list that has changed since are good for so long: rows are right, places near."""


@dataclass(slots=True)
class _Hops:
    """Every HOP-th row's place of one list. total: rows that it had then."""

    total: int
    made_s: float
    places: list[FailurePlace] = field(default_factory=list)


class FailureList:
    """Answers what screens and commands ask of the failures."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._failed = ledger.failed
        self._hops: dict[FailureFilter, _Hops] = {}

    async def page(self, query: wire_failures.FailureQuery) -> wire.Failures:
        """Return a page. Raises BadInput for a cursor that is none, and for two places at once."""
        wanted = _filter_of(query)
        if sum((query.at is not None, bool(query.after), bool(query.before))) > 1:
            raise BadInput(
                what="more than one of at, after and before",
                where="/v1/failures",
                remedy="Give one: a row's place, or the cursor of a page beside it.",
            )
        total, exact = await self._failed.count(wanted)
        at: int | None = None
        if query.before:
            before = _cursor(query.before)
            rows = await self._failed.page(wanted, query.limit, before=before)
        elif query.after:
            rows = await self._failed.page(wanted, query.limit, after=_cursor(query.after))
        else:
            at = query.at or 0
            rows = await self._at(wanted, at, query.limit, total if exact else None)
        last = exact and at is not None and at + len(rows) >= total
        more = rows and not last and (bool(query.before) or len(rows) == query.limit)
        return wire.Failures(
            failures=[snapshot.failure(row) for row in rows],
            next=snapshot.cursor_text(rows[-1].cursor) if more else "",
            prev=snapshot.cursor_text(rows[0].cursor) if rows and at != 0 else "",
            total=total,
            exact=exact,
            at=at,
            as_of_ns=time.time_ns(),
        )

    async def causes(self, disposition: str) -> wire_failures.FailureCauses:
        """Return failures by class and phase."""
        _known(disposition)
        found = await self._failed.causes(disposition)
        whole = sum(one.objects for one in found)
        return wire_failures.FailureCauses(causes=[_cause(one, whole) for one in found])

    async def bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        """Return bundles with failed objects from the at-th on."""
        found, total = await self._failed.bundles(at, limit)
        return wire_failures.FailureBundles(bundles=[_bundle(one) for one in found], total=total)

    async def sums(self) -> Sums:
        """Return failed objects by class and by phase, and how many operators skipped."""
        by_code: dict[str, int] = {}
        by_phase: dict[str, int] = {}
        waived = 0
        for (disposition, phase, code), n in (await self._failed.tallies()).items():
            if disposition == Disposition.WAIVED:
                waived += n
            elif disposition == Disposition.FAILED:
                by_code[code] = by_code.get(code, 0) + n
                by_phase[phase] = by_phase.get(phase, 0) + n
        ever = sorted((await self._failed.ever()).items())
        return Sums(
            by_code=_largest_first(by_code),
            by_phase=_largest_first(by_phase),
            waived=waived,
            ever=[wire.ErrorCount(phase=phase, code=code, times=n) for (phase, code), n in ever],
        )

    async def _at(
        self, wanted: FailureFilter, at: int, limit: int, total: int | None
    ) -> list[FailureRow]:
        """Return rows from the at-th on. total: None where it is not known exactly."""
        if total is not None and at and at + limit >= total:
            # the end of the list is as near as its beginning
            rows = await self._failed.page(wanted, max(0, total - at), before=END)
            return rows[:limit]
        hops = self._hops_of(wanted, total)
        while len(hops.places) < at // HOP:
            after = hops.places[-1] if hops.places else None
            found = await self._failed.nth(wanted, HOP, after=after)
            if found is None:
                break
            hops.places.append(found)
        reached = min(len(hops.places), at // HOP)
        after = hops.places[reached - 1] if reached else None
        left = at - reached * HOP
        if left >= HOP:
            return []  # behind the end
        if left:
            after = await self._failed.nth(wanted, left, after=after)
            if after is None:
                return []
        return await self._failed.page(wanted, limit, after=after)

    def _hops_of(self, wanted: FailureFilter, total: int | None) -> _Hops:
        now_s = time.monotonic()
        kept = self._hops.pop(wanted, None)
        size = -1 if total is None else total
        if kept is None or (kept.total != size and now_s - kept.made_s > OLD_S):
            kept = _Hops(total=size, made_s=now_s)
        self._hops[wanted] = kept  # the last used stands last
        if len(self._hops) > MOST_LISTS:
            del self._hops[next(iter(self._hops))]
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Failed objects by class and by phase, the largest first. waived: skipped by operators now.

    ever: how often objects failed, retries included.
    """

    by_code: dict[str, int]
    by_phase: dict[str, int]
    waived: int
    ever: list[wire.ErrorCount]


def _largest_first(counted: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _filter_of(query: wire_failures.FailureQuery) -> FailureFilter:
    _known(query.disposition)
    return FailureFilter(
        code=query.code,
        phase=query.phase,
        disposition=query.disposition,
        prefix=snapshot.prefix_bytes(query.prefix),
        bundle=query.bundle,
    )


def _known(disposition: str) -> None:
    if disposition and disposition not in set(Disposition):
        raise BadInput(
            what=f"there is no disposition {safe(disposition)}",
            where="/v1/failures",
            remedy=f"It is one of {', '.join(Disposition)}.",
        )


def _cursor(text: str) -> FailurePlace | None:
    try:
        return snapshot.cursor_of(text)
    except ValueError as error:
        raise BadInput(
            what=f"{safe(text)} is no place in the list",
            where="/v1/failures",
            remedy="Use the `next` or `prev` of an answer, or `at` with a row's place.",
        ) from error


def _cause(one: Cause, whole: int) -> wire_failures.FailureCause:
    return wire_failures.FailureCause(
        code=one.code,
        phase=one.phase,
        disposition=one.disposition,
        objects=one.objects,
        first_ns=one.first_ns,
        last_ns=one.last_ns,
        remedy=remedy_of(one.code, one.disposition),
        share=one.objects / whole,
        example=None if one.example is None else snapshot.failure(one.example),
    )


def _bundle(one: FailedBundle) -> wire_failures.FailureBundle:
    return wire_failures.FailureBundle(
        id=one.id,
        bucket=safe(one.bucket),
        first=object_name(one.bucket, *one.first),
        last=object_name(one.bucket, *one.last),
        objects=one.objects,
        failed=one.failed,
        last_ns=one.last_ns,
        codes=list(one.codes),
    )
