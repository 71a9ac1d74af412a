"""A crowd of clients in tests: what went wrong in one, and who does not end, is told."""

from __future__ import annotations

import threading

import pytest

from tests.lab.load.crowd import Crowd
from tests.lab.missing import LabError


def test_all_act_until_they_are_stopped() -> None:
    began: list[int] = []

    def act(number: int) -> None:
        began.append(number)
        crowd.over.wait()

    crowd = Crowd("reader", 3, act)
    crowd.start()
    crowd.stop(10)
    assert sorted(began) == [0, 1, 2]


def test_who_stumbled_is_raised_by_the_end() -> None:
    def act(number: int) -> None:
        if number == 1:
            raise ValueError("no such bucket")

    crowd = Crowd("writer", 2, act)
    crowd.start()
    with pytest.raises(LabError, match=r"a writer stumbled: .*no such bucket"):
        crowd.stop(10)


def test_who_does_not_end_is_named() -> None:
    held = threading.Event()

    def act(_number: int) -> None:
        held.wait()

    crowd = Crowd("writer", 1, act)
    crowd.start()
    with pytest.raises(LabError, match="writer-0"):
        crowd.stop(0)
    held.set()
    crowd.stop(10)
