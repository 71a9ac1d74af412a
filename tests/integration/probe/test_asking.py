"""All questions at once, each within its own limit, each refusal and silence as what it is."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied, NodeUnreachable, SchemaMismatch
from core.probe.network import look_up
from core.probe.probe import Depth, Finding, Probe, ask_all, ask_one
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FINE = Finding(Verdict.PASS, "fine")


def probe(ask: Callable[[], Awaitable[Finding]], *, limit_s: float = 5.0) -> Probe:
    return Probe(
        check="a",
        component=Component.KUBO,
        depth=Depth.HEALTH,
        ask=ask,
        endpoint="kubo-1",
        limit_s=limit_s,
        remedy="Start it.",
    )


def raising(error: Exception) -> Callable[[], Awaitable[Finding]]:
    async def ask() -> Finding:
        raise error

    return ask


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (NodeUnreachable(what="x is down", where="x", remedy="Mend x."), Verdict.UNKNOWN),
        (Denied(what="x says no", where="x", remedy="Mend x."), Verdict.FAIL),
        (SchemaMismatch(what="x is other", where="x", remedy="Mend x."), Verdict.FAIL),
        (ConnectionRefusedError(111, "Connection refused"), Verdict.UNKNOWN),
    ],
)
async def test_i7_silence_is_unknown_and_a_refusal_is_a_fail(
    error: Exception, verdict: Verdict
) -> None:
    answer = await ask_one(probe(raising(error)))
    assert answer.verdict is verdict
    assert answer.evidence
    assert answer.remedy in {"Mend x.", "Start it."}
    assert answer.at_ns > 0


async def test_i7_no_answer_in_time_is_unknown() -> None:
    async def hang() -> Finding:
        await asyncio.Event().wait()
        return FINE

    answer = await ask_one(probe(hang, limit_s=0.05))
    assert (answer.verdict, answer.evidence) == (Verdict.UNKNOWN, "no answer in 0.05 s")
    assert answer.remedy == "Start it."


async def test_all_are_asked_at_once() -> None:
    waiting = asyncio.Barrier(3)

    async def meet() -> Finding:
        await waiting.wait()
        return FINE

    answers = [one async for one in ask_all([probe(meet), probe(meet), probe(meet)])]
    assert [one.verdict for one in answers] == [Verdict.PASS] * 3


async def test_a_reader_that_leaves_ends_all_questions() -> None:
    ended = []

    async def wait() -> Finding:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return FINE

    async def at_once() -> Finding:
        return FINE

    answers = ask_all([probe(wait), probe(at_once), probe(wait)])
    await anext(answers)
    await answers.aclose()  # type: ignore[attr-defined] # a generator, by its annotation an iterator
    assert len(ended) == 2


async def test_i9_what_a_server_says_is_shortened_and_without_secrets() -> None:
    async def talkative() -> Finding:
        text = "refused: Authorization: Basic dXNlcjpodW50ZXIy\n http://u:hunter2@h/ " + "x" * 9999
        return Finding(Verdict.FAIL, text, "Not token=hunter2.")

    answer = await ask_one(probe(talkative))
    assert "hunter2" not in answer.evidence + answer.remedy
    assert "dXNlcjpodW50ZXIy" not in answer.evidence
    assert len(answer.evidence) <= 600


async def test_a_name_that_no_resolver_takes_is_no_answer() -> None:
    answer = await ask_one(probe(partial(look_up, "a" * 64 + ".example")))
    assert answer.verdict in {Verdict.UNKNOWN, Verdict.FAIL}
    assert answer.evidence
