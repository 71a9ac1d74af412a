"""How far behind the target is, and how long writes would have to pause if they did now. Pure.

freeze = drain + last full walk x 1.2 + carrying what it found + proof; a walk's finds are carried
at the speed of the last round, waits for pins in it. Source: cutover.md 3.
May import the ledger's rounds and the model.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger.rounds import RoundKind, RoundState
from core.model import NS_PER_S, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.rounds import RoundRow
    from core.ledger.rows import JobRow

DRAIN_S: Final = 1.0
"""Until a cutover has seen uploads end: what four busy writers needed was a hundredth of it."""

WALK: Final = 1.2
RUNNING: Final = 3
"""Rounds in a row that have to halve."""

FEW: Final = 100
"""A source that changes less in a round outruns nobody."""


class Forecast(NamedTuple):
    """Durations in seconds, None where no round has ended yet. Rates: objects a second.

    floored: two walks running took too long by themselves: no further round makes a freeze shorter.
    """

    freeze_s: float | None
    round_s: float | None
    carry_s: float | None
    proof_s: float | None
    ready: bool
    outrun: bool
    written_s: float | None
    copied_s: float | None
    floored: bool = False


def forecast(rounds: Sequence[RoundRow], *, budget_s: float, proof_s: float | None) -> Forecast:
    """Say it from rounds, the newest first. proof_s: of the last verification, None: a walk's.

    Quick ones say nothing: they do not walk, and what they carry the next full one does not find.
    """
    done = [one for one in rounds if one.state is RoundState.DONE and _full(one) and _timed(one)]
    if not done:
        return Forecast(None, None, None, proof_s, False, False, None, None)  # noqa: FBT003 - fields
    freezes = [_freeze(one, proof_s) for one in done[:2]]
    last = done[0]
    ready = len(freezes) == 2 and max(freezes) <= budget_s  # noqa: PLR2004 - two running
    return Forecast(
        freeze_s=freezes[0],
        round_s=_walk_s(last),
        carry_s=_carry_s(last),
        proof_s=_walk_s(last) if proof_s is None else proof_s,
        ready=ready,
        outrun=freezes[0] > budget_s and _does_not_halve(done),
        written_s=_written_s(done),
        copied_s=_copied_s(last),
        floored=len(freezes) > 1 and all(_floor(one, proof_s) > budget_s for one in done[:2]),
    )


def proof_s(verified: JobRow | None) -> float | None:
    """Return how long the last verification took; None if it has not ended well."""
    if verified is None or verified.state is not JobState.DONE:
        return None
    if verified.began_ns is None or verified.ended_ns is None:
        return None
    if verified.ended_ns < verified.began_ns:
        return None  # the clock was set meanwhile
    return (verified.ended_ns - verified.began_ns) / NS_PER_S


def lag_s(last_full: RoundRow | None, now_ns: int) -> float | None:
    """Return how old the last look at everything is; None before the first has ended."""
    return None if last_full is None else max(0.0, (now_ns - last_full.began_ns) / NS_PER_S)


def _freeze(one: RoundRow, proof_s: float | None) -> float:
    return _floor(one, proof_s) + _carry_s(one)


def _floor(one: RoundRow, proof_s: float | None) -> float:
    """Return what a freeze takes though the source stands still."""
    walk_s = _walk_s(one)
    return DRAIN_S + WALK * walk_s + (walk_s if proof_s is None else proof_s)


def _full(one: RoundRow) -> bool:
    return one.kind is not RoundKind.QUICK


def _timed(one: RoundRow) -> bool:
    """Tell whether a round took no less than no time: one in which the clock was set back did.

    By such a one a freeze would be over before it began, and any budget kept.
    """
    return _walk_s(one) >= 0 and _carry_s(one) >= 0


def _walk_s(one: RoundRow) -> float:
    return ((one.walked_ns or one.began_ns) - one.began_ns) / NS_PER_S


def _carry_s(one: RoundRow) -> float:
    return ((one.ended_ns or one.began_ns) - (one.walked_ns or one.began_ns)) / NS_PER_S


def _does_not_halve(done: Sequence[RoundRow]) -> bool:
    last = [one.found.moved for one in done[: RUNNING + 1]]
    if len(last) <= RUNNING or last[0] < FEW:
        return False
    return all(2 * now > before for now, before in pairwise(last))


def _written_s(done: Sequence[RoundRow]) -> float | None:
    """Return how fast the source changes: what the last round found, since the one before began."""
    if len(done) == 1:
        return None
    between_s = (done[0].began_ns - done[1].began_ns) / NS_PER_S
    return done[0].found.moved / between_s if between_s > 0 else None


def _copied_s(last: RoundRow) -> float | None:
    took_s = _carry_s(last) + _walk_s(last)
    return last.found.moved / took_s if took_s > 0 and last.found.moved else None
