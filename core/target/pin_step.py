"""What to do about one peer's word on one pin: a pure function of what was seen, and when.

One look proves nothing bad: a peer back from a crash shows `unpinned` for a second on content that
it holds. So all but `pinned` must last before anything is done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from core.target.cluster_answers import PeerPin, PinStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLimits:
    """How long things may last, in seconds. Source of the defaults: `docs/target.md`.

    All are times without progress. batch_age_s: how long a peer may gather pins before it tells
    anyone; the first question waits no longer. silent_s: for a peer that does not answer, or whose
    node is not well; its bundles go elsewhere, if there is one. busy_s: for one at work, whose list
    does not change: beside it a pin has the time to read its blocks. patience_s: for the others.
    """

    batch_age_s: float = 1.0
    poll_s: float = 0.5
    ask_again_s: float = 2.0
    post_again_s: float = 10.0
    absent_s: float = 90.0
    blocks_s: float = 30.0
    silent_s: float = 20.0
    busy_s: float = 600.0
    read_bytes_s: float = 20e6
    patience_s: float = 300.0
    settle_s: float = 1.0
    recovers: int = 3
    post_patience_s: float = 60.0


class Act(Enum):
    """What to do now."""

    WAIT = auto()
    DONE = auto()
    POST_AGAIN = auto()  # if the peer's own state lacks the pin
    CHECK_BLOCKS = auto()
    CHECK_AND_RECOVER = auto()
    CHECK_ALLOCATION = auto()
    GIVE_UP = auto()


class Mood(Enum):
    """Kinds of status that are waited for alike."""

    ABSENT = auto()
    BUSY = auto()
    BROKEN = auto()
    ELSEWHERE = auto()
    UNKNOWN = auto()


_MOODS = {
    PinStatus.UNPINNED: Mood.ABSENT,
    PinStatus.PIN_QUEUED: Mood.BUSY,
    PinStatus.PINNING: Mood.BUSY,
    PinStatus.UNPIN_QUEUED: Mood.BUSY,
    PinStatus.UNPINNING: Mood.BUSY,
    PinStatus.PIN_ERROR: Mood.BROKEN,
    PinStatus.UNPIN_ERROR: Mood.BROKEN,
    PinStatus.UNEXPECTEDLY_UNPINNED: Mood.BROKEN,
    PinStatus.REMOTE: Mood.ELSEWHERE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerWait:
    """How one peer's word has been so far. Times: monotonic seconds.

    since_s: since when its mood is the same. acted_s: when something was last done about it.
    read_s: how long its node may read the pin's blocks, which nobody sees progress of.
    """

    mood: Mood
    since_s: float
    acted_s: float
    recovers: int = 0
    read_s: float = 0.0


def begin(now_s: float, *, read_s: float = 0.0) -> PeerWait:
    """Return the wait for a pin that was just accepted."""
    return PeerWait(mood=Mood.ABSENT, since_s=now_s, acted_s=now_s, read_s=read_s)


def step(
    wait: PeerWait, seen: PeerPin, now_s: float, limits: PinLimits, *, progress_s: float = 0.0
) -> tuple[PeerWait, Act]:
    """Return the wait after a look, and what to do.

    progress_s: when the peer's list of pins in work last changed.
    """
    if seen.status is PinStatus.PINNED:
        return wait, Act.DONE
    mood = _MOODS.get(seen.status, Mood.UNKNOWN)
    if mood is not wait.mood:
        wait = replace(wait, mood=mood, since_s=now_s, acted_s=now_s)
        return wait, Act.WAIT
    act = _due(wait, now_s, limits, progress_s)
    if act is Act.CHECK_AND_RECOVER:
        wait = replace(wait, recovers=wait.recovers + 1)
    if act is not Act.WAIT:
        wait = replace(wait, acted_s=now_s)
    return wait, act


def _due(wait: PeerWait, now_s: float, limits: PinLimits, progress_s: float) -> Act:
    """Return what is due in an unchanged mood."""
    lasted_s = now_s - wait.since_s
    idle_s = now_s - wait.acted_s
    match wait.mood:
        case Mood.ABSENT:
            due = idle_s >= limits.post_again_s
            act, patience_s = Act.POST_AGAIN, limits.absent_s
        case Mood.BUSY:
            due = idle_s >= limits.blocks_s
            act, patience_s = Act.CHECK_BLOCKS, limits.busy_s + wait.read_s
            lasted_s = now_s - max(wait.since_s, progress_s)
        case Mood.ELSEWHERE:
            due = idle_s >= limits.settle_s
            act, patience_s = Act.CHECK_ALLOCATION, limits.patience_s
        case Mood.BROKEN:
            due = idle_s >= limits.settle_s * 2**wait.recovers
            last = wait.recovers >= limits.recovers
            act, patience_s = Act.GIVE_UP if last else Act.CHECK_AND_RECOVER, limits.patience_s
        case _:
            due, act, patience_s = False, Act.WAIT, limits.silent_s
    if lasted_s >= patience_s:
        return Act.GIVE_UP
    return act if due else Act.WAIT
