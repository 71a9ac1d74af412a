"""What a job was asked: tells whether following it gives somebody what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import safe
from core.engine.syncing.wish import SyncWish
from core.engine.verifying.wish import VerifyWish
from core.errors import WrongState
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.control.wire import state as wire


def require_answers(job: wire.Job, wanted: Mapping[str, str], *, where: str) -> None:
    """Raise WrongState unless this job, which is at work, does what is wanted of one of its kind.

    wanted: args of `POST /v1/jobs`. Raises BadInput if no job can be asked so.
    """
    # a job's args are shown safely: so are those that they are held against
    if answers(job.kind, job.args, {name: safe(value) for name, value in wanted.items()}):
        return
    raise WrongState(
        what=f"job {job.id} ({job.kind}) is {job.state}, and was asked for something else:"
        f" {_told(job.args)}",
        where=where,
        remedy=f"Follow it with `vgwm watch {job.id}`, or end it with `vgwm cancel {job.id}`;"
        " then do this again.",
    )


def answers(kind: str, has: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tell whether a job with these args gives what is wanted of one of its kind."""
    if kind == JobKind.VERIFY:
        return _verifies(VerifyWish.of(has), VerifyWish.of(wanted))
    if kind == JobKind.SYNC and "rebundle" not in has and "rebundle" not in wanted:
        return _syncs(SyncWish.of(has), SyncWish.of(wanted))
    if kind == JobKind.ASSESS:
        return dict(has) == dict(wanted)
    # a plan, a copy or a repair goes on with what it was begun with: what is not named is that
    return wanted.items() <= has.items()


def _verifies(has: VerifyWish, wanted: VerifyWish) -> bool:
    """Tell whether one verification is the other; who named no seed takes any."""
    return (
        has.scope == wanted.scope
        and set(has.buckets) == set(wanted.buckets)
        and (has.full, has.replicas) == (wanted.full, wanted.replicas)
        and (has.full or has.sample == wanted.sample)
        and wanted.seed in {None, has.seed}
    )


def _syncs(has: SyncWish, wanted: SyncWish) -> bool:
    """Tell whether one sync does all that the other would, and ends when it would.

    A time such as 24h is later with every command: who reads back further does it, too.
    """
    far = wanted.since_ns is None or (has.since_ns is not None and has.since_ns <= wanted.since_ns)
    return (
        far
        and (has.mode, has.dry_run) == (wanted.mode, wanted.dry_run)
        and wanted.accept in {"", has.accept}
    )


def _told(args: Mapping[str, str]) -> str:
    """Return args in words that are safe to show."""
    said = ", ".join(f"{safe(name)} {safe(value)}" for name, value in sorted(args.items()))
    return said or "nothing in particular"
