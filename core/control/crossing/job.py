"""The job that an act on traffic is, from what was asked and confirmed. Imports the wire alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.model import JobKind

if TYPE_CHECKING:
    from core.control.wire.cutover import CutoverRequest

ROLLBACK: Final = "rollback"
ABORT: Final = "abort"
REHEARSE: Final = "rehearse"
ALL: Final = "all"


class CrossingJob(NamedTuple):
    """What `POST /v1/jobs` is asked."""

    kind: JobKind
    args: dict[str, str]


def job_of(request: CutoverRequest, confirmed: str) -> CrossingJob:
    """Return the job of an act. confirmed: the hash that the engine holds against the world."""
    args = {"slice": request.slice or ALL, "plan": confirmed}
    if request.act == ROLLBACK:
        args |= {"way": request.way}
        args |= {"origin": request.origin, "to": request.to} if request.origin else {}
        return CrossingJob(JobKind.ROLLBACK, args)
    kind = JobKind.REHEARSE if request.act == REHEARSE else JobKind.CUTOVER
    return CrossingJob(kind, args | {"act": request.act})
