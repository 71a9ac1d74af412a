"""Which S3 cases green passed before the flip, kept in the ledger: an engine that restarts knows.

May import the ledger and the cutover's pure parts.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.cutover.gate import Gate
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.cases import Asked
    from core.ledger.ledger import Ledger
    from core.ledger.reading import LedgerReader

LIMIT_S: Final = 3_600.0
"""The age from which what green did counts for nothing before a flip."""

LIVE_S: Final = 900.0
"""The same behind it: it is asked every few minutes."""

_META: Final = "cases:"
_REMEDY: Final = "Look into green's log; take it on, if no client of yours needs it."
_BACK: Final = "Look at green's nodes, table and log; else go back: `vgwm rollback plan`."


class Passed(NamedTuple):
    """What green passed in a bucket, by the names of cases. at_ns: UTC."""

    bucket: str
    at_ns: int
    cases: frozenset[str]


class _Kept(msgspec.Struct, frozen=True):
    """How the ledger holds it."""

    at_ns: int
    cases: tuple[str, ...]


async def keep(ledger: Ledger, asked: Asked) -> None:
    """Keep what green passed, unless it takes clients' writes to that bucket already.

    Silence is not kept, and takes nothing away.
    """
    stand = await ledger.greenlog.stand()
    ids = {row.name: row.id for row in await ledger.buckets()}
    if asked.silent or ids.get(os.fsencode(asked.bucket)) in {*stand.buckets, *stand.kept}:
        return
    text = msgspec.json.encode(_Kept(asked.at_ns, tuple(map(str, asked.passed))))
    await ledger.set_meta(f"{_META}{asked.bucket}", text)


async def kept(ledger: LedgerReader, buckets: Sequence[str]) -> Passed | None:
    """Return what was kept last of any of these buckets, None if nothing was."""
    found: list[Passed] = []
    for bucket in buckets:
        stored = await ledger.get_meta(f"{_META}{bucket}")
        if isinstance(stored, bytes):
            told = msgspec.json.decode(stored, type=_Kept)
            found.append(Passed(bucket, told.at_ns, frozenset(told.cases)))
    return max(found, key=lambda one: one.at_ns, default=None)


def ready_gate(asked: Asked) -> Gate:
    """Judge what green does before a flip (gate `cases`): what it does not do warns by name."""
    remedy = ""
    if asked.silent:
        verdict, evidence = Verdict.UNKNOWN, asked.silent
        remedy = "Let green answer, and look again."
    elif asked.lost:
        verdict, remedy = Verdict.WARN, _REMEDY
        evidence = f"green does not do {'; '.join(_told(asked))}"
    else:
        verdict, evidence = Verdict.PASS, f"green does {', '.join(asked.passed)}"
    return Gate(
        name="cases",
        verdict=verdict,
        evidence=evidence,
        at_ns=asked.at_ns,
        limit_s=LIMIT_S,
        remedy=remedy,
    )


def live_gate(before: Passed | None, asked: Asked | None) -> Gate:
    """Judge what green does behind the flip: a case that passed before and fails now is red.

    before: None where nothing was kept; asked: None where nobody was asked. Both are unknown (I7).
    """
    at_ns = time.time_ns() if asked is None else asked.at_ns
    if before is None or asked is None:
        verdict, evidence = Verdict.UNKNOWN, "what green did before the flip was not kept"
    elif asked.silent:
        verdict, evidence = Verdict.UNKNOWN, asked.silent
    elif lost := lost_of(before, asked):
        verdict = Verdict.FAIL
        evidence = f"green did before the flip, and does no more: {'; '.join(lost)}"
    else:
        verdict = Verdict.PASS
        evidence = f"green does what it did: {', '.join(one for one in asked.passed)}"
    return Gate(
        name="live-cases",
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=LIVE_S,
        remedy="" if verdict is Verdict.PASS else _BACK,
    )


def lost_of(before: Passed, asked: Asked) -> list[str]:
    """Return the cases that passed before and fail now, with what was answered."""
    return [f"{one.case} ({one.why})" for one in asked.lost if one.case in before.cases]


def _told(asked: Asked) -> list[str]:
    return [f"{one.case} ({one.why})" for one in asked.lost]
