"""How far this host's clock is from the servers' clocks, by the Date of their HTTP answers.

A Date is cut to the second, so an answer says only that the difference lies in a span; several
answers across a second's edge narrow it. Judged is the least difference that is certain.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import NoAnswer
from core.probe.endpoints import endpoints
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe
from core.target.control_http import HEALTH_S, ControlHttp
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.schema import Workspace
    from core.probe.endpoints import Endpoint

FINE_S: Final = 1.0
WORST_S: Final = 60.0

_ASKS: Final = {"kubo": ("POST", "/api/v0/version"), "cluster": ("GET", "/health")}
_LOOKS: Final = 5
_LOOKS_LIMIT_S: Final = 5.0
_APART_S: Final = 0.23  # five looks span a second, so one of them stands near its edge


class Span(NamedTuple):
    """The server's clock is ahead of ours by low_s to high_s; below 0 it is behind."""

    low_s: float
    high_s: float

    @property
    def least_s(self) -> float:
        """The least difference that is certain, without its sign."""
        return max(self.low_s, -self.high_s, 0.0)


def probes(workspace: Workspace, depth: Depth, now: Callable[[], float] = time.time) -> list[Probe]:
    """Return a question for each Kubo and cluster peer. now: this host's clock, UTC seconds."""
    looks = _LOOKS if depth is Depth.CHECK else 1
    return [
        Probe(
            check="clock",
            component=Component.HOST,
            depth=Depth.HEALTH,
            ask=partial(skew, one, looks, now),
            endpoint=one.shown,
            limit_s=HEALTH_LIMIT_S if looks == 1 else _LOOKS_LIMIT_S,
            remedy="See the rows of that endpoint; without its answer its clock is not known.",
        )
        for one in endpoints(workspace)
        if one.kind in _ASKS
    ]


async def skew(endpoint: Endpoint, looks: int, now: Callable[[], float]) -> Finding:
    """Ask for the server's time so many times. Raises NoAnswer if it names none."""
    method, path = _ASKS[endpoint.kind]
    http = ControlHttp(endpoint.name, endpoint.url)
    spans = []
    try:
        for left in reversed(range(looks)):
            sent_s = now()
            async with http.stream(method, path, limit_s=HEALTH_S) as answer:
                spans.append(span(answer.headers.get("Date", ""), sent_s, now()))
            if left:
                await asyncio.sleep(_APART_S)
    finally:
        await http.close()
    return judge(common(spans))


def span(date: str, sent_s: float, heard_s: float) -> Span:
    """Return what one answer says. date: its header. Times: this host's clock, UTC seconds.

    Raises NoAnswer if the header is absent or no date.
    """
    try:
        at_s = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError) as error:
        raise NoAnswer(
            what="the server names no time",
            where="Date",
            remedy="Compare the clocks by hand: date -u, or chronyc tracking.",
        ) from error
    return Span(at_s - heard_s, at_s + 1 - sent_s)


def common(spans: list[Span]) -> Span:
    """Return what all answers agree on; the last one if a clock was set between them."""
    low = max(one.low_s for one in spans)
    high = min(one.high_s for one in spans)
    return Span(low, high) if low <= high else spans[-1]


def judge(found: Span) -> Finding:
    """Judge a span: up to 1 s is fine, over 60 s a fail."""
    text = f"between {found.low_s:+.1f} and {found.high_s:+.1f} s against this host"
    least_s = found.least_s
    if least_s > WORST_S:
        return Finding(Verdict.FAIL, text, "Set the clocks by NTP on both hosts: chronyd, ntpd.")
    if least_s >= FINE_S:
        return Finding(Verdict.WARN, text, "Set the clocks by NTP: ages and times will be off.")
    return Finding(Verdict.PASS, text)
