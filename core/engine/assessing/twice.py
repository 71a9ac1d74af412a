"""Asking again what may have been a slow moment of this host: all is asked at once, beside a walk.

May import the probes and the verdicts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from core.probe.probe import ask_all
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.probe.probe import Probe
    from core.verdict import Answer, Component

TIMED: Final = frozenset({"rtt", "cluster", "metrics", "canary"})
"""Checks whose warning or fail may come of an answer that was late, and not of the server."""


PATIENCE: Final = 4.0
"""How much longer a second answer may take: an assessment need not end within two seconds."""


class _Place(NamedTuple):
    """A question, and of whom it is asked: no two probes share it."""

    component: Component
    check: str
    endpoint: str


async def ask_twice(probes: Sequence[Probe]) -> list[Answer]:
    """Ask all at once; then once more, by themselves, those that could have been late.

    The second answer stands, in the place of the first.
    """
    first = {_of(one): one async for one in ask_all(probes)}
    again = [
        replace(probe, limit_s=probe.limit_s * PATIENCE)
        for probe in probes
        if _late(first[_of(probe)])
    ]
    first |= {_of(one): one async for one in ask_all(again)}
    return list(first.values())


def _of(one: Probe | Answer) -> _Place:
    return _Place(one.component, one.check, one.endpoint)


def _late(answer: Answer) -> bool:
    if answer.verdict is Verdict.UNKNOWN:
        return True
    return answer.verdict is not Verdict.PASS and answer.check in TIMED
