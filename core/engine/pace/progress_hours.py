"""From working time to the time of the clock, where copying is allowed in windows only. Pure.

May import the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.model import NS_PER_S

if TYPE_CHECKING:
    from core.config.schedule import Schedule

WEEK_S: Final = 7 * 86_400.0


def by_the_clock(work_s: float, now_ns: int, schedule: Schedule) -> float:
    """Return the seconds from now until the windows were open for work_s seconds.

    now_ns: UTC. Windows with a limit of their own count as whole: what it costs is not known.
    """
    spans = _week(now_ns, schedule)
    open_s = sum(long_s for is_open, long_s in spans if is_open)
    if not open_s:
        return work_s
    weeks = max(0, -(-work_s // open_s) - 1)  # whole weeks before the one in which it ends
    left_s, clock_s = work_s - weeks * open_s, weeks * WEEK_S
    for is_open, long_s in spans:
        if is_open and left_s <= long_s:
            return clock_s + left_s
        if is_open:
            left_s -= long_s
        clock_s += long_s
    return clock_s


def _week(now_ns: int, schedule: Schedule) -> list[tuple[bool, float]]:
    """Return the week from now as stretches: whether the windows are open, and for how long."""
    spans: list[tuple[bool, float]] = []
    at_ns, end_ns = now_ns, now_ns + int(WEEK_S * NS_PER_S)
    while at_ns < end_ns:
        hours = schedule.at(at_ns)
        until_ns = end_ns if hours.until_ns is None else min(hours.until_ns, end_ns)
        spans.append((hours.is_open, (until_ns - at_ns) / NS_PER_S))
        at_ns = until_ns
    return spans
