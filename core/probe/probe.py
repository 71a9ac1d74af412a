"""A question and how it is asked: all at once, each with its own limit of time."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from core.config.redact import redact
from core.errors import NoAnswer, VgwmError
from core.verdict import Answer, Component, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

HEALTH_LIMIT_S = 1.6
"""Of one answer: all come at once, so that `health` ends within 2 s."""

_LIMIT_S: ContextVar[float] = ContextVar("limit of the question", default=HEALTH_LIMIT_S)

_CALL = 0.15  # of a question's limit, that one of its servers may take

_LONGEST = 600
"""Characters of evidence: servers' own words stand in it, and some of them are endless."""


class Depth(Enum):
    """HEALTH reads, within 2 s. CHECK goes deep, and removes its canaries again."""

    HEALTH = "health"
    CHECK = "check"


class Finding(NamedTuple):
    """What a question found, before it is timed and named. remedy: empty for a pass."""

    verdict: Verdict
    evidence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question. ask: may raise NoAnswer or OSError, which is `unknown`, or another VgwmError.

    Those others are answers: wrong credentials, another schema, no such server are a `fail`.
    """

    check: str
    component: Component
    depth: Depth
    ask: Callable[[], Awaitable[Finding]]
    endpoint: str = ""
    limit_s: float = HEALTH_LIMIT_S
    remedy: str = ""  # for no answer in time


def part_of_limit(part: float) -> asyncio.Timeout:
    """Limit one of several calls of a question: to a part of the time that the question has.

    A question that is asked again with more time gives more to each of its calls.
    """
    return asyncio.timeout(part * _LIMIT_S.get())


def limit_of_call(least_s: float) -> float:
    """Return how long one call may take: least_s, or more where the question is asked again."""
    return max(least_s, _CALL * _LIMIT_S.get())


async def ask_all(probes: Sequence[Probe]) -> AsyncIterator[Answer]:
    """Ask all at once; yield the answers as they come."""
    tasks = [asyncio.create_task(ask_one(probe)) for probe in probes]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask_one(probe: Probe) -> Answer:
    """Ask one question within its limit."""
    began_s = time.monotonic()
    outer = _LIMIT_S.set(probe.limit_s)
    try:
        async with asyncio.timeout(probe.limit_s):
            found = await probe.ask()
    except TimeoutError:
        text = f"no answer in {probe.limit_s:g} s"
        found = Finding(Verdict.UNKNOWN, text, probe.remedy)
    except NoAnswer as error:
        found = Finding(Verdict.UNKNOWN, error.what, error.remedy)
    except VgwmError as error:
        found = Finding(Verdict.FAIL, error.what, error.remedy)
    except (OSError, UnicodeError) as error:  # the latter: a name that no resolver takes
        text = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
        found = Finding(Verdict.UNKNOWN, text, probe.remedy)
    finally:
        _LIMIT_S.reset(outer)
    return Answer(
        check=probe.check,
        component=probe.component,
        verdict=found.verdict,
        evidence=redact(found.evidence)[:_LONGEST],
        at_ns=time.time_ns(),
        took_s=time.monotonic() - began_s,
        endpoint=probe.endpoint,
        remedy=redact(found.remedy),
    )
