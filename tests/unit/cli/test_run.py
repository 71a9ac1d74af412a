"""What a command says of its own job."""

from __future__ import annotations

from core.cli.run import ending_with
from core.control.wire import state as wire
from tests.fakes.desk import snapshot


def test_a_job_that_somebody_began_meanwhile_is_not_taken_for_ours() -> None:
    jobs = [
        wire.Job(id=number, kind="repair", state="done", actor="tester", made_ns=number)
        for number in (3, 4, 5)
    ]
    assert [job.id for job in ending_with(snapshot(jobs=jobs), 4).jobs] == [3, 4]
