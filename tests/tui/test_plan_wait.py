"""A plan is asked for until it is made; a busy engine is asked anew, a late plan is said."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import pytest

from core.control.wire.state import ErrorBody
from core.errors import EngineDown, NoAnswer, VgwmError
from tui.facts.plan_wait import Late, made


@dataclass
class Plan:
    """What the engine tells of a plan."""

    state: str
    id: int = 7
    error: ErrorBody | None = None


class Engine:
    """Answers with what it was given, in turn; an error is raised."""

    def __init__(self, *answers: Plan | VgwmError) -> None:
        self._answers = deque(answers)
        self.asked: list[int] = []

    async def again(self, id_: int) -> Plan:
        self.asked.append(id_)
        answer = self._answers.popleft()
        if isinstance(answer, VgwmError):
            raise answer
        return answer


def late(limit_s: float = 60.0) -> Late[Plan]:
    return Late(limit_s, lambda plan: f"plan {plan.id}", "Look in a shell.")


def silent(kind: type[VgwmError] = NoAnswer) -> VgwmError:
    return kind(what="it is silent", where="engine", remedy="Ask again.")


async def test_a_busy_engine_is_asked_anew_until_the_plan_is_made() -> None:
    engine = Engine(silent(), Plan("making"), Plan("made"))
    heard: list[str] = []
    plan = await made(Plan("making"), engine.again, late(), lambda one: heard.append(one.state))
    assert (plan.state, engine.asked) == ("made", [7, 7, 7])
    assert heard == ["making"] * 3


async def test_an_engine_that_is_down_ends_the_wait() -> None:
    with pytest.raises(EngineDown):
        await made(Plan("making"), Engine(silent(EngineDown)).again, late())


async def test_a_plan_that_failed_raises_its_own_error() -> None:
    error = ErrorBody(code="bad_input", what="no such bucket", where="b", remedy="Name another.")
    engine = Engine(Plan("failed", error=error))
    with pytest.raises(VgwmError) as caught:
        await made(Plan("making"), engine.again, late())
    assert (caught.value.what, caught.value.where) == ("no such bucket", "b")


async def test_a_late_plan_says_where_it_is_and_what_to_do() -> None:
    with pytest.raises(NoAnswer) as caught:
        await made(Plan("making"), Engine().again, late(0.0))
    assert caught.value.what == "the plan is not made after 0 s"
    assert (caught.value.where, caught.value.remedy) == ("plan 7", "Look in a shell.")
