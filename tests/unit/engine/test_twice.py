"""What may have come of a slow moment is asked again, and the second answer stands."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.engine.assessing.twice import PATIENCE, ask_twice
from core.errors import NodeUnreachable
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe, limit_of_call, part_of_limit
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def probe(check: str, ask: Callable[[], Awaitable[Finding]], endpoint: str = "") -> Probe:
    return Probe(
        check=check, component=Component.CLUSTER, depth=Depth.CHECK, ask=ask, endpoint=endpoint
    )


@pytest.mark.parametrize(
    ("check", "first", "asked"),
    [
        ("version", UNKNOWN, 2),
        ("version", PASS, 1),
        ("version", WARN, 1),
        ("version", FAIL, 1),
        ("rtt", WARN, 2),
        ("cluster", FAIL, 2),
        ("rtt", PASS, 1),
    ],
)
async def test_only_what_could_have_been_late_is_asked_again(
    check: str, first: Verdict, asked: int
) -> None:
    times: Counter[str] = Counter()

    async def ask() -> Finding:
        times[check] += 1
        return Finding(first if times[check] == 1 else PASS, str(times[check]))

    (answer,) = await ask_twice([probe(check, ask)])
    assert times[check] == asked
    assert answer.evidence == str(asked)
    assert answer.verdict is (PASS if asked > 1 else first)


async def test_i7_what_stays_silent_stays_unknown_and_answers_keep_their_order() -> None:
    async def silent() -> Finding:
        raise NodeUnreachable(what="nobody there", where="x", remedy="start it")

    async def well() -> Finding:
        return Finding(PASS, "well")

    found = await ask_twice(
        [probe("peer", silent, "a"), probe("peer", well, "b"), probe("peer", silent, "c")]
    )
    assert {(one.endpoint, one.verdict) for one in found} == {
        *(("a", UNKNOWN), ("b", PASS), ("c", UNKNOWN)),
    }


async def test_a_second_question_gives_more_time_to_each_of_its_calls() -> None:
    given_s: list[float] = []

    async def others() -> Finding:
        async with part_of_limit(0.5) as limit:
            ends_s = limit.when()
        assert ends_s is not None
        given_s.append(ends_s - asyncio.get_running_loop().time())
        return Finding(UNKNOWN if len(given_s) == 1 else PASS, "said")

    (answer,) = await ask_twice([probe("peering", others)])
    assert answer.verdict is PASS
    first_s, second_s = given_s
    assert first_s <= HEALTH_LIMIT_S / 2 < second_s <= PATIENCE * HEALTH_LIMIT_S / 2


async def test_a_deep_question_asked_again_gives_more_time_to_a_call_with_a_limit_of_its_own() -> (
    None
):
    given_s: list[float] = []

    async def gateway() -> Finding:
        given_s.append(limit_of_call(1.5))
        return Finding(UNKNOWN if len(given_s) == 1 else PASS, "said")

    assert limit_of_call(1.5) == 1.5
    (answer,) = await ask_twice([replace(probe("signed", gateway), limit_s=10.0)])
    assert answer.verdict is PASS
    assert given_s == [1.5, 1.5 * PATIENCE]
