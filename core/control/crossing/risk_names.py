"""What is at risk, by name: read from the ledger, beside an engine or without one.

The list moves while it is read: what was carried is in it no more. A place is therefore good for a
screen, which asks again each second; who wants all of them goes on behind the last one he has.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.control.wire import rollback as wire_rollback
from core.cutover.cutover_plan import ALL
from core.cutover.risk import silent_since
from core.display import object_name, safe
from core.engine.slices import Slices, rows_of
from core.errors import BadInput
from core.ledger.at_risk import FIRST, UNCARRIABLE, RiskPlace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.config.schema import Workspace
    from core.ledger.at_risk import RiskRow
    from core.ledger.reading import LedgerReader

_WHERE: Final = "/v1/rollback/names"


class Which(StrEnum):
    """What is listed: all that is at risk, or what blue cannot hold alone."""

    AT_RISK = "at-risk"
    CANNOT_CARRY = "cannot-carry"


_BEGINS: Final = {Which.AT_RISK: FIRST, Which.CANNOT_CARRY: UNCARRIABLE}


async def risk_names(
    workspace: Workspace, ledger: LedgerReader, query: wire_rollback.NamesQuery
) -> wire_rollback.RiskNames:
    """Return a page. Raises BadInput for a slice, a list or a cursor that is none."""
    begins = _BEGINS[_which(query.what)]
    named = (await Slices.of(workspace, ledger)).buckets(query.slice or ALL)
    stand = await ledger.greenlog.stand()
    buckets = {row.id: row.name for row in await rows_of(ledger, named) if row.id in stand.buckets}
    now_ns = time.time_ns()
    at: int | None = None
    total: int | None = None
    rows: Sequence[RiskRow]
    if query.after:
        after = max(begins, _place(query.after))
        rows = await ledger.at_risk.behind(buckets.keys(), after, query.limit)
    else:
        found = await ledger.at_risk.page(buckets.keys(), begins, query.at, query.limit)
        rows, at, total = found.rows, query.at, found.total
    more = len(rows) == query.limit and (at is None or total is None or at + len(rows) < total)
    return wire_rollback.RiskNames(
        slice=safe(query.slice or ALL),
        what=query.what,
        rows=tuple(_name(row, buckets) for row in rows),
        as_of_ns=now_ns,
        at=at,
        total=total,
        next=_text(rows[-1].place) if rows and more else "",
        silent_since_ns=silent_since(stand, now_ns) if buckets else 0,
    )


def _which(text: str) -> Which:
    if text not in set(Which):
        raise BadInput(
            what=f"there is no list {safe(text)}",
            where=_WHERE,
            remedy=f"It is one of {', '.join(Which)}.",
        )
    return Which(text)


def _name(row: RiskRow, buckets: Mapping[int, bytes]) -> wire_rollback.RiskName:
    return wire_rollback.RiskName(
        object=object_name(buckets[row.place.bucket_id], row.place.key),
        op=row.op,
        size_bytes=row.size_bytes,
        seen_ns=row.seen_ns,
        cannot=row.place.state == UNCARRIABLE.state,
        why=row.why,
        tries=row.tries,
    )


def _text(place: RiskPlace) -> str:
    return f"{place.state}.{place.bucket_id}.{place.key.hex()}"


def _place(text: str) -> RiskPlace:
    try:
        state, bucket_id, key = text.split(".")
        return RiskPlace(int(state), int(bucket_id), bytes.fromhex(key))
    except ValueError as error:
        raise BadInput(
            what=f"{safe(text)} is no place in the list",
            where=_WHERE,
            remedy="Use the `next` of an answer, or `at` with a row's place.",
        ) from error
