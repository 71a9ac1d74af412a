"""What somebody who follows a job is told while it waits for the outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from core.cli.follow import Follower
from tests.fakes.desk import job, snapshot

if TYPE_CHECKING:
    from core.cli.call import Call

REASON = "no room: No space left on device. Make room."


class Given:
    """As much of a call as a follower asks for."""

    plain = True

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json


@pytest.mark.parametrize("as_json", [False, True])
def test_the_reason_of_a_pause_is_said_once_on_stderr(
    capfd: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    follower = Follower(cast("Call", Given(as_json=as_json)), 2)
    for state, reason in (("running", ""), ("paused", REASON), ("paused", REASON)):
        follower.show(snapshot(jobs=[job(2, state, reason=reason)]), [])
    follower.end()
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count(REASON) == 1
    if as_json:
        assert json.loads(said.err) == {"paused": {"job": 2, "reason": REASON}}
